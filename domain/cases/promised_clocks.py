"""The two SLA clocks of a case: when they are due, which mark falls due next, and the alerts that their marks raise."""

from domain.alerts.book import AlertBook
from domain.cases.case import ACCEPT_OVER, ACCEPT_SOON, FIRST_STEP, MARKS, RESOLVE_OVER, RESOLVE_SOON, Case
from domain.counters import Counters
from domain.deadlines import Deadlines, Due, Entry
from domain.position import Position
from domain.records import Opened


class CaseClocks:
    """Sets, moves, fires and ends the clocks of a partition's cases. Its whole state is in the cases."""

    __slots__ = ("_alerts", "_at", "_counters", "_deadlines")

    def __init__(self, at: Position, deadlines: Deadlines, counters: Counters, alerts: AlertBook) -> None:
        self._at = at
        self._deadlines = deadlines
        self._counters = counters
        self._alerts = alerts

    def set_due(self, case: Case, record: Opened) -> None:
        """Set the due instants of a case's clocks from the promise or from the SLA of its category."""
        rules = self._at.rules
        if record.clocks == "promised":
            case.due_ms = record.due_ms
        elif record.clocks == "sla" and rules is not None:
            feed = rules.feeds.get(case.feed)
            running = feed.sla_clocks if feed is not None else frozenset({"accept", "resolve"})
            limit = rules.limit(case.category)
            if "accept" in running:
                case.accept_due_ms = case.arrived_ms + limit.accept_ms
            if "resolve" in running:
                case.due_ms = case.arrived_ms + limit.resolve_ms

    def change_due(self, case: Case, record: Opened) -> None:
        """Set other due instants; what was due soon or overdue by an old one, and is due later now, is so no more."""
        self.set_due(case, record)
        for alert in self._alerts.of_case(case.id):
            due_ms = case.due_ms if alert.clock == "resolve" else case.accept_due_ms
            if not alert.active or due_ms == alert.due_ms:
                continue
            if due_ms is not None and due_ms <= self._at.clock_ms:
                alert.due_ms = due_ms
                self._alerts.changed(alert)
            else:
                self._alerts.clear(alert.key)
                case.fired &= ~sum(bit for bit, (clock, _) in MARKS.items() if clock == alert.clock)

    def start(self, case: Case) -> None:
        """Let each running clock's next mark fall due; one that is past fires now.

        Called when a clock begins, goes on or has another due instant; in between the marks follow each other.
        """
        if case.accept_due_ms is not None and case.step == FIRST_STEP:
            self._start(case, ACCEPT_SOON, case.accept_due_ms)
        if case.due_ms is not None:
            self._start(case, RESOLVE_SOON, case.due_ms)

    def _start(self, case: Case, soon: int, due_ms: int) -> None:
        over = soon << 1
        if case.fired & over:
            return
        now_ms = self._at.clock_ms
        if due_ms <= now_ms:  # one "overdue", no "due soon"
            self.fire(case, over, due_ms)
        elif case.fired & soon:
            self._deadlines.set(due_ms, Due.CLOCK, case.id, over)
        elif (soon_ms := case.soon_ms(due_ms)) > now_ms:
            self._deadlines.set(soon_ms, Due.CLOCK, case.id, soon)
        else:
            self.fire(case, soon, soon_ms)

    def fire(self, case: Case, bit: int, at_ms: int) -> bool:
        """Fire a mark that still holds: it has not fired, and it stands at that instant. Returns whether it did."""
        if case.fired & bit or case.mark_ms(bit) != at_ms:
            return False
        clock, at_due = MARKS[bit]
        case.fired |= bit | (bit >> 1 if at_due else 0)  # who is overdue is no longer due soon
        if bit == RESOLVE_OVER:
            self.becomes_overdue(case)
        kind = "overdue" if at_due else "due_soon"
        due_ms = case.due_ms if clock == "resolve" else case.accept_due_ms
        if not at_due and due_ms is not None:
            self._deadlines.set(due_ms, Due.CLOCK, case.id, bit << 1)
        key = f"sla:{case.id}:{clock}"
        alert = self._alerts.by_key(key)
        if alert is None:
            self._alerts.raised(
                kind,
                key,
                **case.alert_facts(),
                clock=clock,
                due_ms=due_ms,
            )
        else:
            self._alerts.worsened(alert, kind, due_ms)
        return True

    def becomes_overdue(self, case: Case) -> None:
        """Count an open case as overdue, once and for ever."""
        if not case.overdue:
            case.overdue = True
            self._counters.overdue(case, self._at.clock_ms)

    def settle_accept(self, case: Case) -> None:
        """End the accept clock's alert once the case has been accepted; one that is sent back has it again."""
        if case.step != FIRST_STEP and case.fired & (ACCEPT_SOON | ACCEPT_OVER):
            self._alerts.clear(f"sla:{case.id}:accept")
            case.fired &= ~(ACCEPT_SOON | ACCEPT_OVER)

    def end(self, case: Case) -> None:
        """End both clocks' alerts, as the case was closed."""
        for clock in ("accept", "resolve"):
            self._alerts.clear(f"sla:{case.id}:{clock}")

    def running(self, case: Case) -> list[Entry]:
        """Return the marks of a case that may still fall due."""
        now_ms = self._at.clock_ms
        return [
            (at_ms, Due.CLOCK, case.id, bit)
            for bit in MARKS
            if not case.fired & bit and (at_ms := case.mark_ms(bit)) is not None and at_ms > now_ms
        ]
