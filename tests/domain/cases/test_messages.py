"""Who is told what of a case, and when: each thing once, and what can be taken back not before it cannot."""

import msgspec
import pytest

from domain.records import Tick
from tests.domain.small_town import DAY, GRIDS, HOUR, MINUTE
from tests.domain.workshop import Workshop

GRID, VILLAGE, TOWNSHIP = GRIDS[0], GRIDS[0][:12], GRIDS[0][:9]
ANN, BOB = (f"sealed:r-{sign * 32}:abc#{sign * 32}" for sign in "ab")
A, B = "r-" + "a" * 32, "r-" + "b" * 32


def reported() -> Workshop:
    """A case with a reporter, whose first messages have been heard, and a team that can settle it."""
    shop = Workshop()
    shop.grant("handling_unit", "handling_unit", team="team a")
    shop.report(private=ANN)
    shop.heard()
    return shop


def test_reporter_and_grid_worker_are_told_of_the_steps_that_they_may_know_of() -> None:
    shop = Workshop()
    shop.report(private=ANN)
    assert shop.heard() == [(0, "step", "reporter", A), (0, "step", "grid_worker", GRID)]
    shop.done("accept")
    assert shop.heard() == [], "not of every step"
    shop.done("return")
    assert [one[2] for one in shop.heard()] == ["reporter", "grid_worker"]


def test_who_is_on_duty_is_told_where_there_is_a_roster() -> None:
    shop = Workshop()
    shop.floor.publish("manned")
    shop.report()
    assert shop.heard() == [(0, "step", "grid_worker", "worker-1")]


def test_what_an_assignment_causes_waits_until_it_cannot_be_taken_back() -> None:
    shop = reported()
    shop.done("accept", "assign")
    assert shop.heard() == []
    shop.tick(4_999)
    assert shop.heard() == []
    shop.tick(5_000)
    assert shop.heard() == [
        (5_000, "step", "reporter", A),
        (5_000, "step", "grid_worker", GRID),
        (5_000, "assigned", "assignee", "team a"),
    ]
    shop.tick(10_000)
    assert shop.heard() == []


def test_an_assignment_that_is_taken_back_is_told_to_nobody() -> None:
    shop = reported()
    shop.done("accept")
    shop.do("assign", id="slip")
    shop.at(3_000).do("undo", by="dispatcher", undoes="slip")
    shop.tick(MINUTE)
    assert shop.heard() == []


def test_another_command_meanwhile_neither_loses_nor_doubles_what_is_held() -> None:
    shop = reported()
    shop.done("accept", "assign")
    shop.at(2_000).done("park")
    shop.at(3_000).done("resume")
    shop.at(4_000)
    assert shop.do("assign", given={"assignee": "team b"})["ok"]
    shop.tick(MINUTE)
    assert [one[::3] for one in shop.heard() if one[1] == "assigned"] == [
        (5_000, "team a"),
        (9_000, "team b"),
    ]


def test_every_department_of_a_joint_handling_is_told() -> None:
    shop = reported()
    shop.done("accept", "joint")
    shop.tick(5_000)
    assert [one[3] for one in shop.heard() if one[1] == "assigned"] == ["team a", "team b", "team c"]


@pytest.mark.parametrize("fact", ["acknowledge", "shelve"])
def test_who_was_told_of_an_overdue_case_is_told_that_somebody_has_it_unless_that_is_taken_back(
    fact: str,
) -> None:
    shop = reported()
    shop.tick(4 * HOUR)
    assert [(ms, *rest) for ms, *rest in shop.heard() if rest[0] == "mark"] == [
        (HOUR, "mark", "higher_desk", TOWNSHIP), (4 * HOUR, "mark", "higher_desk", TOWNSHIP),
    ]  # fmt: skip
    (alert,) = [one for one in shop.work().alerts.values() if one.clock == "resolve"]
    more = {"for_s": 600, "reason": "known"} if fact == "shelve" else {}
    shop.on_alert(fact, alert.id, by="dispatcher", id="slip", **more)
    shop.at(4 * HOUR + 1_000).on_alert("undo", alert.id, by="dispatcher", undoes="slip")
    shop.tick(4 * HOUR + MINUTE)
    assert shop.heard() == []
    shop.on_alert(fact, alert.id, by="dispatcher", id="meant", **more)
    shop.tick(4 * HOUR + 2 * MINUTE)
    assert shop.heard() == [(4 * HOUR + MINUTE + 5_000, "mark", "higher_desk", TOWNSHIP)]


def test_at_the_top_nobody_is_told_of_a_clock_that_is_over() -> None:
    shop = reported()
    shop.done("accept", "hand_up", "hand_up")
    shop.heard()
    shop.tick(4 * HOUR)
    assert [one for one in shop.heard() if one[1] == "mark"] == []


def test_a_question_reaches_every_reporter_with_sealed_words_only() -> None:
    shop = reported()
    shop.report(private=BOB)
    assert shop.do("ask", by="clerk", given={"text": "where is it?"})["ok"]
    asked = [one for one in shop.messages() if one.kind == "asked"]
    assert [(one.address, one.private, one.text) for one in asked] == [(A, ANN, ""), (B, BOB, "")]
    shop.done("answer")
    assert shop.do("ask", by="clerk", given={"text": "sealed:c-1:abc"})["ok"]
    assert [one.text for one in shop.messages() if one.kind == "asked"][2:] == ["sealed:c-1:abc"] * 2


def test_a_closing_asks_the_reporter_whether_it_is_settled_and_tells_the_grid_worker() -> None:
    shop = reported()
    shop.done("accept", "assign", "receive", "done", "feed_back")
    shop.tick(MINUTE)
    shop.heard()
    shop.done("close")
    (feedback, closed) = shop.messages()
    assert (feedback.kind, feedback.to, feedback.address, feedback.outcome) == (
        "feedback",
        "reporter",
        A,
        "settled",
    )
    assert (closed.kind, closed.to, closed.step) == ("closed", "grid_worker", "evaluate")


def test_decisions_on_extensions_reach_who_asked_for_more_time() -> None:
    shop = reported()
    shop.done("accept", "assign", "receive", "ask_extension", "grant_extension")
    told = [(one.to, one.action) for one in shop.messages() if one.kind == "extension"]
    assert told == [("desk", "ask_extension"), ("assignee", "grant_extension")]


def test_a_step_that_was_told_and_then_taken_back_is_followed_by_where_the_case_is() -> None:
    shop = reported()
    shop.do("reject", by="clerk", id="slip", given={"code": "not_ours"})
    assert [one[1] for one in shop.heard()] == ["feedback", "closed"]
    shop.do("undo", by="clerk", undoes="slip")
    told = [(one.kind, one.to, one.step) for one in shop.messages()]
    assert told == [("step", "reporter", "file"), ("step", "grid_worker", "file")]


def test_the_vault_is_told_when_a_case_leaves() -> None:
    shop = reported()
    shop.report(private=BOB)
    shop.report("2")
    for case in ("1", "2"):
        shop.do("reject", by="clerk", given={"code": "not_ours"}, case=shop.case(case))
    shop.heard()
    shop.tick(31 * DAY)
    shop.floor.into_journal(shop.work().partition, Tick())
    left = [(one.kind, one.to, one.reports) for one in shop.messages()]
    assert left == [("left", "vault", (A, B)), ("left", "vault", ())], "what desks wrote is sealed, too"


def test_no_message_has_a_text_that_is_not_sealed() -> None:
    shop = reported()
    shop.done("accept", "supervise", "urge", "ask", "answer", "assign", "receive", "send_back")
    shop.tick(MINUTE)
    said = b"".join(msgspec.json.encode(one) for one in shop.messages())
    assert b"so it is" not in said
    assert b"because" not in said
