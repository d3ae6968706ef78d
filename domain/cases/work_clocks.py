"""The clocks of a case that people work on: the whole case's and the present step's, their marks and their alerts.

A mark fires once: 50 % is noted, 75 % raises "due soon", 100 % "overdue", 300 % announces it again.
"""

from collections.abc import Callable

import msgspec

from domain.alerts.book import AlertBook
from domain.audit import CLOCK
from domain.cases.case import Case
from domain.cases.work import TASK_CLOCK, Task, Timer, Work
from domain.clocks.clock import DUE, Clock
from domain.counters import Counters
from domain.deadlines import Deadlines, Due, Entry
from domain.position import Position

SOON, AGAIN = 75, 300

WHOLE, STEP, SUPERVISION, RECEIPT, TASK = 0, 1000, 2000, 3000, 100_000
"""Added to a mark's percentage in its deadline: which clock it is of; the second task's is 1000 more than the first's."""
NEXT = 1000

NAMES = {WHOLE: "resolve", STEP: "step", SUPERVISION: "supervision", RECEIPT: "receipt"}
"""What alerts call the clocks. A task's has its department's name."""

TASK_PERCENTS = (DUE,)
"""A task is announced when it is overdue; the step's clock has the marks before."""


def mark_facts(work: Work, mark: int) -> dict[str, object]:
    """Return what a mark is called: its clock and its percentage."""
    which = mark - mark % NEXT
    return {"clock": _name(work, which), "percent": mark - which}


class WorkClocks:
    """Fires the marks of worked cases and keeps their alerts true. Its whole state is in the cases."""

    __slots__ = ("_alerts", "_at", "_counters", "_deadlines")

    def __init__(self, at: Position, deadlines: Deadlines, counters: Counters, alerts: AlertBook) -> None:
        self._at = at
        self._deadlines = deadlines
        self._counters = counters
        self._alerts = alerts

    def timer(self, case: Case, clock: Clock, fired: tuple[int, ...] = ()) -> Timer:
        """Return a clock with its marks by the calendar of the case's feed."""
        rules = self._at.rules
        return Timer.of(clock, None if rules is None else rules.calendar_of(case.feed), fired)

    def renewed(self, case: Case, task: Task, change: Callable[[Clock], Clock] = lambda clock: clock) -> Task:
        """Return a task whose clock was changed, or has another calendar."""
        if task.timer is None:
            return task
        return msgspec.structs.replace(
            task, timer=self.timer(case, change(task.timer.clock), task.timer.fired)
        )

    def settle(self, case: Case, work: Work) -> None:
        """Let what follows from the clocks follow, after any change of them.

        Marks that are past and have not fired fire now; the others fall due. Alerts and counters say what holds.
        """
        if work.stand.tasks or work.tasks:
            self._follow_tasks(case, work)
        for which, timer in _timers(work):
            for entry in self._ahead(case, which, timer):
                self._deadlines.set(*entry)
            self._relieve(case, _name(work, which), timer)
            for percent, at_ms in timer.marks:
                if at_ms is not None and at_ms <= self._at.clock_ms and case.closed_ms is None:
                    self._fire(case, work, which, percent)
        if work.step is None:
            self._alerts.clear(_key(case, NAMES[STEP]))
        if case.closed_ms is not None:
            self._alerts.clear(_key(case, NAMES[WHOLE]))
        case.due_ms = work.whole.due_ms
        self._follow_overdue(case, work)

    def _follow_tasks(self, case: Case, work: Work) -> None:
        """Let there be a task, with a clock, for each department of the flow's case, and no alert of another."""
        known = {task.team: task for task in work.tasks}
        tasks = []
        for team, _ in work.stand.tasks:
            task = known.get(team)
            if task is None:
                work.task_changes += 1
                task = Task(team=team, version=work.task_changes)
            if work.step is None:
                task = msgspec.structs.replace(task, timer=None)
            elif task.timer is None:
                of = work.step.clock
                clock = Clock(
                    start_ms=self._at.clock_ms, limit=of.limit, calendar=of.calendar, percents=TASK_PERCENTS
                )
                if of.paused:
                    clock = clock.pause(self._at.clock_ms)
                task = msgspec.structs.replace(task, timer=self.timer(case, clock))
            tasks.append(task)
        work.tasks = tuple(tasks)
        running = {_name(work, which) for which, _ in _timers(work)}
        for alert in self._alerts.of_case(case.id):
            if alert.clock.startswith(TASK_CLOCK) and alert.clock not in running:
                self._alerts.clear(alert.key)

    def stands(self, case: Case, work: Work, mark: int, at_ms: int) -> bool:
        """Tell whether a mark stands at an instant, fired or not: what was set for another one is of no account."""
        which = mark - mark % NEXT
        timer = dict(_timers(work)).get(which)
        return timer is not None and case.closed_ms is None and timer.mark_ms(mark - which) == at_ms

    def mark_is_due(self, case: Case, work: Work, mark: int) -> bool:
        """Fire a mark that stands now. Returns whether it had not fired yet."""
        which = mark - mark % NEXT
        fired = self._fire(case, work, which, mark - which)
        self._follow_overdue(case, work)
        return fired

    def running(self, case: Case, work: Work) -> list[Entry]:
        """Return the marks of a case that may still fall due."""
        return [entry for which, timer in _timers(work) for entry in self._ahead(case, which, timer)]

    def _ahead(self, case: Case, which: int, timer: Timer) -> list[tuple[int, Due, str, int]]:
        # the due instant is looked at also where it has fired: an overdue case may have been given time since
        return [
            (at_ms, Due.MARK, case.id, which + percent)
            for percent, at_ms in timer.marks
            if at_ms is not None
            and at_ms > self._at.clock_ms
            and (percent == DUE or percent not in timer.fired)
        ]

    def _fire(self, case: Case, work: Work, which: int, percent: int) -> bool:
        """Let a mark fire, once, and its alert say so. Returns whether it had not fired yet."""
        timer = dict(_timers(work)).get(which)
        if timer is None or percent in timer.fired:
            return False
        timer = timer.with_fired(percent)
        if which == WHOLE:
            work.whole = timer
        elif which == STEP:
            work.step = timer
        else:
            number = (which - TASK) // NEXT
            task = msgspec.structs.replace(work.tasks[number], timer=timer)
            work.tasks = (*work.tasks[:number], task, *work.tasks[number + 1 :])
        work.tell(self._at, "mark", account=CLOCK, what=mark_facts(work, which + percent))
        over = _over(timer, self._at.clock_ms)
        # who is overdue is no longer due soon
        if percent > SOON or (percent == SOON and not over):
            self._announce(case, _name(work, which), timer, "due_soon" if percent == SOON else "overdue")
        return True

    def _announce(self, case: Case, name: str, timer: Timer, kind: str) -> None:
        alert = self._alerts.by_key(_key(case, name))
        if alert is not None:
            self._alerts.worsened(alert, kind, timer.due_ms)
            return
        self._alerts.raised(
            kind,
            _key(case, name),
            **case.alert_facts(),
            clock=name,
            due_ms=timer.due_ms,
        )

    def _relieve(self, case: Case, name: str, timer: Timer) -> None:
        """Let an alert say no more than what still holds, now that there may be more time."""
        alert = self._alerts.by_key(_key(case, name))
        if alert is None or not alert.active or timer.clock.paused:
            return
        now_ms = self._at.clock_ms
        soon_ms = dict(timer.marks).get(SOON, timer.due_ms)
        if soon_ms is not None and soon_ms > now_ms:
            self._alerts.clear(alert.key)
        elif alert.due_ms != timer.due_ms:
            alert.due_ms = timer.due_ms
            if alert.kind == "overdue" and not _over(timer, now_ms):
                self._alerts.eased(alert, "due_soon")
            self._alerts.changed(alert)

    def _follow_overdue(self, case: Case, work: Work) -> None:
        """Count an open case as overdue exactly while its whole clock is."""
        overdue = _over(work.whole, self._at.clock_ms)
        if case.closed_ms is not None or overdue == case.overdue:
            return
        case.overdue = overdue
        if overdue:
            self._counters.overdue(case, self._at.clock_ms)
        else:
            self._counters.in_time(case, self._at.clock_ms)


def _timers(work: Work) -> list[tuple[int, Timer]]:
    timers = [(WHOLE, work.whole)]
    if work.step is None:
        return timers
    timers.append((STEP, work.step))
    if work.tasks:
        done = dict(work.stand.tasks)
        timers += [
            (TASK + NEXT * number, task.timer)
            for number, task in enumerate(work.tasks)
            if task.timer is not None and not done[task.team]
        ]
    return timers


def _name(work: Work, which: int) -> str:
    if which < TASK:
        return NAMES[which]
    return TASK_CLOCK + work.tasks[(which - TASK) // NEXT].team


def _key(case: Case, name: str) -> str:
    return f"sla:{case.id}:{name}"


def _over(timer: Timer, now_ms: int) -> bool:
    due_ms = timer.due_ms
    return due_ms is not None and due_ms <= now_ms
