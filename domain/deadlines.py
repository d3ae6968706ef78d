"""Instants that fall due, in one order: a heap of plain tuples whose stale entries are told apart when they come up."""

from enum import IntEnum
from heapq import heapify, heappop, heappush


class Due(IntEnum):
    """What falls due; at the same instant the smaller number goes first."""

    CLOCK = 0
    INTERVAL = 1
    SHELF = 2
    LEAVE = 3
    MARK = 4
    UNDO = 5
    RELEASE = 6
    ACK = 7
    SERVICE = 8
    HEIR = 9
    HANDOVER = 20


Entry = tuple[int, int, str, int]
"""Instant in ms, what falls due, whose it is (a case, a pair, an alert), and which mark of it."""


class Deadlines:
    """A heap of entries. Setting is cheap; nothing is ever searched or removed: the owner drops what no longer holds.

    The order is total (instant, kind, name, mark), so that it does not depend on how entries came in.
    """

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[Entry] = []

    def set(self, at_ms: int, kind: Due, name: str, mark: int = 0) -> None:
        """Let something fall due at an instant."""
        heappush(self._heap, (at_ms, kind, name, mark))

    def add(self, entry: Entry) -> None:
        """Let an entry fall due."""
        heappush(self._heap, entry)

    def load(self, entries: list[Entry]) -> None:
        """Replace everything."""
        self._heap = entries
        heapify(self._heap)

    def next_ms(self) -> int | None:
        """Return the earliest instant, or None."""
        return self._heap[0][0] if self._heap else None

    def pop(self, until_ms: int) -> Entry | None:
        """Take the earliest entry that is due at `until_ms` or before, or None."""
        if self._heap and self._heap[0][0] <= until_ms:
            return heappop(self._heap)
        return None
