"""The detectors by name, and how each is made from a town's rules."""

from collections.abc import Callable

from detectors.base import CountDetector
from detectors.surge import SurgeDetector
from domain.detection import SECONDS_AN_HOUR, DetectorRules

Maker = Callable[[DetectorRules, int], CountDetector]


def _surge(rules: DetectorRules, start: int) -> CountDetector:
    return SurgeDetector(
        start,
        per_slot=SECONDS_AN_HOUR // rules.interval_s,
        half_life=rules.half_life_days,
        warmup=rules.warmup_intervals,
        enter=rules.enter_probability,
        leave=rules.leave_probability,
        min_count=rules.min_count,
    )


CATALOGUE: dict[str, Maker] = {"surge": _surge}


def maker(rules: DetectorRules) -> Callable[[int], CountDetector]:
    """What makes a detector whose first interval is the given one since 1970, UTC.

    Raises
    ------
    ValueError
        If the catalogue has no such model.
    """
    if rules.model not in CATALOGUE:
        raise ValueError(
            f"detectors.toml, model: there is no {rules.model!r}; give one of {', '.join(CATALOGUE)}."
        )
    make = CATALOGUE[rules.model]
    offset = rules.utc_offset_s // rules.interval_s
    return lambda interval: make(rules, interval + offset)


def memory(rules: DetectorRules) -> list[str | int]:
    """What a detector's state hangs on: with any of it changed, old state means something else."""
    return [rules.model, rules.interval_s, rules.half_life_days, rules.utc_offset_s]
