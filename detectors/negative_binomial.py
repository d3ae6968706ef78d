"""Tails and ranges of the negative binomial distribution: the counts of a rate that is itself uncertain or bursty.

Written out in plain arithmetic, so that a score needs no library whose next version rounds otherwise.
"""

import math
from typing import NamedTuple

SERIES_TERMS = 256
"""Terms of the tail that are added one by one; the rest is closed as a geometric series: within 2 % at alarming
counts; near the mean of a very bursty rate up to a factor of two, where nothing is decided."""

WALK_UP_TO = 64.0
"""Means up to which a walk from zero finds the range faster than bisection does."""

SMALLEST_CHANCE = 1e-300
"""Tails end here: smaller ones would be denormal, and nobody acts on the difference."""


class Expected(NamedTuple):
    """What a normal interval holds, in reports an interval.

    ``low`` … ``high``: where a normal count stays; over ``high`` is alarming. Up to ``calm`` is calm.
    """

    mean: float
    low: int
    high: int
    calm: int


def survival(count: int, mean: float, size: float) -> float:
    """Chance of ``count`` or more; 1 for a count at or under the mean, where no surge is in question.

    Parameters
    ----------
    count
        Reports, 0 ….
    mean
        Reports an interval, over 0.
    size
        The distribution's size r, over 0: the variance is mean + mean²/r.
    """
    if count <= mean:
        return 1.0
    log_term = (
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1)
        - size * math.log1p(mean / size)
        - count * math.log1p(size / mean)
    )
    odds = mean / (size + mean)
    term = total = 1.0
    ratio = 0.0
    for step in range(count, count + SERIES_TERMS):
        ratio = (step + size) / (step + 1) * odds
        term *= ratio
        total += term
        if term < total * 1e-9:
            break
    else:
        total += term * ratio / (1.0 - ratio)
    log_tail = log_term + math.log(total)
    return min(1.0, max(SMALLEST_CHANCE, math.exp(max(log_tail, -690.0))))


def expected_range(mean: float, size: float, enter: float, leave: float) -> Expected:
    """The range of normal counts: over ``high`` with less than ``enter``, over ``calm`` with less than ``leave``."""
    if mean > WALK_UP_TO:
        return _bisected(mean, size, enter, leave)
    odds = mean / (size + mean)
    chance = math.exp(-size * math.log1p(mean / size))
    beyond = 1.0 - chance
    count, low, calm = 0, -1, -1
    while True:
        if low < 0 and beyond < 1.0 - leave:
            low = count
        if calm < 0 and beyond < leave:
            calm = count
        if beyond < enter:
            return Expected(mean, low, count, calm)
        if count > SERIES_TERMS:
            return _bisected(mean, size, enter, leave)._replace(low=max(low, 0))
        chance *= (count + size) / (count + 1) * odds
        beyond -= chance
        count += 1


def _bisected(mean: float, size: float, enter: float, leave: float) -> Expected:
    deviation = math.sqrt(mean + mean * mean / size)
    z = 2.33  # the normal distribution's 1 % point: the low end is shown, never judged by
    return Expected(
        mean,
        max(0, math.floor(mean - z * deviation)),
        _highest(mean, size, enter),
        _highest(mean, size, leave),
    )


def _highest(mean: float, size: float, chance: float) -> int:
    """The smallest count that is exceeded with less than ``chance``."""
    low = math.floor(mean)
    step = max(1, math.ceil(math.sqrt(mean + mean * mean / size)))
    while survival(low + step + 1, mean, size) >= chance:
        low += step
        step *= 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        if survival(middle + 1, mean, size) < chance:
            high = middle
        else:
            low = middle
    return high
