"""Receipts: who is given a case confirms it in time; else it goes to the stand-in, and then back to the desk.

A receipt is there from the assignment until it is confirmed, lapses, or the case is somebody else's. Its clock has one mark.
"""

from collections.abc import Callable

import msgspec

from domain.alerts.book import AlertBook
from domain.cases.case import Case
from domain.cases.work import Receipt, Work
from domain.cases.work_clocks import RECEIPT, WorkClocks
from domain.clocks.clock import DUE, Clock, Limit
from domain.deadlines import Deadlines, Due, Entry
from domain.flows.flow import Flow
from domain.flows.moves import Case as Stand
from domain.position import Position

NOT_RECEIVED = "not_received"
"""What a timer does when nobody confirms: the alert's kind, and the action in audit and story."""


class CaseReceipts:
    """Asks for receipts of a partition's cases. Its whole state is in the cases."""

    __slots__ = ("_alerts", "_at", "_clocks", "_deadlines")

    def __init__(self, at: Position, deadlines: Deadlines, alerts: AlertBook, clocks: WorkClocks) -> None:
        self._at = at
        self._deadlines = deadlines
        self._alerts = alerts
        self._clocks = clocks

    def want(self, case: Case, work: Work, flow: Flow, *, stood_in: bool = False) -> None:
        """Ask who has the case now for a receipt, if the flow wants one."""
        rule = flow.receipt
        work.receipt = None
        if rule is None or not work.stand.assignee or work.stand.step not in flow.actions[rule.action].to:
            return
        limit = Limit(kind="wall_clock", ms=rule.ms)
        clock = Clock(start_ms=self._at.clock_ms, limit=limit, percents=(DUE,))
        timer = self._clocks.timer(case, clock)
        work.receipt = Receipt(to=work.stand.assignee, timer=timer, stood_in=stood_in)

    def given(self, case: Case, work: Work) -> None:
        """Take a receipt."""
        work.receipt, work.missed = None, None
        self._alerts.clear(_key(case))

    def settle(self, case: Case, work: Work, flow: Flow) -> None:
        """Let a receipt end with what it was for, and its alert once somebody has done something about it."""
        held, stand = work.receipt, work.stand
        if held is not None and (
            flow.receipt is None
            or case.closed_ms is not None
            or held.to != stand.assignee
            or stand.step not in flow.actions[flow.receipt.action].to
        ):
            work.receipt = None
        if work.missed != (stand.step, stand.assignee):
            work.missed = None
            self._alerts.clear(_key(case))
        for entry in self.running(case, work):
            self._deadlines.add(entry)

    def retime(self, case: Case, work: Work, change: Callable[[Clock], Clock]) -> None:
        """Change the clock, if there is one."""
        if work.receipt is not None:
            timer = self._clocks.timer(case, change(work.receipt.timer.clock))
            work.receipt = msgspec.structs.replace(work.receipt, timer=timer)

    @staticmethod
    def is_due(work: Work, at_ms: int) -> bool:
        """Tell whether a receipt is late at an instant."""
        return work.receipt is not None and work.receipt.timer.due_ms == at_ms

    def passed_on(self, work: Work, grid: str, flow: Flow) -> Stand:
        """Return where a case stands whose receipt is late: with the stand-in, or with nobody, in the step of the desk."""
        held, stand, rules = work.receipt, work.stand, self._at.rules
        assert held is not None
        assert flow.receipt is not None
        roster = None if rules is None or held.stood_in else rules.roster_of(grid)
        stand_in = "" if roster is None else roster.stand_in_of(held.to, grid, self._at.clock_ms)
        if stand_in:
            return msgspec.structs.replace(stand, assignee=stand_in)
        kept = {one.name for one in flow.flags.values() if one.lasts != "step" or one.inner}
        flags = tuple(flag for flag in stand.flags if flag in kept)
        return msgspec.structs.replace(stand, step=flow.receipt.back, assignee="", tasks=(), flags=flags)

    def missed(self, case: Case, due_ms: int) -> None:
        """Raise the alert that nobody confirmed, also once more."""
        self._alerts.raised(
            NOT_RECEIVED,
            _key(case),
            **case.alert_facts(),
            clock="receipt",
            due_ms=due_ms,
        )

    @staticmethod
    def running(case: Case, work: Work) -> list[Entry]:
        """Return when a receipt is late; one that an undo has brought back is late with the next record."""
        due_ms = None if work.receipt is None else work.receipt.timer.due_ms
        return [] if due_ms is None else [(due_ms, Due.MARK, case.id, RECEIPT + DUE)]


def _key(case: Case) -> str:
    return f"sla:{case.id}:receipt"
