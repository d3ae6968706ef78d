"""Counts per grid and category: windows (t - w, t] to the millisecond, and moves that move everything."""

from random import Random

import pytest

from domain.cases.case import Case
from domain.casework import Casework
from domain.counters import BUCKET_MS, TREND_BUCKETS, WINDOWS_MS, Counters
from tests.domain.scribbler import Scribbler
from tests.domain.small_town import DAY, GRIDS, HOUR, MINUTE, UNPLACED
from tests.domain.timetable import Timetable


@pytest.mark.parametrize(("window", "span_ms"), list(enumerate((5 * MINUTE, HOUR, DAY))))
def test_a_report_leaves_a_window_at_the_very_instant(window: int, span_ms: int) -> None:
    t = Timetable()
    t.report()
    t.at(span_ms - 1).tick()
    assert t.counts(GRIDS[0])[window] == 1
    t.at(span_ms).tick()
    assert t.counts(GRIDS[0])[window] == 0
    assert t.counts(GRIDS[0])[3:] == [1, 0, 1]


def test_what_leaves_a_window_says_when() -> None:
    t = Timetable()
    t.report()
    work = t.work(GRIDS[0])
    for span_ms in WINDOWS_MS:
        assert work.due_ms() == work.counters.next_ms() == t.case().arrived_ms + span_ms
        t.at(span_ms).tick()
    assert work.due_ms() is None


def test_a_move_after_an_hour_moves_the_day_and_not_the_hour() -> None:
    t = Timetable()
    t.report()
    t.at(HOUR).report(name="Mill")
    assert t.counts(GRIDS[0]) == [0] * 6
    assert t.counts(GRIDS[1]) == [0, 0, 1, 1, 0, 1]
    t.at(DAY).tick()
    assert t.counts(GRIDS[1]) == [0, 0, 0, 1, 0, 1]


def test_a_move_of_a_closed_case_moves_its_total_alone() -> None:
    t = Timetable()
    t.report()
    t.at(2 * DAY).report(closed_ms=DAY)
    t.report(name="Mill", closed_ms=DAY)
    assert t.counts(GRIDS[0]) == [0] * 6
    assert t.counts(GRIDS[1]) == [0, 0, 0, 0, 0, 1]


def test_what_has_no_place_counts_for_the_countys_unplaced_grid() -> None:
    t = Timetable()
    t.report(name="nowhere")
    assert t.counts(UNPLACED) == [1, 1, 1, 1, 0, 1]


def test_a_closed_case_leaves_when_its_feeds_rule_says_and_its_total_stays() -> None:
    t = Timetable()
    t.report(feed="calls", category="lamp")
    t.at(HOUR).report(feed="calls", category="lamp", closed_ms=HOUR)
    t.at(HOUR + 2 * DAY - 1).tick()
    assert t.case()
    t.at(HOUR + 2 * DAY).tick()
    work = t.work(GRIDS[0])
    assert work.cases == {}
    assert t.counts(GRIDS[0], "lamp") == [0, 0, 0, 0, 0, 1]
    t.report(feed="calls", category="lamp", closed_ms=HOUR, channel="late")
    assert work.late == 1
    assert t.counts(GRIDS[0], "lamp") == [0, 0, 0, 0, 0, 1]


def test_a_reopened_case_does_not_leave() -> None:
    t = Timetable()
    t.report(feed="calls", category="lamp")
    t.at(HOUR).report(feed="calls", category="lamp", closed_ms=HOUR)
    t.at(DAY).report(feed="calls", category="lamp")
    t.at(9 * DAY).tick()
    assert t.case().closed_ms is None


def test_a_case_whose_id_was_forgotten_takes_nothing_that_is_about_the_next_one() -> None:
    t = Timetable()
    t.report(feed="calls", category="lamp")
    t.at(4 * DAY).report(feed="calls", category="lamp")
    work = t.work(GRIDS[0])
    old, new = work.cases.values()
    t.report(feed="calls", category="lamp", closed_ms=4 * DAY)
    assert (old.closed_ms, new.closed_ms is not None) == (None, True)
    assert t.counts(GRIDS[0], "lamp")[3:] == [1, 1, 2]


def test_a_trend_keeps_six_hours_of_five_minutes() -> None:
    counters = Counters()
    for n in range(200):
        case = Case(
            id=str(n), key="", feed="", source_id="", grid=GRIDS[0], area="", category="", step="",
            opened_ms=n * BUCKET_MS, arrived_ms=n * BUCKET_MS,
        )  # fmt: skip
        counters.opened(case)
    buckets = counters.block(GRIDS[0][:9])["trend"]
    assert len(buckets) == TREND_BUCKETS
    assert buckets[-1] == [199 * BUCKET_MS, 1, 0, 0, 0]


def recounted(work: Casework) -> dict[tuple[str, str], list[int]]:
    """The counts of a partition, made anew from its cases: all but the totals of those that left."""
    cells: dict[tuple[str, str], list[int]] = {}
    for case in work.cases.values():
        cell = cells.setdefault((case.grid, case.category), [0] * 6)
        for n, span_ms in enumerate(WINDOWS_MS):
            cell[n] += case.arrived_ms > work.clock_ms - span_ms
        is_open = case.closed_ms is None
        cell[3] += is_open
        cell[4] += is_open and case.overdue
        cell[5] += 1
    return cells


@pytest.mark.parametrize("shared", [False, True], ids=["wall clock", "feed clock"])
@pytest.mark.parametrize("seed", range(2))
def test_counts_are_those_of_the_cases_whatever_happened_to_them(seed: int, shared: bool) -> None:
    floor = Scribbler(Random(seed), shared=shared).write(1000)
    for work in floor.casework:
        fresh = recounted(work)
        total = 0
        for grids in work.counters.cells.values():
            for grid, categories in grids.items():
                for category, counts in categories.items():
                    assert counts[:5] == fresh.get((grid, category), [0] * 6)[:5], (grid, category)
                    total += counts[5]
        opened = sum(b'"type":"opened"' in value for value in first_sendings(floor.journal[work.partition]))
        assert total == opened, "an opened case counts once for ever"


def first_sendings(log: list[tuple[int, bytes]]) -> list[bytes]:
    """What intake sent, without what it sent a second time."""
    return list(dict.fromkeys(value for _, value in log))


@pytest.mark.parametrize("seed", range(2))
def test_open_and_overdue_in_the_trend_add_up_to_what_stands(seed: int) -> None:
    t = Timetable()
    rng = Random(seed)
    for n in range(150):  # well inside the six hours that the trend keeps
        t.at(n * 60_000)
        name = rng.choice(("Well", "Bridge", "Ford"))
        closed = rng.choice((None, n * 60_000))
        t.report(str(rng.randrange(20)), name=name, promised=rng.randrange(150) * 60_000, closed_ms=closed)
    for work in t.floor.casework:
        for township, grids in work.counters.cells.items():
            cells = [counts for categories in grids.values() for counts in categories.values()]
            trend = work.counters.trend[township]
            assert sum(b[1] - b[2] for b in trend) == sum(counts[3] for counts in cells)
            assert sum(b[3] - b[4] for b in trend) == sum(counts[4] for counts in cells)
