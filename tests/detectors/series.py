"""Seeded counts for the checks: Poisson draws, flat or with the rhythm of a day and a week."""

import math
import random
from collections.abc import Iterator

A_DAY = 288


def poisson(rng: random.Random, mean: float) -> int:
    """One draw, by Knuth's product; for means under a hundred."""
    floor, product, count = math.exp(-mean), rng.random(), 0
    while product > floor:
        product *= rng.random()
        count += 1
    return count


def flat(seed: int, mean: float, intervals: int) -> list[int]:
    """Counts of a constant rate."""
    rng = random.Random(seed)
    return [poisson(rng, mean) for _ in range(intervals)]


def rhythmic_mean(mean: float, interval: int) -> float:
    """The mean of an interval: quiet nights, busy noons, half on two days of seven."""
    day, within = divmod(interval, A_DAY)
    return mean * (1.0 - math.cos(2 * math.pi * within / A_DAY)) * (0.5 if day % 7 in {2, 3} else 1.0)


def rhythmic(seed: int, mean: float, intervals: int) -> Iterator[int]:
    """Counts with a rhythm."""
    rng = random.Random(seed)
    return (poisson(rng, rhythmic_mean(mean, interval)) for interval in range(intervals))
