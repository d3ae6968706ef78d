"""SLA clocks in virtual time: due soon at 75 %, overdue at 100 %, to the millisecond."""

import pytest

from tests.domain.small_town import GRIDS, HOUR, MINUTE
from tests.domain.timetable import Timetable

DUE = 1001
SOON = 751  # the first ms at which three quarters of 1001 ms (750.75) have passed


def test_due_soon_comes_at_three_quarters_and_overdue_at_the_due_instant() -> None:
    t = Timetable()
    t.report(promised=DUE)
    t.at(SOON - 1).tick()
    assert t.facts() == []
    t.at(SOON).tick()
    assert t.facts() == [(SOON, "raised", "due_soon", "resolve")]
    t.at(DUE - 1).tick()
    assert (t.facts(), t.case().overdue) == ([], False)
    t.at(DUE).tick()
    assert (t.facts(), t.case().overdue) == ([(DUE, "worsened", "overdue", "resolve")], True)
    t.at(DUE * 9).tick()
    assert t.facts() == []


def test_what_fell_due_in_between_is_stamped_with_its_own_instant_and_order() -> None:
    t = Timetable()
    t.report("1", promised=DUE)
    t.report("2", promised=900)
    t.at(5000).tick()
    assert t.facts() == [
        (675, "raised", "due_soon", "resolve"),
        (SOON, "raised", "due_soon", "resolve"),
        (900, "worsened", "overdue", "resolve"),
        (DUE, "worsened", "overdue", "resolve"),
    ]


@pytest.mark.parametrize(("closes_at", "late"), [(DUE - 1, False), (DUE, True), (DUE + 1, True)])
def test_closing_at_the_due_instant_is_too_late(closes_at: int, late: bool) -> None:
    t = Timetable()
    t.report(promised=DUE)
    t.at(closes_at).report(promised=DUE, closed_ms=closes_at)
    t.at(DUE * 5).tick()
    assert t.case().overdue is late
    assert [kind for _, fact, kind, _ in t.facts() if fact == "worsened"] == ["overdue"] * late
    assert t.alerts() == []
    assert t.counts(GRIDS[0])[3:] == [0, 0, 1], "a closed case is neither open nor counted as overdue"


@pytest.mark.parametrize("promised", [-1, -HOUR, 0])
def test_a_promise_that_is_past_at_the_opening_gives_one_overdue_and_no_due_soon(promised: int) -> None:
    t = Timetable()
    t.report(promised=promised)
    t.at(HOUR).tick()
    assert t.facts() == [(0, "raised", "overdue", "resolve")]
    assert t.counts(GRIDS[0])[3:] == [1, 1, 1]


def test_a_case_that_came_closed_too_late_is_overdue_without_an_alert() -> None:
    t = Timetable()
    t.report(opened_ms=-2 * HOUR, promised=-2 * MINUTE, closed_ms=-MINUTE)
    assert (t.facts(), t.case().overdue) == ([], True)
    assert t.counts(GRIDS[0]) == [1, 1, 1, 0, 0, 1]


def test_a_closing_that_brings_a_promise_already_past_counts_as_overdue() -> None:
    t = Timetable()
    t.report()
    t.at(HOUR).report(promised=MINUTE, closed_ms=HOUR)
    assert t.case().overdue


def test_overdue_stays_true_after_closing_and_reopening() -> None:
    t = Timetable()
    t.report(promised=DUE)
    t.at(2000).report(promised=DUE, closed_ms=2000)
    assert t.case().overdue
    t.facts()
    t.at(3000).report(promised=DUE, step="handle")
    assert t.case().overdue
    assert t.counts(GRIDS[0])[3:] == [1, 1, 1]
    assert t.facts() == [(3000, "raised", "overdue", "resolve")], (
        "a reopened overdue case has its alert again"
    )
    t.at(4000).report(promised=DUE, step="handle", closed_ms=4000)
    assert t.case().overdue
    assert t.counts(GRIDS[0])[3:] == [0, 0, 1]
    assert [fact for _, fact, *_ in t.facts()] == ["cleared"]


def test_a_later_promise_ends_the_alert_and_is_due_anew() -> None:
    t = Timetable()
    t.report(promised=DUE)
    t.at(900).report(promised=10_000)
    t.at(20_000).tick()
    assert t.facts() == [
        (SOON, "raised", "due_soon", "resolve"),
        (900, "cleared", "due_soon", "resolve"),
        (7500, "raised", "due_soon", "resolve"),
        (10_000, "worsened", "overdue", "resolve"),
    ]


def test_an_earlier_promise_is_due_at_once_when_it_has_passed() -> None:
    t = Timetable()
    t.report(promised=HOUR)
    t.at(2000).report(promised=1000)
    assert t.facts() == [(2000, "raised", "overdue", "resolve")]
    t.at(2 * HOUR).tick()
    assert t.facts() == []


def test_both_clocks_of_an_sla_run_from_the_arrival_and_accepting_ends_the_first() -> None:
    t = Timetable()
    t.report(feed="calls", category="noise", opened_ms=-HOUR)  # accept in 30 min, resolve in 60
    case = t.case()
    assert case.accept_due_ms == case.arrived_ms + 30 * MINUTE
    assert case.due_ms == case.arrived_ms + 60 * MINUTE
    t.at(25 * MINUTE).report(feed="calls", category="noise", opened_ms=-HOUR, step="dispatch")
    t.at(70 * MINUTE).tick()
    assert t.facts() == [
        (22 * MINUTE + 30_000, "raised", "due_soon", "accept"),
        (25 * MINUTE, "cleared", "due_soon", "accept"),
        (45 * MINUTE, "raised", "due_soon", "resolve"),
        (60 * MINUTE, "worsened", "overdue", "resolve"),
    ]
    assert t.case().overdue


def test_only_the_resolve_clock_makes_a_case_overdue() -> None:
    t = Timetable()
    t.report(feed="calls", category="noise")
    t.at(31 * MINUTE).tick()
    assert (31 * MINUTE, "overdue") not in [(at, kind) for at, _, kind, _ in t.facts()]
    assert not t.case().overdue
    assert t.counts(GRIDS[0], "noise")[4] == 0


def test_a_moved_case_takes_its_counts_and_its_alert_along_and_stays_where_it_was_opened() -> None:
    t = Timetable()
    t.report(promised=DUE)
    t.at(DUE).tick()
    t.report(name="Hill", category="tree", promised=DUE)
    assert t.counts(GRIDS[0]) == [0] * 6
    assert t.counts(GRIDS[4], "tree") == [1, 1, 1, 1, 1, 1]
    work = t.work(GRIDS[0])
    (alert,) = work.alerts.values()
    assert (alert.scope, alert.grid, alert.category) == (GRIDS[4], GRIDS[4], "tree")
    assert list(work.cases) == [t.case().id]


def test_an_edit_of_the_sla_moves_no_running_clock_not_even_by_a_revision() -> None:
    t = Timetable()
    t.report("old", feed="calls", category="lamp")
    t.floor.publish("faster")
    t.report("new", feed="calls", category="lamp")
    t.at(MINUTE).report("old", feed="calls", category="lamp", channel="phone")
    assert t.case("old").due_ms == t.case("old").arrived_ms + 4 * HOUR
    assert t.case("new").due_ms == t.case("new").arrived_ms + 2 * HOUR


def test_another_category_has_the_limits_of_that_category_from_the_arrival() -> None:
    t = Timetable()
    t.report(feed="calls", category="lamp")
    t.at(MINUTE).report(feed="calls", category="noise")
    assert t.case().due_ms == t.case().arrived_ms + HOUR


def test_a_record_older_than_the_clock_is_folded_at_the_clocks_time() -> None:
    t = Timetable()
    t.at(HOUR).tick()
    work = t.work(GRIDS[0])
    t.floor.now_ms -= HOUR // 2
    t.report()
    assert t.case().arrived_ms == work.clock_ms
