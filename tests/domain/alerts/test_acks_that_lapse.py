"""Acknowledging is not accepting: an acknowledgement that nothing follows is lost after a while, and the alert is back."""

import msgspec
import pytest

from domain.audit import Line
from domain.cases.case import Case
from domain.records import Tick
from tests.domain.memory_floor import refold
from tests.domain.small_town import GRIDS, HOUR, MINUTE, T0
from tests.domain.test_casework_silence import HOME, talkative
from tests.domain.timetable import Timetable
from tests.domain.workshop import Workshop

TTL = 5 * MINUTE
"""Of a critical alert in the small town's rules; a high one has 15 minutes."""


def overdue() -> tuple[Workshop, Case, str, int]:
    """A case that nobody worked on until it was overdue, and its alert, acknowledged when that was announced."""
    shop = Workshop()
    case = shop.report(category="noise")
    assert case.due_ms is not None
    ms = case.due_ms - T0
    shop.tick(ms)
    (alert,) = [one.id for one in shop.work().alerts.values() if one.clock == "resolve"]
    assert shop.on_alert("acknowledge", alert, by="dispatcher")["ok"]
    shop.floor.alerts.clear()
    shop.floor.audit.clear()
    return shop, case, alert, ms


def facts(shop: Workshop, alert: str) -> list[tuple[int, str]]:
    told = [msgspec.json.decode(effect.value) for effect in shop.floor.alerts]
    return [(one["t_ms"] - T0, one["fact"]) for one in told if one["alert"]["id"] == alert]


def test_an_acknowledgement_that_nothing_follows_is_lost_and_the_alert_announced_again() -> None:
    shop, case, alert, ms = overdue()
    shop.tick(ms + TTL - 1)
    assert (facts(shop, alert), shop.work().alerts[alert].state) == ([], "acked")
    shop.tick(ms + TTL)
    now = shop.work().alerts[alert]
    assert facts(shop, alert) == [(ms + TTL, "lapsed")]
    assert (now.state, now.acked_by, now.ack_until_ms) == ("unack", "", None)
    lines = [msgspec.json.decode(effect.value, type=Line) for effect in shop.floor.audit]
    (line,) = [one for one in lines if one.action == "ack_lapsed"]
    assert (line.account, line.alert, line.case) == ("clock", alert, case.id)
    assert (line.before["acked_by"], line.after["acked_by"]) == ("dispatcher", "")
    assert case.work is not None
    entry = case.work.story[-1]
    assert (entry.kind, entry.action, entry.what["by"]) == ("clock", "ack_lapsed", "dispatcher")


def test_a_case_that_got_on_keeps_its_alert_acknowledged() -> None:
    shop, case, alert, ms = overdue()
    assert shop.at(ms + MINUTE).do("accept", case=case)["ok"]
    shop.tick(ms + 20 * MINUTE)
    assert [fact for _, fact in facts(shop, alert) if fact == "lapsed"] == []
    assert shop.work().alerts[alert].acked_by == "dispatcher"


def test_acknowledging_again_gives_the_same_time_again() -> None:
    shop, _, alert, ms = overdue()
    shop.at(ms + TTL + MINUTE)
    assert shop.on_alert("acknowledge", alert, by="dispatcher")["ok"]
    shop.tick(ms + 2 * TTL + MINUTE)
    assert [one for one in facts(shop, alert) if one[1] == "lapsed"] == [
        (ms + TTL, "lapsed"),
        (ms + 2 * TTL + MINUTE, "lapsed"),
    ]


@pytest.mark.parametrize("action", ["unacknowledge", "shelve"])
def test_what_is_given_up_or_put_aside_does_not_lapse(action: str) -> None:
    shop, _, alert, ms = overdue()
    more = {"for_s": 900, "reason": "works"} if action == "shelve" else {}
    assert shop.at(ms + MINUTE).on_alert(action, alert, by="dispatcher", **more)["ok"]
    shop.tick(ms + 10 * MINUTE)
    assert [fact for _, fact in facts(shop, alert)] == [
        {"shelve": "shelved", "unacknowledge": "unacknowledged"}[action]
    ]


def test_an_acknowledgement_that_is_put_back_goes_on_until_its_own_end() -> None:
    shop, _, alert, ms = overdue()
    shop.at(ms + TTL - 1000)
    assert shop.on_alert("unacknowledge", alert, by="dispatcher", id="slip")["ok"]
    shop.at(ms + TTL + 1000)
    assert shop.on_alert("undo", alert, by="dispatcher", undoes="slip")["ok"]
    shop.tick(ms + TTL + 2000)
    assert [fact for _, fact in facts(shop, alert)] == ["unacknowledged", "restored", "lapsed"]


def test_after_a_restore_it_lapses_at_the_same_instant() -> None:
    shop, _, _, ms = overdue()
    shop.tick(ms + TTL)
    part = shop.work().partition
    _, effects, _, _ = refold(
        lambda: shop.floor.new_casework(part), shop.floor.journal[part], cut=lambda: True
    )
    told = [msgspec.json.decode(one.value) for one in effects if one.topic == "alerts"]
    assert [one["t_ms"] - T0 for one in told if one["fact"] == "lapsed"] == [ms + TTL]


def test_an_alert_about_no_case_lapses_unless_something_else_is_done_with_it() -> None:
    t = talkative()
    t.at(10 * HOUR).tick_lanes()
    (alert,) = t.alerts()
    assert t.command("acknowledge", alert)["ok"]
    t.facts()
    t.at(10 * HOUR + 15 * MINUTE).floor.into_journal(HOME, Tick())
    assert [(ms, fact) for ms, fact, *_ in t.facts()] == [(10 * HOUR + 15 * MINUTE, "lapsed")]


def test_a_case_that_only_its_feed_moves_on_keeps_its_acknowledgement() -> None:
    t = Timetable()
    t.report(promised=0)
    (alert,) = t.alerts()
    assert t.command("acknowledge", alert)["ok"]
    t.at(5 * HOUR).tick()
    assert t.work(GRIDS[0]).alerts[alert].state == "acked"


def test_the_story_of_a_case_has_what_was_done_to_its_alert() -> None:
    shop, case, alert, ms = overdue()
    shop.at(ms + MINUTE)
    assert shop.on_alert("shelve", alert, by="dispatcher", id="s", for_s=900, reason="works")["ok"]
    assert shop.on_alert("undo", alert, by="dispatcher", undoes="s")["ok"]
    assert shop.on_alert("shelve", alert, by="dispatcher", for_s=60, reason="works")["ok"]
    shop.tick(ms + 2 * MINUTE)
    assert case.work is not None
    told = [
        (one.kind, one.action, one.account)
        for one in case.work.story
        if "alert" in one.what or one.action == "undo"
    ]
    assert told == [
        ("act", "acknowledge", "dispatcher"),
        ("act", "shelve", "dispatcher"),
        ("act", "undo", "dispatcher"),
        ("act", "shelve", "dispatcher"),
        ("clock", "unshelve", "clock"),
    ]
    assert "works" not in str(case.work.story)
