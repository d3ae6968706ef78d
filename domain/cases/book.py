"""A partition's cases: opened, revised, moved, closed, reopened, and let go when they have been closed for long enough."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from domain.alerts.alert import Alert
from domain.alerts.book import AlertBook
from domain.audit import CLOCK, Done, facts_of_case
from domain.cases.acts import CaseActs
from domain.cases.case import CLOSED, FIRST_STEP, Case
from domain.cases.case_work import CaseWork
from domain.cases.ends import CaseEnds
from domain.cases.heirs import HANDED_OVER
from domain.cases.merges import CaseMerges
from domain.cases.moves import CaseMoves
from domain.cases.parts import CaseParts
from domain.cases.promised_clocks import CaseClocks
from domain.cases.story import Kind
from domain.cases.work import Work
from domain.counters import Counters
from domain.deadlines import Deadlines, Due, Entry
from domain.flows.moves import Refusal
from domain.grants import Grants
from domain.position import Position
from domain.records import Absorb, Absorbed, Command, Delivered, Opened, PassedOn, Repeated, Revised, encoder

ACK_LAPSED = "ack_lapsed"
"""What the clock does to an acknowledgement that nothing followed."""


class CaseBook:
    """The cases of one partition, by id and by the key that intake knows them by.

    Attributes
    ----------
    cases
        All that have not been let go, by id.
    late
        Revisions and repeats whose case has been let go.
    dirty
        Ids of those that changed since the edge last took the read models, in order.

    """

    __slots__ = (
        "_acts",
        "_alerts",
        "_at",
        "_by_key",
        "_clocks",
        "_counters",
        "_ends",
        "_heirs",
        "_merges",
        "_messages",
        "_work",
        "cases",
        "dirty",
        "late",
    )

    def __init__(
        self, at: Position, deadlines: Deadlines, counters: Counters, alerts: AlertBook, grants: Grants
    ) -> None:
        self._at = at
        self._counters = counters
        self._alerts = alerts
        self._clocks = CaseClocks(at, deadlines, counters, alerts)
        self._ends = CaseEnds(at, deadlines, counters)
        moves = CaseMoves(at, deadlines, counters, alerts, self._ends, grants)
        self._messages = moves.messages
        self._heirs = moves.heirs
        self._work = CaseWork(moves)
        self._merges = CaseMerges(moves, grants)
        self._acts = CaseActs(moves, grants, CaseParts(moves, self._add), self._merges)
        self._by_key: dict[str, Case] = {}
        self.cases: dict[str, Case] = {}
        self.late = 0
        self.dirty: dict[str, None] = {}

    def opened(self, record: Opened) -> None:
        """Open a case; a promise that has passed already makes it overdue at once."""
        now_ms = self._at.clock_ms
        case = Case(
            id=self._at.case_id(),
            key=record.key,
            feed=record.feed,
            source_id=record.source_id,
            grid=record.grid,
            area=record.area,
            category=record.category,
            step=record.step or FIRST_STEP,
            opened_ms=now_ms if record.opened_ms is None else record.opened_ms,
            arrived_ms=now_ms,
            channel=record.channel,
            lon=record.lon,
            lat=record.lat,
            flags=tuple(record.flags),
        )
        case.keep_private(record.private)
        before = self._by_key.get(case.key)
        if before is not None:  # intake has forgotten its id: what comes from now on is about the new case
            before.key = ""
        self._by_key[case.key] = case
        self._add(case)
        flow = None if self._at.rules is None else self._at.rules.flow_of(case.feed)
        if flow is not None:
            self._work.begin(case, flow, record)
            return
        self._clocks.set_due(case, record)
        if record.closed_ms is not None:
            self._close(case, record.closed_ms)
        else:
            self._clocks.start(case)

    def _add(self, case: Case) -> None:
        self.cases[case.id] = case
        self._counters.opened(case)
        self.dirty[case.id] = None

    def revised(self, record: Revised) -> None:
        """Take over a later version: its place, category, step, promise and closing."""
        case = self._by_key.get(record.key)
        if case is None:
            self.late += 1
            return
        record = self._where_it_lay(case, record)
        case.take_over(record)
        self.dirty[case.id] = None
        if case.work is not None:
            self._work.revised(case, record)
            self._merges.came(case, revisions=1)
            return
        recategorised = record.category != case.category
        if recategorised or record.grid != case.grid:
            self._move(case, record)
        restart = record.step == FIRST_STEP != case.step
        if case.closed_ms is None:
            case.step = record.step or case.step
        elif record.closed_ms is None:
            self._reopen(case, record)
            restart = True
        if recategorised or (record.clocks == "promised" and record.due_ms != case.due_ms):
            self._clocks.change_due(case, record)
            restart = True
        if record.closed_ms is None:
            if restart:
                self._clocks.start(case)
            self._clocks.settle_accept(case)
        elif case.closed_ms is None:
            self._close(case, record.closed_ms)
        else:
            case.closed_ms = record.closed_ms

    def act(self, command: Command) -> tuple[Case | None, Refusal | None]:
        """Carry out a command on a case. Returns the case, where there is one, and why it was refused, where it was."""
        case = self.cases.get(command.case)
        if case is None:
            return None, Refusal(reason="unknown_case", sentence="There is no such case, or not any more.")
        refusal = self._acts.act(case, command)
        if refusal is None:
            self.dirty[case.id] = None
        return case, refusal

    def repeated(self, record: Repeated) -> None:
        """Count the same version again."""
        case = self._by_key.get(record.key)
        if case is None:
            self.late += 1
            return
        case.repeats += 1
        self._work.counted(case)
        self.dirty[case.id] = None
        self._merges.came(case, repeats=1)

    def absorb(self, record: Absorb) -> str:
        """Let a case take another one over, or not; returns why not, in a word."""
        case = self.cases.get(record.case)
        reason = self._merges.absorb(case, record)
        if case is not None:
            self._work.counted(case)
            self.dirty[case.id] = None
        return reason

    def absorbed(self, record: Absorbed) -> bool:
        """Let a case know whether another one has taken it over. Returns whether it had asked that one."""
        case = self.cases.get(record.case)
        if case is None or not self._merges.answered(case, record):
            return False
        self.dirty[case.id] = None
        return True

    def passed_on(self, record: PassedOn) -> None:
        """Count what came for a case that one of these has taken over."""
        case = self.cases.get(record.case)
        if case is None:
            self.late += record.repeats + record.revisions
            return
        self._merges.passed_on(case, record)
        self._work.counted(case)
        self.dirty[case.id] = None

    def mark_is_due(self, case_id: str, bit: int, at_ms: int) -> None:
        """Fire a clock's mark, if the case is still here and the mark still stands there."""
        case = self.cases.get(case_id)
        if case is not None and self._clocks.fire(case, bit, at_ms):
            self.dirty[case_id] = None

    def worked_mark_is_due(self, case_id: str, mark: int, at_ms: int) -> Done | None:
        """Fire the mark of a clock of a case that people work on, if both are still there. Returns what that did."""
        case = self.cases.get(case_id)
        if case is None:
            return None
        # a due instant that comes again fires nothing, and yet the case is overdue again
        self.dirty[case_id] = None
        return self._work.mark_is_due(case, mark, at_ms)

    def undo_ends(self, case_id: str, at_ms: int) -> None:
        """Let the last command on a case stand."""
        case = self.cases.get(case_id)
        if case is not None:
            self._work.forget_undo(case, at_ms)

    def release(self, case_id: str, at_ms: int) -> None:
        """Send what was held of a case until now."""
        case = self.cases.get(case_id)
        if case is not None and case.work is not None:
            self._messages.release(case.work, at_ms)

    def alert_taken(self, alert: Alert, fact: str, command: str) -> None:
        """Tell, once it cannot be taken back, that somebody has an alert of a case now or has put it aside."""
        case = self.cases.get(alert.case)
        if case is not None and case.work is not None:
            self._messages.taken(case, case.work, alert, fact, command)

    def alert_acted(self, alert: Alert | None, action: str, account: str) -> None:
        """Take what was done to an alert of a case into its story: by whom, never a person's words."""
        case = None if alert is None else self.cases.get(alert.case)
        if alert is not None and case is not None and case.work is not None:
            kind: Kind = "clock" if account == CLOCK else "act"
            what = {"alert": alert.kind, "clock": alert.clock}
            case.work.tell(self._at, kind, action, account, what=what)
            self.dirty[case.id] = None

    def version_of(self, case_id: str) -> int | None:
        """Return the version of a case that people work on here; None where there is none."""
        case = self.cases.get(case_id)
        return None if case is None or case.work is None else case.work.version

    def ack_lapsed(self, alert: Alert) -> None:
        """Take into a case's story that whoever had its alert got nothing done in time."""
        case = self.cases.get(alert.case)
        if case is not None and case.work is not None:
            what = {"alert": alert.kind, "clock": alert.clock, "by": alert.acked_by}
            case.work.tell(self._at, "clock", ACK_LAPSED, CLOCK, what=what)
            self.dirty[case.id] = None

    def take_back(self, alert_id: str, command: str) -> None:
        """Let what a command on an alert wanted told be forgotten."""
        alert = self._alerts.alerts.get(alert_id)
        case = None if alert is None else self.cases.get(alert.case)
        if case is not None and case.work is not None:
            self._messages.take_back(case.work, command)

    def delivered(self, record: Delivered) -> None:
        """Take what became of a message into the story of its case; the same word again changes nothing."""
        case = self.cases.get(record.case)
        if case is not None and case.work is not None and self._work.delivered(case.work, self._at, record):
            self.dirty[case.id] = None

    def rules_changed(self) -> None:
        """Let the cases that people work on follow another flow or calendar."""
        for case in self.cases.values():
            if case.work is not None:
                self._work.rules_changed(case)
                self.dirty[case.id] = None

    def boundaries_changed(self) -> Iterator[tuple[str, Done]]:
        """Let the cases that people work on pass on where their place has ended, or will. Gives what that did, by case."""
        for case in self.cases.values():
            if case.work is None:
                continue
            done = self._hand_over(case)
            if done is None:
                self._heirs.settle(case)
            else:
                yield case.id, done

    def place_ended(self, case_id: str) -> Done | None:
        """Let a case pass on if its place has ended. Returns what that did."""
        case = self.cases.get(case_id)
        return None if case is None or case.work is None else self._hand_over(case)

    def _hand_over(self, case: Case) -> Done | None:
        before = {**facts_of_case(case), "grid": case.grid}
        if not self._work.hand_over(case):
            return None
        self.dirty[case.id] = None
        return HANDED_OVER, before, {**facts_of_case(case), "grid": case.grid}

    def leave(self, case_id: str, at_ms: int) -> None:
        """Let a case go that has been closed for as long as its feed's rule says. Its totals stay."""
        case = self.cases.get(case_id)
        if case is None or case.leaves_ms != at_ms:
            return
        self._messages.left(case)
        del self.cases[case_id]
        if case.key:
            del self._by_key[case.key]
        for alert in self._alerts.of_case(case_id):
            self._alerts.forget(alert)
        self.dirty[case_id] = None

    def _where_it_lay(self, case: Case, record: Revised) -> Revised:
        """Return a later version in the case's own place, where only the boundaries around it have changed."""
        rules = self._at.rules
        if rules is None or record.grid == case.grid:
            return record
        if record.grid != case.lay and not rules.lay_in(case.grid, record.grid):
            return record
        return msgspec.structs.replace(record, grid=case.grid, area=case.area)

    def _move(self, case: Case, record: Revised) -> None:
        """Let a case, with all that it counts for and its alerts, be of another grid or category."""
        self._counters.moved(case, record.grid, record.category, self._at.clock_ms)
        for alert in self._alerts.of_case(case.id):
            alert.scope, alert.grid, alert.category = case.grid, case.grid, case.category
            self._alerts.changed(alert)

    def _close(self, case: Case, closed_ms: int) -> None:
        """End a case and its clocks; their alerts end with them."""
        if case.due_ms is not None and closed_ms >= case.due_ms:
            # also by a promise that was past when it came
            self._clocks.becomes_overdue(case)
        self._ends.close(case, closed_ms)
        case.step = CLOSED
        self._clocks.end(case)

    def _reopen(self, case: Case, record: Opened) -> None:
        self._ends.reopen(case)
        case.fired = 0  # its alerts ended with the closing, and what still holds is raised again
        case.step = record.step or FIRST_STEP

    def shown(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return what screens read of these cases, None for one that is gone."""
        return {
            name: None if (c := self.cases.get(name)) is None else encoder.encode(c.public())
            for name in names
        }

    def running(self) -> list[Entry]:
        """Return the marks that may fall due, and the instants at which closed cases go."""
        entries: list[Entry] = []
        for case in self.cases.values():
            entries += self._clocks.running(case) if case.work is None else self._work.running(case)
            if case.leaves_ms is not None:
                entries.append((case.leaves_ms, Due.LEAVE, case.id, 0))
        return entries

    def plain(self) -> dict[str, Any]:
        """Return the cases as plain values, by id."""
        return {name: _plain(case) for name, case in self.cases.items()}

    def restore(self, plain: Mapping[str, Any], *, late: int) -> list[Case]:
        """Take over cases that `plain` gave; return them in the order of their opening."""
        self.late = late
        names = Case.__struct_fields__
        cases = [Case(**dict(zip(names, plain[name], strict=True))) for name in sorted(plain)]
        for case in cases:
            case.flags, case.private = tuple(case.flags), tuple(case.private)
            case.work = None if case.work is None else msgspec.convert(case.work, Work)
        self.cases = {case.id: case for case in cases}
        self._by_key = {case.key: case for case in cases if case.key}
        return cases


def _plain(case: Case) -> tuple[Any, ...]:
    """Return a case as plain values; what people made of it is nested, and there only where they work on it."""
    fields = msgspec.structs.astuple(case)
    return fields if case.work is None else (*fields[:-1], msgspec.to_builtins(case.work))
