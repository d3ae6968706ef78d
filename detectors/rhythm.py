"""Sums of counts and of observed intervals by slot of the day and by weekday, in which old days weigh less.

The weight of a day doubles every half-life instead of all older sums being halved (forward decay: Cormode et al.,
ICDE 2009), so learning touches one slot, and sums are scaled back by exact powers of two.
The hot path mutates the arrays in place; a copy is one memory copy each.
"""

import math
from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple

WEEK = 7
REBASE_AFTER = 64
"""Half-lives after which the reference day moves: weights stay far from a double's 2^1023."""


class Shape(NamedTuple):
    """How a day is cut: ``slots`` of ``per_slot`` intervals; ``half_life`` in days."""

    per_slot: int
    slots: int
    half_life: int


class Rhythm:
    """The sums. A day is ``slots * per_slot`` intervals, interval 0 begins one, and ``day0`` weighs 1."""

    __slots__ = ("counts", "day0", "exposed", "shape", "squares", "week_counts", "week_exposed")

    def __init__(self, shape: Shape, day0: int) -> None:
        self.shape = shape
        self.day0 = day0
        self.counts = array("d", bytes(8 * shape.slots))
        self.exposed = array("d", bytes(8 * shape.slots))
        self.week_counts = array("d", bytes(8 * WEEK))
        self.week_exposed = array("d", bytes(8 * WEEK))
        self.squares = 0.0

    def weight(self, day: int) -> float:
        """Weight of one interval of the day."""
        return float(2.0 ** ((day - self.day0) / self.shape.half_life))

    def add(self, interval: int, count: int) -> None:
        """Count the reports of one interval, itself observed by `expose`."""
        day, within = divmod(interval, self.shape.slots * self.shape.per_slot)
        weighed = count * self.weight(day)
        self.counts[within // self.shape.per_slot] += weighed
        self.week_counts[day % WEEK] += weighed
        self.squares += count * weighed

    def expose(self, start: int, end: int) -> None:
        """Observe the intervals from ``start`` up to ``end``, not including it."""
        per_slot, slots, _ = self.shape
        per_day = per_slot * slots
        self._rebase((end - 1) // per_day)
        whole = 0.0
        at = start
        while at < end:
            day, within = divmod(at, per_day)
            weight = self.weight(day)
            if within == 0 and at + per_day <= end:
                whole += weight
                self.week_exposed[day % WEEK] += weight * per_day
                at += per_day
                continue
            slot = within // per_slot
            until = min(end, day * per_day + (slot + 1) * per_slot)
            self.exposed[slot] += weight * (until - at)
            self.week_exposed[day % WEEK] += weight * (until - at)
            at = until
        if whole:
            for slot in range(slots):
                self.exposed[slot] += whole * per_slot

    def _rebase(self, day: int) -> None:
        halvings = (day - self.day0) // self.shape.half_life
        if halvings < REBASE_AFTER:
            return
        self.day0 += halvings * self.shape.half_life
        for sums in (self.counts, self.exposed, self.week_counts, self.week_exposed):
            for index, value in enumerate(sums):
                sums[index] = math.ldexp(value, -halvings)
        self.squares = math.ldexp(self.squares, -halvings)

    def copy(self) -> "Rhythm":
        """An equal one that shares nothing."""
        twin = Rhythm(self.shape, self.day0)
        twin.counts = self.counts[:]
        twin.exposed = self.exposed[:]
        twin.week_counts = self.week_counts[:]
        twin.week_exposed = self.week_exposed[:]
        twin.squares = self.squares
        return twin

    def plain(self) -> dict[str, Any]:
        """The sums as plain values."""
        return {
            "counts": self.counts.tolist(),
            "day0": self.day0,
            "exposed": self.exposed.tolist(),
            "squares": self.squares,
            "week_counts": self.week_counts.tolist(),
            "week_exposed": self.week_exposed.tolist(),
        }

    @classmethod
    def restored(cls, shape: Shape, plain: Mapping[str, Any]) -> "Rhythm":
        """The sums that `plain` gave."""
        rhythm = cls(shape, plain["day0"])
        rhythm.counts = array("d", plain["counts"])
        rhythm.exposed = array("d", plain["exposed"])
        rhythm.squares = plain["squares"]
        rhythm.week_counts = array("d", plain["week_counts"])
        rhythm.week_exposed = array("d", plain["week_exposed"])
        return rhythm
