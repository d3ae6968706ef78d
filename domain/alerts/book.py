"""A partition's alerts as they come and go: raised, worsened, cleared, put aside and brought back, each fact told once.

What an alert's facts mean and which state they give stands in `domain.alerts.alert`; why one is raised is the business of
the cases' clocks and of the watch.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from domain.alerts import alert as acts
from domain.alerts.alert import Alert
from domain.deadlines import Deadlines, Due, Entry
from domain.position import Position
from domain.records import encoder


class AlertBook:
    """The alerts of one partition, by id and by key. A key names a condition: `sla:…`, `surge:…`, `feed:…`.

    Attributes
    ----------
    alerts
        All that are not normal, by id.
    dirty
        Ids of those that changed since the edge last took the read models, in order.

    """

    __slots__ = ("_at", "_by_key", "_deadlines", "_of_case", "alerts", "dirty")

    def __init__(self, at: Position, deadlines: Deadlines) -> None:
        self._at = at
        self._deadlines = deadlines
        self._by_key: dict[str, Alert] = {}
        self._of_case: dict[str, set[str]] = {}
        self.alerts: dict[str, Alert] = {}
        self.dirty: dict[str, None] = {}

    def by_key(self, key: str) -> Alert | None:
        """Return the alert of a condition, also one whose condition has ended but which nobody has seen yet."""
        return self._by_key.get(key)

    def of_case(self, case_id: str) -> list[Alert]:
        """Return the alerts about a case, in the order of their keys."""
        return [self._by_key[key] for key in sorted(self._of_case.get(case_id, ()))]

    def raised(self, kind: str, key: str, *, scope: str, **facts: Any) -> Alert:
        """Raise an alert, or raise one again that waits for its acknowledgement, or is out of service and stays so."""
        at = self._at
        alert = self._by_key.get(key)
        if alert is not None:
            alert.active, alert.changed_ms, alert.suppressed_by = True, at.clock_ms, ""
            alert.kind, alert.priority = kind, self._priority(kind)
            acts.let_go(alert)
            for name, fact in facts.items():
                setattr(alert, name, fact)
        else:
            alert = Alert(
                id=at.effect_id(),
                partition=at.partition,
                kind=kind,
                priority=self._priority(kind),
                key=key,
                scope=scope,
                raised_ms=at.clock_ms,
                changed_ms=at.clock_ms,
                **facts,
            )
            self._keep(alert)
        self.tell("raised", alert)
        return alert

    def worsened(self, alert: Alert, kind: str, due_ms: int | None) -> None:
        """Make an alert a worse one: it is announced again, also when somebody had acknowledged it.

        A shelved one stays shelved, but no longer than its new priority allows. One whose condition had ended, and which is
        out of service, is active again.
        """
        now_ms = self._at.clock_ms
        alert.kind, alert.priority, alert.changed_ms = kind, self._priority(kind), now_ms
        alert.active = True
        acts.let_go(alert)
        alert.due_ms = due_ms
        latest_ms = now_ms + acts.longest_shelf_s(alert.priority) * 1000
        if alert.shelved_until_ms is not None and alert.shelved_until_ms > latest_ms:
            alert.shelved_until_ms = latest_ms
            self._deadlines.set(latest_ms, Due.SHELF, alert.id)
        self.tell("worsened", alert)

    def acted(self, fact: str, alert: Alert, version: int | None) -> None:
        """Tell what somebody did to an alert; who acknowledged it has as much time as the rules say to get something done.

        `version` is that of its case, None where people do not work on one here: a case that its feed alone moves on can
        see no progress here, and its alert stays acknowledged.
        """
        ttl_ms = self._ack_ttl_ms(alert) if fact == "acknowledged" else 0
        if ttl_ms and (version is not None or not alert.case):
            alert.ack_until_ms, alert.ack_version = self._at.clock_ms + ttl_ms, version
            self._deadlines.set(alert.ack_until_ms, Due.ACK, alert.id)
        if fact == "shelved" and alert.shelved_until_ms is not None:
            self._deadlines.set(alert.shelved_until_ms, Due.SHELF, alert.id)
        if fact == "out_of_service" and alert.out_until_ms is not None:
            self._deadlines.set(alert.out_until_ms, Due.SERVICE, alert.id)
        self.tell(fact, alert)

    def ack_ends(self, alert_id: str, at_ms: int, version_of: Callable[[str], int | None]) -> Alert | None:
        """Look at an acknowledgement whose time is over; return the alert as it was, if it lost it.

        Progress is another version of its case; where it is about no case, any command on it, which ends the time itself.
        What is shelved comes back by the end of the shelf.
        """
        alert = self.alerts.get(alert_id)
        if alert is None or alert.ack_until_ms != at_ms:
            return None
        if (
            alert.state != "acked"
            or not self._ack_ttl_ms(alert)
            or version_of(alert.case) != alert.ack_version
        ):
            alert.ack_until_ms = alert.ack_version = None
            self.changed(alert)
            return None
        before = msgspec.structs.replace(alert)
        acts.let_go(alert)
        alert.changed_ms = self._at.clock_ms
        self.tell("lapsed", alert)
        return before

    def eased(self, alert: Alert, kind: str) -> None:
        """Make an alert a lesser one: whoever has it keeps it, and nobody is told anew."""
        alert.kind, alert.priority = kind, self._priority(kind)
        self.changed(alert)

    def put_back(self, alert: Alert) -> None:
        """Let an alert be as it was before a command that is taken back; one that was raised since gives way to it."""
        since = self._by_key.get(alert.key)
        if since is not None and since.id != alert.id:
            self.forget(since)
        self._keep(alert)
        alert.changed_ms = self._at.clock_ms
        if alert.shelved_until_ms is not None:  # its end may have come up, and been left aside, meanwhile
            self._deadlines.set(alert.shelved_until_ms, Due.SHELF, alert.id)
        if alert.out_until_ms is not None:
            self._deadlines.set(alert.out_until_ms, Due.SERVICE, alert.id)
        if alert.ack_until_ms is not None:
            self._deadlines.set(alert.ack_until_ms, Due.ACK, alert.id)
        self.tell("restored", alert)

    def changed(self, alert: Alert) -> None:
        """Note that an alert reads otherwise now, which is no fact to be told."""
        self.dirty[alert.id] = None

    def clear(self, key: str) -> None:
        """End an alert's condition; it goes, unless it is latched and nobody has seen it, or it is out of service."""
        alert = self._by_key.get(key)
        if alert is None or not alert.active:
            return
        alert.active, alert.changed_ms, alert.suppressed_by = False, self._at.clock_ms, ""
        self.tell("cleared", alert)

    def clear_all(self, prefix: str) -> None:
        """End every condition whose key begins so."""
        for key in [key for key in self._by_key if key.startswith(prefix)]:
            self.clear(key)

    def shelf_ends(self, alert_id: str, at_ms: int) -> bool:
        """Bring a shelved alert back, if this is still the end of its shelf. Returns whether it was."""
        alert = self.alerts.get(alert_id)
        if alert is None or alert.shelved_until_ms != at_ms:
            return False
        acts.unshelve(alert, at_ms)
        self.tell("unshelved", alert)
        return True

    def service_returns(self, alert_id: str, at_ms: int) -> Alert | None:
        """Return an alert to service, if this is still the end of its time out of it; return it as it was, if so."""
        alert = self.alerts.get(alert_id)
        if alert is None or alert.out_until_ms != at_ms:
            return None
        before = msgspec.structs.replace(alert)
        acts.put_in(alert, at_ms)
        self.tell("returned_to_service", alert)
        return before

    def suppressed(self, alert: Alert, rule: str) -> None:
        """Let nothing be announced of an active alert while a rule says so: until it is raised again, or cleared."""
        if alert.active and alert.suppressed_by != rule:
            alert.suppressed_by, alert.changed_ms = rule, self._at.clock_ms
            self.tell("suppressed", alert)

    def tell(self, fact: str, alert: Alert) -> None:
        """Send a fact of an alert, and let the alert go when its state is normal again.

        `quiet` says of each fact whether its alert is put aside, so that nobody is to be called.
        """
        at = self._at
        state = alert.derive()
        if state == "normal" or (not alert.active and alert.case and state == "shelved"):
            self.forget(alert)
        else:
            self.dirty[alert.id] = None
        effect = at.effect_id()
        quiet = state in acts.ASIDE
        value = encoder.encode(
            {
                "effect": effect,
                "fact": fact,
                "t_ms": at.clock_ms,
                "quiet": quiet,
                "alert": alert,
            }
        )
        at.send("alerts", effect, value)

    def forget(self, alert: Alert) -> None:
        """Let an alert go without a word: what it was about is gone or over."""
        self.alerts.pop(alert.id, None)
        if self._by_key.pop(alert.key, None) is not None and alert.case:
            keys = self._of_case[alert.case]
            keys.discard(alert.key)
            if not keys:
                del self._of_case[alert.case]
        self.dirty[alert.id] = None

    def _keep(self, alert: Alert) -> None:
        self.alerts[alert.id] = alert
        self._by_key[alert.key] = alert
        if alert.case:
            self._of_case.setdefault(alert.case, set()).add(alert.key)

    def _priority(self, kind: str) -> int:
        rules = self._at.rules
        return rules.alerts[kind].priority if rules else acts.CRITICAL

    def _ack_ttl_ms(self, alert: Alert) -> int:
        rules = self._at.rules
        return rules.alerts[alert.kind].ack_ttl_ms if rules else 0

    def shown(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Return what screens read of these alerts, None for one that is gone."""
        return {name: None if (a := self.alerts.get(name)) is None else encoder.encode(a) for name in names}

    def running(self) -> list[Entry]:
        """Return the ends of shelves, of times out of service and of acknowledgements that may fall due."""
        ends = ((alert, Due.SHELF, alert.shelved_until_ms) for alert in self.alerts.values())
        outs = ((alert, Due.SERVICE, alert.out_until_ms) for alert in self.alerts.values())
        acks = ((alert, Due.ACK, alert.ack_until_ms) for alert in self.alerts.values())
        return [
            (at_ms, due, alert.id, 0)
            for each in (ends, outs, acks)
            for alert, due, at_ms in each
            if at_ms is not None
        ]

    def plain(self) -> dict[str, Any]:
        """Return the alerts as plain values, by id."""
        return {name: msgspec.structs.astuple(alert) for name, alert in self.alerts.items()}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over alerts that `plain` gave."""
        names = Alert.__struct_fields__
        for name in sorted(plain):
            self._keep(Alert(**dict(zip(names, plain[name], strict=True))))
