"""Out of service and suppressed: what belongs to a condition outlasts its alert, and calls nobody."""

import msgspec
import pytest

from domain.alerts.alert import Alert, State
from domain.audit import Line
from domain.codes import partition_of_name
from tests.domain.small_town import DAY, GRIDS, HOUR, MINUTE, T0
from tests.domain.timetable import Timetable
from tests.domain.workshop import Workshop

HOME = partition_of_name("sightings")
REASON = {"reason": "repair"}


@pytest.mark.parametrize(
    ("out", "rule", "shelved", "acked", "state"),
    [
        (True, "feed_silent", True, True, "out_of_service"),
        (False, "feed_silent", True, True, "suppressed"),
        (False, "", True, True, "shelved"),
        (False, "", False, True, "acked"),
        (False, "", False, False, "unack"),
    ],
)
def test_out_of_service_weighs_more_than_suppressed_and_that_more_than_shelved(
    out: bool, rule: str, shelved: bool, acked: bool, state: State
) -> None:
    alert = Alert(
        id="", partition=0, kind="surge", priority=1, key="", scope="", raised_ms=0, changed_ms=0, acked=acked,
        shelved_until_ms=1 if shelved else None, suppressed_by=rule, out_since_ms=1 if out else None,
    )  # fmt: skip
    assert alert.derive() == state


def silent_feed(t: Timetable) -> str:
    """Let a feed fall silent; return its alert."""
    t.report("1", "sightings", category="bird")
    t.at(10 * HOUR).tick_lanes()
    (alert,) = t.alerts()
    t.floor.alerts.clear()
    return alert


def told(t: Timetable) -> list[tuple[str, str, bool]]:
    """Facts with their alert's state, and whether nobody is to be called."""
    facts = [msgspec.json.decode(effect.value) for effect in t.floor.alerts]
    t.floor.alerts.clear()
    return [(fact["fact"], fact["alert"]["state"], fact["quiet"]) for fact in facts]


def test_what_clears_and_is_raised_again_while_out_of_service_stays_so_and_calls_nobody() -> None:
    t = Timetable()
    alert = silent_feed(t)
    assert t.command("out_of_service", alert, **REASON)["ok"]
    t.at(11 * HOUR).report("back", "sightings", category="bird")
    t.at(30 * HOUR).tick_lanes()
    assert told(t) == [
        ("out_of_service", "out_of_service", True),
        ("cleared", "out_of_service", True),
        ("raised", "out_of_service", True),
    ]
    assert t.command("return_to_service", alert)["ok"]
    assert told(t) == [("returned_to_service", "unack", False)]


def test_what_is_returned_to_service_when_nothing_is_wrong_is_gone() -> None:
    t = Timetable()
    alert = silent_feed(t)
    t.command("out_of_service", alert, **REASON)
    t.at(11 * HOUR).report("back", "sightings", category="bird")
    assert t.alerts() == [alert], "it is listed as long as it is out of service"
    assert t.command("return_to_service", alert)["ok"]
    assert t.alerts() == []


def test_a_time_out_of_service_ends_at_its_very_instant_also_after_a_restore() -> None:
    t = Timetable()
    alert = silent_feed(t)
    t.command("out_of_service", alert, for_s=30 * 86_400, given={"reference": "T-17"}, **REASON)
    work = t.floor.casework[HOME]
    kept = msgspec.json.encode(work.plain())
    work.restore(msgspec.json.decode(kept))
    assert msgspec.json.encode(work.plain()) == kept
    assert work.alerts[alert].out_reference == "T-17"
    t.floor.alerts.clear()
    end = 10 * HOUR + 30 * DAY
    t.at(end - 1).tick()
    assert t.facts() == []
    t.floor.sent["audit"] = []
    t.at(end).tick()
    assert t.facts() == [(end, "returned_to_service", "feed_silent", "sightings")]
    (line,) = [msgspec.json.decode(effect.value, type=Line) for effect in t.floor.sent["audit"]]
    assert (line.account, line.action, line.alert) == ("clock", "return_to_service", alert)
    assert line.before == {"out_since_ms": T0 + 10 * HOUR, "out_until_ms": T0 + end, "out_by": "local"}
    assert line.after == {"out_since_ms": None, "out_until_ms": None, "out_by": ""}


@pytest.mark.parametrize(
    "wish", [{"reason": " "}, {"for_s": 0, **REASON}, {"for_s": 30 * 86_400 + 1, **REASON}]
)
def test_out_of_service_needs_a_reason_and_ends_within_30_days_or_by_hand(wish: dict[str, object]) -> None:
    t = Timetable()
    alert = silent_feed(t)
    answer = t.command("out_of_service", alert, **wish)
    assert (answer["ok"], bool(answer["reason"])) == (False, True)
    assert t.command("return_to_service", alert)["reason"] == "not out of service"


def test_a_clock_that_runs_out_while_its_alert_is_out_of_service_calls_nobody() -> None:
    t = Timetable()
    t.report(promised=4 * HOUR)
    t.at(3 * HOUR).tick()
    (alert,) = t.alerts()
    t.command("out_of_service", alert, **REASON)
    t.report(promised=20 * HOUR)  # no longer due soon
    assert not t.work(GRIDS[0]).alerts[alert].active
    t.floor.alerts.clear()
    t.at(20 * HOUR).tick()
    assert told(t) == [("worsened", "out_of_service", True), ("worsened", "out_of_service", True)]
    now = t.work(GRIDS[0]).alerts[alert]
    assert (now.active, now.kind) == (True, "overdue")


def test_supervisors_take_out_of_service_and_take_it_back_and_dispatchers_do_not() -> None:
    shop = Workshop()
    for role in ("dispatcher", "supervisor", "ops", "administrator"):
        shop.grant(role, role)
    shop.grant("elsewhere", "supervisor", "990200")
    shop.report("1", category="slow")
    shop.tick(100 * HOUR)
    alert = next(name for work in shop.floor.casework for name in work.alerts)
    for nobody in ("dispatcher", "elsewhere"):
        assert not shop.on_alert("out_of_service", alert, by=nobody, **REASON)["ok"]
    for role in ("supervisor", "ops", "administrator"):
        assert shop.on_alert("out_of_service", alert, by=role, id=f"by {role}", **REASON)["ok"]
        assert shop.on_alert("undo", alert, by=role, undoes=f"by {role}")["ok"]
    (after,) = [work.alerts[alert] for work in shop.floor.casework if alert in work.alerts]
    assert (after.out_since_ms, after.state) == (None, "unack")
    assert not shop.on_alert("acknowledge", alert, by="ops")["ok"], "it gives no other right"


def test_shelving_goes_on_below_a_time_out_of_service() -> None:
    t = Timetable()
    alert = silent_feed(t)
    t.command("shelve", alert, for_s=600, reason="known")
    t.command("out_of_service", alert, for_s=60, **REASON)
    told(t)
    t.at(10 * HOUR + MINUTE).tick()
    assert told(t) == [("returned_to_service", "shelved", True)]
