"""The fictional province's reports, in the order of their times: a pure stream of a seed, the same bytes each time."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from domain.records import Report
from producers.province import CELL_LAT, CELL_LON, GRIDS_A_TOWNSHIP, JITTER, SOUTH, WEST, cells, code_of
from producers.rhythm import (
    CATEGORIES,
    DAY_MS,
    HOUR_MS,
    LEAST_SURGE_PER_MIN,
    UTC_OFFSET_MS,
    Incident,
    grid_weights,
    incidents_of_day,
    rate_of,
)

FEED = "simulator"
START_MS = 1_704_038_400_000
"""2024-01-01T00:00 in the province, a Monday; what a run on the feed's clock begins with."""

MESSAGES_A_CASE = 5
"""An opening and four steps."""

STEPS = ("dispatch", "handle", "verify", "closed")
CHANNELS = ("grid worker", "hotline", "mini-program")
CHANNEL_SHARES = (0.6, 0.25, 0.15)
LEAST_STEP_MS = 30_000
"""Longer than any repeat takes, so that a repeat comes before the next version."""

# Shares of the time allowed that the middle case takes to each step, and the spread of its logarithm.
ACCEPT_SHARE, ACCEPT_SPREAD = 0.3, 0.7
STEP_SHARES, STEP_SPREAD = (0.08, 0.22, 0.06), 0.7

INNER = 1 - 2 * JITTER
"""The share of a cell in which every point is inside its shape, wherever the corners moved."""

REPEAT_SHARE = 0.01  # an app without signal sends twice
MOVED_SHARE = 0.005  # the desk finds that it lies in the next grid
UNPLACED_SHARE = 0.002  # a caller who cannot say where


@dataclass(slots=True)
class _Living:
    """A case on its way: its latest report, and the steps to come as (time, step)."""

    report: Report
    to_come: list[tuple[int, str]]
    moves: bool
    repeats: list[bool]


class Simulation:
    """The reports of a province.

    Parameters
    ----------
    grids, seed
        As for `make_province`.
    start_ms
        When it begins.
    per_s
        Messages a second, in the mean of a week and once cases are in all their steps.
    run
        Put before every id, so that two runs do not speak of the same cases.
    stamped
        Whether reports carry `t_ms`, as the feed's clock asks for.

    """

    def __init__(  # noqa: PLR0913 - what a run is
        self,
        grids: int,
        seed: int,
        *,
        start_ms: int = START_MS,
        per_s: float = 2.0,
        run: str = "S",
        stamped: bool = True,
    ) -> None:
        self.incidents: list[Incident] = []
        self._grids = grids
        self._seed = seed
        self._start_ms = start_ms
        self._run = run
        self._stamped = stamped
        self._per_hour = per_s * 3600 / MESSAGES_A_CASE
        self._weights = grid_weights(grids, seed)
        self._shares = np.array([share for _, share, _, _ in CATEGORIES])
        self._shares /= self._shares.sum()
        self._middles = (cells(grids) + 0.5) * (CELL_LON, CELL_LAT) + (WEST, SOUTH)
        self._codes = [code_of(grid) for grid in range(grids)]
        self._planned_day = -1
        self._opened = 0

    def messages(self) -> Iterator[tuple[int, Report]]:
        """Return reports with their times, without end and never going back."""
        line: list[tuple[int, int, _Living | Report]] = []
        order = 0
        hour = self._start_ms // HOUR_MS
        while True:
            self._plan(hour)
            begin_ms, end_ms = max(self._start_ms, hour * HOUR_MS), (hour + 1) * HOUR_MS
            for t_ms, living in self._openings(hour, begin_ms, end_ms):
                order += 1
                heapq.heappush(line, (t_ms, order, living))
            while line and line[0][0] < end_ms:
                t_ms, _, one = heapq.heappop(line)
                if isinstance(one, Report):
                    yield t_ms, self._stamp(one, t_ms)
                    continue
                yield t_ms, self._stamp(one.report, t_ms)
                left = len(one.to_come)
                if one.repeats[left]:
                    order += 1
                    heapq.heappush(line, (self._heard(t_ms + 1000 * (left * 4 + 2)), order, one.report))
                if left:
                    step_ms, step = one.to_come.pop(0)
                    one.report = self._next(one, step, step_ms)
                    order += 1
                    heapq.heappush(line, (max(self._heard(step_ms), t_ms + LEAST_STEP_MS), order, one))
            hour += 1

    def _plan(self, hour: int) -> None:
        day = (hour * HOUR_MS + UTC_OFFSET_MS) // DAY_MS
        if day > self._planned_day:
            self._planned_day = day
            self.incidents += incidents_of_day(day, self._grids, self._seed)

    def _heard(self, t_ms: int) -> int:
        """Return when something said at a time is heard: behind a silence that covers it."""
        for one in self.incidents:
            if one.kind == "silence" and one.covers(t_ms):
                return one.to_ms + (t_ms - one.from_ms) // 100
        return t_ms

    def _openings(self, hour: int, begin_ms: int, end_ms: int) -> Iterator[tuple[int, _Living]]:
        rng = np.random.default_rng([self._seed, 3, hour])
        share = (end_ms - begin_ms) / HOUR_MS
        count = int(rng.poisson(self._per_hour * rate_of(begin_ms) * share))
        times = rng.uniform(begin_ms, end_ms, count).astype(np.int64)
        grids = rng.choice(self._grids, count, p=self._weights)
        categories = rng.choice(len(CATEGORIES), count, p=self._shares)
        for one in self.incidents:
            if one.kind == "surge" and one.from_ms < end_ms and begin_ms < one.to_ms:
                more = self._surge(rng, one, max(begin_ms, one.from_ms), min(end_ms, one.to_ms))
                times, grids, categories = (
                    np.concatenate(pair) for pair in zip((times, grids, categories), more, strict=True)
                )
        silences = [one for one in self.incidents if one.kind == "silence"]
        slow = [one for one in self.incidents if one.kind == "slow_desk"]
        order = np.argsort(times, kind="stable")
        draws = _Draws(rng, len(times), self._middles[grids[order]])
        lists = (times[order].tolist(), grids[order].tolist(), categories[order].tolist())
        for k, (t_ms, grid, category) in enumerate(zip(*lists, strict=True)):
            if any(one.covers(t_ms) for one in silences):
                continue
            code = self._codes[grid]
            slower = max(
                (one.factor for one in slow if one.covers(t_ms) and code.startswith(one.township)),
                default=1.0,
            )
            yield t_ms, self._living(t_ms, code, category, draws, k, slower)

    def _surge(
        self, rng: np.random.Generator, one: Incident, begin_ms: int, end_ms: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        first = self._codes.index(one.township + "001001")
        inside = np.arange(first, min(first + GRIDS_A_TOWNSHIP, self._grids))
        category = next(n for n, (name, *_) in enumerate(CATEGORIES) if name == one.category)
        usual = self._per_hour * float(self._weights[inside].sum() * self._shares[category])
        hours = (end_ms - begin_ms) / HOUR_MS
        count = int(rng.poisson(max(usual * (one.factor - 1), LEAST_SURGE_PER_MIN * 60) * hours))
        return (
            rng.uniform(begin_ms, end_ms, count).astype(np.int64),
            rng.choice(inside, count),
            np.full(count, category),
        )

    def _living(  # noqa: PLR0913, PLR0917 - one opening
        self, t_ms: int, code: str, category: int, draws: "_Draws", k: int, slower: float
    ) -> _Living:
        self._opened += 1
        name, _, accept_h, resolve_h = CATEGORIES[category]
        to_come: list[tuple[int, str]] = []
        at_ms = t_ms
        allowed = (accept_h * ACCEPT_SHARE, *(resolve_h * share for share in STEP_SHARES))
        for step, hours, spread in zip(STEPS, allowed, draws.spreads[k], strict=True):
            at_ms += max(LEAST_STEP_MS, int(hours * HOUR_MS * spread * slower))
            to_come.append((at_ms, step))
        lon, lat = draws.points[k]
        placed = draws.chance[k][0] >= UNPLACED_SHARE
        report = Report(
            feed=FEED,
            id=f"{self._run}-{self._opened:08d}",
            opened_ms=t_ms - draws.delay_ms[k],
            category=name,
            lon=lon if placed else None,
            lat=lat if placed else None,
            place=[code] if placed else [],
            step="file",
            channel=CHANNELS[draws.channel[k]],
        )
        return _Living(report, to_come, placed and draws.chance[k][1] < MOVED_SHARE, draws.repeats[k])

    def _next(self, one: _Living, step: str, step_ms: int) -> Report:
        report = one.report
        if step == "dispatch" and one.moves:
            code = report.place[0]
            # the next grid of the same village, or the one before it: the first and second are always there or unplaced
            report = msgspec.structs.replace(
                report, place=[code[:12] + ("002" if code.endswith("001") else "001")]
            )
        closed_ms = step_ms if step == "closed" else None
        return msgspec.structs.replace(report, step=step, closed_ms=closed_ms)

    def _stamp(self, report: Report, t_ms: int) -> Report:
        return msgspec.structs.replace(report, t_ms=t_ms) if self._stamped else report


class _Draws:
    """What chance says about an hour's openings, drawn at once."""

    def __init__(self, rng: np.random.Generator, count: int, middles: npt.NDArray[np.floating]) -> None:
        accept = rng.lognormal(0.0, ACCEPT_SPREAD, (count, 1))
        steps = rng.lognormal(0.0, STEP_SPREAD, (count, len(STEP_SHARES)))
        self.spreads: list[list[float]] = np.concatenate([accept, steps], axis=1).tolist()
        aside = (rng.random((count, 2)) - 0.5) * (CELL_LON * INNER, CELL_LAT * INNER)
        self.points: list[list[float]] = np.round(middles + aside, 6).tolist()
        self.chance: list[list[float]] = rng.random((count, 2)).tolist()
        self.repeats: list[list[bool]] = (rng.random((count, MESSAGES_A_CASE)) < REPEAT_SHARE).tolist()
        self.delay_ms: list[int] = rng.exponential(20_000, count).astype(np.int64).tolist()
        self.channel: list[int] = rng.choice(len(CHANNELS), count, p=CHANNEL_SHARES).tolist()
