"""Cases that people work on, as far as feeds, time and rule sets have a word in them."""

import msgspec

from domain.audit import CLOCK, Done, facts_of_case
from domain.cases.case import Case
from domain.cases.facts import Facts, facts
from domain.cases.heirs import HANDED_OVER
from domain.cases.moves import CaseMoves, due_clocks
from domain.cases.receipts import NOT_RECEIVED
from domain.cases.story import RULES
from domain.cases.supervision import SUPERVISE
from domain.cases.work import Work
from domain.cases.work_clocks import RECEIPT, SUPERVISION, mark_facts
from domain.clocks.clock import DUE, Clock
from domain.deadlines import Due, Entry
from domain.flows import moves as flow_moves
from domain.flows.flow import CLOSED_AT_SOURCE, Flow
from domain.messages import To, parts_of
from domain.position import Position
from domain.records import Delivered, Opened

DELIVERED_KEPT = 60
"""So many outcomes tell the same word from news; the courier says each once, save after a crash."""


class CaseWork:
    """Opens, revises and times a partition's worked cases. Its whole state is in the cases."""

    __slots__ = ("_moves",)

    def __init__(self, moves: CaseMoves) -> None:
        self._moves = moves

    def begin(self, case: Case, flow: Flow, record: Opened) -> None:
        """Let people work on a case from its opening on."""
        rules = self._moves.at.rules
        assert rules is not None
        limit = rules.limit(case.category).whole
        clock = Clock(start_ms=self._moves.at.clock_ms, limit=limit, calendar=rules.feeds[case.feed].calendar)
        work = Work(
            flow=flow.name,
            stand=flow_moves.open_case(flow, case.grid),
            fed_category=case.category,
            whole=self._moves.clocks.timer(case, clock),
        )
        case.work = work
        self._moves.enter(case, work, flow)
        case.due_ms = work.whole.due_ms
        before, closed = facts(case, work), None
        if record.closed_ms is not None:
            closed = self._moves.close_at_source(case, work, flow, record.closed_ms)
        self._moves.passages.moved(case, work, before, facts(case, work), "")
        case.step = work.stand.step
        work.tell(self._moves.at, "opened", what={"channel": case.channel})
        self._moves.settle(case, work)
        if closed is not None:
            closed()
            return
        self._moves.messages.entered(case, work, flow.steps[work.stand.step].tells)
        self._follow_rules(case, work, flow)

    def revised(self, case: Case, record: Opened) -> None:
        """Take over what a feed says anew of the place, the category and the closing; the step is the people's."""
        work, flow = case.work, self._moves.flow(case)
        if work is None or flow is None:
            return
        before, closed_ms = facts(case, work), case.closed_ms
        category = case.category if record.category == work.fed_category else record.category
        work.fed_category = record.category
        if (record.grid, category) != (case.grid, case.category):
            self._moves.move(case, record.grid, category)
            self._moves.reclassify(case, work)
        closed, reopened = None, False
        if record.closed_ms is not None and case.closed_ms is None:
            closed = self._moves.close_at_source(case, work, flow, record.closed_ms)
        elif record.closed_ms is None and work.stand.outcome == CLOSED_AT_SOURCE:
            fresh = flow_moves.open_case(flow, case.grid)
            work.stand = msgspec.structs.replace(fresh, round=work.stand.round + 1)
            self._moves.ends.reopen(case)
            self._moves.enter(case, work, flow)
            self._moves.pause(case, work, flow)
            reopened = True
        self._moves.changed(case, work, before, ("", ""))
        work.tell(self._moves.at, "report", what=_told(case, before, closed_ms))
        if closed is not None:
            closed()
        elif reopened:
            self._moves.messages.entered(case, work, flow.steps[work.stand.step].tells)
        self._follow_rules(case, work, flow)

    def counted(self, case: Case) -> None:
        """Follow the rules, now that the same report has come once more."""
        work, flow = case.work, self._moves.flow(case)
        if work is not None and flow is not None:
            self._follow_rules(case, work, flow)

    def _follow_rules(self, case: Case, work: Work, flow: Flow) -> None:
        """Let a case be supervised where a rule asks for it now."""
        before = facts(case, work)
        rule = self._moves.supervision.by_rule(case, work, flow)
        if rule:
            self._moves.pause(case, work, flow)
            self._moves.changed(case, work, before, (SUPERVISE, RULES))
            self._moves.supervision.told_by_rule(case, work, rule)

    def mark_is_due(self, case: Case, mark: int, at_ms: int) -> Done | None:
        """Fire a clock's mark, if it still stands at that instant. Returns what that did."""
        work, flow, moves = case.work, self._moves.flow(case), self._moves
        if work is None or flow is None:
            return None
        if mark == RECEIPT + DUE:
            return self._receipt_is_due(case, work, flow, at_ms)
        if mark == SUPERVISION + DUE:
            late = moves.supervision.is_due(case, work, at_ms)
            return ("mark", {}, mark_facts(work, mark)) if late else None
        if not moves.clocks.stands(case, work, mark, at_ms):
            return None
        over = due_clocks(work)
        fired = mark_facts(work, mark) if moves.clocks.mark_is_due(case, work, mark) else None
        moves.tell_over(case, work, over)
        self._follow_rules(case, work, flow)  # also where it was due before, and was given time since
        return None if fired is None else ("mark", {}, fired)

    def _receipt_is_due(self, case: Case, work: Work, flow: Flow, at_ms: int) -> Done | None:
        """Give a case that nobody confirmed to the stand-in, or back to its desk."""
        moves = self._moves
        if flow.receipt is None or not moves.receipts.is_due(work, at_ms):
            return None
        before, was = facts(case, work), facts_of_case(case)
        stand = moves.receipts.passed_on(work, case.grid, flow)
        moved = stand.step != work.stand.step
        work.stand, work.missed = stand, (stand.step, stand.assignee)
        moves.receipts.want(case, work, flow, stood_in=True)
        if moved:
            moves.enter(case, work, flow)
        moves.pause(case, work, flow)
        moves.changed(case, work, before, (NOT_RECEIVED, CLOCK))
        moves.receipts.missed(case, at_ms)
        to: To = "desk" if moved else "stand_in"
        work.tell(moves.at, "clock", NOT_RECEIVED, CLOCK, what={"to": to, "was": was["assignee"]})
        if not moved:
            due_ms = None if work.receipt is None else work.receipt.timer.due_ms
            moves.messages.tell(case, work, "receipt", "stand_in", address=stand.assignee, due_ms=due_ms)
        moves.messages.tell(case, work, "receipt", "desk")
        return (NOT_RECEIVED, was, facts_of_case(case))

    @staticmethod
    def delivered(work: Work, at: Position, record: Delivered) -> bool:
        """Take what became of a message. Returns whether it is news."""
        parts = parts_of(record.key)
        if parts is None or (record.key, record.state) in work.delivered:
            return False
        others = tuple(one for one in work.delivered if one[0] != record.key)
        work.delivered = (*others, (record.key, record.state))[-DELIVERED_KEPT:]
        what = {"slot": parts.slot, "kind": parts.kind, "to": parts.to, "state": record.state}
        last = work.story[-1] if work.story else None
        if (
            last is not None
            and last.kind == "delivered"
            and {**last.what, "count": 0} == {**what, "count": 0}
        ):
            entry = msgspec.structs.replace(last, what={**what, "count": last.what["count"] + 1})
            work.story = (*work.story[:-1], entry)
        else:
            work.tell(at, "delivered", what={**what, "count": 1})
        return True

    def forget_undo(self, case: Case, at_ms: int) -> None:
        """Let a command stand, once the time to take it back is over."""
        work = case.work
        if work is None:
            return
        if work.undo is not None and work.undo.until_ms == at_ms:
            work.undo = None
        if any(task.undo is not None and task.undo.until_ms == at_ms for task in work.tasks):
            work.tasks = tuple(
                msgspec.structs.replace(task, undo=None)
                if task.undo is not None and task.undo.until_ms == at_ms
                else task
                for task in work.tasks
            )

    def rules_changed(self, case: Case) -> None:
        """Let a case stand in the flow, and its clocks in the calendar, that are in force now."""
        work, flow = case.work, self._moves.flow(case)
        if work is None or flow is None:
            return
        before = facts(case, work)
        work.flow = flow.name
        work.undo = None  # what a command replaced may be no place in the flow any more
        work.stand = flow_moves.placed(flow, work.stand)
        if work.merging is not None:  # whatever the step is called now, the other case has not answered yet
            work.stand = flow_moves.flagged(flow, work.stand, work.merging.flags)
        if work.missed is not None:
            work.missed = (work.stand.step, work.stand.assignee)
        work.whole = self._moves.clocks.timer(case, work.whole.clock, work.whole.fired)
        work.tasks = tuple(self._moves.clocks.renewed(case, task) for task in work.tasks)
        if work.step is not None:
            ticking = flow.steps[work.stand.step].clock is not None
            work.step = self._moves.clocks.timer(case, work.step.clock, work.step.fired) if ticking else None
        elif case.closed_ms is None:
            self._moves.enter(case, work, flow)
            work.visit = before.visit  # it goes on, under whatever name
        self._moves.pause(case, work, flow)
        if self._moves.changed(case, work, before, ("", "")):
            work.tell(self._moves.at, "act", "moved", RULES, what={"from": before[0].step})

    def hand_over(self, case: Case) -> bool:
        """Let an open case pass on to what has come after its place, if that is no more. Returns whether it did.

        It is not another place: the case stays with whoever handles it, and what it counted for stays where it lay.
        """
        work, moves = case.work, self._moves
        heir = "" if work is None else moves.heirs.heir(case)
        if work is None or not heir:
            return False
        before = facts(case, work)
        moves.move(case, heir, case.category, lay=case.lay or case.grid)
        moves.changed(case, work, before, (HANDED_OVER, ""))
        work.tell(moves.at, "act", HANDED_OVER, RULES, what={"from": before.grid, "to": case.grid})
        return True

    def running(self, case: Case) -> list[Entry]:
        """Return what of a case may still fall due."""
        work = case.work
        if work is None:
            return []
        entries = [] if case.closed_ms is not None else self._moves.clocks.running(case, work)
        for undo in (work.undo, *(task.undo for task in work.tasks)):
            if undo is not None:
                entries.append((undo.until_ms, Due.UNDO, case.id, 0))
        entries += self._moves.supervision.running(case, work) + self._moves.receipts.running(case, work)
        entries += self._moves.heirs.running(case)
        entries += [(held.until_ms, Due.RELEASE, case.id, 0) for held in work.held]
        return entries


def _told(case: Case, before: Facts, closed_ms: int | None) -> dict[str, object]:
    """Return what a report changed, as far as a desk acts on it."""
    now = {"grid": case.grid, "category": case.category, "closed_ms": case.closed_ms}
    old = {"grid": before.grid, "category": before.category, "closed_ms": closed_ms}
    return {name: value for name, value in now.items() if value != old[name]}
