"""Who is given a case confirms it in time; else it goes to the stand-in, then back to the desk."""

import msgspec
import pytest

from domain.audit import Line
from domain.records import Tick
from tests.domain.small_town import GRIDS, HOUR, MINUTE, T0
from tests.domain.workshop import Workshop


def stand(shop: Workshop) -> tuple[str, str, int]:
    work = shop.case().work
    assert work is not None
    return work.stand.step, work.stand.assignee, work.version


def waits(shop: Workshop) -> tuple[int, str] | None:
    """When the receipt is late, in ms after the beginning, and who is to give it."""
    work = shop.case().work
    assert work is not None
    if work.receipt is None:
        return None
    due_ms = work.receipt.timer.due_ms
    assert due_ms is not None
    return due_ms - T0, work.receipt.to


def assigned(to: str, *, rules: str = "manned", place: str = "Well") -> Workshop:
    shop = Workshop()
    shop.floor.publish(rules)
    for number in range(1, 5):
        shop.grant(f"worker-{number}", "grid_worker")
    shop.report(name=place)
    shop.done("accept")
    assert shop.do("assign", given={"assignee": to}, id="assigned")["ok"]
    shop.heard()
    return shop


def test_a_receipt_in_time_ends_the_wait() -> None:
    shop = assigned("worker-1")
    assert waits(shop) == (30 * MINUTE, "worker-1")
    shop.at(30 * MINUTE - 1)
    answer = shop.do("receive", by="worker-1")
    assert (answer["ok"], answer["version"]) == (True, 3), "a receipt is no new version"
    shop.tick(2 * HOUR)
    assert (stand(shop)[:2], waits(shop)) == (("handle", "worker-1"), None)
    assert not [fact for fact in shop.told() if fact[2] == "not_received"]


def test_who_confirms_at_the_very_instant_is_too_late() -> None:
    shop = assigned("worker-1")
    shop.at(30 * MINUTE)
    assert shop.do("receive", by="worker-1")["reason"] == "not_assignee"


def test_without_one_the_case_goes_to_the_stand_in_and_then_to_the_desk_each_with_alert_message_audit_and_story() -> (
    None
):
    shop = assigned("worker-1")
    shop.tick(30 * MINUTE)
    assert stand(shop) == ("handle", "worker-2", 4)
    assert waits(shop) == (HOUR, "worker-2")
    heard = [one for one in shop.heard() if one[1] == "receipt"]
    desk = GRIDS[0][:12]
    assert heard == [(30 * MINUTE, "receipt", "stand_in", "worker-2"), (30 * MINUTE, "receipt", "desk", desk)]
    shop.tick(HOUR)
    assert stand(shop) == ("dispatch", "", 5)
    assert waits(shop) is None
    assert [fact for fact in shop.told() if fact[2] == "not_received"] == [
        (30 * MINUTE, "raised", "not_received", "receipt"), (HOUR, "raised", "not_received", "receipt"),
    ]  # fmt: skip
    lines = [msgspec.json.decode(effect.value, type=Line) for effect in shop.floor.audit]
    lapses = [line for line in lines if line.action == "not_received"]
    assert [(line.account, line.before["assignee"], line.after["assignee"]) for line in lapses] == [
        ("clock", "worker-1", "worker-2"), ("clock", "worker-2", ""),
    ]  # fmt: skip
    work = shop.case().work
    assert work is not None
    told = [(one.kind, one.what["to"]) for one in work.story if one.action == "not_received"]
    assert told == [("clock", "stand_in"), ("clock", "desk")]
    assert work.step is not None
    assert work.step.clock.start_ms == T0 + HOUR, "a new visit of the desk's step"


@pytest.mark.parametrize(("to", "place"), [("team a", "Well"), ("worker-3", "Gate")])
def test_a_team_and_a_worker_whose_stand_in_is_off_shift_go_straight_back_to_the_desk(
    to: str, place: str
) -> None:
    shop = assigned(to, place=place)
    shop.tick(30 * MINUTE)
    assert stand(shop) == ("dispatch", "", 4)


def test_parking_pauses_the_wait() -> None:
    shop = assigned("team a")
    shop.at(10 * MINUTE).done("park")
    work = shop.case().work
    assert work is not None
    assert work.receipt is not None
    assert work.receipt.timer.due_ms is None
    shop.at(3 * HOUR).done("resume")
    assert waits(shop) == (3 * HOUR + 20 * MINUTE, "team a")


def test_an_assignment_that_is_taken_back_waits_for_nobody() -> None:
    shop = assigned("team a")
    assert shop.do("undo", by="dispatcher", undoes="assigned")["ok"]
    assert waits(shop) is None
    shop.tick(2 * HOUR)
    assert stand(shop)[0] == "dispatch"
    assert not [fact for fact in shop.told() if fact[2] == "not_received"]


def test_a_wait_that_an_undo_brings_back_and_that_is_over_ends_with_the_next_record() -> None:
    shop = assigned("team a")
    shop.at(30 * MINUTE - 1_000)
    shop.do("assign", given={"assignee": "team b"}, id="slip")
    shop.at(30 * MINUTE + 1_000)
    assert shop.do("undo", by="dispatcher", undoes="slip")["ok"]
    assert stand(shop)[:2] == ("handle", "team a")
    shop.tick(30 * MINUTE + 1_001)
    assert stand(shop)[0] == "dispatch"


def test_the_alert_stays_until_somebody_does_something_about_it() -> None:
    shop = assigned("team a")
    shop.tick(HOUR)
    shop.done("note", "triage", "urge")
    kinds = [alert.kind for alert in shop.work().alerts.values()]
    assert "not_received" in kinds
    shop.done("assign")
    kinds = [alert.kind for alert in shop.work().alerts.values()]
    assert "not_received" not in kinds


def test_a_new_rule_set_leaves_running_waits_alone() -> None:
    shop = assigned("team a")
    shop.floor.publish("quick")
    assert waits(shop) == (30 * MINUTE, "team a")
    shop.floor.into_journal(shop.work().partition, Tick())
    shop.done("assign")
    assert waits(shop) == (5 * MINUTE, "team a")
