"""Random histories of clocks: every mark, at every point, is where a walk minute by minute finds it."""

import os
from functools import cache
from random import Random

import numpy as np

from domain.clocks.clock import Clock, Kind, Limit, timetable
from tests.domain.odd_offices import NAMES, SPANS, calendar_of, minutes_of
from tests.oracles.clock_walk import Event, History, Walk

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
HISTORIES = 100_000 if PROVE else 3_000
MINUTE_MS, DAY_MIN = 60_000, 1440
KINDS: tuple[Kind, ...] = ("wall_clock", "working_hours", "working_days")


def limit(kind: str, amount: int) -> Limit:
    if kind == "working_days":
        return Limit(kind=kind, days=amount)
    assert kind in KINDS
    return Limit(kind=kind, ms=amount * MINUTE_MS)


def amount_of(rng: Random, kind: str) -> int:
    if kind == "working_days":
        return rng.choice((0, 1, 1, 1, 2, 3, 5))
    return rng.choice((0, 1, 30, 59, 60, 240, 241, 420, 840, rng.randrange(3000)))


@cache
def edges_of(name: str) -> list[int]:
    """The minutes at which an office opens or closes."""
    found: list[int] = np.flatnonzero(np.diff(minutes_of(name).open)).tolist()
    return found


def start_of(rng: Random, name: str) -> int:
    """A minute: any, or one within a minute or two of an opening or a closing."""
    table, edges = minutes_of(name), edges_of(name)
    first, last = 2 * DAY_MIN, len(table.open) - 220 * DAY_MIN
    here = edges[rng.randrange(len(edges))] + rng.randrange(-1, 4)
    if rng.random() < 0.6 or not first <= here < last:
        here = rng.randrange(first, last)
    return table.first_min + here


def history_of(rng: Random, name: str) -> History:
    """A start, a limit, pauses, three re-classifications, extensions and a reopening, at minutes in order."""
    at = start_of(rng, name)
    kind = rng.choice(KINDS)
    what = (
        ["reclassify"] * 3
        + ["pause", "resume"] * rng.randrange(3)
        + ["extend"] * rng.randrange(3)
        + ["reopen"]
    )
    rng.shuffle(what)
    start, events, first_kind = at, [], kind
    first_amount = amount_of(rng, kind)
    for one in what[: rng.randrange(len(what) + 1)]:
        before, at = at, at + rng.choice((0, 1, rng.randrange(240), rng.randrange(3 * DAY_MIN)))
        if one == "reclassify":
            kind = rng.choice(KINDS)
        events.append(
            Event(
                at_min=at,
                what=one,
                kind=kind,
                amount=amount_of(rng, kind),
                closed_min=rng.randrange(before, at + 1) if one == "reopen" else 0,
            )
        )
    return History(start_min=start, kind=first_kind, amount=first_amount, events=tuple(events))


class Told:
    """The same history, told by the product's clock."""

    def __init__(self, name: str, history: History) -> None:
        self.calendar = calendar_of(name)
        self.clock = Clock(start_ms=history.start_min * MINUTE_MS, limit=limit(history.kind, history.amount))
        self.told: list[tuple[object, ...]] = []
        self.fired: list[int] = []
        self.table = timetable(self.clock, self.calendar)
        for event in history.events:
            now_ms = event.at_min * MINUTE_MS
            self.fire(event.closed_min * MINUTE_MS if event.what == "reopen" else now_ms)
            self.clock = self.after(event, now_ms)
            self.table = timetable(self.clock, self.calendar)
            for percent, _ in self.table.reached(now_ms, self.fired):
                self.fired.append(percent)
                self.told.append(("fired", percent, now_ms))
            self.told.append(("marks", *self.table.marks.values()))
        self.fire(1 << 60)

    def fire(self, until_ms: int) -> None:
        for percent, at_ms in self.table.reached(until_ms, self.fired):
            self.fired.append(percent)
            self.told.append(("fired", percent, at_ms))

    def after(self, event: Event, now_ms: int) -> Clock:
        match event.what:
            case "pause":
                return self.clock.pause(now_ms)
            case "resume":
                return self.clock.resume(now_ms)
            case "reclassify":
                return self.clock.reclassify(limit(event.kind, event.amount))
            case "reopen":
                return self.clock.exclude(event.closed_min * MINUTE_MS, now_ms)
        if self.table.overdue(now_ms) or 100 in self.fired:
            self.told.append(("too late",))
            return self.clock
        return self.clock.extend(limit(event.kind, event.amount))


def test_every_mark_of_random_histories_is_where_a_walk_by_the_minute_finds_it() -> None:
    rng = Random(20260919)
    seen = 0
    for number in range(HISTORIES):
        name = NAMES[number % len(NAMES)]
        history = history_of(rng, name)
        walked = Walk(minutes_of(name), history).go()
        assert Told(name, history).told == walked, f"{name}, history {number}: {history}"
        seen += len(walked)
    assert seen > 4 * HISTORIES, "a walk sees at least its marks"


def test_the_walks_cover_both_ends_of_the_expanded_years() -> None:
    assert set(SPANS) <= set(NAMES)
