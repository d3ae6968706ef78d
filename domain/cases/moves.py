"""The parts of a move: what a step that is entered, a pause, another class or a closing make of a case and its clocks."""

from collections.abc import Callable

import msgspec

from domain.alerts.book import AlertBook
from domain.cases.case import FIRST_STEP, Case
from domain.cases.ends import CaseEnds
from domain.cases.facts import Facts, facts
from domain.cases.heirs import CaseHeirs
from domain.cases.messages import CaseMessages
from domain.cases.passages import Passages
from domain.cases.receipts import CaseReceipts
from domain.cases.supervision import CaseSupervision
from domain.cases.work import TASK_CLOCK, Work
from domain.cases.work_clocks import WorkClocks
from domain.clocks.clock import DUE, Clock, Limit
from domain.counters import Counters
from domain.deadlines import Deadlines
from domain.flows import moves as flow_moves
from domain.flows.flow import CLOSED_AT_SOURCE, Flow
from domain.grants import Grants
from domain.position import Position

DueClock = tuple[str, int]


class CaseMoves:
    """Moves the cases of a partition that people work on. Whoever makes a move ends it with `changed`."""

    __slots__ = (
        "alerts", "at", "clocks", "counters", "deadlines", "ends", "heirs", "messages", "passages", "receipts",
        "supervision",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a fold that moves reach
        self,
        at: Position,
        deadlines: Deadlines,
        counters: Counters,
        alerts: AlertBook,
        ends: CaseEnds,
        grants: Grants,
    ) -> None:
        self.at = at
        self.deadlines = deadlines
        self.counters = counters
        self.alerts = alerts
        self.ends = ends
        self.passages = Passages(at, grants)
        self.heirs = CaseHeirs(at, deadlines)
        self.clocks = WorkClocks(at, deadlines, counters, alerts)
        self.messages = CaseMessages(at, deadlines)
        self.supervision = CaseSupervision(at, deadlines, alerts, self.clocks, self.messages)
        self.receipts = CaseReceipts(at, deadlines, alerts, self.clocks)

    def flow(self, case: Case) -> Flow | None:
        """Return the flow in force for a case."""
        return None if self.at.rules is None else self.at.rules.flow_of(case.feed)

    def stand(self, case: Case, work: Work) -> flow_moves.Case:
        """Return where a case stands, with what is due now."""
        step_due_ms = None if work.step is None else work.step.due_ms
        return msgspec.structs.replace(work.stand, due_ms=case.due_ms, step_due_ms=step_due_ms)

    def enter(self, case: Case, work: Work, flow: Flow) -> None:
        """Begin a visit of the step where the case stands: its clock starts now."""
        self.alerts.clear(f"sla:{case.id}:step")
        work.visit = work.visit.next(self.at.clock_ms)
        limit = self._step_limit(case, work, flow)
        work.step = None
        if limit is not None:
            clock = Clock(start_ms=self.at.clock_ms, limit=limit, calendar=work.whole.clock.calendar)
            work.step = self.clocks.timer(case, clock)

    def _step_limit(self, case: Case, work: Work, flow: Flow) -> Limit | None:
        limit = flow.steps[work.stand.step].clock
        rules = self.at.rules
        if limit is not None and work.stand.step == FIRST_STEP and rules is not None:
            return Limit(kind="wall_clock", ms=rules.limit(case.category).accept_ms)
        return limit

    def close_at_source(
        self, case: Case, work: Work, flow: Flow, closed_ms: int, outcome: str = CLOSED_AT_SOURCE
    ) -> Callable[[], None]:
        """End a case because its feed says so, or another has taken it over, in whatever step it is.

        Returns what tells it, to be called when the move has ended.
        """
        supervisor = self.messages.supervisor(case, work)
        move = flow_moves.close_at_source(flow, work.stand, closed_ms, outcome)
        work.stand = move.case
        self.ends.close(case, closed_ms)
        work.visit, work.step = work.visit.next(self.at.clock_ms), None
        self.pause(case, work, flow)
        return lambda: self.messages.closed(case, work, flow, move.tells, supervisor)

    def move(self, case: Case, grid: str, category: str, *, lay: str | None = None) -> None:
        """Let a case, with all that it counts for and its alerts, be of another grid or category.

        With `lay` its arrival counts there.
        """
        lay = self.heirs.lay(case, grid) if lay is None else lay
        self.counters.moved(case, grid, category, self.at.clock_ms, lay=lay)
        work = case.work
        if work is not None and work.stand.grid != grid:
            desk = grid[: len(work.stand.desk)]
            work.stand = msgspec.structs.replace(work.stand, grid=grid, desk=desk)
        for alert in self.alerts.of_case(case.id):
            alert.scope, alert.grid, alert.category = case.grid, case.grid, case.category
            self.alerts.changed(alert)

    def reclassify(self, case: Case, work: Work) -> None:
        """Recompute the clocks as if the category's limits had held since their start."""
        rules, flow = self.at.rules, self.flow(case)
        if rules is None or flow is None:
            return
        whole = rules.limit(case.category).whole
        self.retime(case, work, "whole", lambda clock: clock.reclassify(whole))
        step = self._step_limit(case, work, flow)
        if step is not None:
            self.retime(case, work, "step", lambda clock: clock.reclassify(step))

    def pause(self, case: Case, work: Work, flow: Flow) -> None:
        """Let the clocks stand or run as the flags and the closing say."""
        now_ms = self.at.clock_ms
        standing = flow_moves.paused(flow, work.stand)
        for name in ("whole", "step", "receipt", "supervision"):
            if name in standing:
                self.retime(case, work, name, lambda clock: clock.pause(now_ms))
            else:
                self.retime(case, work, name, lambda clock: clock.resume(now_ms))

    def extend(self, case: Case, work: Work, name: str, limit: Limit) -> None:
        """Give a clock more time."""
        self.retime(case, work, name, lambda clock: clock.extend(limit))

    def retime(self, case: Case, work: Work, name: str, change: Callable[[Clock], Clock]) -> None:
        """Change a clock, if it is there, and find its marks anew."""
        if name == "receipt":
            self.receipts.retime(case, work, change)
        elif name == "supervision":
            self.supervision.retime(case, work, change)
        elif name == "whole":
            work.whole = self.clocks.timer(case, change(work.whole.clock), work.whole.fired)
        elif work.step is not None:
            work.step = self.clocks.timer(case, change(work.step.clock), work.step.fired)
            work.tasks = tuple(self.clocks.renewed(case, task, change) for task in work.tasks)

    def changed(
        self, case: Case, work: Work, before: Facts, by: tuple[str, str], *, surely: bool = False
    ) -> bool:
        """End a move: clocks and alerts follow, and the version rises where a desk must know of it; returns whether."""
        case.step = work.stand.step
        after = facts(case, work)
        self.passages.moved(case, work, before, after, by[0])
        risen = surely or after.versioned != before.versioned
        if risen:
            work.version += 1
            work.by = by
            work.undo = None
        self.settle(case, work, by[1])
        return risen

    def settle(self, case: Case, work: Work, by: str = "") -> None:
        """Let clocks, supervision and receipts follow; who is to be told of a clock that is over now is told."""
        over = due_clocks(work)
        self.clocks.settle(case, work)
        self.heirs.settle(case)
        self.tell_over(case, work, over)
        flow = self.flow(case)
        if flow is not None:
            self.supervision.settle(case, work, flow, by)
            self.receipts.settle(case, work, flow)

    def tell_over(self, case: Case, work: Work, known: frozenset[DueClock]) -> None:
        """Tell the higher desk of clocks that are over now, and were not among these."""
        for clock, start_ms in sorted(due_clocks(work) - known):
            self.messages.marked(case, work, clock, start_ms)


def due_clocks(work: Work) -> frozenset[DueClock]:
    """Return which of a case's clocks have fired their due mark: name and start."""
    timers = {"resolve": work.whole} | ({} if work.step is None else {"step": work.step})
    timers |= {TASK_CLOCK + task.team: task.timer for task in work.tasks if task.timer is not None}
    return frozenset((name, timer.clock.start_ms) for name, timer in timers.items() if DUE in timer.fired)
