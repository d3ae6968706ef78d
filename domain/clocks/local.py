"""A place's local clock, by the UTC offsets that a rule set has written out: no zone table is asked."""

from bisect import bisect_right
from collections.abc import Sequence

DAY_MS = 86_400_000


class LocalClock:
    """What the clock on the wall shows, as a pure function of the offsets.

    Parameters
    ----------
    offsets
        `(from_s, offset_s)` in UTC seconds, ascending: what the local clock is ahead of UTC from then on. The first
        holds before as well.

    """

    __slots__ = ("_ahead", "_ends", "_from")

    def __init__(self, offsets: Sequence[tuple[int, int]]) -> None:
        self._from = [from_s * 1000 for from_s, _ in offsets]
        self._ahead = [ahead_s * 1000 for _, ahead_s in offsets]
        # what the clock shows at each change, by the offset before it
        self._ends = [at + ahead for at, ahead in zip(self._from[1:], self._ahead, strict=False)]

    def day_of(self, at_ms: int) -> int:
        """Return the local date of an instant, in days after 1970-01-01."""
        index = max(bisect_right(self._from, at_ms) - 1, 0)
        return (at_ms + self._ahead[index]) // DAY_MS

    def instant_of(self, local_ms: int) -> int:
        """Return the first instant at which the clock shows a time or a later one.

        A time that is skipped in spring is the instant of the change, and one that comes twice is the first.

        Parameters
        ----------
        local_ms
            The shown time, in ms after 1970-01-01T00:00 shown.

        """
        index = bisect_right(self._ends, local_ms)
        found = local_ms - self._ahead[index]
        return max(found, self._from[index]) if index else found
