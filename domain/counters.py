"""Counts per grid and category: reports in the last 5 minutes, hour and day, open and overdue cases, and all there were.

This is a hot path: nested dicts and lists are mutated in place, and this module alone does it.
"""

from collections import deque
from typing import Any

from domain.cases.case import Case
from domain.codes import TOWNSHIP_DIGITS

WINDOWS_MS = (5 * 60_000, 3_600_000, 86_400_000)
"""Windows count by arrival, (t - w, t]."""
OPEN, OVERDUE, TOTAL = 3, 4, 5
BUCKET_MS = 300_000
"""The trend's grain: as the detectors' intervals."""
TREND_BUCKETS = 72
"""Six hours: what a sparkline of the wall shows."""

Cells = dict[str, dict[str, dict[str, list[int]]]]
"""Township, grid, category, then [r5m, r1h, r24h, open, overdue, total]."""


class Counters:
    """The counts of one journal partition, at its clock."""

    __slots__ = ("_stay_ms", "_windows", "cells", "dirty", "trend")

    def __init__(self) -> None:
        self.cells: Cells = {}
        self.trend: dict[str, list[list[int]]] = {}
        self.dirty: set[str] = set()
        self._stay_ms = 0  # nothing leaves a window before: a bound
        self._windows: tuple[deque[Case], deque[Case], deque[Case]] = (deque(), deque(), deque())

    def cell(self, grid: str, category: str) -> list[int]:
        """Return the six counts of a grid and category, for changing."""
        township = grid[:TOWNSHIP_DIGITS]
        self.dirty.add(township)
        try:
            return self.cells[township][grid][category]
        except KeyError:
            return self.cells.setdefault(township, {}).setdefault(grid, {}).setdefault(category, [0] * 6)

    def opened(self, case: Case) -> None:
        """Count a new case, open, at the clock (its arrival)."""
        cell = self.cell(case.grid, case.category)
        cell[0] += 1
        cell[1] += 1
        cell[2] += 1
        cell[OPEN] += 1
        cell[TOTAL] += 1
        if not self._windows[0]:  # else an earlier one leaves first
            self._stay_ms = 0
        for window in self._windows:
            window.append(case)
        self._bucket(case.grid, case.arrived_ms)[1] += 1

    def closed(self, case: Case, at_ms: int) -> None:
        """Count a case that was open as closed; overdue counts open cases alone."""
        cell = self.cell(case.grid, case.category)
        cell[OPEN] -= 1
        bucket = self._bucket(case.grid, at_ms)
        bucket[2] += 1
        if case.overdue:
            cell[OVERDUE] -= 1
            bucket[4] += 1

    def reopened(self, case: Case, at_ms: int) -> None:
        """Count a case that was closed as open again."""
        cell = self.cell(case.grid, case.category)
        cell[OPEN] += 1
        bucket = self._bucket(case.grid, at_ms)
        bucket[1] += 1
        if case.overdue:
            cell[OVERDUE] += 1
            bucket[3] += 1

    def overdue(self, case: Case, at_ms: int) -> None:
        """Count an open case as overdue from now on."""
        self.cell(case.grid, case.category)[OVERDUE] += 1
        self._bucket(case.grid, at_ms)[3] += 1

    def in_time(self, case: Case, at_ms: int) -> None:
        """Count an open case as overdue no more: it was given more time."""
        self.cell(case.grid, case.category)[OVERDUE] -= 1
        self._bucket(case.grid, at_ms)[4] += 1

    def moved(self, case: Case, grid: str, category: str, at_ms: int, *, lay: str = "") -> None:
        """Move what a case counts for to another grid or category, and the case with it.

        Its arrival counts at `lay`, where that is said: it happened there, and is only open somewhere else.
        """
        here, there = self.cell(case.lay or case.grid, case.category), self.cell(lay or grid, category)
        for index, window_ms in enumerate(WINDOWS_MS):
            if case.arrived_ms > at_ms - window_ms:
                here[index] -= 1
                there[index] += 1
        here[TOTAL] -= 1
        there[TOTAL] += 1
        here, there = self.cell(case.grid, case.category), self.cell(grid, category)
        if case.closed_ms is None:
            away = grid[:TOWNSHIP_DIGITS] != case.grid[:TOWNSHIP_DIGITS]
            here[OPEN] -= 1
            there[OPEN] += 1
            if away:
                self._bucket(case.grid, at_ms)[2] += 1
                self._bucket(grid, at_ms)[1] += 1
            if case.overdue:
                here[OVERDUE] -= 1
                there[OVERDUE] += 1
                if away:
                    self._bucket(case.grid, at_ms)[4] += 1
                    self._bucket(grid, at_ms)[3] += 1
        case.grid, case.category, case.lay = grid, category, "" if lay == grid else lay

    def advance(self, at_ms: int) -> None:
        """Let what has left the windows by `at_ms` go out of them."""
        if at_ms < self._stay_ms:
            return
        stay_ms = 0
        for index, window in enumerate(self._windows):
            while window:
                leaves_ms = window[0].arrived_ms + WINDOWS_MS[index]
                if leaves_ms > at_ms:
                    if leaves_ms < stay_ms or not stay_ms:
                        stay_ms = leaves_ms
                    break
                case = window.popleft()
                self.cell(case.lay or case.grid, case.category)[index] -= 1
        self._stay_ms = stay_ms

    def next_ms(self) -> int | None:
        """Return the instant at which the next report leaves a window, or None."""
        leaves = [w[0].arrived_ms + WINDOWS_MS[i] for i, w in enumerate(self._windows) if w]
        return min(leaves) if leaves else None

    def block(self, township: str) -> dict[str, Any]:
        """Return what screens read of a township."""
        return {"grids": self.cells.get(township, {}), "trend": self.trend.get(township, [])}

    def _bucket(self, grid: str, at_ms: int) -> list[int]:
        """Return the trend's bucket of an instant: [start, opened, closed, overdue in, overdue out]."""
        buckets = self.trend.setdefault(grid[:TOWNSHIP_DIGITS], [])
        start_ms = at_ms - at_ms % BUCKET_MS
        if not buckets or buckets[-1][0] != start_ms:
            oldest_ms = start_ms - TREND_BUCKETS * BUCKET_MS
            while buckets and buckets[0][0] <= oldest_ms:
                buckets.pop(0)
            buckets.append([start_ms, 0, 0, 0, 0])
        return buckets[-1]

    def plain(self) -> dict[str, Any]:
        """Return the counts as plain values; the windows follow from the cases' arrivals and the clock."""
        cells = {
            t: {g: {c: list(n) for c, n in cs.items()} for g, cs in gs.items()}
            for t, gs in self.cells.items()
        }
        return {"cells": cells, "trend": {t: [list(b) for b in bs] for t, bs in self.trend.items()}}

    def restore(self, plain: dict[str, Any], cases: list[Case], clock_ms: int) -> None:
        """Take over `plain`, with all cases in the order of their opening."""
        self.cells = plain["cells"]
        self.trend = plain["trend"]
        for index, window in enumerate(self._windows):
            window.extend(c for c in cases if c.arrived_ms > clock_ms - WINDOWS_MS[index])
