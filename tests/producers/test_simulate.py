"""The fictional province: the same bytes of the same seed, plain geometry, a life for each case, planted incidents."""

import hashlib
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest
import shapely
from kafka import KafkaConsumer, TopicPartition

from config.rules import gather
from config.settings import Settings
from domain.codes import is_grid
from domain.duty.list import on_duty_in
from domain.duty.roster_file import read_roster_file
from domain.records import Report, Tick, encoder, reports_decoder
from domain.rules import compile_rules
from producers.produce import MAX_SPEED, ProduceError
from producers.province import (
    MOST_GRIDS,
    MOST_WORKERS,
    code_of,
    corners,
    ensure_area_set,
    make_province,
    workers_of,
)
from producers.province_roster import ensure_rosters
from producers.rhythm import DAY_MS, HOUR_MS, UTC_OFFSET_MS, incidents_of_day, rate_of
from producers.simulate import (
    DESKS_FEED,
    HEAD_START_MS,
    LiveSimulator,
    SimulatorSettings,
    for_desks,
    reports_of,
    simulate,
    taken_by_desks,
)
from producers.simulation import START_MS, Simulation
from watchfloor.topics import create_topics

ROOT = Path(__file__).parents[2]


def some(count: int, *, grids: int = 120, seed: int = 1, per_s: float = 2.0) -> list[tuple[int, Report]]:
    return list(itertools.islice(Simulation(grids, seed, per_s=per_s).messages(), count))


def digest(messages: list[tuple[int, Report]]) -> str:
    return hashlib.sha256(b"".join(encoder.encode(report) for _, report in messages)).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert digest(some(3000)) == digest(some(3000))
    assert digest(some(3000)) != digest(some(3000, seed=2))
    assert msgspec.json.encode(make_province(120, 1)) == msgspec.json.encode(make_province(120, 1))


def test_the_polygons_tile_the_plane() -> None:
    shapes = [shapely.from_geojson(bytes(a.geometry)) for a in make_province(120, 1).areas if is_grid(a.code)]
    whole = shapely.union_all(shapes)
    assert all(shape.is_valid for shape in shapes)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert whole.area == pytest.approx(sum(shape.area for shape in shapes), rel=1e-9)


def test_a_larger_province_contains_the_smaller_one() -> None:
    small, large = corners(120, 1), corners(1500, 1)
    assert (large[:120] == small).all()
    assert code_of(MOST_GRIDS - 1)[:2] == "99"
    assert len({code_of(n) for n in range(MOST_GRIDS)}) == MOST_GRIDS


def test_the_largest_province_has_its_402_400_workers_as_counts() -> None:
    workers = workers_of(MOST_GRIDS, 1)
    assert workers.sum() == MOST_WORKERS
    assert workers.min() >= 1


def test_an_area_set_is_written_once_and_never_made_smaller(tmp_path: Path) -> None:
    assert ensure_area_set(tmp_path, 40, 1)
    assert not ensure_area_set(tmp_path, 40, 1)
    assert ensure_area_set(tmp_path, 120, 1)
    assert not ensure_area_set(tmp_path, 40, 1)


def test_every_report_is_placed_by_the_rules_where_it_says() -> None:
    parts = gather(None, None) | {"areas/simulator.json": msgspec.json.encode(make_province(120, 1))}
    rules = compile_rules(parts, "")
    feed = rules.feeds["simulator"]
    by_point = rules.areas["simulator"]
    unplaced = 0
    for _, report in some(3000):
        grid, _ = feed.place(report.lon, report.lat, report.place)
        if report.place:
            assert grid == report.place[0]
            if report.step == "file":
                assert report.lon is not None
                assert report.lat is not None
                assert by_point.at_point(report.lon, report.lat) == grid
        else:
            unplaced += 1
    assert 0 < unplaced < 60


def test_time_never_goes_back_and_cases_live_through_their_steps_in_order() -> None:
    order = ["file", "dispatch", "handle", "verify", "closed"]
    reached: dict[str, int] = {}
    before = START_MS
    for t_ms, report in some(20_000):
        assert t_ms >= before
        before = t_ms
        step = order.index(report.step)
        assert step - reached.get(report.id, -1) in (0, 1), "a repeat, or the next step"
        reached[report.id] = step
        assert (report.closed_ms is not None) == (report.step == "closed")
        assert isinstance(report.opened_ms, int)
        assert report.opened_ms <= t_ms
    assert Counter(reached.values())[4] > 300


def test_mornings_are_busy_and_nights_and_sundays_quiet() -> None:
    monday_10, monday_3 = START_MS + 10 * HOUR_MS, START_MS + 3 * HOUR_MS
    assert rate_of(monday_10) > 5 * rate_of(monday_3)
    assert rate_of(monday_10) > rate_of(monday_10 + 6 * DAY_MS)


def test_reports_are_skewed_over_grids() -> None:
    counts = Counter(report.place[0] for _, report in some(20_000) if report.place and report.step == "file")
    busiest = sum(count for _, count in counts.most_common(12))
    assert busiest > 0.25 * counts.total(), "a tenth of the grids has far more than a tenth"


def test_a_planted_surge_is_in_the_reports_and_a_silence_is_silent() -> None:
    day = (START_MS + UTC_OFFSET_MS) // DAY_MS
    seed = next(s for s in range(50) if any(one.kind == "silence" for one in incidents_of_day(day, 120, s)))
    messages = some(120_000, seed=seed)
    planted = incidents_of_day(day, 120, seed)
    silence = next(one for one in planted if one.kind == "silence")
    assert not any(silence.covers(t_ms) for t_ms, _ in messages)
    surge = next(one for one in planted if one.kind == "surge" and not silence.covers(one.from_ms))
    hours = (surge.to_ms - surge.from_ms) / HOUR_MS
    inside = [
        t_ms
        for t_ms, report in messages
        if report.category == surge.category and report.step == "file" and report.place
        if report.place[0].startswith(surge.township)
    ]
    during = sum(surge.covers(t_ms) for t_ms in inside)
    assert during > 60 * hours
    assert during / hours > 5 * (len(inside) - during) / 24


def test_a_run_on_the_feeds_clock_ends_with_a_tick_and_writes_the_truth(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    town = Settings(kafka=kafka, prefix=topic_prefix, clock="feed")
    create_topics(town)
    truth = tmp_path / "truth.json"
    done = simulate(town, grids=40, events=500, seed=3, speed=MAX_SPEED, lane_clock=lambda: None, truth=truth)
    assert (done.rows, done.sent) == (500, 500)
    assert done.last_offset == {0: 500 + done.ticks - 1}
    consumer = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    partition = TopicPartition(town.topic("reports"), 0)
    consumer.assign([partition])
    consumer.seek(partition, done.last_offset[0])
    last = next(iter(consumer)).value
    consumer.close()
    assert reports_decoder.decode(last) == Tick(t_ms=done.last_ms)
    assert json.loads(truth.read_bytes())["seed"] == 3
    with pytest.raises(ProduceError, match="clock stands"):
        simulate(town, grids=40, events=5, seed=3, speed=MAX_SPEED, lane_clock=lambda: done.last_ms or 0)


def test_the_process_sends_until_it_is_told_to_end_and_goes_on_where_it_was(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    town = Settings(kafka=kafka, prefix=topic_prefix, data=tmp_path)
    create_topics(town)
    environment = town.environment() | {"WATCHFLOOR_SIMULATOR_PER_S": "200", "PATH": ""}
    standing = tmp_path / "simulator.json"
    starts = []
    for _ in range(2):
        standing_before = standing.stat().st_mtime_ns if standing.exists() else 0
        process = subprocess.Popen([sys.executable, "-m", "producers.simulate"], cwd=ROOT, env=environment)
        try:
            begun = time.monotonic()
            while time.monotonic() - begun < 60 and process.poll() is None:
                if standing.exists() and standing.stat().st_mtime_ns > standing_before:
                    break
                time.sleep(0.1)
        finally:
            process.terminate()
            code = process.wait(20)
        assert code == 0
        starts.append(json.loads(standing.read_bytes())["start_ms"])
    assert starts[0] == starts[1], "the second goes on in the same province"


@pytest.mark.parametrize("hour", [0, 3, 12, 19])
def test_a_fresh_province_has_work_for_wall_and_desks_at_once_at_any_hour(tmp_path: Path, hour: int) -> None:
    now_ms = START_MS + 40 * DAY_MS + hour * HOUR_MS
    live = LiveSimulator(Settings(data=tmp_path), SimulatorSettings())
    standing = live.standing(now_ms)
    sent = itertools.takewhile(lambda one: one[0] <= now_ms, reports_of(live.world(standing), standing))
    opened = [(t_ms, report) for t_ms, report in sent if report.step == "file"]
    assert len(opened) > 250
    assert sum(for_desks(report) for _, report in opened) >= 8
    for t_ms, report in opened:
        assert now_ms - HEAD_START_MS <= t_ms <= now_ms
        assert isinstance(report.opened_ms, int)
        assert t_ms - HOUR_MS < report.opened_ms <= t_ms, "moved as a whole, each at its own time"


def test_the_province_s_roster_has_somebody_on_duty_in_every_grid_at_any_time(tmp_path: Path) -> None:
    teams = ensure_rosters(tmp_path, 1020)
    assert ensure_rosters(tmp_path, 1020) == {}
    parts = gather(None, None, None, tmp_path) | {
        "areas/simulator.json": msgspec.json.encode(make_province(1020, 1))
    }
    rules = compile_rules(parts, "")
    for hour in range(0, 7 * 24, 3):
        rows = list(on_duty_in(rules, "", 1_772_000_000_000 + hour * 3_600_000))
        assert len(rows) == 1020
        assert all(row.worker for row in rows)
        assert all(row.stand_in_on_shift for row in rows if row.stand_in)
    roster = rules.roster_of("990501001001001")
    assert roster is not None
    known = {roster.department_of(category, "990501001001001", 0) for category in rules.categories}
    assert known <= set(teams)
    assert len(known) == 7
    assert len(set(roster_workers(tmp_path))) == 2 * 1020 + 204


def roster_workers(folder: Path) -> list[str]:
    files = [read_roster_file(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    return [row.worker for file in files for row in file.duty]


def test_a_live_province_leaves_some_cases_to_the_people_at_its_desks() -> None:
    parts = gather(None, None) | {"areas/simulator.json": msgspec.json.encode(make_province(120, 1))}
    rules = compile_rules(parts, "")
    assert rules.flow_of(DESKS_FEED) is not None
    left = [report for _, report in some(5000) if for_desks(report)]
    share = sum(report.step == "file" for report in left) / sum(r.step == "file" for _, r in some(5000))
    assert 0.03 < share < 0.07
    for report in left:
        desk = taken_by_desks(report)
        assert (desk.id, desk.step, desk.feed) == (report.id, "", DESKS_FEED)
        if desk.place:
            assert rules.feeds[DESKS_FEED].place(None, None, desk.place)[0] == desk.place[0]
