"""The audit: one line for each command that is folded, for each change of a right, and for what a timer did to a case.

A line says who (an account's id, never a name), from which screen, what, about which case, alert or desk, what came of it, and
which facts changed. Texts that people wrote are in no line. The archive process makes chains of the lines.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from domain.alerts.alert import Alert
from domain.cases.case import Case
from domain.cases.story import RULES
from domain.position import Position
from domain.records import Command, Grant, encoder

CLOCK = "clock"
"""Who acts when a time is over."""

MACHINES = frozenset({CLOCK, RULES})
"""Who acts without a command."""

Outcome = Literal["accepted", "refused", "repeated"]
Facts = Mapping[str, Any]
Done = tuple[str, Facts, Facts]
"""What was done, and the facts that differ before and after."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. Its position is that of the journal's record: (partition, offset), with n counting what the record sent.

    `before` and `after` have the facts that differ.
    """

    effect: str
    partition: int
    offset: int
    n: int
    t_ms: int
    account: str
    action: str
    outcome: Outcome = "accepted"
    reason: str = ""
    screen: str = ""
    command: str = ""
    case: str = ""
    alert: str = ""
    desk: str = ""
    before: Facts = {}
    after: Facts = {}


class AuditTrail:
    """Sends a partition's lines as effects, each behind everything else that its record sent."""

    __slots__ = ("_at",)

    def __init__(self, at: Position) -> None:
        self._at = at

    def command(self, command: Command, outcome: Outcome, reason: str, before: Facts, after: Facts) -> None:
        """Say what became of a command."""
        was, now = _differing(before, after)
        self._send(
            account=command.account,
            action=command.action,
            outcome=outcome,
            reason=reason,
            screen=command.screen,
            command=command.id,
            case=command.case,
            alert=command.alert,
            desk=command.desk,
            before=was,
            after=now,
        )

    def grant(self, grant: Grant, *, new: bool, reason: str = "") -> None:
        """Say that an account's right began or ended, or why it cannot."""
        right = {"role": grant.role, "scope": grant.scope, "team": grant.team}
        self._send(
            account=grant.account,
            action="grant" if grant.on else "revoke",
            outcome="refused" if reason else "accepted" if new else "repeated",
            reason=reason,
            command=grant.id,
            after=right,
        )

    def by_clock(
        self, action: str, *, before: Facts | None = None, after: Facts | None = None, **about: str
    ) -> None:
        """Say what a timer did to a `case`, an `alert` or a `desk`."""
        was, now = _differing(before or {}, after or {})
        self._send(account=CLOCK, action=action, before=was, after=now, **about)

    def by_rules(self, action: str, *, after: Facts, before: Facts | None = None, **about: str) -> None:
        """Say what followed by itself for a `case` or a `desk`, from what another partition said, from a right or a rule."""
        was, now = _differing(before or {}, after)
        self._send(account=RULES, action=action, before=was, after=now, **about)

    def _send(self, **said: Any) -> None:
        at = self._at
        effect = at.effect_id()
        line = Line(effect=effect, partition=at.partition, offset=at.offset, n=at.n, t_ms=at.clock_ms, **said)
        at.send("audit", effect, encoder.encode(line))


def _differing(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    changed = [key for key in (*before, *after) if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in changed}, {key: after.get(key) for key in changed}


def facts_of_alert(alert: Alert | None) -> Facts:
    """Return what a command may change of an alert."""
    if alert is None:
        return {}
    return {
        "acked": alert.acked,
        "acked_by": alert.acked_by,
        "shelved_until_ms": alert.shelved_until_ms,
        "out_since_ms": alert.out_since_ms,
        "out_until_ms": alert.out_until_ms,
        "out_by": alert.out_by,
    }


def facts_of_case(case: Case | None) -> Facts:
    """Return what a command may change of a case."""
    if case is None or case.work is None:
        return {}
    stand = case.work.stand
    return {
        "version": case.work.version,
        "step": stand.step,
        "level": stand.level,
        "desk": stand.desk,
        "assignee": stand.assignee,
        "tasks": stand.tasks,
        "is": stand.flags,
        "round": stand.round,
        "outcome": stand.outcome,
        "claim": "" if case.work.claim is None else case.work.claim.account,
        "merging": "" if case.work.merging is None else case.work.merging.into,
        "merged_into": case.work.merged_into,
        "category": case.category,
        "due_ms": case.due_ms,
        "closed_ms": case.closed_ms,
    }
