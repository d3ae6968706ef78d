"""Taking back what was done to an alert: by the same account, within 5 s, while the alert is as that command left it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from domain.alerts.alert import Alert
from domain.alerts.book import AlertBook
from domain.cases.work import UNDO_MS
from domain.records import Command


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """What a command made of an alert, and what it was before."""

    command: str
    account: str
    until_ms: int
    before: Alert
    after: Alert


class AlertUndo:
    """The last command on each alert of a partition, for as long as it may be taken back."""

    __slots__ = ("_alerts", "_slips")

    def __init__(self, alerts: AlertBook) -> None:
        self._alerts = alerts
        self._slips: dict[str, Slip] = {}

    def forget(self, now_ms: int) -> None:
        """Let what is older than 5 s stand. Commands alone call this, so that what is kept follows from the journal."""
        self._slips = {name: slip for name, slip in self._slips.items() if slip.until_ms > now_ms}

    def note(self, command: Command, before: Alert, after: Alert, now_ms: int) -> None:
        """Remember what a command replaced; the one before it on this alert stands from now on."""
        self._slips[after.id] = Slip(
            command=command.id,
            account=command.account,
            until_ms=now_ms + UNDO_MS,
            before=before,
            after=msgspec.structs.replace(after),
        )

    def known(self, alert_id: str) -> Alert | None:
        """Return an alert as its last command left it, also where it has gone since; None where nothing is kept."""
        slip = self._slips.get(alert_id)
        return None if slip is None else slip.after

    def undo(self, command: Command) -> str:
        """Put an alert back as it was. Returns a refusal's sentence, or an empty text."""
        slip = self._slips.get(command.alert)
        if slip is None or (slip.command, slip.account) != (command.undoes, command.account):
            return "only one's own last command can be undone, within 5 seconds"
        alert = self._alerts.alerts.get(command.alert)
        gone = alert is None and slip.after.state == "normal" and self._alerts.by_key(slip.after.key) is None
        if alert != slip.after and not gone:
            return "the alert has changed since"
        del self._slips[command.alert]
        self._alerts.put_back(msgspec.structs.replace(slip.before))
        return ""

    def plain(self) -> list[Any]:
        """Return what may be taken back as plain values, in the order of the commands."""
        return [msgspec.to_builtins(slip) for slip in self._slips.values()]

    def restore(self, plain: Iterable[Any]) -> None:
        """Take over what `plain` gave."""
        slips = [msgspec.convert(one, Slip) for one in plain]
        self._slips = {slip.after.id: slip for slip in slips}
