"""Open cases whose place is no more: when its boundaries have been redrawn, a case passes to the place that came after it.

The desk goes with it, by the same digits of the new code; the assignee, the step and the clocks stay. What the case has counted
for so far stays where it lay.
"""

from domain.cases.case import Case
from domain.deadlines import Deadlines, Due, Entry
from domain.places.places import AreaSet
from domain.position import Position

HANDED_OVER = "handed_over"
"""What the rules do to a case whose place is no more: the action in audit and story."""


class CaseHeirs:
    """Knows when a partition's worked cases pass to another place, and to which. It has no state: that is in the rules."""

    __slots__ = ("_at", "_deadlines")

    def __init__(self, at: Position, deadlines: Deadlines) -> None:
        self._at = at
        self._deadlines = deadlines

    def heir(self, case: Case) -> str:
        """Return the grid that an open case's own has become by now; "" while it holds, and where nothing came after it."""
        areas = self._areas(case)
        if areas is None or case.closed_ms is not None:
            return ""
        return areas.heir(case.grid, case.lon, case.lat, self._at.clock_ms)

    def settle(self, case: Case) -> None:
        """Let it fall due that a case passes on."""
        for entry in self.running(case):
            self._deadlines.add(entry)

    def running(self, case: Case) -> list[Entry]:
        """Return when a case passes on; one whose place ended before is handed over with the next record."""
        areas = self._areas(case)
        if areas is None or case.closed_ms is not None:
            return []
        at_ms = areas.passes_ms(case.grid, self._at.clock_ms)
        return [] if at_ms is None else [(at_ms, Due.HEIR, case.id, 0)]

    def lay(self, case: Case, grid: str) -> str:
        """Return where a case that is moved to a grid has counted from: where it lay, unless it never did lie there."""
        rules = self._at.rules
        same = grid == case.grid or (rules is not None and rules.lay_in(case.lay, grid))
        return case.lay if case.lay and same else ""

    def _areas(self, case: Case) -> AreaSet | None:
        feed = None if self._at.rules is None else self._at.rules.feeds.get(case.feed)
        return None if feed is None else feed.areas
