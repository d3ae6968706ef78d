"""Alert states: acknowledged, shelved, latched and back, by people's commands and in virtual time."""

import msgspec
import pytest

from domain.alerts import alert as acts
from domain.alerts.alert import Alert
from domain.records import FeedSilence, encoder
from tests.domain.small_town import GRIDS, HOUR, MINUTE, T0
from tests.domain.timetable import Timetable

DUE = 1001


def overdue_alert(t: Timetable) -> str:
    t.report(promised=0)
    (alert,) = t.alerts()
    t.facts()
    return alert


def due_soon_alert(t: Timetable) -> str:
    t.report(promised=4 * HOUR)
    t.at(3 * HOUR).tick()
    (alert,) = t.alerts()
    t.facts()
    return alert


@pytest.mark.parametrize(
    ("kind", "active", "acked", "shelved", "state"),
    [
        ("overdue", True, False, False, "unack"),
        ("overdue", True, True, False, "acked"),
        ("overdue", False, False, False, "normal"),
        ("overdue", True, True, True, "shelved"),
        ("surge", False, False, False, "rtnun"),
        ("surge", False, True, False, "normal"),
        ("surge", False, False, True, "shelved"),
    ],
)
def test_the_state_follows_from_the_four_facts(
    kind: str, active: bool, acked: bool, shelved: bool, state: str
) -> None:
    alert = Alert(
        id="", partition=0, kind=kind, priority=1, key="", scope="", raised_ms=0, changed_ms=0,
        active=active, acked=acked, shelved_until_ms=1 if shelved else None,
    )  # fmt: skip
    assert alert.derive() == state


def test_acknowledging_names_who_has_it_and_a_second_one_is_told_so() -> None:
    t = Timetable()
    alert = overdue_alert(t)
    assert t.command("acknowledge", alert)["ok"]
    answer = t.command("acknowledge", alert)
    assert (answer["ok"], answer["reason"]) == (False, "already acknowledged by local")
    assert t.work(GRIDS[0]).alerts[alert].state == "acked"
    assert t.command("unacknowledge", alert)["ok"]
    assert not t.command("unacknowledge", alert)["ok"]
    assert [fact for _, fact, *_ in t.facts()] == ["acknowledged", "unacknowledged"]


def test_a_worse_severity_alarms_again_what_was_acknowledged() -> None:
    t = Timetable()
    alert = due_soon_alert(t)
    t.command("acknowledge", alert)
    t.at(4 * HOUR).tick()
    (now,) = t.work(GRIDS[0]).alerts.values()
    assert (now.id, now.kind, now.priority, now.state, now.acked_by) == (alert, "overdue", 1, "unack", "")


@pytest.mark.parametrize(
    ("for_s", "reason", "ok"),
    [
        (900, "works", True),
        (901, "works", False),
        (0, "works", False),
        (None, "works", False),
        (60, " ", False),
    ],
)
def test_a_critical_alert_is_shelved_for_a_reason_and_15_minutes_at_most(
    for_s: int | None, reason: str, ok: bool
) -> None:
    t = Timetable()
    alert = overdue_alert(t)
    answer = t.command("shelve", alert, for_s=for_s, reason=reason)
    assert answer["ok"] is ok
    assert bool(answer["reason"]) is not ok


def test_a_shelf_ends_at_its_very_instant_and_the_alert_is_announced_again() -> None:
    t = Timetable()
    alert = overdue_alert(t)
    t.command("acknowledge", alert)
    t.command("shelve", alert, for_s=60, reason="works")
    t.facts()
    t.at(MINUTE - 1).tick()
    assert (t.facts(), t.work(GRIDS[0]).alerts[alert].state) == ([], "shelved")
    t.at(MINUTE).tick()
    assert t.facts() == [(MINUTE, "unshelved", "overdue", "resolve")]
    assert t.work(GRIDS[0]).alerts[alert].state == "unack"


def test_shelving_again_moves_the_end_and_unshelving_makes_the_old_end_mean_nothing() -> None:
    t = Timetable()
    alert = overdue_alert(t)
    t.command("shelve", alert, for_s=60, reason="works")
    t.at(1000).command("shelve", alert, for_s=120, reason="works")
    t.facts()
    t.at(MINUTE).tick()
    assert t.facts() == []
    assert t.command("unshelve", alert)["ok"]
    assert t.command("unshelve", alert)["reason"] == "not shelved"
    t.facts()
    t.at(HOUR).tick()
    assert t.facts() == []


def test_a_shelved_alert_that_becomes_critical_stays_shelved_no_longer_than_critical_ones_may() -> None:
    t = Timetable()
    alert = due_soon_alert(t)
    assert t.command("shelve", alert, for_s=8 * 3600, reason="works")["ok"]
    t.facts()
    t.at(6 * HOUR).tick()
    assert t.facts() == [
        (4 * HOUR, "worsened", "overdue", "resolve"),
        (4 * HOUR + 15 * MINUTE, "unshelved", "overdue", "resolve"),
    ]


def test_a_clocks_alert_goes_with_its_closed_case_even_from_the_shelf() -> None:
    t = Timetable()
    alert = overdue_alert(t)
    t.command("shelve", alert, for_s=600, reason="works")
    t.at(5000).report(promised=0, closed_ms=5000)
    assert t.alerts() == []
    assert not t.command("acknowledge", alert)["ok"]


def test_a_command_is_answered_again_within_ten_minutes_and_not_folded_again() -> None:
    t = Timetable()
    alert = overdue_alert(t)
    first = t.command("acknowledge", alert, id="x")
    t.command("unacknowledge", alert)
    t.at(10 * MINUTE - 1)
    again = t.command("acknowledge", alert, id="x")
    assert (first["repeated"], again) == (False, {**first, "repeated": True})
    assert t.work(GRIDS[0]).alerts[alert].state == "unack"
    t.at(10 * MINUTE)
    assert t.command("acknowledge", alert, id="x")["repeated"] is False
    assert t.work(GRIDS[0]).alerts[alert].state == "acked"


def test_what_cannot_be_done_is_answered_with_a_reason() -> None:
    t = Timetable()
    alert = overdue_alert(t)
    assert t.command("dance", alert)["reason"] == "no action is called 'dance'"
    assert t.command("acknowledge", "05-00000000ff-0")["reason"] == "this alert is not there any more"
    assert t.facts() == []


def test_answers_that_nobody_took_come_with_the_whole() -> None:
    t = Timetable()
    alert = overdue_alert(t)
    t.floor.into_journal(
        5, msgspec.json.encode({"type": "command", "id": "q", "action": "acknowledge", "alert": alert})
    )
    body = msgspec.json.decode(t.work(GRIDS[0]).whole().body)
    assert body["whole"] is True
    assert body["answers"]["q"]["ok"] is True


def surge(t: Timetable, begin_ms: int) -> int:
    """Quiet intervals, then twelve reports in one: returns when it was found."""
    for n in range(8):
        t.at(begin_ms + n * 5 * MINUTE).report(f"{begin_ms} {n}", "sightings", category="bird")
    start = begin_ms + 8 * 5 * MINUTE
    for n in range(12):
        t.at(start + n).report(f"{start} {n}", "sightings", category="bird")
    t.at(start + 5 * MINUTE).tick()
    return start


def test_a_surge_stays_until_somebody_has_seen_it() -> None:
    t = Timetable()
    surge(t, 0)
    (alert,) = t.work(GRIDS[0]).alerts.values()
    assert (alert.kind, alert.state, alert.seen, alert.scope) == ("surge", "unack", 12, GRIDS[0][:9])
    assert alert.score is not None
    assert alert.score > 0
    assert alert.expected is not None
    assert alert.expected < 12
    t.at(3 * HOUR).tick()
    assert alert.state == "rtnun", "it ended, and nobody has seen it"
    assert [fact for _, fact, *_ in t.facts()] == ["raised", "cleared"]
    assert t.command("acknowledge", alert.id)["ok"]
    assert t.alerts() == []


def test_a_surge_that_comes_again_is_raised_again_under_its_name() -> None:
    t = Timetable()
    surge(t, 0)
    (alert,) = t.work(GRIDS[0]).alerts.values()
    t.at(3 * HOUR).tick()
    t.facts()
    surge(t, 4 * HOUR)
    assert [fact for _, fact, *_ in t.facts()] == ["raised"]
    assert (alert.state, alert.changed_ms > T0 + 4 * HOUR) == ("unack", True)


def test_a_surge_is_suppressed_while_its_feed_is_silent_and_comes_back_with_it() -> None:
    t = Timetable()
    last_ms = T0 + surge(t, 0) + 11
    t.facts()
    work = t.work(GRIDS[0])
    (alert,) = work.alerts.values()
    for n, silent in enumerate((True, False)):
        silence = FeedSilence(origin=(3, n, 0), feed="sightings", silent=silent, last_ms=last_ms)
        t.floor.into_journal(work.partition, encoder.encode(silence))
        facts = [msgspec.json.decode(effect.value) for effect in t.floor.alerts]
        told = [(fact["fact"], fact["alert"]["state"], fact["quiet"]) for fact in facts]
        if silent:
            assert told[:1] == [("suppressed", "suppressed", True)]
            assert alert.suppressed_by == "feed_silent"
        else:
            assert ("cleared", "rtnun", False) in told, (
                "the detector begins anew, and nobody has seen the surge"
            )
            assert alert.suppressed_by == ""
        t.floor.alerts.clear()
    t.command("acknowledge", alert.id)
    t.facts()
    surge(t, 4 * HOUR)
    assert [fact for _, fact, *_ in t.facts()] == ["raised"]


def test_an_acknowledged_surge_goes_when_it_ends() -> None:
    t = Timetable()
    surge(t, 0)
    t.command("acknowledge", t.alerts()[0])
    t.at(3 * HOUR).tick()
    assert t.alerts() == []


def test_every_priority_has_a_longest_shelf() -> None:
    assert [acts.longest_shelf_s(priority) for priority in (1, 2, 3, 4)] == [900, 28_800, 28_800, 28_800]
