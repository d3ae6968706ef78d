"""The clocks of a case that people work on: the whole case's and the present step's, their marks and their alerts.

A mark fires once: 50 % is noted, 75 % raises "due soon", 100 % "overdue", 300 % announces it again.
"""

from domain.alert_book import AlertBook
from domain.audit import CLOCK
from domain.cases import Case
from domain.clocks import DUE, Clock
from domain.counters import Counters
from domain.deadlines import Deadlines, Due, Entry
from domain.position import Position
from domain.work import Timer, Work

SOON, AGAIN = 75, 300

WHOLE, STEP = 0, 1000
"""Added to a mark's percentage in its deadline: which clock it is of."""

NAMES = {WHOLE: "resolve", STEP: "step"}
"""What alerts call the clocks."""


def mark_facts(mark: int) -> dict[str, object]:
    """Return what a mark is called: its clock and its percentage."""
    which = STEP if mark >= STEP else WHOLE
    return {"clock": NAMES[which], "percent": mark - which}


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

    def settle(self, case: Case, work: Work) -> None:
        """Let what follows from the clocks follow, after any change of them.

        Marks that are past and have not fired fire now; the others fall due. Alerts and counters say what holds.
        """
        for which, timer in _timers(work):
            for entry in self._ahead(case, which, timer):
                self._deadlines.set(*entry)
            self._relieve(case, which, timer)
            for percent, at_ms in timer.marks:
                if at_ms is not None and at_ms <= self._at.clock_ms and case.closed_ms is None:
                    self._fire(case, work, which, percent)
        if work.step is None:
            self._alerts.clear(_key(case, STEP))
        if case.closed_ms is not None:
            self._alerts.clear(_key(case, WHOLE))
        case.due_ms = work.whole.due_ms
        self._follow_overdue(case, work)

    def mark_is_due(self, case: Case, work: Work, mark: int, at_ms: int) -> bool:
        """Fire a mark, if it still stands at that instant. Returns whether it did."""
        which = STEP if mark >= STEP else WHOLE
        timer = work.step if which == STEP else work.whole
        if timer is None or case.closed_ms is not None or timer.mark_ms(mark - which) != at_ms:
            return False
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
        timer = work.step if which == STEP else work.whole
        if timer is None or percent in timer.fired:
            return False
        timer = timer.with_fired(percent)
        if which == STEP:
            work.step = timer
        else:
            work.whole = timer
        work.tell(self._at, "mark", account=CLOCK, what=mark_facts(which + percent))
        over = _over(timer, self._at.clock_ms)
        # who is overdue is no longer due soon
        if percent > SOON or (percent == SOON and not over):
            self._announce(case, which, timer, "due_soon" if percent == SOON else "overdue")
        return True

    def _announce(self, case: Case, which: int, timer: Timer, kind: str) -> None:
        alert = self._alerts.by_key(_key(case, which))
        if alert is not None:
            self._alerts.worsened(alert, kind, timer.due_ms)
            return
        self._alerts.raised(
            kind,
            _key(case, which),
            scope=case.grid,
            grid=case.grid,
            category=case.category,
            case=case.id,
            feed=case.feed,
            clock=NAMES[which],
            due_ms=timer.due_ms,
        )

    def _relieve(self, case: Case, which: int, timer: Timer) -> None:
        """Let an alert say no more than what still holds, now that there may be more time."""
        alert = self._alerts.by_key(_key(case, which))
        if alert is None or not alert.active or timer.clock.paused:
            return
        now_ms = self._at.clock_ms
        soon_ms = timer.mark_ms(SOON)
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
    return timers if work.step is None else [*timers, (STEP, work.step)]


def _key(case: Case, which: int) -> str:
    return f"sla:{case.id}:{NAMES[which]}"


def _over(timer: Timer, now_ms: int) -> bool:
    due_ms = timer.due_ms
    return due_ms is not None and due_ms <= now_ms
