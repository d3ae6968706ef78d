"""Rates with their intervals, and quantiles: the few statistics that evaluation shows."""

from collections.abc import Sequence
from math import sqrt

import msgspec

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution: 95 % lie within."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """So many of so many; `rate` and its 95 % interval are null where there is none to be had of."""

    hits: int
    of: int
    rate: float | None
    low: float | None
    high: float | None


def rate(hits: int, of: int) -> Rate:
    """Return a rate with its Wilson interval of 95 %.

    The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), 209-212:
    (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n). Unlike the plain one it stays within 0 and 1 and says
    something of few cases.
    """
    if of == 0:
        return Rate(hits=0, of=0, rate=None, low=None, high=None)
    p, z2 = hits / of, Z95 * Z95
    middle = p + z2 / (2 * of)
    half = Z95 * sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    whole = 1 + z2 / of
    return Rate(
        hits=hits,
        of=of,
        rate=p,
        low=0.0 if hits == 0 else (middle - half) / whole,
        high=1.0 if hits == of else (middle + half) / whole,
    )


def quantile(ordered: Sequence[int], percent: int) -> int:
    """Return the smallest of some ascending values that at least so many per cent of them do not exceed (nearest rank)."""
    return ordered[-(-percent * len(ordered) // 100) - 1]
