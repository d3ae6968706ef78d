"""Supervision (督办): a higher desk, or a rule, follows a case with a deadline of its own until its word ends it.

It is there exactly while the case has the flag `supervised`; its clock has one mark.
"""

from collections.abc import Callable

import msgspec

from domain.alerts.book import AlertBook
from domain.audit import CLOCK, AuditTrail
from domain.cases.case import Case
from domain.cases.messages import CaseMessages
from domain.cases.story import RULES
from domain.cases.work import Supervision, Work
from domain.cases.work_clocks import SUPERVISION, WorkClocks, mark_facts
from domain.clocks.clock import DUE, Clock
from domain.deadlines import Deadlines, Due, Entry
from domain.flows.flow import SUPERVISED, Flow
from domain.messages import To
from domain.position import Position

SUPERVISE = "supervise"
"""What it is called when a rule does it."""


class CaseSupervision:
    """Begins, times and ends supervision of a partition's cases. Its whole state is in the cases."""

    __slots__ = ("_alerts", "_at", "_audit", "_clocks", "_deadlines", "_messages")

    def __init__(
        self,
        at: Position,
        deadlines: Deadlines,
        alerts: AlertBook,
        clocks: WorkClocks,
        messages: CaseMessages,
    ) -> None:
        self._at = at
        self._deadlines = deadlines
        self._alerts = alerts
        self._clocks = clocks
        self._messages = messages
        self._audit = AuditTrail(at)

    def by_rule(self, case: Case, work: Work, flow: Flow) -> str:
        """Let a case be supervised where a rule asks for it. Returns the rule, or an empty text.

        A reason that comes while it is supervised counts as well: the supervisor's word then answers all of them.
        Who calls this ends the move, and then tells it with `told_by_rule`.
        """
        number = work.stand.round
        past = tuple(one for one in work.ruled if one[0] == number)
        fresh = [rule for rule in self._holding(case, work, flow) if (number, rule) not in past]
        if not fresh:
            return ""
        work.ruled = (*past, *((number, rule) for rule in fresh))
        work.dissatisfied = work.dissatisfied and "dissatisfied" not in fresh
        if SUPERVISED in work.stand.flags:
            return ""
        flags = tuple(sorted({*work.stand.flags, SUPERVISED}))
        work.stand = msgspec.structs.replace(work.stand, flags=flags)
        self._begin(case, work, flow, RULES)
        return fresh[0]

    def _holding(self, case: Case, work: Work, flow: Flow) -> list[str]:
        """Return which of the flow's reasons hold for an open case."""
        asked, rules = flow.supervise, self._at.rules
        if asked is None or rules is None or case.closed_ms is not None:
            return []
        due_ms = work.whole.due_ms
        reasons = {
            "priority": rules.limit(case.category).priority <= asked.priority,
            "repeats": 0 < asked.repeats <= case.repeats,
            "overdue": asked.overdue and due_ms is not None and due_ms <= self._at.clock_ms,
            "dissatisfied": asked.dissatisfied and work.dissatisfied,
        }
        return [rule for rule, holds in reasons.items() if holds]

    def told_by_rule(self, case: Case, work: Work, rule: str) -> None:
        """Say in audit, story and messages that a rule did it."""
        after = {"rule": rule, "version": work.version, "is": work.stand.flags}
        self._audit.by_rules(SUPERVISE, case=case.id, after=after)
        work.tell(self._at, "act", SUPERVISE, RULES, what={"rule": rule})
        receivers: tuple[To, ...] = ("desk", "assignee", "supervisor")
        for to in receivers:
            self._messages.tell(case, work, "supervised", to, action=SUPERVISE, due_ms=_due_ms(work))

    def settle(self, case: Case, work: Work, flow: Flow, by: str) -> None:
        """Let supervision be there exactly while its flag is, and its deadline stand where its clock says."""
        if SUPERVISED not in work.stand.flags:
            work.supervision = None
        elif work.supervision is None:
            self._begin(case, work, flow, by or RULES)
        if work.supervision is None:
            self._alerts.clear(_key(case))
        for entry in self.running(case, work):
            self._deadlines.add(entry)

    def _begin(self, case: Case, work: Work, flow: Flow, by: str) -> None:
        limit, now_ms = flow.flags[SUPERVISED].clock, self._at.clock_ms
        timer = None
        if limit is not None:
            calendar = work.whole.clock.calendar
            clock = Clock(start_ms=now_ms, limit=limit, calendar=calendar, percents=(DUE,))
            timer = self._clocks.timer(case, clock)
        work.supervision = Supervision(since_ms=now_ms, by=by, timer=timer)

    def is_due(self, case: Case, work: Work, at_ms: int) -> bool:
        """Fire the mark of supervision, if it still stands at that instant. Returns whether it did."""
        own = work.supervision
        if own is None or own.timer is None or own.timer.due_ms != at_ms or DUE in own.timer.fired:
            return False
        work.supervision = msgspec.structs.replace(own, timer=own.timer.with_fired(DUE))
        work.tell(self._at, "mark", account=CLOCK, what=mark_facts(work, SUPERVISION + DUE))
        self._alerts.raised(
            "supervision_overdue",
            _key(case),
            **case.alert_facts(),
            clock="supervision",
            due_ms=at_ms,
        )
        slot = f"supervision.{own.since_ms}.100"
        self._messages.tell(
            case, work, "mark", "supervisor", slot=slot, clock="supervision", percent=DUE, due_ms=at_ms
        )
        return True

    def retime(self, case: Case, work: Work, change: Callable[[Clock], Clock]) -> None:
        """Change the clock, if there is one."""
        own = work.supervision
        if own is not None and own.timer is not None:
            timer = self._clocks.timer(case, change(own.timer.clock), own.timer.fired)
            work.supervision = msgspec.structs.replace(own, timer=timer)

    @staticmethod
    def urged(work: Work) -> None:
        """Count an urge."""
        if work.supervision is not None:
            work.supervision = msgspec.structs.replace(work.supervision, urges=work.supervision.urges + 1)

    @staticmethod
    def running(case: Case, work: Work) -> list[Entry]:
        """Return the mark that may fall due; one that an undo has brought back fires with the next record."""
        due_ms, own = _due_ms(work), work.supervision
        if own is None or own.timer is None or due_ms is None or DUE in own.timer.fired:
            return []
        return [(due_ms, Due.MARK, case.id, SUPERVISION + DUE)]


def _due_ms(work: Work) -> int | None:
    own = work.supervision
    return None if own is None or own.timer is None else own.timer.due_ms


def _key(case: Case) -> str:
    return f"sla:{case.id}:supervision"
