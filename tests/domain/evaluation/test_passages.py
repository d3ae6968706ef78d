"""The passages that a case leaves behind: what ended when, at which desk, after how much time, and never by whom."""

from typing import Any

import msgspec

from domain.evaluation.passages import Passage
from tests.domain.small_town import HOUR, MINUTE, NAMES, T0
from tests.domain.workshop import Workshop

HANDLED = ("accept", "assign")
SETTLED = (*HANDLED, "done", "feed_back", "close")


def workshop() -> Workshop:
    """A workshop with a team to which its cases are assigned."""
    shop = Workshop()
    shop.grant("handling_unit", "handling_unit", team="team a")
    return shop


def told(shop: Workshop) -> list[Passage]:
    """The passages that were sent since the last call."""
    effects = shop.floor.sent.pop("passages", [])
    assert [effect.id for effect in effects] == [
        msgspec.json.decode(effect.value)["effect"] for effect in effects
    ]
    return [msgspec.json.decode(effect.value, type=Passage) for effect in effects]


def some(passages: list[Passage], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(one, name) for name in names) for one in passages]


def test_each_step_that_ends_and_the_closing_are_told_once() -> None:
    shop = workshop()
    case = shop.report()
    for n, action in enumerate(SETTLED, start=1):
        shop.at(n * 10 * MINUTE).done(action)
    passages = told(shop)
    assert some(passages, "kind", "step", "to", "by") == [
        ("step", "file", "dispatch", "accept"),
        ("step", "dispatch", "handle", "assign"),
        ("step", "handle", "feedback", "done"),
        ("step", "feedback", "verify", "feed_back"),
        ("step", "verify", "evaluate", "close"),
        ("closed", "verify", "evaluate", "close"),
    ]
    assert [(one.start_ms - T0, one.end_ms - T0) for one in passages] == [
        (0, 10 * MINUTE), (10 * MINUTE, 20 * MINUTE), (20 * MINUTE, 30 * MINUTE), (30 * MINUTE, 40 * MINUTE),
        (40 * MINUTE, 50 * MINUTE), (0, 50 * MINUTE),
    ]  # fmt: skip
    closed = passages[-1]
    assert (closed.outcome, closed.duplicate, closed.grid, closed.arrived_ms) == (
        "settled", False, case.grid, T0,
    )  # fmt: skip
    assert closed.whole_due_ms is not None, "as it stood when the case was closed, not paused by the closing"
    assert closed.whole_due_ms > closed.end_ms
    assert passages[0].due_ms is not None
    shop.at(60 * MINUTE).done("evaluate")
    assert some(told(shop), "kind", "step", "to") == [("step", "evaluate", "closed")]


def test_time_in_pauses_is_told_apart() -> None:
    shop = workshop()
    shop.report()
    nine = 2 * HOUR + 46 * MINUTE + 40_000  # o'clock; the offices open at half past eight
    shop.at(nine - 2 * HOUR).done("accept", "assign", "receive")
    shop.at(nine - HOUR).done("park")
    shop.at(nine + 20 * MINUTE).done("resume")
    shop.at(nine + HOUR).done("done")
    handled = told(shop)[-1]
    assert (handled.step, handled.end_ms - handled.start_ms) == ("handle", 3 * HOUR)
    assert (handled.open_ms, handled.paused_ms) == (90 * MINUTE, 50 * MINUTE)


def test_who_is_no_team_is_nobody() -> None:
    shop = workshop()
    shop.grant("worker-7", "handling_unit", team="roads")
    shop.report()
    shop.do("accept")
    shop.do("assign", given={"assignee": "worker-7"})
    shop.do("done", by="worker-7")
    shop.do("redo")
    shop.do("assign", given={"assignee": "roads"})
    shop.do("done", by="worker-7")
    passages = told(shop)
    handled = [one for one in passages if one.step == "handle"]
    assert some(handled, "kind", "team") == [("step", ""), ("moved", ""), ("step", "roads")]
    assert b"worker-7" not in msgspec.json.encode(passages)


def test_what_is_taken_back_is_told_as_undone() -> None:
    shop = workshop()
    shop.report()
    answer = shop.done("accept")
    shop.at(2_000).do("undo", by="clerk", undoes=answer["id"])
    shop.at(MINUTE).done("accept")
    passages = told(shop)
    assert some(passages, "kind", "step", "visit") == [
        ("step", "file", 1), ("undone", "dispatch", 1), ("step", "file", 1),
    ]  # fmt: skip
    assert [one.end_ms - T0 for one in passages if one.kind == "step"] == [0, MINUTE]


def test_returns_are_counted_and_going_up_is_none() -> None:
    shop = workshop()
    shop.report()
    shop.done("accept", "return", "accept", "hand_up", "assign", "send_back")
    passages = told(shop)
    assert [(one.step, one.to) for one in passages if one.back] == [
        ("dispatch", "file"), ("handle", "dispatch"),
    ]  # fmt: skip
    assert [one.back for one in passages if one.by == "hand_up"] == [False]
    assert passages[-1].returned == sum(one.back for one in passages)


def test_a_reporter_who_says_no_is_told_of_the_round_that_he_ends() -> None:
    shop = workshop()
    shop.report()
    shop.done(*SETTLED, "not_settled")
    told(shop)
    shop.done("assign", "done", "feed_back", "agree", "close")
    assert shop.do("call_back", given={"satisfied": True})["ok"]
    passages = told(shop)
    assert some([one for one in passages if one.kind == "answer"], "round", "satisfied") == [(2, True)]


def test_not_settled_answers_for_its_round_and_begins_another() -> None:
    shop = workshop()
    shop.report()
    shop.done(*SETTLED)
    told(shop)
    shop.at(HOUR).done("not_settled")
    assert some(told(shop), "kind", "round", "reopened", "satisfied") == [
        ("step", 1, True, None),
        ("answer", 1, False, False),
    ]


def test_another_place_or_desk_is_told_where_it_was_until_then() -> None:
    shop = workshop()
    case = shop.report()
    before = case.grid
    shop.at(MINUTE).report("1", NAMES[1])
    assert case.grid != before
    assert some(told(shop), "kind", "grid", "end_ms") == [("moved", before, T0 + MINUTE)]


def test_a_case_that_its_feed_closes_leaves_its_passages() -> None:
    shop = workshop()
    shop.report("1", closed_ms=0)
    shop.report("2")
    shop.at(HOUR).report("2", closed_ms=HOUR)
    assert some(told(shop), "kind", "step", "outcome", "to") == [
        ("step", "file", "", "closed"), ("closed", "file", "closed_at_source", "closed"),
        ("step", "file", "", "closed"), ("closed", "file", "closed_at_source", "closed"),
    ]  # fmt: skip


def test_another_flow_ends_no_visit() -> None:
    shop = workshop()
    shop.report()
    shop.done("accept")
    told(shop)
    shop.at(MINUTE).floor.publish("renamed")
    assert told(shop) == []
