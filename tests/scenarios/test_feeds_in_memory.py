"""Recorded feeds, from their files through mapping, intake and casework in memory, equal counts made by other programs."""

import os
from collections import Counter
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from config.rules import gather
from domain.codes import GRID_DIGITS, is_unplaced
from domain.records import Tick, encoder
from domain.rules import Rules, compile_rules
from producers.areas import import_for_feed
from producers.files import RecordedFiles
from producers.mapping import FeedMapping
from producers.produce import minute_end
from tests.domain.memory_floor import Floor
from tests.oracles import los_angeles, stuttgart, sweden
from tests.oracles.windows import Tally

Cells = dict[tuple[Hashable, str], tuple[int, ...]]


def run(
    files: list[Path], name: str, areas: Path, *, from_ms: int | None = None, to_ms: int | None = None
) -> tuple[Floor, Rules, int]:
    """Send files through a floor with the feed's clock, as `produce` does, and return how many rows they had."""
    bare = compile_rules(gather(None, areas), "bare").feeds[name]
    import_for_feed(bare.county, bare.place_spec, files[0].parent, areas)
    rules = compile_rules(gather(None, areas), "shipped")
    feed = rules.feeds[name]
    floor = Floor({"shipped": rules}.__getitem__, shared=True, rules="shipped")
    form = str(feed.columns["format"])
    with RecordedFiles(files, FeedMapping(feed), form, from_ms=from_ms, to_ms=to_ms) as recorded:
        end_ms, last_ms = 0, 0
        for message in recorded.in_order():
            if end_ms and message.t_ms >= end_ms:
                floor.into_lane(0, encoder.encode(Tick(t_ms=end_ms)))
            end_ms, last_ms = minute_end(message.t_ms), message.t_ms
            floor.into_lane(0, message.body)
        floor.into_lane(0, encoder.encode(Tick(t_ms=last_ms)))
        return floor, rules, recorded.rows


def outcomes(floor: Floor, name: str) -> dict[str, int]:
    changes = floor.lanes[0].whole()
    feed = msgspec.json.decode(changes.hashes["feeds"][name] or b"{}")
    return {k: feed[k] for k in ("accepted", "revised", "repeated", "refused")}


def expected(tally: Tally) -> dict[str, int]:
    outcome = tally.outcome
    return {
        "accepted": outcome.accepted,
        "revised": outcome.revised,
        "repeated": outcome.repeated,
        "refused": 0,
    }


def cells(floor: Floor, area_of: Callable[[str], Hashable]) -> Cells:
    """Return the six counts of each area and category, all partitions added up."""
    sums: dict[tuple[Hashable, str], Counter[int]] = {}
    for work in floor.casework:
        for grids in work.counters.cells.values():
            for grid, categories in grids.items():
                for category, counts in categories.items():
                    cell = sums.setdefault((area_of(grid), category), Counter())
                    cell.update(dict(enumerate(counts)))
    counted = {cell: tuple(counts[n] for n in range(6)) for cell, counts in sums.items()}
    return {cell: counts for cell, counts in counted.items() if any(counts)}


@pytest.mark.skipif(
    os.environ.get("WATCHFLOOR_PROVE") != "1", reason="make prove counts all of Sweden, make test a month"
)
def test_sweden_is_counted_as_the_oracle_counts_it(recorded: Path, tmp_path: Path) -> None:
    folder = recorded / "sweden-police"
    tally = sweden.count(folder)
    floor, rules, rows = run([folder / "observations.jsonl.gz"], "sweden-police", tmp_path)
    assert rows == tally.outcome.sent == 59_792
    assert outcomes(floor, "sweden-police") == expected(tally)
    assert expected(tally) == {"accepted": 57_926, "revised": 1_866, "repeated": 0, "refused": 0}
    assert cells(floor, swedish_area(rules)) == tally.counters()


def test_a_swedish_month_alone_is_counted_as_the_oracle_counts_it(recorded: Path, tmp_path: Path) -> None:
    folder = recorded / "sweden-police"
    tally = sweden.count(folder, "2024-01")
    begin, end = (int(datetime(2024, month, 1, tzinfo=UTC).timestamp()) * 1000 for month in (1, 2))
    files = [folder / "observations.jsonl.gz"]
    floor, rules, _ = run(files, "sweden-police", tmp_path, from_ms=begin, to_ms=end)
    assert outcomes(floor, "sweden-police") == expected(tally)
    assert cells(floor, swedish_area(rules)) == tally.counters()


def swedish_area(rules: Rules) -> Callable[[str], Hashable]:
    areas = rules.areas["sweden-police"].areas

    def area_of(grid: str) -> Hashable:
        if grid in areas:
            return areas[grid].source
        county = areas.get(grid[:6])
        return "unplaced" if county is None else "county " + county.source

    return area_of


def test_stuttgart_is_counted_as_the_oracle_counts_it(recorded: Path, tmp_path: Path) -> None:
    folder = recorded / "stuttgart"
    tally = stuttgart.count(folder)
    floor, _, rows = run([folder / "reports.csv.gz"], "stuttgart", tmp_path)
    assert rows == tally.outcome.sent == 86_774
    assert outcomes(floor, "stuttgart") == expected(tally)
    assert expected(tally) == {"accepted": 35_975, "revised": 0, "repeated": 50_799, "refused": 0}
    assert cells(floor, square_of) == tally.counters()


def square_of(grid: str) -> Hashable:
    """Return the column and row that a square's code stands for, by arithmetic of this test's own."""
    if is_unplaced(grid):
        return "unplaced"
    township, village, square = (int(grid[at : at + 3]) - 1 for at in (6, 9, 12))
    blocks = 3  # 43 columns of squares make three blocks of 16
    column = township % blocks * 16 + village % 4 * 4 + square % 4
    row = township // blocks * 16 + village // 4 * 4 + square // 4
    return column, row


@pytest.fixture(scope="module")
def los_angeles_run(
    recorded: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Floor, Rules, Tally, dict[str, str]]:
    folder = recorded / "la311"
    files = [folder / name for name in los_angeles.FILES]
    floor, rules, rows = run(files, "la311", tmp_path_factory.mktemp("areas"))
    assert rows == 19_999
    own = {row["SRNumber"]: row["NC"] for row in los_angeles.rows(folder)}
    return floor, rules, los_angeles.count(folder), own


Run = tuple[Floor, Rules, Tally, dict[str, str]]


def test_los_angeles_is_counted_as_the_oracle_counts_it(los_angeles_run: Run) -> None:
    floor, rules, tally, _ = los_angeles_run
    areas = rules.areas["la311"].areas
    assert tally.outcome.sent == 39_993
    assert outcomes(floor, "la311") == expected(tally)
    assert expected(tally) == {"accepted": 19_999, "revised": 19_994, "repeated": 0, "refused": 0}
    assert cells(floor, lambda grid: areas[grid].source if grid in areas else "unplaced") == tally.counters()


def test_exactly_the_cases_are_overdue_that_the_city_closed_after_the_promised_day(
    los_angeles_run: Run, recorded: Path
) -> None:
    floor, *_ = los_angeles_run
    overdue = {c.source_id for work in floor.casework for c in work.cases.values() if c.overdue}
    late = los_angeles.late(recorded / "la311")
    assert len(late) == 5_256
    assert overdue == late
    told = Counter(
        alert["case"]
        for effect in floor.alerts
        if (fact := msgspec.json.decode(effect.value))["fact"] in ("raised", "worsened")
        and (alert := fact["alert"])["kind"] == "overdue"
    )
    assert set(told.values()) == {1}, "a case was announced as overdue twice"
    assert len(told) == len(late)


def test_los_angeles_points_lie_in_the_councils_that_the_city_wrote(los_angeles_run: Run) -> None:
    floor, _, _, own = los_angeles_run
    placed = [
        case
        for work in floor.casework
        for case in work.cases.values()
        if len(case.grid) == GRID_DIGITS and not is_unplaced(case.grid)
    ]
    right = sum(case.area == own[case.source_id] for case in placed)
    assert len(placed) == 16_900
    assert right / len(placed) >= 0.98
