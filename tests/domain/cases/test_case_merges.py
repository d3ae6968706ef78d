"""Merging cases of one partition or of two: asked for, taken or refused, and what comes later is passed on."""

from typing import Any

import pytest

from domain.cases.case import Case
from domain.records import Report, Tick, journal_decoder
from tests.domain.cases.test_case_work import counts
from tests.domain.small_town import DAY, GRIDS, HOUR, NAMES, T0, partition
from tests.domain.workshop import Workshop

FAR = next(name for name, grid in zip(NAMES, GRIDS, strict=True) if partition(grid) != partition(GRIDS[0]))
EITHER = pytest.mark.parametrize("place", [NAMES[1], FAR], ids=["one partition", "two partitions"])


def two(shop: Workshop, place: str) -> tuple[Case, Case]:
    """A case, and one in the same or in another partition."""
    return shop.report("1"), shop.report("2", place)


def merge(shop: Workshop, case: Case, into: Case, **fields: Any) -> dict[str, Any]:
    return shop.do("merge", case=case, given={"case": into.id}, **fields)


def flags(case: Case) -> object:
    return case.public()["is"]


@EITHER
def test_a_case_that_another_one_takes_is_a_duplicate_and_points_at_it(place: str) -> None:
    shop = Workshop()
    first, second = two(shop, place)
    shop.report("1")
    answer = merge(shop, first, second)
    assert (answer["ok"], answer["step"]) == (True, "file")
    shown = first.public()
    assert (shown["step"], shown["outcome"], shown["merged_into"], shown["merging"]) == (
        "closed",
        "duplicate",
        second.id,
        "",
    )
    assert (first.closed_ms, flags(first)) == (T0, ())
    assert second.repeats == 2, "its opening and its repeat"
    assert second.public()["absorbed"] == ((first.id, "desk", "1"),)
    assert second.public()["version"] == 1
    assert counts(shop) == (1, 0)


@EITHER
def test_nobody_acts_on_a_case_that_waits_for_the_answer_and_its_clocks_go_on(place: str) -> None:
    shop = Workshop()
    first, second = two(shop, place)
    shop.floor.slow = True
    asked = merge(shop, first, second)
    assert (first.public()["merging"], flags(first)) == (second.id, ("merging",))
    for action, by in (("accept", ""), ("note", ""), ("merge", ""), ("supervise", "")):
        assert shop.do(action, by=by, case=first)["reason"] == "is_merging"
    assert shop.do("undo", by="clerk", case=first, undoes=asked["id"])["reason"] == "is_merging"
    assert shop.do("accept", by="dispatcher", case=first)["reason"] == "no_role"
    shop.at(HOUR)
    shop.floor.into_journal(int(first.id[:2]), Tick())
    assert [one[3] for one in shop.told() if one[1] == "raised"].count("step") >= 1
    shop.floor.arrive()
    assert first.public()["outcome"] == "duplicate"
    assert shop.do("undo", by="clerk", case=first, undoes=asked["id"])["reason"] == "too_late"


@EITHER
@pytest.mark.parametrize("why", ["closed", "merging", "gone", "out_of_scope"])
def test_a_case_that_is_refused_goes_on_where_it_stood(place: str, why: str) -> None:
    shop = Workshop()
    first, second = two(shop, place)
    shop.done("accept", case=first)
    due_ms = first.due_ms
    by = "clerk"
    if why == "closed":
        shop.do("reject", case=second, given={"code": "not_ours"})
    if why == "merging":
        third = shop.report("3")
        shop.floor.slow = True
        merge(shop, second, third)
    if why == "out_of_scope":
        shop.grant("here", "clerk", first.grid[:12])
        by, second = "here", (second if place == FAR else shop.report("4", NAMES[2]))
    shop.at(HOUR // 4)
    if why == "gone":
        assert shop.do("merge", case=first, given={"case": second.id[:3] + "f" * 10})["ok"]
    else:
        assert merge(shop, first, second, by=by)["ok"]
    version = first.public()["version"]
    shop.floor.arrive()
    shown = first.public()
    assert (shown["step"], shown["merging"], shown["merged_into"], flags(first)) == ("dispatch", "", "", ())
    assert (first.due_ms, shown["version"]) == (due_ms, version if not shop.floor.slow else 4)
    assert first.work is not None
    last = first.work.story[-1]
    assert (last.kind, last.action, last.what["reason"], last.account) == ("merge", "not_merged", why, by)
    assert shop.do("assign", case=first)["ok"]


@EITHER
def test_of_two_merges_that_cross_neither_happens(place: str) -> None:
    shop = Workshop()
    first, second = two(shop, place)
    shop.floor.slow = True
    assert merge(shop, first, second)["ok"]
    assert merge(shop, second, first)["ok"]
    shop.floor.arrive()
    for case in (first, second):
        assert (case.step, case.repeats, flags(case)) == ("file", 0, ())
    assert counts(shop) == (2, 0)


@EITHER
def test_what_comes_for_a_case_meanwhile_and_later_is_passed_on(place: str) -> None:
    shop = Workshop()
    first, second = two(shop, place)
    shop.floor.slow = True
    merge(shop, first, second)
    shop.report("1")
    shop.report("1", channel="again")
    shop.floor.arrive()
    shop.floor.slow = False
    assert (second.repeats, second.revisions) == (2, 1)
    shop.report("1", channel="again")
    shop.report("1", channel="and again")
    assert (second.repeats, second.revisions) == (3, 2)
    assert second.work is not None
    assert [(one.kind, one.what) for one in second.work.story[1:] if one.kind != "act"] == [
        ("merge", {"from": first.id, "repeats": 0}),
        ("report", {"from": first.id, "revisions": 1}),
        ("report", {"from": first.id, "revisions": 1}),
    ]
    assert first.closed_ms is not None


def test_it_is_passed_on_along_a_chain_and_the_last_one_knows_of_all() -> None:
    shop = Workshop()
    first, second, third = shop.report("1"), shop.report("2", FAR), shop.report("3", NAMES[2])
    shop.report("1")
    merge(shop, first, second)
    merge(shop, second, third)
    assert [one[0] for one in third.public()["absorbed"]] == [first.id, second.id]
    assert third.repeats == 3
    shop.report("1")
    assert (first.repeats, second.repeats, third.repeats) == (2, 3, 4)


def test_a_case_that_was_taken_over_is_not_reopened() -> None:
    shop = Workshop()
    first, second = two(shop, FAR)
    merge(shop, first, second)
    for action in ("reopen", "not_settled"):
        assert shop.do(action, case=first)["reason"] == "merged"
    shop.at(HOUR).report("1", channel="again")
    assert first.closed_ms is not None


def test_a_feed_that_closes_the_case_meanwhile_leaves_it_a_closed_duplicate() -> None:
    shop = Workshop()
    first, second = two(shop, FAR)
    shop.floor.slow = True
    merge(shop, first, second)
    shop.at(HOUR).report("1", closed_ms=HOUR)
    assert first.public()["outcome"] == "closed_at_source"
    shop.floor.arrive()
    shown = first.public()
    assert (shown["outcome"], shown["merged_into"], shown["closed_ms"]) == ("duplicate", second.id, T0 + HOUR)
    assert counts(shop) == (1, 0)


def test_another_flow_in_between_leaves_the_case_waiting_and_then_closed() -> None:
    shop = Workshop()
    first, second = two(shop, FAR)
    shop.done("accept", case=first)
    shop.floor.slow = True
    merge(shop, first, second)
    shop.floor.publish("renamed")
    assert (first.step, flags(first)) == ("sending", ("merging",))
    shop.floor.arrive()
    assert (first.step, first.public()["outcome"]) == ("closed", "duplicate")


def test_records_that_partitions_send_each_other_twice_change_nothing() -> None:
    shop = Workshop()
    first, second = two(shop, FAR)
    merge(shop, first, second)
    shop.report("1")
    before = first.public(), second.public()
    for log in shop.floor.journal:
        for _, value in list(log):
            record = journal_decoder.decode(value)
            if getattr(record, "origin", None) and record.origin[0] >= 1000:
                shop.floor.into_journal(shop.floor.journal.index(log), value)
    assert (first.public(), second.public()) == before


def test_a_case_is_not_merged_into_itself() -> None:
    shop = Workshop()
    case = shop.report()
    assert merge(shop, case, case)["reason"] == "same_case"
    assert shop.do("merge", given={"case": "99-0000000000"})["reason"] == "unknown_case"


def test_a_pointer_leaves_with_its_case_and_late_reports_are_counted() -> None:
    shop = Workshop()
    first, second = two(shop, FAR)
    merge(shop, first, second)
    shop.at(31 * DAY)
    for work in shop.floor.casework:
        shop.floor.into_journal(work.partition, Tick())
    shop.floor.send(Report(feed="desk", id="1", place=[NAMES[0]], category="lamp"))
    assert first.id not in shop.floor.casework[int(first.id[:2])].cases
    assert shop.floor.casework[int(first.id[:2])].late == 1
    assert second.repeats == 1
