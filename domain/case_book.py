"""A partition's cases: opened, revised, moved, closed, reopened, and let go when they have been closed for long enough."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from domain.alert_book import AlertBook
from domain.case_clocks import CaseClocks
from domain.cases import CLOSED, FIRST_STEP, Case
from domain.counters import Counters
from domain.deadlines import Deadlines, Due, Entry
from domain.position import Position
from domain.records import Opened, Repeated, Revised, encoder

LEAST_KEPT_MS = 86_400_000
"""A closed case stays at least as long as the longest window counts it."""


class CaseBook:
    """The cases of one partition, by id and by the key that intake knows them by.

    Attributes
    ----------
    cases
        All that have not been let go, by id.
    late
        Revisions and repeats whose case has been let go.
    dirty
        Ids of those that changed since the edge last took the read models, in order.

    """

    __slots__ = ("_alerts", "_at", "_by_key", "_clocks", "_counters", "_deadlines", "cases", "dirty", "late")

    def __init__(self, at: Position, deadlines: Deadlines, counters: Counters, alerts: AlertBook) -> None:
        self._at = at
        self._deadlines = deadlines
        self._counters = counters
        self._alerts = alerts
        self._clocks = CaseClocks(at, deadlines, counters, alerts)
        self._by_key: dict[str, Case] = {}
        self.cases: dict[str, Case] = {}
        self.late = 0
        self.dirty: dict[str, None] = {}

    def opened(self, record: Opened) -> None:
        """Open a case; a promise that has passed already makes it overdue at once."""
        now_ms = self._at.clock_ms
        case = Case(
            id=self._at.case_id(),
            key=record.key,
            feed=record.feed,
            source_id=record.source_id,
            grid=record.grid,
            area=record.area,
            category=record.category,
            step=record.step or FIRST_STEP,
            opened_ms=now_ms if record.opened_ms is None else record.opened_ms,
            arrived_ms=now_ms,
            channel=record.channel,
            lon=record.lon,
            lat=record.lat,
            flags=tuple(record.flags),
        )
        before = self._by_key.get(case.key)
        if before is not None:  # intake has forgotten its id: what comes from now on is about the new case
            before.key = ""
        self.cases[case.id] = case
        self._by_key[case.key] = case
        self._counters.opened(case)
        self._clocks.set_due(case, record)
        if record.closed_ms is not None:
            self._close(case, record.closed_ms)
        else:
            self._clocks.start(case)
        self.dirty[case.id] = None

    def revised(self, record: Revised) -> None:
        """Take over a later version: its place, category, step, promise and closing."""
        case = self._by_key.get(record.key)
        if case is None:
            self.late += 1
            return
        case.take_over(record)
        recategorised = record.category != case.category
        if recategorised or record.grid != case.grid:
            self._move(case, record)
        restart = record.step == FIRST_STEP != case.step
        if case.closed_ms is None:
            case.step = record.step or case.step
        elif record.closed_ms is None:
            self._reopen(case, record)
            restart = True
        if recategorised or (record.clocks == "promised" and record.due_ms != case.due_ms):
            self._clocks.change_due(case, record)
            restart = True
        if record.closed_ms is None:
            if restart:
                self._clocks.start(case)
            self._clocks.settle_accept(case)
        elif case.closed_ms is None:
            self._close(case, record.closed_ms)
        else:
            case.closed_ms = record.closed_ms
        self.dirty[case.id] = None

    def repeated(self, record: Repeated) -> None:
        """Count the same version again."""
        case = self._by_key.get(record.key)
        if case is None:
            self.late += 1
            return
        case.repeats += 1
        self.dirty[case.id] = None

    def mark_is_due(self, case_id: str, bit: int, at_ms: int) -> None:
        """Fire a clock's mark, if the case is still here and the mark still stands there."""
        case = self.cases.get(case_id)
        if case is not None and self._clocks.fire(case, bit, at_ms):
            self.dirty[case_id] = None

    def leave(self, case_id: str, at_ms: int) -> None:
        """Let a case go that has been closed for as long as its feed's rule says. Its totals stay."""
        case = self.cases.get(case_id)
        if case is None or case.leaves_ms != at_ms:
            return
        del self.cases[case_id]
        if case.key:
            del self._by_key[case.key]
        for alert in self._alerts.of_case(case_id):
            self._alerts.forget(alert)
        self.dirty[case_id] = None

    def _move(self, case: Case, record: Revised) -> None:
        """Let a case, with all that it counts for and its alerts, be of another grid or category."""
        self._counters.moved(case, record.grid, record.category, self._at.clock_ms)
        for alert in self._alerts.of_case(case.id):
            alert.scope, alert.grid, alert.category = case.grid, case.grid, case.category
            self._alerts.changed(alert)

    def _close(self, case: Case, closed_ms: int) -> None:
        """End a case and its clocks; their alerts end with them."""
        now_ms = self._at.clock_ms
        if case.due_ms is not None and closed_ms >= case.due_ms:
            # also by a promise that was past when it came
            self._clocks.becomes_overdue(case)
        self._counters.closed(case, now_ms)
        case.closed_ms = closed_ms
        case.step = CLOSED
        self._clocks.end(case)
        keep_ms = self._keep_ms(case.feed)
        if keep_ms is not None:
            case.leaves_ms = now_ms + keep_ms
            self._deadlines.set(case.leaves_ms, Due.LEAVE, case.id)

    def _reopen(self, case: Case, record: Opened) -> None:
        case.closed_ms = None
        case.leaves_ms = None
        case.fired = 0  # its alerts ended with the closing, and what still holds is raised again
        case.step = record.step or FIRST_STEP
        self._counters.reopened(case, self._at.clock_ms)

    def _keep_ms(self, name: str) -> int | None:
        rules = self._at.rules
        feed = rules.feeds.get(name) if rules else None
        return (
            None if feed is None or feed.keep_closed_ms is None else max(feed.keep_closed_ms, LEAST_KEPT_MS)
        )

    def shown(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return what screens read of these cases, None for one that is gone."""
        return {
            name: None if (c := self.cases.get(name)) is None else encoder.encode(c.public())
            for name in names
        }

    def running(self) -> list[Entry]:
        """Return the marks that may fall due, and the instants at which closed cases go."""
        entries: list[Entry] = []
        for case in self.cases.values():
            entries += self._clocks.running(case)
            if case.leaves_ms is not None:
                entries.append((case.leaves_ms, Due.LEAVE, case.id, 0))
        return entries

    def plain(self) -> dict[str, Any]:
        """Return the cases as plain values, by id."""
        return {name: msgspec.structs.astuple(case) for name, case in self.cases.items()}

    def restore(self, plain: Mapping[str, Any], *, late: int) -> list[Case]:
        """Take over cases that `plain` gave; return them in the order of their opening."""
        self.late = late
        names = Case.__struct_fields__
        cases = [Case(**dict(zip(names, plain[name], strict=True))) for name in sorted(plain)]
        for case in cases:
            case.flags = tuple(case.flags)
        self.cases = {case.id: case for case in cases}
        self._by_key = {case.key: case for case in cases if case.key}
        return cases
