"""The watching of desks: an alert where a handover is unsigned 15 minutes after a shift's end, or after it was prepared."""

import msgspec

from domain.alerts.book import AlertBook
from domain.audit import AuditTrail
from domain.deadlines import Deadlines, Due, Entry
from domain.desks.desk import Desk, DeskBook
from domain.grants import Grants
from domain.position import Position

UNSIGNED_AFTER_MS = 900_000
"""15 minutes: longer than two people need to talk, shorter than the first hour in which the gap would hurt."""

SIGNERS = frozenset({"dispatcher", "duty_officer", "supervisor"})
"""The roles that sign and write notes, with a scope that holds the desk."""

SHIFT_ENDED, PREPARED = 0, 1
"""Marks of `Due.HANDOVER`: what happened 15 minutes before."""


class DeskWatch:
    """Watches the desks of one partition. Its whole state is in the desks, the grants and the rule set."""

    __slots__ = ("_alerts", "_at", "_audit", "_book", "_deadlines", "_grants")

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a fold that handovers reach
        self,
        at: Position,
        deadlines: Deadlines,
        alerts: AlertBook,
        grants: Grants,
        audit: AuditTrail,
        book: DeskBook,
    ) -> None:
        self._at = at
        self._deadlines = deadlines
        self._alerts = alerts
        self._grants = grants
        self._audit = audit
        self._book = book

    def look(self, code: str) -> None:
        """Begin to watch a desk of the rule set for which somebody may sign, and stop where nobody may."""
        desk = self._book.of(code)
        watched = self._book.plan(code) is not None and self._grants.anybody(SIGNERS, code)
        if watched != (desk.watched_ms is not None):
            desk.watched_ms = self._at.clock_ms if watched else None
            if not watched and (desk.open is None or not desk.open.late):
                self._alerts.clear(key_of(code))
            self._book.touch(desk)
        self._set(self._next(desk))  # its shifts may be others than before

    def prepared(self, desk: Desk) -> None:
        """Wait for the second signature."""
        self._set(_unanswered(desk))

    def accepted(self, desk: Desk, shift: int) -> None:
        """End the alert, unless it is about a later shift than the one that was handed over."""
        if self._book.plan(desk.code) is None or shift >= desk.checked_ms:
            self._alerts.clear(key_of(desk.code))

    def is_due(self, code: str, mark: int, at_ms: int) -> None:
        """Judge a desk whose shift ended, or whose page was prepared, 15 minutes ago."""
        desk = self._book.of(code)
        if (at_ms, Due.HANDOVER, code, mark) not in self._entries(desk):
            return
        if mark == PREPARED:
            assert desk.open is not None
            desk.open = msgspec.structs.replace(desk.open, late=True)
            self._raise(code, desk.open.shift)
        else:
            desk.checked_ms = at_ms - UNSIGNED_AFTER_MS
            if desk.last is None or desk.last.shift < desk.checked_ms:
                self._raise(code, desk.checked_ms)
            self._set(self._next(desk))
        self._book.touch(desk)

    def running(self) -> list[Entry]:
        """Return what may fall due."""
        return [entry for desk in self._book.desks.values() for entry in self._entries(desk)]

    def _raise(self, code: str, shift_ms: int) -> None:
        alert = self._alerts.by_key(key_of(code))
        if alert is None or not alert.active:
            self._alerts.raised("handover_unsigned", key_of(code), scope=code, since_ms=shift_ms or None)
            self._audit.by_clock("handover_unsigned", desk=code, after={"shift": shift_ms})

    def _entries(self, desk: Desk) -> list[Entry]:
        return [entry for entry in (self._next(desk), _unanswered(desk)) if entry is not None]

    def _next(self, desk: Desk) -> Entry | None:
        """Return when the end of the next shift is judged."""
        plan = self._book.plan(desk.code)
        if plan is None or desk.watched_ms is None:
            return None
        shift = plan.after(max(desk.watched_ms, desk.checked_ms))
        return (shift.end_ms + UNSIGNED_AFTER_MS, Due.HANDOVER, desk.code, SHIFT_ENDED)

    def _set(self, entry: Entry | None) -> None:
        if entry is not None:
            at_ms, _, code, mark = entry
            self._deadlines.set(at_ms, Due.HANDOVER, code, mark)


def key_of(code: str) -> str:
    """Return the key of a desk's alert."""
    return f"handover:{code}"


def _unanswered(desk: Desk) -> Entry | None:
    """Return when a page has waited too long for its second signature."""
    if desk.open is None or desk.open.late:
        return None
    return (desk.open.at_ms + UNSIGNED_AFTER_MS, Due.HANDOVER, desk.code, PREPARED)
