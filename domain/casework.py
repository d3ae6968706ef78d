"""The second fold: a partition of the journal becomes cases, counters, clocks and alerts.

It has no clock, no randomness, no file and no other input than its journal: the same journal gives the same alerts,
byte for byte. Before a record of time t is folded, everything due until t fires, in due order, at its own instant.

What happens to cases, clocks, alerts, commands and detectors stands in a module each; here they are put together.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from domain import read_models
from domain.alerts.alert import Alert
from domain.alerts.book import AlertBook
from domain.audit import CLOCK, AuditTrail, Done, facts_of_alert, facts_of_case
from domain.cases.book import ACK_LAPSED, CaseBook
from domain.cases.case import Case
from domain.cases.queue_rows import rows_of
from domain.commands import RETURN, Commands
from domain.counters import Counters
from domain.deadlines import Deadlines, Due, Entry
from domain.desks.handovers import Handovers
from domain.detection import DetectorBank, DetectorRules, Verdict
from domain.fold import Changes, Effect
from domain.grants import SHOWN_BY, Grants
from domain.position import Position
from domain.read_models import Shown
from domain.records import (
    Absorb,
    Absorbed,
    Command,
    Delivered,
    FeedSilence,
    Grant,
    Opened,
    PassedOn,
    Repeated,
    Revised,
    RulesNotice,
    Tick,
    journal_decoder,
)
from domain.rules import Rules
from domain.watch import Watch

SAID = frozenset({Command, Grant, RulesNotice, Delivered})
"""What people, files and the courier say: it has no origin in a lane and no time of its own."""


class Casework:
    """The fold of one journal partition; see `domain.fold.Fold`.

    Parameters
    ----------
    partition
        The partition of `journal`, 0 to 15.
    rules_of
        Gives the rule set of a hash; the same hash gives the same rules for ever.
    bank_of
        Makes the partition's detectors from their rules.
    shared
        True with the feed's clock: time is the `t_ms` of the records, else the broker's stamp.

    """

    def __init__(
        self,
        partition: int,
        *,
        rules_of: Callable[[str], Rules],
        bank_of: Callable[[DetectorRules], DetectorBank],
        shared: bool,
    ) -> None:
        self._shared = shared
        self._rules_of = rules_of
        self._at = Position(partition)
        self._deadlines = Deadlines()
        self.counters = Counters()
        self._alerts = AlertBook(self._at, self._deadlines)
        self.grants = Grants()
        self._cases = CaseBook(self._at, self._deadlines, self.counters, self._alerts, self.grants)
        self._watch = Watch(self._at, self._deadlines, self._alerts, bank_of)
        self._audit = AuditTrail(self._at)
        self._handovers = Handovers(self._at, self._deadlines, self._alerts, self.grants, self._audit)
        self._commands = Commands(
            self._at, self._alerts, self._cases, self.grants, self._audit, self._handovers
        )
        self._origins: dict[int, tuple[int, int, int]] = {}
        self.unreadable = 0
        self._taken = -1
        self._folds: dict[type, Callable[[Any], None]] = {
            Opened: self._opened,
            Revised: self._cases.revised,
            Repeated: self._cases.repeated,
            FeedSilence: self._watch.feed_silence,
            Tick: lambda _: None,
            RulesNotice: self._take_rules,
            Grant: self._commands.grant,
            Command: self._commands.fold,
            Absorb: self._absorb,
            Absorbed: self._absorbed,
            PassedOn: self._cases.passed_on,
            Delivered: self._cases.delivered,
        }

        self._fires: dict[int, Callable[[str, int, int], None]] = {
            Due.CLOCK: self._cases.mark_is_due,
            Due.INTERVAL: lambda name, _, at_ms: self._watch.close_interval(name, at_ms),
            Due.SHELF: lambda name, _, at_ms: self._shelf_ends(name, at_ms),
            Due.LEAVE: lambda name, _, at_ms: self._cases.leave(name, at_ms),
            Due.MARK: self._worked_mark,
            Due.UNDO: lambda name, _, at_ms: self._cases.undo_ends(name, at_ms),
            Due.RELEASE: lambda name, _, at_ms: self._cases.release(name, at_ms),
            Due.ACK: lambda name, _, at_ms: self._ack_ends(name, at_ms),
            Due.SERVICE: lambda name, _, at_ms: self._service_returns(name, at_ms),
            Due.HEIR: lambda name, _, __: self._place_ended(name),
            Due.HANDOVER: self._handovers.is_due,
        }

    @property
    def partition(self) -> int:
        """The partition of `journal`."""
        return self._at.partition

    @property
    def offset(self) -> int:
        """Last folded offset; -1 before the first."""
        return self._at.offset

    @property
    def clock_ms(self) -> int:
        """The instant that the fold has reached."""
        return self._at.clock_ms

    @property
    def rules_hash(self) -> str:
        """Hash of the rule set in force, or an empty text."""
        return self._at.rules_hash

    @property
    def cases(self) -> dict[str, Case]:
        """The cases by id, to be read only."""
        return self._cases.cases

    @property
    def alerts(self) -> dict[str, Alert]:
        """The alerts by id, to be read only."""
        return self._alerts.alerts

    @property
    def late(self) -> int:
        """Revisions and repeats whose case has been let go."""
        return self._cases.late

    # -- folding

    def fold(self, offset: int, timestamp_ms: int, value: bytes) -> None:
        """Fold one record; see `domain.fold.Fold.fold`."""
        at = self._at
        at.offset = offset
        at.n = 0
        try:
            record = journal_decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.unreadable += 1  # only intake and the gateway write here, and what they write can be read
            return
        kind = type(record)
        if kind not in SAID:
            origin = record.origin
            if origin is not None:
                known = self._origins.get(origin[0])
                if known is not None and origin <= known:
                    return
                self._origins[origin[0]] = origin
            if self._shared:
                timestamp_ms = at.clock_ms if record.t_ms is None else record.t_ms
        elif self._shared:
            timestamp_ms = at.clock_ms
        if timestamp_ms > at.clock_ms:
            self._advance(timestamp_ms)
        self._folds[kind](record)

    def _advance(self, to_ms: int) -> None:
        """Fire what falls due until `to_ms`, each at its own instant, then move the clock and the windows there."""
        at = self._at
        while (entry := self._deadlines.pop(to_ms)) is not None:
            at.clock_ms = max(at.clock_ms, entry[0])
            self._fire(entry)
        at.clock_ms = to_ms
        self.counters.advance(to_ms)

    def _fire(self, entry: Entry) -> None:
        """Let what is due happen; an entry that no longer holds is dropped by its owner."""
        at_ms, kind, name, mark = entry
        self._fires[kind](name, mark, at_ms)

    def _shelf_ends(self, alert_id: str, at_ms: int) -> None:
        if self._alerts.shelf_ends(alert_id, at_ms):
            self._cases.alert_acted(self._alerts.alerts.get(alert_id), "unshelve", CLOCK)
            self._audit.by_clock("unshelve", alert=alert_id)

    def _service_returns(self, alert_id: str, at_ms: int) -> None:
        was = self._alerts.service_returns(alert_id, at_ms)
        if was is not None:
            now = self._alerts.alerts.get(alert_id)
            self._cases.alert_acted(was, RETURN, CLOCK)
            before, after = facts_of_alert(was), facts_of_alert(now)
            self._audit.by_clock(RETURN, alert=alert_id, case=was.case, before=before, after=after)

    def _worked_mark(self, case_id: str, mark: int, at_ms: int) -> None:
        done = self._cases.worked_mark_is_due(case_id, mark, at_ms)
        if done is not None:
            action, before, after = done
            self._audit.by_clock(action, case=case_id, before=before, after=after)

    def _ack_ends(self, alert_id: str, at_ms: int) -> None:
        lapsed = self._alerts.ack_ends(alert_id, at_ms, self._cases.version_of)
        if lapsed is not None:
            self._cases.ack_lapsed(lapsed)
            before, after = facts_of_alert(lapsed), facts_of_alert(self._alerts.alerts.get(alert_id))
            self._audit.by_clock(ACK_LAPSED, alert=alert_id, case=lapsed.case, before=before, after=after)

    def _place_ended(self, case_id: str) -> None:
        done = self._cases.place_ended(case_id)
        if done is not None:
            self._handed_over(case_id, done)

    def _handed_over(self, case_id: str, done: Done) -> None:
        action, before, after = done
        self._audit.by_rules(action, case=case_id, before=before, after=after)

    def _opened(self, record: Opened) -> None:
        self._cases.opened(record)
        self._watch.count(record)

    def _absorb(self, record: Absorb) -> None:
        reason = self._cases.absorb(record)
        said = {"from": record.source, "refused": reason} if reason else {"from": record.source}
        self._audit.by_rules("absorb", case=record.case, after=said)

    def _absorbed(self, record: Absorbed) -> None:
        before = facts_of_case(self._cases.cases.get(record.case))
        if self._cases.absorbed(record):
            after = facts_of_case(self._cases.cases.get(record.case))
            self._audit.by_rules("merge", case=record.case, before=before, after=after)

    def _take_rules(self, notice: RulesNotice) -> None:
        """Let a rule set come into force, when it follows the one that is. Running clocks keep their limits."""
        at = self._at
        if notice.hash == at.rules_hash or notice.follows != at.rules_hash:
            return
        before = at.rules
        at.rules = self._rules_of(notice.hash)
        at.rules_hash = notice.hash
        if before is None or before.detectors != at.rules.detectors:
            self._watch.renew(at.rules.detectors)
            self._deadlines.load(self._running())
        if before is None or (before.flows, before.calendars) != (at.rules.flows, at.rules.calendars):
            self._cases.rules_changed()
        for case_id, done in self._cases.boundaries_changed():
            self._handed_over(case_id, done)
        self._handovers.rules_changed()

    def _running(self) -> list[Entry]:
        """Return everything that may fall due: all of it follows from the state."""
        parts = (self._cases, self._alerts, self._watch, self._handovers)
        return [entry for part in parts for entry in part.running()]

    # -- what the edge takes

    def take_effects(self) -> list[Effect]:
        """Return and forget the effects since the last call."""
        effects, self._at.effects = self._at.effects, []
        return effects

    def take_changes(self) -> Changes | None:
        """Return the read models that changed since the last call, or None."""
        if self._taken == self._at.offset:
            return None
        changed = self._watch.take_changed()
        shown = self._shown(sorted(self.counters.dirty), self._cases.dirty, self._alerts.dirty, changed)
        self._clean()
        return read_models.changed(self._at, shown)

    def whole(self) -> Changes:
        """Return the read models whole."""
        shown = self._shown(
            sorted(self.counters.cells),
            self._cases.cases,
            self._alerts.alerts,
            self._watch.take_all(),
            whole=True,
        )
        self._clean()
        return read_models.whole(self._at, shown)

    def _shown(
        self,
        townships: list[str],
        cases: Iterable[str],
        alerts: Iterable[str],
        pairs: Mapping[str, Verdict | None],
        *,
        whole: bool = False,
    ) -> Shown:
        return Shown(
            grids=read_models.blocks(self.counters, townships),
            cases=self._cases.shown(cases),
            queue=rows_of(self._cases.cases, cases, self._at.rules),
            alerts=self._alerts.shown(alerts),
            pairs=self._watch.shown(pairs),
            desks=self._handovers.shown(whole=whole),
            grants=self.grants.shown(whole=whole) if self.partition == SHOWN_BY else {},
            rule_changes=self._handovers.rule_changes(whole=whole),
            answers=self._commands.answered,
            partition={
                "offset": self._at.offset,
                "clock_ms": self._at.clock_ms,
                "rules": self._at.rules_hash,
                "cases": len(self._cases.cases),
                "alerts_active": len(self._alerts.alerts),
                "late": self._cases.late,
                "unreadable": self.unreadable,
            },
        )

    def _clean(self) -> None:
        self._taken = self._at.offset
        self.counters.dirty = set()
        self._cases.dirty, self._alerts.dirty, self._commands.answered = {}, {}, {}
        self.grants.dirty = {}
        self._handovers.clean()

    def due_ms(self) -> int | None:
        """Return the earliest instant at which a clock, an interval, a shelf or a window ends, or None."""
        instants = [
            at_ms for at_ms in (self._deadlines.next_ms(), self.counters.next_ms()) if at_ms is not None
        ]
        return min(instants) if instants else None

    # -- state

    def plain(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {
            "offset": self._at.offset,
            "clock_ms": self._at.clock_ms,
            "rules": self._at.rules_hash,
            "origins": sorted(self._origins.values()),
            "silent": self._watch.silent(),
            "late": self._cases.late,
            "unreadable": self.unreadable,
            "cases": self._cases.plain(),
            "alerts": self._alerts.plain(),
            "commands": self._commands.plain(),
            "grants": self.grants.plain(),
            "counters": self.counters.plain(),
            "bank": self._watch.plain(),
            "handovers": self._handovers.plain(),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take over a state that `plain` gave."""
        at = self._at
        at.offset = plain["offset"]
        at.clock_ms = plain["clock_ms"]
        at.rules_hash = plain["rules"]
        at.rules = self._rules_of(at.rules_hash) if at.rules_hash else None
        self._origins = {origin[0]: (origin[0], origin[1], origin[2]) for origin in plain["origins"]}
        self.unreadable = plain["unreadable"]
        cases = self._cases.restore(plain["cases"], late=plain["late"])
        self._alerts.restore(plain["alerts"])
        self._commands.restore(plain["commands"])
        self.grants.restore(plain["grants"])
        self._handovers.restore(plain["handovers"])
        self.counters.restore(plain["counters"], cases, at.clock_ms)
        self._watch.restore(plain["silent"], at.rules.detectors if at.rules else None, plain["bank"])
        self._deadlines.load(self._running())
