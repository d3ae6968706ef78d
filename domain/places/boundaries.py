"""Boundaries in time: from when to when an area has been one, and which areas came after it.

An area that has ended keeps its code for ever, with all that was counted under it; no other area is given the code.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping

import msgspec

from domain.codes import COUNTY_DIGITS, GRID_DIGITS, LEVELS


class Validity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an area holds, in epoch ms: from an instant up to one (excluded), and its successors' codes, sorted."""

    from_ms: int | None = None
    to_ms: int | None = None
    successors: tuple[str, ...] = ()

    def holds(self, at_ms: int | None) -> bool:
        """Tell whether an area holds at an instant; None is after the last change."""
        if at_ms is None:
            return self.to_ms is None
        return (self.from_ms is None or self.from_ms <= at_ms) and (self.to_ms is None or at_ms < self.to_ms)


ALWAYS = Validity()


class Boundaries:
    """The validity of a set's areas; those that it does not name have always been there and still are.

    Parameters
    ----------
    validity
        By code, of the areas that began or ended.

    """

    def __init__(self, validity: Mapping[str, Validity]) -> None:
        self._validity = validity
        self._turns = sorted(
            {at for one in validity.values() for at in (one.from_ms, one.to_ms) if at is not None}
        )

    def epoch(self, at_ms: int | None) -> int:
        """Return the number of the span between two changes that an instant lies in; None is after the last."""
        return len(self._turns) if at_ms is None else bisect_right(self._turns, at_ms)

    def starts_ms(self, epoch: int) -> int | None:
        """Return an instant of a span: its first, or for the one before all changes one that is before."""
        if not self._turns:
            return None
        return self._turns[epoch - 1] if epoch else self._turns[0] - 1

    def of(self, code: str) -> Validity:
        """Return when an area holds."""
        return self._validity.get(code, ALWAYS)

    def ended(self) -> Iterator[str]:
        """Give the codes of the areas that have an end, sorted."""
        return (code for code in sorted(self._validity) if self._validity[code].to_ms is not None)

    def heirs(self, code: str, at_ms: int | None) -> list[str]:
        """Return what an area has become by an instant: itself while it holds, else what holds of those after it, sorted."""
        found: set[str] = set()
        left, seen = [code], {code}
        while left:
            one = self.of(area := left.pop())
            if one.holds(at_ms):
                found.add(area)
            elif one.to_ms is not None and (at_ms is None or one.to_ms <= at_ms):
                left += [after for after in one.successors if after not in seen]
                seen.update(one.successors)
        return sorted(found)

    def passes_ms(self, code: str, from_ms: int) -> int | None:
        """Return the first instant, from one on, at which an area has ended and others are there in its place; else None."""
        ends_ms = self.of(code).to_ms
        if ends_ms is None:
            return None
        first = max(ends_ms, from_ms)
        instants = (first, *(at_ms for at_ms in self._turns if at_ms > first))
        return next((at_ms for at_ms in instants if self.heirs(code, at_ms)), None)

    def after(self, code: str) -> frozenset[str]:
        """Return every area that came after one, however many changes later."""
        found: set[str] = set()
        left = [code]
        while left:
            for successor in self.of(left.pop()).successors:
                if successor not in found:
                    found.add(successor)
                    left.append(successor)
        return frozenset(found)


def around(codes: list[str]) -> str:
    """Return the smallest area whose code begins those of all the given ones; "" where that is wider than a county."""
    first, last = min(codes), max(codes)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    digits = max((level for level in LEVELS if level <= min(same, GRID_DIGITS)), default=0)
    return first[:digits] if digits >= COUNTY_DIGITS else ""
