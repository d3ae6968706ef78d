"""A clock's marks by walking minute by minute over a prepared table of minutes, with none of the product's clock code.

Everything happens on whole minutes; only a mark may fall within one, since half of an odd budget does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

MINUTE_MS = 60_000
HALF_HOUR_S = 1800
"""Offsets of the zones used here change on half hours of UTC alone."""
WALK_MIN = 20 * 1440
"""How far is walked at first: three weeks; then twice as far, until the marks are found."""
FURTHEST_MIN = 400 * 1440

Shifts = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Office:
    """Opening times as a person would tell them: `hours_on` a date, as ("22:00", "06:00")."""

    zone: str
    hours_on: Callable[[date], Shifts]


def office(zone: str, week: list[Shifts], other: dict[date, Shifts] | None = None) -> Office:
    """An office with hours by the weekday (Monday first), and other hours on some dates."""
    special = other or {}
    return Office(zone=zone, hours_on=lambda day: special.get(day, week[day.weekday()]))


class Minutes:
    """For every minute of some years: is it open, and which local date is it."""

    def __init__(self, kept: Office, first: date, last: date) -> None:
        zone = ZoneInfo(kept.zone)
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
        end = datetime(last.year, last.month, last.day, tzinfo=UTC)
        self.first_min = int(begin.timestamp()) // 60
        halves = range(int(begin.timestamp()), int(end.timestamp()), HALF_HOUR_S)
        ahead_min = [self._ahead_min(at_s, zone) for at_s in halves]
        minute = np.arange(self.first_min, self.first_min + 30 * len(ahead_min), dtype=np.int64)
        local = minute + np.repeat(np.array(ahead_min, dtype=np.int64), 30)
        self.date = local // 1440
        shown = np.maximum.accumulate(local)  # the latest that the wall's clock has shown so far
        self.open = np.zeros(len(minute), dtype=bool)
        self.last_closing: dict[int, int] = {}
        day = first - timedelta(days=2)
        while day < last:
            number = day.toordinal() - date(1970, 1, 1).toordinal()
            for opens, closes in kept.hours_on(day):
                from_min, to_min = self._minutes(opens), self._minutes(closes)
                to_min += 1440 if to_min <= from_min else 0
                a = int(np.searchsorted(shown, number * 1440 + from_min))
                b = int(np.searchsorted(shown, number * 1440 + to_min))
                if b > a:
                    self.open[a:b] = True
                    self.last_closing[number] = b
            day += timedelta(days=1)

    @staticmethod
    def _ahead_min(at_s: int, zone: ZoneInfo) -> int:
        offset = datetime.fromtimestamp(at_s, zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds()) // 60

    @staticmethod
    def _minutes(text: str) -> int:
        hours, minutes = text.split(":")
        return int(hours) * 60 + int(minutes)


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happens to a clock at a minute: pause, resume, reclassify, extend or reopen."""

    at_min: int
    what: str
    kind: str = ""
    amount: int = 0
    """Minutes, or working days where the kind is working_days."""
    closed_min: int = 0
    """For a reopening: when the case was closed."""


@dataclass(frozen=True, kw_only=True)
class History:
    """A clock's start, its limit, and what happened to it, in order."""

    start_min: int
    kind: str
    amount: int
    events: tuple[Event, ...]


@dataclass
class Walk:
    """A walk through one history; `told` is what it saw: fired marks, refused extensions and marks after each event."""

    minutes: Minutes
    history: History
    told: list[tuple[object, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kind, self.amount = self.history.kind, self.history.amount
        self.more: list[tuple[str, int]] = []
        self.still: list[tuple[int, int | None]] = []  # stretches in which the clock stands still
        self.fired: set[int] = set()

    def go(self) -> list[tuple[object, ...]]:
        """Walk to the end, and return what was seen."""
        marks = self.marks()
        for event in self.history.events:
            self.fire(marks, (event.closed_min if event.what == "reopen" else event.at_min) * MINUTE_MS)
            self.happen(event)
            marks = self.marks()
            now_ms = event.at_min * MINUTE_MS
            self.fire({p: None if at is None else max(at, now_ms) for p, at in marks.items()}, now_ms)
            self.told.append(("marks", *marks.values()))
        self.fire(marks, 1 << 60)
        return self.told

    def fire(self, marks: dict[int, int | None], until_ms: int) -> None:
        for percent, at_ms in marks.items():
            if at_ms is not None and at_ms <= until_ms and percent not in self.fired:
                self.fired.add(percent)
                self.told.append(("fired", percent, at_ms))

    def happen(self, event: Event) -> None:
        standing = bool(self.still) and self.still[-1][1] is None
        match event.what:
            case "pause" if not standing:
                self.still.append((event.at_min, None))
            case "resume" if standing:
                self.still[-1] = (self.still[-1][0], event.at_min)
            case "reclassify":
                self.kind, self.amount = event.kind, event.amount
            case "extend":
                if 100 in self.fired:
                    self.told.append(("too late",))
                else:
                    self.more.append((self.kind, event.amount))
            case "reopen":
                self.still.insert(0, (event.closed_min, event.at_min))

    def marks(self) -> dict[int, int | None]:
        walk_min = WALK_MIN
        while True:
            found, sure = self.walked(walk_min)
            if sure or walk_min >= FURTHEST_MIN:
                return found
            walk_min *= 2

    def walked(self, walk_min: int) -> tuple[dict[int, int | None], bool]:
        """Walk so many minutes from the start: the marks found, and whether walking on would find no more."""
        table, here = self.minutes, self.history.start_min - self.minutes.first_min
        there = min(here + walk_min, len(table.open))
        runs = np.ones(there - here, dtype=bool) if self.kind == "wall_clock" else table.open[here:there]
        budget_min = 0
        days = 0
        for kind, amount in [(self.kind, self.amount), *self.more]:
            days += amount if kind == "working_days" else 0
            budget_min += 0 if kind == "working_days" else amount
        if days:
            closing = self.closing_of(days, int(table.date[here]))
            if closing > there:
                return {}, False
            budget_min += int(np.count_nonzero(runs[: closing - here]))
        runs = runs.copy()
        for from_min, to_min in self.still:
            a = max(from_min - self.history.start_min, 0)
            runs[a : None if to_min is None else max(to_min - self.history.start_min, 0)] = False
        run_min: NDArray[np.int64] = np.cumsum(runs, dtype=np.int64)
        marks: dict[int, int | None] = {}
        for percent in (50, 75, 100, 300):
            need_ms = -(-budget_min * MINUTE_MS * percent // 100)
            number = int(np.searchsorted(run_min * MINUTE_MS, need_ms)) if need_ms else -1
            if number >= len(run_min):
                marks[percent] = None
                continue
            spare_ms = int(run_min[number]) * MINUTE_MS - need_ms if need_ms else 0
            marks[percent] = (self.history.start_min + number + 1) * MINUTE_MS - spare_ms
        stands = any(
            to_min is None and from_min < self.history.start_min + walk_min for from_min, to_min in self.still
        )
        return marks, stands or marks[300] is not None

    def closing_of(self, days: int, today: int) -> int:
        """The minute's number at which the N-th working day after today closes for the last time."""
        for day in self._dates_after(today):
            if day in self.minutes.last_closing:
                days -= 1
                if days == 0:
                    return self.minutes.last_closing[day]
        raise AssertionError("the table of minutes is too short")

    def _dates_after(self, today: int) -> Iterator[int]:
        yield from range(today + 1, today + 2000)
