"""The second fold: a partition of the journal becomes cases, counters, clocks and alerts.

It has no clock, no randomness, no file and no other input than its journal: the same journal gives the same alerts,
byte for byte. Before a record of time t is folded, everything due until t fires, in due order, at its own instant.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain import alerts as acts
from domain.alerts import Alert
from domain.cases import ACCEPT_OVER, ACCEPT_SOON, CLOSED, FIRST_STEP, MARKS, RESOLVE_OVER, RESOLVE_SOON, Case
from domain.codes import TOWNSHIP_DIGITS, partition_of_name
from domain.counters import Counters
from domain.deadlines import Deadlines, Due, Entry
from domain.detection import DetectorBank, DetectorRules, Verdict, pair_key
from domain.fold import Changes, Effect
from domain.records import (
    Command,
    FeedSilence,
    Opened,
    Repeated,
    Revised,
    RulesNotice,
    Tick,
    encoder,
    journal_decoder,
)
from domain.rules import Rules

ANSWERS_KEPT_MS = 600_000
"""A command that comes again within 10 minutes is answered again, not folded again."""
LEAST_KEPT_MS = 86_400_000
"""A closed case stays at least as long as the longest window counts it."""


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
        self.partition = partition
        self._shared = shared
        self.offset = -1
        self.clock_ms = 0
        self.rules_hash = ""
        self.counters = Counters()
        self.cases: dict[str, Case] = {}
        self.alerts: dict[str, Alert] = {}
        self.late = 0
        self.unreadable = 0
        self._rules: Rules | None = None
        self._rules_of = rules_of
        self._bank: DetectorBank | None = None
        self._bank_of = bank_of
        self._by_key: dict[str, Case] = {}
        self._alert_by_key: dict[str, Alert] = {}
        self._origins: dict[int, tuple[int, int, int]] = {}
        self._silent: set[str] = set()
        self._deadlines = Deadlines()
        self._answers: dict[str, dict[str, Any]] = {}
        self._answer_times: deque[tuple[int, str]] = deque()
        self._n = 0
        self._effects: list[Effect] = []
        self._dirty_cases: dict[str, None] = {}
        self._dirty_alerts: dict[str, None] = {}
        self._dirty_pairs: dict[str, Verdict | None] = {}
        self._counted: set[str] = set()
        self._answered: dict[str, dict[str, Any]] = {}
        self._taken = -1
        self._folds: dict[type, Callable[[Any], None]] = {
            Opened: self._opened,
            Revised: self._revised,
            Repeated: self._repeated,
            FeedSilence: self._feed_silence,
            Tick: lambda _: None,
            RulesNotice: self._take_rules,
            Command: self._command,
        }

    # -- folding

    def fold(self, offset: int, timestamp_ms: int, value: bytes) -> None:
        """Fold one record; see `domain.fold.Fold.fold`."""
        self.offset = offset
        self._n = 0
        try:
            record = journal_decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.unreadable += 1  # only intake and the gateway write here, and what they write can be read
            return
        kind = type(record)
        if kind is not Command and kind is not RulesNotice:
            origin = record.origin
            if origin is not None:
                known = self._origins.get(origin[0])
                if known is not None and origin <= known:
                    return
                self._origins[origin[0]] = origin
            if self._shared:
                timestamp_ms = self.clock_ms if record.t_ms is None else record.t_ms
        elif self._shared:
            timestamp_ms = self.clock_ms
        if timestamp_ms > self.clock_ms:
            self._advance(timestamp_ms)
        self._folds[kind](record)

    def _advance(self, to_ms: int) -> None:
        """Fire what falls due until `to_ms`, each at its own instant, then move the clock and the windows there."""
        while (entry := self._deadlines.pop(to_ms)) is not None:
            at_ms, kind, name, mark = entry
            self.clock_ms = max(self.clock_ms, at_ms)
            match kind:
                case Due.CLOCK:
                    self._fire_mark(name, mark, at_ms)
                case Due.INTERVAL:
                    self._close_interval(name, at_ms)
                case Due.SHELF:
                    self._shelf_ends(name, at_ms)
                case Due.LEAVE:
                    self._leave(name, at_ms)
        self.clock_ms = to_ms
        self.counters.advance(to_ms)

    # -- cases

    def _opened(self, record: Opened) -> None:
        """Open a case; a promise that has passed already makes it overdue at once."""
        now_ms = self.clock_ms
        case = Case(
            id=f"{self.partition:02d}-{self.offset:010x}",
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
        before = self._by_key.get(case.key)
        if before is not None:  # intake has forgotten its id: what comes from now on is about the new case
            before.key = ""
        self.cases[case.id] = case
        self._by_key[case.key] = case
        self.counters.opened(case)
        self._set_due(case, record)
        if record.closed_ms is not None:
            self._close(case, record.closed_ms)
        else:
            self._start_clocks(case)
        if self._bank is not None:
            township = record.grid[:TOWNSHIP_DIGITS]
            pair = pair_key(township, record.category)
            close_ms = self._bank.count(township, record.category, record.feed, now_ms)
            if close_ms is not None:
                self._deadlines.set(close_ms, Due.INTERVAL, pair)
            self._counted.add(pair)
        self._dirty_cases[case.id] = None

    def _revised(self, record: Revised) -> None:
        """Take over a later version: its place, category, step, promise and closing."""
        case = self._by_key.get(record.key)
        if case is None:
            self.late += 1
            return
        case.take_over(record)
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
            self._change_due(case, record)
            restart = True
        if record.closed_ms is None:
            if restart:
                self._start_clocks(case)
            self._settle_accept(case)
        elif case.closed_ms is None:
            self._close(case, record.closed_ms)
        else:
            case.closed_ms = record.closed_ms
        self._dirty_cases[case.id] = None

    def _repeated(self, record: Repeated) -> None:
        case = self._by_key.get(record.key)
        if case is None:
            self.late += 1
            return
        case.repeats += 1
        self._dirty_cases[case.id] = None

    def _move(self, case: Case, record: Revised) -> None:
        """Let a case, with all that it counts for and its alerts, be of another grid or category."""
        self.counters.moved(case, record.grid, record.category, self.clock_ms)
        for alert in self._alerts_of(case):
            alert.scope, alert.grid, alert.category = case.grid, case.grid, case.category
            self._dirty_alerts[alert.id] = None

    def _close(self, case: Case, closed_ms: int) -> None:
        """End a case and its clocks; their alerts end with them."""
        now_ms = self.clock_ms
        if (
            case.due_ms is not None and closed_ms >= case.due_ms
        ):  # also by a promise that was past when it came
            self._becomes_overdue(case)
        self.counters.closed(case, now_ms)
        case.closed_ms = closed_ms
        case.step = CLOSED
        for clock in ("accept", "resolve"):
            self._clear(f"sla:{case.id}:{clock}", now_ms)
        keep_ms = self._keep_ms(case.feed)
        if keep_ms is not None:
            case.leaves_ms = now_ms + keep_ms
            self._deadlines.set(case.leaves_ms, Due.LEAVE, case.id)

    def _reopen(self, case: Case, record: Opened) -> None:
        case.closed_ms = None
        case.leaves_ms = None
        case.fired = 0  # its alerts ended with the closing, and what still holds is raised again
        case.step = record.step or FIRST_STEP
        self.counters.reopened(case, self.clock_ms)

    def _leave(self, case_id: str, at_ms: int) -> None:
        """Let a case go that has been closed for as long as its feed's rule says. Its totals stay."""
        case = self.cases.get(case_id)
        if case is None or case.leaves_ms != at_ms:
            return
        del self.cases[case_id]
        if case.key:
            del self._by_key[case.key]
        for alert in self._alerts_of(case):
            self._forget(alert)
        self._dirty_cases[case_id] = None

    def _keep_ms(self, name: str) -> int | None:
        feed = self._rules.feeds.get(name) if self._rules else None
        return (
            None if feed is None or feed.keep_closed_ms is None else max(feed.keep_closed_ms, LEAST_KEPT_MS)
        )

    # -- clocks

    def _set_due(self, case: Case, record: Opened) -> None:
        """Set the due instants of a case's clocks from the promise or from the SLA of its category."""
        if record.clocks == "promised":
            case.due_ms = record.due_ms
        elif record.clocks == "sla" and self._rules is not None:
            feed = self._rules.feeds.get(case.feed)
            running = feed.sla_clocks if feed is not None else frozenset({"accept", "resolve"})
            limit = self._rules.limit(case.category)
            if "accept" in running:
                case.accept_due_ms = case.arrived_ms + limit.accept_ms
            if "resolve" in running:
                case.due_ms = case.arrived_ms + limit.resolve_ms

    def _change_due(self, case: Case, record: Opened) -> None:
        """Set other due instants; what was due soon or overdue by an old one, and is due later now, is so no more."""
        self._set_due(case, record)
        for alert in self._alerts_of(case):
            due_ms = case.due_ms if alert.clock == "resolve" else case.accept_due_ms
            if due_ms == alert.due_ms:
                continue
            if due_ms is not None and due_ms <= self.clock_ms:
                alert.due_ms = due_ms
                self._dirty_alerts[alert.id] = None
            else:
                self._clear(alert.key, self.clock_ms)
                case.fired &= ~sum(bit for bit, (clock, _) in MARKS.items() if clock == alert.clock)

    def _start_clocks(self, case: Case) -> None:
        """Let each running clock's next mark fall due; one that is past fires now.

        Called when a clock begins, goes on or has another due instant; in between the marks follow each other.
        """
        if case.accept_due_ms is not None and case.step == FIRST_STEP:
            self._start_clock(case, ACCEPT_SOON, case.accept_due_ms)
        if case.due_ms is not None:
            self._start_clock(case, RESOLVE_SOON, case.due_ms)

    def _start_clock(self, case: Case, soon: int, due_ms: int) -> None:
        over = soon << 1
        if case.fired & over:
            return
        if due_ms <= self.clock_ms:  # one "overdue", no "due soon"
            self._fire_mark(case.id, over, due_ms)
        elif case.fired & soon:
            self._deadlines.set(due_ms, Due.CLOCK, case.id, over)
        elif (soon_ms := case.soon_ms(due_ms)) > self.clock_ms:
            self._deadlines.set(soon_ms, Due.CLOCK, case.id, soon)
        else:
            self._fire_mark(case.id, soon, soon_ms)

    def _fire_mark(self, case_id: str, bit: int, at_ms: int) -> None:
        """Fire a mark that still holds: a case of that id runs, and the mark stands at that instant."""
        case = self.cases.get(case_id)
        if case is None or case.fired & bit or case.mark_ms(bit) != at_ms:
            return
        clock, at_due = MARKS[bit]
        case.fired |= bit | (bit >> 1 if at_due else 0)  # who is overdue is no longer due soon
        self._dirty_cases[case_id] = None
        if bit == RESOLVE_OVER:
            self._becomes_overdue(case)
        kind = "overdue" if at_due else "due_soon"
        due_ms = case.due_ms if clock == "resolve" else case.accept_due_ms
        if not at_due and due_ms is not None:
            self._deadlines.set(due_ms, Due.CLOCK, case_id, bit << 1)
        key = f"sla:{case_id}:{clock}"
        alert = self._alert_by_key.get(key)
        if alert is None:
            self._raise(
                kind,
                key,
                scope=case.grid,
                grid=case.grid,
                category=case.category,
                case=case_id,
                feed=case.feed,
                clock=clock,
                due_ms=due_ms,
            )
        else:
            self._worsen(alert, kind, due_ms)

    def _becomes_overdue(self, case: Case) -> None:
        if not case.overdue:
            case.overdue = True
            self.counters.overdue(case, self.clock_ms)

    def _settle_accept(self, case: Case) -> None:
        """End the accept clock's alert once the case has been accepted; one that is sent back has it again."""
        if case.step != FIRST_STEP and case.fired & (ACCEPT_SOON | ACCEPT_OVER):
            self._clear(f"sla:{case.id}:accept", self.clock_ms)
            case.fired &= ~(ACCEPT_SOON | ACCEPT_OVER)

    # -- detectors

    def _close_interval(self, pair: str, at_ms: int) -> None:
        if self._bank is None:
            return
        verdict, next_ms = self._bank.close(pair, at_ms)
        if next_ms is not None:
            self._deadlines.set(next_ms, Due.INTERVAL, pair)
        self._judged(pair, verdict)

    def _judged(self, pair: str, verdict: Verdict) -> None:
        """Raise, follow or end a pair's surge alert. What is stale says nothing: its alert stays as it stands."""
        self._dirty_pairs[pair] = verdict
        key = f"surge:{pair}"
        alert = self._alert_by_key.get(key)
        if verdict.state == "anomalous":
            if alert is None or not alert.active:
                township, _, category = pair.partition("|")
                alert = self._raise("surge", key, scope=township, category=category)
            alert.seen, alert.expected = verdict.observed, verdict.expected
            alert.low, alert.high, alert.since_ms = verdict.low, verdict.high, verdict.since_ms
            self._dirty_alerts[alert.id] = None
        elif alert is not None and alert.active and verdict.state != "stale":
            self._clear(key, self.clock_ms)

    def _feed_silence(self, record: FeedSilence) -> None:
        """Make a silent feed's detectors stale; the partition that its name hashes to raises the one alert."""
        key = f"feed:{record.feed}"
        mine = partition_of_name(record.feed) == self.partition
        if record.silent:
            self._silent.add(record.feed)
            changed = self._bank.silence(record.feed, record.last_ms, self.clock_ms) if self._bank else []
            alert = self._alert_by_key.get(
                key
            )  # one that was shelved when the feed was back may still be here
            if mine and (alert is None or not alert.active):
                self._raise("feed_silent", key, scope="", feed=record.feed, since_ms=record.last_ms)
        else:
            self._silent.discard(record.feed)
            changed = self._bank.resume(record.feed, self.clock_ms) if self._bank else []
            if mine:
                self._clear(key, self.clock_ms)
        for pair, verdict in changed:
            self._judged(pair, verdict)

    # -- alerts

    def _raise(self, kind: str, key: str, *, scope: str, **facts: Any) -> Alert:
        """Raise an alert, or raise one again that waits for its acknowledgement."""
        alert = self._alert_by_key.get(key)
        if alert is not None:
            alert.active, alert.changed_ms = True, self.clock_ms
            alert.acked, alert.acked_by, alert.acked_ms = False, "", None
            for name, fact in facts.items():
                setattr(alert, name, fact)
        else:
            alert = Alert(
                id=f"{self.partition:02d}-{self.offset:010x}-{self._n}",
                partition=self.partition,
                kind=kind,
                priority=self._priority(kind),
                key=key,
                scope=scope,
                raised_ms=self.clock_ms,
                changed_ms=self.clock_ms,
                **facts,
            )
            self.alerts[alert.id] = alert
            self._alert_by_key[key] = alert
        self._tell("raised", alert)
        return alert

    def _worsen(self, alert: Alert, kind: str, due_ms: int | None) -> None:
        """Make an alert a worse one: it is announced again, also when somebody had acknowledged it.

        A shelved one stays shelved, but no longer than its new priority allows.
        """
        alert.kind, alert.priority, alert.changed_ms = kind, self._priority(kind), self.clock_ms
        alert.acked, alert.acked_by, alert.acked_ms = False, "", None
        alert.due_ms = due_ms
        latest_ms = self.clock_ms + acts.longest_shelf_s(alert.priority) * 1000
        if alert.shelved_until_ms is not None and alert.shelved_until_ms > latest_ms:
            alert.shelved_until_ms = latest_ms
            self._deadlines.set(latest_ms, Due.SHELF, alert.id)
        self._tell("worsened", alert)

    def _alerts_of(self, case: Case) -> list[Alert]:
        keys = (f"sla:{case.id}:accept", f"sla:{case.id}:resolve")
        return [alert for key in keys if (alert := self._alert_by_key.get(key)) is not None]

    def _clear(self, key: str, at_ms: int) -> None:
        """End an alert's condition; it goes, unless it is latched and nobody has seen it."""
        alert = self._alert_by_key.get(key)
        if alert is None or not alert.active:
            return
        alert.active, alert.changed_ms = False, at_ms
        self._tell("cleared", alert)

    def _shelf_ends(self, alert_id: str, at_ms: int) -> None:
        alert = self.alerts.get(alert_id)
        if alert is not None and alert.shelved_until_ms == at_ms:
            acts.unshelve(alert, at_ms)
            self._tell("unshelved", alert)

    def _tell(self, fact: str, alert: Alert) -> None:
        """Send a fact of an alert, and let the alert go when its state is normal again."""
        state = alert.derive()
        if state == "normal" or (not alert.active and alert.case and state == "shelved"):
            self._forget(alert)
        else:
            self._dirty_alerts[alert.id] = None
        effect = f"{self.partition:02d}-{self.offset:010x}-{self._n}"
        self._n += 1
        value = encoder.encode({"effect": effect, "fact": fact, "t_ms": self.clock_ms, "alert": alert})
        self._effects.append(Effect(topic="alerts", partition=self.partition, id=effect, value=value))

    def _forget(self, alert: Alert) -> None:
        self.alerts.pop(alert.id, None)
        self._alert_by_key.pop(alert.key, None)
        self._dirty_alerts[alert.id] = None

    def _priority(self, kind: str) -> int:
        return self._rules.alerts[kind].priority if self._rules else acts.CRITICAL

    # -- commands and rules

    def _command(self, command: Command) -> None:
        """Carry out a command once, and answer it as often as it comes within 10 minutes."""
        now_ms = self.clock_ms
        while self._answer_times and self._answer_times[0][0] <= now_ms - ANSWERS_KEPT_MS:
            self._answers.pop(self._answer_times.popleft()[1], None)
        answer = self._answers.get(command.id)
        if answer is not None:
            self._answered[command.id] = {**answer, "repeated": True}
            return
        reason = self._carry_out(command)
        answer = {
            "id": command.id,
            "ok": not reason,
            "reason": reason,
            "alert": command.alert,
            "repeated": False,
        }
        self._answers[command.id] = answer
        self._answer_times.append((now_ms, command.id))
        self._answered[command.id] = answer

    def _carry_out(self, command: Command) -> str:
        """Return why a command is refused, or an empty text when it was done."""
        alert = self.alerts.get(command.alert)
        if alert is None:
            return "this alert is not there any more"
        now_ms = self.clock_ms
        match command.action:
            case "acknowledge":
                fact, reason = "acknowledged", acts.acknowledge(alert, command.account, now_ms)
            case "unacknowledge":
                fact, reason = "unacknowledged", acts.unacknowledge(alert, now_ms)
            case "shelve":
                fact = "shelved"
                reason = acts.shelve(alert, command.account, command.for_s, command.reason, now_ms)
                if not reason and alert.shelved_until_ms is not None:
                    self._deadlines.set(alert.shelved_until_ms, Due.SHELF, alert.id)
            case "unshelve":
                fact, reason = "unshelved", acts.unshelve(alert, now_ms)
            case _:
                return f"no action is called {command.action[:40]!r}"
        if not reason:
            self._tell(fact, alert)
        return reason

    def _take_rules(self, notice: RulesNotice) -> None:
        """Let a rule set come into force, when it follows the one that is. Running clocks keep their due instants."""
        if notice.hash == self.rules_hash or notice.follows != self.rules_hash:
            return
        before = self._rules
        self._rules = self._rules_of(notice.hash)
        self.rules_hash = notice.hash
        if before is None or before.detectors != self._rules.detectors:
            for pair, _ in self._bank.verdicts() if self._bank else ():
                self._dirty_pairs[pair] = None
            self._bank = self._bank_of(self._rules.detectors)
            self._deadlines.load(self._running())  # the old bank's intervals are nobody's any more
            self._counted = set()
            for key in [key for key in self._alert_by_key if key.startswith("surge:")]:
                self._clear(key, self.clock_ms)

    # -- what the edge takes

    def take_effects(self) -> list[Effect]:
        """Return and forget the effects since the last call."""
        effects, self._effects = self._effects, []
        return effects

    def take_changes(self) -> Changes | None:
        """Return the read models that changed since the last call, or None."""
        if self._taken == self.offset:
            return None
        if self._bank is not None:
            for pair in self._counted:
                verdict, _ = self._bank.close(pair, 0)  # nothing is due at 0: this only asks
                if not verdict.interval_start_ms:  # a count changes what has never been judged
                    self._dirty_pairs[pair] = verdict
        changes = self._read_models(
            sorted(self.counters.dirty), list(self._dirty_cases), list(self._dirty_alerts), self._dirty_pairs
        )
        self._taken = self.offset
        self._clean()
        return changes

    def whole(self) -> Changes:
        """Return the read models whole."""
        pairs = dict(self._bank.verdicts()) if self._bank else {}
        changes = self._read_models(sorted(self.counters.cells), list(self.cases), list(self.alerts), pairs)
        answers = {"answers": self._answered} if self._answered else {}
        changes.body = encoder.encode({"whole": True, **answers})
        changes.replace = [f"{name}:{self.partition}" for name in ("grids", "cases", "alerts", "pairs")]
        self._taken = self.offset
        self._clean()
        return changes

    def _clean(self) -> None:
        self.counters.dirty = set()
        self._counted = set()
        self._dirty_cases, self._dirty_alerts, self._dirty_pairs, self._answered = {}, {}, {}, {}

    def _read_models(
        self, townships: list[str], cases: list[str], alerts: list[str], pairs: Mapping[str, Verdict | None]
    ) -> Changes:
        blocks = {township: encoder.encode(self.counters.block(township)) for township in townships}
        shown = {name: None if (a := self.alerts.get(name)) is None else encoder.encode(a) for name in alerts}
        verdicts = {pair: None if v is None else encoder.encode(v) for pair, v in pairs.items()}
        here = {
            "offset": self.offset,
            "clock_ms": self.clock_ms,
            "rules": self.rules_hash,
            "cases": len(self.cases),
            "alerts_active": len(self.alerts),
            "late": self.late,
            "unreadable": self.unreadable,
        }
        p = self.partition
        hashes: dict[str, dict[str, bytes | None]] = {
            f"grids:{p}": dict(blocks),
            f"alerts:{p}": dict(shown),
            f"pairs:{p}": dict(verdicts),
            f"cases:{p}": {
                name: None if (c := self.cases.get(name)) is None else encoder.encode(c.public())
                for name in cases
            },
            "partitions": {str(p): encoder.encode(here)},
        }
        raw = msgspec.Raw
        body = {
            "grids": {name: raw(block) for name, block in blocks.items()},
            "alerts": {name: None if alert is None else raw(alert) for name, alert in shown.items()},
            "pairs": {name: None if verdict is None else raw(verdict) for name, verdict in verdicts.items()},
            "answers": self._answered,
            "partition": here,
        }
        return Changes(
            offset=self.offset,
            clock_ms=self.clock_ms,
            hashes={name: fields for name, fields in hashes.items() if fields},
            body=encoder.encode({name: part for name, part in body.items() if part}),
        )

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
            "offset": self.offset,
            "clock_ms": self.clock_ms,
            "rules": self.rules_hash,
            "origins": sorted(self._origins.values()),
            "silent": sorted(self._silent),
            "late": self.late,
            "unreadable": self.unreadable,
            "cases": {name: msgspec.structs.astuple(case) for name, case in self.cases.items()},
            "alerts": {name: msgspec.structs.astuple(alert) for name, alert in self.alerts.items()},
            "answers": [[at_ms, self._answers[name]] for at_ms, name in self._answer_times],
            "counters": self.counters.plain(),
            "bank": self._bank.plain() if self._bank else None,
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take over a state that `plain` gave."""
        self.offset = plain["offset"]
        self.clock_ms = plain["clock_ms"]
        self.rules_hash = plain["rules"]
        self._rules = self._rules_of(self.rules_hash) if self.rules_hash else None
        self._origins = {at[0]: (at[0], at[1], at[2]) for at in plain["origins"]}
        self._silent = set(plain["silent"])
        self.late = plain["late"]
        self.unreadable = plain["unreadable"]
        names = Case.__struct_fields__
        cases = [
            Case(**dict(zip(names, plain["cases"][name], strict=True))) for name in sorted(plain["cases"])
        ]
        for case in cases:
            case.flags = tuple(case.flags)
        self.cases = {case.id: case for case in cases}
        self._by_key = {case.key: case for case in cases if case.key}
        names = Alert.__struct_fields__
        self.alerts = {
            k: Alert(**dict(zip(names, plain["alerts"][k], strict=True))) for k in sorted(plain["alerts"])
        }
        self._alert_by_key = {alert.key: alert for alert in self.alerts.values()}
        self._answers = {answer["id"]: answer for _, answer in plain["answers"]}
        self._answer_times = deque((at_ms, answer["id"]) for at_ms, answer in plain["answers"])
        self.counters.restore(plain["counters"], cases, self.clock_ms)
        if self._rules is not None:
            self._bank = self._bank_of(self._rules.detectors)
            if plain["bank"] is not None:
                self._bank.restore(plain["bank"])
        self._deadlines.load(self._running())

    def _running(self) -> list[Entry]:
        """Return everything that may fall due: all of it follows from the state."""
        entries: list[Entry] = []
        for case in self.cases.values():
            entries += [
                (at_ms, Due.CLOCK, case.id, bit)
                for bit in MARKS
                if not case.fired & bit and (at_ms := case.mark_ms(bit)) is not None and at_ms > self.clock_ms
            ]
            if case.leaves_ms is not None:
                entries.append((case.leaves_ms, Due.LEAVE, case.id, 0))
        entries += [
            (alert.shelved_until_ms, Due.SHELF, alert.id, 0)
            for alert in self.alerts.values()
            if alert.shelved_until_ms is not None
        ]
        if self._bank is not None:
            entries += [(at_ms, Due.INTERVAL, pair, 0) for at_ms, pair in self._bank.pending()]
        return entries
