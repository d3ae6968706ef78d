"""The detector of surges: forgetting Gamma-Poisson rates by hour and weekday, judged by a negative binomial's tail."""

import math
from collections.abc import Mapping
from typing import Any

from detectors.base import HIGHEST_SCORE, CountDetector
from detectors.negative_binomial import Expected, expected_range, survival
from detectors.rhythm import Rhythm, Shape

PRIOR_REPORTS = 0.5
"""Reports, seen in one slot of time, that a detector believes in before its first interval."""

SLOT_STRENGTH = 4.0
"""Reports that pull a slot's rate to the overall one: a slot is believed when it has had more than these."""

WEEKDAY_STRENGTH = 20.0
"""As ``SLOT_STRENGTH``, for a weekday's factor: it multiplies every slot, so it has to earn more."""

PRIOR_BURSTINESS = 0.5
"""Burstiness (1/r of the negative binomial) before anything is known: reports of one matter come in twos and threes."""

BURSTINESS_STRENGTH = 1.0
"""Squared expected reports, summed over intervals, against which the burstiness is measured."""

HIGHEST_BURSTINESS = 20.0
"""A polled feed puts an hour's reports into one of its 12 intervals, which is 11; twice that is no pattern any more."""


class SurgeDetector(CountDetector):
    """Flags intervals with far more reports than their hour and weekday explain.

    The rate of a slot of the day is a Gamma posterior whose prior is the overall rate; a weekday multiplies it. Both
    forget with a half-life. The next count is then negative binomial (the Gamma-Poisson predictive distribution), made
    wider by the burstiness measured so far. The state is 62 numbers and a place in time, whatever the counts are.

    Parameters
    ----------
    start
        Index of the first interval; index 0 begins a day.
    per_slot, slots
        Intervals a slot, and slots a day: 12 and 24 for five minutes and hours. 1 and 1 know no rhythm of the day.
    half_life
        Days after which an interval weighs half.
    warmup
        Intervals to learn before `warm`.
    enter, leave
        Chances of the alarming and the calm count.
    min_count
        No smaller count is alarming.

    Notes
    -----
    Weaknesses. It sees surges only, one interval at a time: a slow rise over hours, each interval of it likely, is
    missed, and so is a drop (of a sparse pair nothing can be said from minutes; a feed's silence is noticed elsewhere).
    Steep hours (a counter that opens at 8) look like bursts until the slot has had some days. Holidays and summer time
    are ordinary days to it. A feed that delivers in batches makes it believe in bursts, so that it is slow to alarm.
    A level that stays is learned only at the calm count's pace: an alarm may stay for days. What happens in the
    warm-up is learned as normal.

    Examples
    --------
    Two quiet weeks of one report an hour, then nine at once:

    >>> detector = SurgeDetector(start=0)
    >>> for hour in range(14 * 24):
    ...     detector.learn_one({"count": 1})
    ...     detector.learn_empty(11)
    >>> detector.warm
    True
    >>> mean, low, high, calm = detector.expected()
    >>> round(mean, 3), low, high
    (0.083, 0, 4)
    >>> detector.score_one({"count": 0})
    0.0
    >>> round(detector.score_one({"count": 9}), 1)
    13.9
    """

    def __init__(  # noqa: PLR0913 - a model's parameters, each named where it is called
        self,
        start: int = 0,
        *,
        per_slot: int = 12,
        slots: int = 24,
        half_life: int = 14,
        warmup: int = 288,
        enter: float = 1e-6,
        leave: float = 1e-2,
        min_count: int = 4,
    ) -> None:
        self.start = start
        self.per_slot = per_slot
        self.slots = slots
        self.half_life = half_life
        self.warmup = warmup
        self.enter = enter
        self.leave = leave
        self.min_count = min_count
        self._at = start  # the next interval
        self._empty = 0  # empty intervals before it that are not in the sums yet
        self._learned = 0
        self._sums = Rhythm(Shape(per_slot, slots, half_life), start // (per_slot * slots))
        self._ahead: Rhythm | None = None  # the sums with the empty ones; recomputed at need, so not state
        self._next: tuple[Expected, float] | None = None  # expectation and size for ``_at``; likewise

    @property
    def warm(self) -> bool:
        """Whether the warm-up's intervals have been learned."""
        return self._learned >= self.warmup

    def learn_one(self, x: dict[str, Any]) -> None:
        """Learn the next interval; of an alarming count only as much as is calm, so that a surge hides no other."""
        count = x["count"]
        if not count:
            self.learn_empty(1)
            return
        if self.warm:
            expected = self.expected()
            count = expected.calm if count > expected.high else count
        sums = self._settled()
        sums.expose(self._at, self._at + 1)
        sums.add(self._at, count)
        self._sums, self._ahead, self._next = sums, None, None
        self._at += 1
        self._empty = 0
        self._learned += 1

    def learn_empty(self, intervals: int) -> None:
        """Learn a run of empty intervals: only counted until a report or a gap ends it, so any cut of it is equal."""
        if intervals:
            self._at += intervals
            self._empty += intervals
            self._learned += intervals
            self._ahead = self._next = None

    def skip(self, intervals: int) -> None:
        """Pass over unobserved intervals."""
        if intervals:
            self._sums = self._settled()
            self._at += intervals
            self._empty = 0
            self._ahead = self._next = None

    def score_one(self, x: dict[str, Any]) -> float:
        """-log10 of the chance of this count or more in the next interval, 0 … 16."""
        expectation, size = self._ahead_of_now()
        chance = survival(x["count"], expectation.mean, size)
        return 0.0 if chance >= 1.0 else min(HIGHEST_SCORE, -math.log10(chance))

    def expected(self) -> Expected:
        """What the next interval holds if nothing is wrong."""
        return self._ahead_of_now()[0]

    def plain(self) -> dict[str, Any]:
        """The state in plain values: about 700 bytes in msgpack."""
        return {"at": self._at, "empty": self._empty, "learned": self._learned, "sums": self._sums.plain()}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over the state that `plain` gave."""
        self._at = plain["at"]
        self._empty = plain["empty"]
        self._learned = plain["learned"]
        self._sums = Rhythm.restored(self._sums.shape, plain["sums"])
        self._ahead = self._next = None

    def _settled(self) -> Rhythm:
        """The sums with the empty intervals in them, as a copy where there are any."""
        if not self._empty:
            return self._sums
        if self._ahead is None:
            self._ahead = self._sums.copy()
            self._ahead.expose(self._at - self._empty, self._at)
        return self._ahead

    def _ahead_of_now(self) -> tuple[Expected, float]:
        if self._next is None:
            mean, size = self._predictive()
            found = expected_range(mean, size, self.enter, self.leave)
            least = self.min_count - 1
            self._next = (found._replace(high=max(found.high, least), calm=max(found.calm, least)), size)
        return self._next

    def _predictive(self) -> tuple[float, float]:
        """Mean and size r of the next count's negative binomial."""
        sums = self._settled()
        day, within = divmod(self._at, self.per_slot * self.slots)
        now = sums.weight(day)
        slot = within // self.per_slot
        reports, exposed = sum(sums.counts), sum(sums.exposed)
        overall = (reports / now + PRIOR_REPORTS) / (exposed / now + self.per_slot)
        gamma_shape = sums.counts[slot] / now + SLOT_STRENGTH
        rate = gamma_shape / (sums.exposed[slot] / now + SLOT_STRENGTH / overall)
        weekday_shape = sums.week_counts[day % 7] / now + WEEKDAY_STRENGTH
        factor = weekday_shape / (sums.week_exposed[day % 7] / now * overall + WEEKDAY_STRENGTH)
        explained = sum(
            count * count / seen for count, seen in zip(sums.counts, sums.exposed, strict=True) if count
        )
        excess = max(0.0, sums.squares - explained - reports)
        burstiness = min(
            HIGHEST_BURSTINESS,
            (excess / now + BURSTINESS_STRENGTH * PRIOR_BURSTINESS) / (explained / now + BURSTINESS_STRENGTH),
        )
        return rate * factor, 1.0 / (burstiness + 1.0 / gamma_shape + 1.0 / weekday_shape)
