"""How often the fictional province reports: by hour and weekday, by grid and category, and the incidents planted in it."""

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from producers.province import GRIDS_A_TOWNSHIP, code_of

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
UTC_OFFSET_MS = 8 * HOUR_MS
"""The province keeps China's time, which has no summer time."""

BY_HOUR = (
    0.25, 0.18, 0.12, 0.10, 0.12, 0.25, 0.60, 1.10, 1.70, 1.95, 1.80, 1.45,
    1.00, 1.15, 1.60, 1.75, 1.65, 1.40, 1.20, 1.25, 1.15, 0.95, 0.75, 0.48,
)  # fmt: skip
"""Two peaks in office hours and an evening: the shape of citizens' hotlines; made to a mean of 1 below."""

BY_WEEKDAY = (1.12, 1.08, 1.05, 1.04, 1.06, 0.86, 0.79)

CATEGORIES: tuple[tuple[str, float, float, float], ...] = (
    ("waste", 0.20, 2.0, 24.0),
    ("parking", 0.16, 0.25, 12.0),
    ("noise", 0.13, 0.25, 12.0),
    ("road-damage", 0.10, 2.0, 72.0),
    ("dispute", 0.09, 2.0, 72.0),
    ("street-light", 0.08, 4.0, 72.0),
    ("greenery", 0.07, 8.0, 120.0),
    ("elder-care", 0.06, 1.0, 24.0),
    ("drain-blocked", 0.04, 0.5, 24.0),
    ("fire-hazard", 0.03, 0.05, 8.0),
    ("water-leak", 0.025, 0.25, 24.0),
    ("illegal-building", 0.015, 8.0, 240.0),
)
"""Category, its share, and the hours in which cases are commonly accepted and resolved at the latest."""

SKEW = 0.9
"""Spread of the logarithm of a grid's weight: the busiest tenth of the grids has about four tenths of the reports."""

SURGE_CATEGORIES = ("drain-blocked", "street-light", "water-leak", "noise")
SURGES_A_DAY = 3
LEAST_SURGE_PER_MIN = 2.0
"""A surge must be seen in a quiet township, too."""


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something planted, as the truth file has it. `factor` multiplies the usual rate, or the time that steps take."""

    kind: Literal["surge", "silence", "slow_desk"]
    from_ms: int
    to_ms: int
    township: str = ""
    category: str = ""
    factor: float = 0.0

    def covers(self, t_ms: int) -> bool:
        """Tell whether it goes on at an instant."""
        return self.from_ms <= t_ms < self.to_ms


def rate_of(t_ms: int) -> float:
    """Return how many times the mean rate the province reports at an instant."""
    local_ms = t_ms + UTC_OFFSET_MS
    hour = local_ms // HOUR_MS % 24
    weekday = (local_ms // DAY_MS + 3) % 7  # 1970-01-01 was a Thursday
    return BY_HOUR[hour] / _MEAN_HOUR * BY_WEEKDAY[weekday] / _MEAN_WEEKDAY


_MEAN_HOUR = sum(BY_HOUR) / len(BY_HOUR)
_MEAN_WEEKDAY = sum(BY_WEEKDAY) / len(BY_WEEKDAY)


def grid_weights(grids: int, seed: int) -> npt.NDArray[np.float64]:
    """Return each grid's share of the reports; they add up to 1."""
    weights = np.random.default_rng([seed, 1]).lognormal(0.0, SKEW, grids)
    return np.asarray(weights / weights.sum())


def incidents_of_day(day: int, grids: int, seed: int) -> list[Incident]:
    """Return what is planted on a local day (days since 1970), sorted by beginning.

    Some surges of a township and category, a township whose desk is slow, and on every second day a while in which
    the whole feed says nothing.
    """
    rng = np.random.default_rng([seed, 2, day])
    townships = -(-grids // GRIDS_A_TOWNSHIP)
    midnight_ms = day * DAY_MS - UTC_OFFSET_MS

    def township() -> str:
        return code_of(int(rng.integers(townships)) * GRIDS_A_TOWNSHIP)[:9]

    planted: list[Incident] = []
    for _ in range(SURGES_A_DAY):
        begin_ms = midnight_ms + int(rng.uniform(7, 21) * HOUR_MS)
        planted.append(
            Incident(
                kind="surge",
                from_ms=begin_ms,
                to_ms=begin_ms + int(rng.uniform(0.5, 1.5) * HOUR_MS),
                township=township(),
                category=str(rng.choice(SURGE_CATEGORIES)),
                factor=round(float(rng.uniform(8, 20)), 1),
            )
        )
    begin_ms = midnight_ms + int(rng.uniform(6, 12) * HOUR_MS)
    planted.append(
        Incident(
            kind="slow_desk",
            from_ms=begin_ms,
            to_ms=begin_ms + int(rng.uniform(8, 16) * HOUR_MS),
            township=township(),
            factor=round(float(rng.uniform(3, 6)), 1),
        )
    )
    if rng.random() < 0.5:  # noqa: PLR2004 - every second day
        begin_ms = midnight_ms + int(rng.uniform(9, 18) * HOUR_MS)
        length_ms = int(rng.uniform(20, 40) * 60_000)
        planted.append(Incident(kind="silence", from_ms=begin_ms, to_ms=begin_ms + length_ms))
    return sorted(planted, key=lambda one: (one.from_ms, one.kind))
