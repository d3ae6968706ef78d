"""Alerts: four facts (active, acknowledged, shelved, suppressed), and the ISA-18.2 state that is derived from them."""

from typing import Literal

import msgspec

State = Literal["unack", "acked", "rtnun", "shelved", "normal"]

LATCHED = frozenset({"surge"})
"""Kinds that stay until somebody has seen them, even when their condition ends first: a surge that passed was still a
surge. A clock's alert leaves with its case, a feed's with the silence: there is nothing left to do."""

CRITICAL = 1
SHELF_MAX_S = {CRITICAL: 900}
"""A critical alert may be put aside for 15 minutes at most (SCREENS D-5)."""
SHELF_LONGEST_S = 8 * 3600
"""Any other alert: no longer than a shift."""


class Alert(msgspec.Struct, kw_only=True, gc=False):
    """One alert and its four facts. Mutated by its partition's fold alone.

    Until `ack_until_ms` the case must have come to another version than `ack_version`, or the acknowledgement is lost;
    None: it stays.
    """

    id: str
    partition: int
    kind: str
    priority: int
    key: str
    scope: str
    grid: str = ""
    category: str = ""
    case: str = ""
    feed: str = ""
    clock: str = ""
    raised_ms: int
    changed_ms: int
    due_ms: int | None = None
    active: bool = True
    acked: bool = False
    acked_by: str = ""
    acked_ms: int | None = None
    ack_until_ms: int | None = None
    ack_version: int | None = None
    shelved_until_ms: int | None = None
    shelved_by: str = ""
    shelved_why: str = ""
    seen: int | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    score: float | None = None
    since_ms: int | None = None
    state: State = "unack"

    def derive(self) -> State:
        """Set and return the state that the four facts give."""
        if self.shelved_until_ms is not None:
            self.state = "shelved"
        elif self.active:
            self.state = "acked" if self.acked else "unack"
        elif self.acked or self.kind not in LATCHED:
            self.state = "normal"
        else:
            self.state = "rtnun"
        return self.state


def let_go(alert: Alert) -> None:
    """Let nobody have an alert any more."""
    alert.acked, alert.acked_by, alert.acked_ms = False, "", None
    alert.ack_until_ms = alert.ack_version = None


def longest_shelf_s(priority: int) -> int:
    """Return for how many seconds an alert of a priority may be put aside."""
    return SHELF_MAX_S.get(priority, SHELF_LONGEST_S)


def acknowledge(alert: Alert, by: str, at_ms: int) -> str:
    """Silence an alert and name who has it. Returns a refusal's sentence, or an empty text."""
    if alert.acked:
        return f"already acknowledged by {alert.acked_by}"
    alert.acked, alert.acked_by, alert.acked_ms, alert.changed_ms = True, by, at_ms, at_ms
    return ""


def unacknowledge(alert: Alert, at_ms: int) -> str:
    """Take an acknowledgement back. Returns a refusal's sentence, or an empty text."""
    if not alert.acked:
        return "not acknowledged"
    let_go(alert)
    alert.changed_ms = at_ms
    return ""


def shelve(alert: Alert, by: str, for_s: int | None, reason: str, at_ms: int) -> str:
    """Put an alert aside for a time and a reason. Returns a refusal's sentence, or an empty text."""
    longest_s = longest_shelf_s(alert.priority)
    if not reason.strip():
        return "shelving needs a reason"
    if for_s is None or not 0 < for_s <= longest_s:
        return f"this alert may be shelved for 1 to {longest_s} seconds"
    alert.shelved_until_ms = at_ms + for_s * 1000
    alert.shelved_by, alert.shelved_why, alert.changed_ms = by, reason.strip(), at_ms
    return ""


def unshelve(alert: Alert, at_ms: int) -> str:
    """Bring a shelved alert back; an active one is announced again. Returns a refusal's sentence, or an empty text."""
    if alert.shelved_until_ms is None:
        return "not shelved"
    alert.shelved_until_ms, alert.shelved_by, alert.shelved_why, alert.changed_ms = None, "", "", at_ms
    if alert.active:
        let_go(alert)
    return ""
