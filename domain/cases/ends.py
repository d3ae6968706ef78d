"""The end of a case, and its going on: what counters and the time of its leaving make of it, whoever ended it."""

from domain.cases.case import Case
from domain.counters import Counters
from domain.deadlines import Deadlines, Due
from domain.position import Position

LEAST_KEPT_MS = 86_400_000
"""A closed case stays at least as long as the longest window counts it."""


class CaseEnds:
    """Counts a partition's cases as closed or open, and lets closed ones leave after their feed's time."""

    __slots__ = ("_at", "_counters", "_deadlines")

    def __init__(self, at: Position, deadlines: Deadlines, counters: Counters) -> None:
        self._at = at
        self._deadlines = deadlines
        self._counters = counters

    def close(self, case: Case, closed_ms: int) -> None:
        """Count a case as closed from now on; it leaves the state after the time that its feed's rule says."""
        now_ms = self._at.clock_ms
        self._counters.closed(case, now_ms)
        case.closed_ms = closed_ms
        keep_ms = self._keep_ms(case.feed)
        if keep_ms is not None:
            case.leaves_ms = now_ms + keep_ms
            self._deadlines.set(case.leaves_ms, Due.LEAVE, case.id)

    def reopen(self, case: Case) -> None:
        """Count a case as open again; it stays."""
        case.closed_ms = None
        case.leaves_ms = None
        self._counters.reopened(case, self._at.clock_ms)

    def _keep_ms(self, name: str) -> int | None:
        rules = self._at.rules
        feed = rules.feeds.get(name) if rules else None
        return (
            None if feed is None or feed.keep_closed_ms is None else max(feed.keep_closed_ms, LEAST_KEPT_MS)
        )
