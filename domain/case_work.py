"""Cases that people work on, as far as feeds, time and rule sets have a word in them."""

import msgspec

from domain import flow_moves
from domain.case_moves import CaseMoves, Facts, facts
from domain.cases import Case
from domain.clocks import Clock
from domain.deadlines import Due, Entry
from domain.flow import CLOSED_AT_SOURCE, Flow
from domain.records import Opened
from domain.story import RULES
from domain.work import Work


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
        before = facts(case, work)
        if record.closed_ms is not None:
            self._moves.close_at_source(case, work, flow, record.closed_ms)
        self._moves.passages.moved(case, work, before, facts(case, work), "")
        case.step = work.stand.step
        work.tell(self._moves.at, "opened", what={"channel": case.channel})
        self._moves.clocks.settle(case, work)

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
        if record.closed_ms is not None and case.closed_ms is None:
            self._moves.close_at_source(case, work, flow, record.closed_ms)
        elif record.closed_ms is None and work.stand.outcome == CLOSED_AT_SOURCE:
            fresh = flow_moves.open_case(flow, case.grid)
            work.stand = msgspec.structs.replace(fresh, round=work.stand.round + 1)
            self._moves.ends.reopen(case)
            self._moves.enter(case, work, flow)
            self._moves.pause(case, work, flow)
        self._moves.changed(case, work, before, ("", ""))
        work.tell(self._moves.at, "report", what=_told(case, before, closed_ms))

    def mark_is_due(self, case: Case, mark: int, at_ms: int) -> bool:
        """Fire a clock's mark, if it still stands at that instant. Returns whether it did."""
        work = case.work
        return work is not None and self._moves.clocks.mark_is_due(case, work, mark, at_ms)

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

    def running(self, case: Case) -> list[Entry]:
        """Return what of a case may still fall due."""
        work = case.work
        if work is None:
            return []
        entries = [] if case.closed_ms is not None else self._moves.clocks.running(case, work)
        for undo in (work.undo, *(task.undo for task in work.tasks)):
            if undo is not None:
                entries.append((undo.until_ms, Due.UNDO, case.id, 0))
        return entries


def _told(case: Case, before: Facts, closed_ms: int | None) -> dict[str, object]:
    """Return what a report changed, as far as a desk acts on it."""
    now = {"grid": case.grid, "category": case.category, "closed_ms": case.closed_ms}
    old = {"grid": before.grid, "category": before.category, "closed_ms": closed_ms}
    return {name: value for name, value in now.items() if value != old[name]}
