"""Alerts: four facts (active, acknowledged, shelved, suppressed), and the ISA-18.2 state that is derived from them."""

from typing import Literal

import msgspec

State = Literal["unack", "acked", "rtnun", "shelved", "suppressed", "out_of_service", "normal"]

ASIDE = frozenset({"shelved", "suppressed", "out_of_service"})
"""States of which nothing is announced: the condition is followed and told as ever, and nobody is called."""

LATCHED = frozenset({"surge"})
"""Kinds that stay until somebody has seen them, even when their condition ends first: a surge that passed was still a
surge. A clock's alert leaves with its case, a feed's with the silence: there is nothing left to do."""

CRITICAL = 1
SHELF_MAX_S = {CRITICAL: 900}
"""A critical alert may be put aside for 15 minutes at most (SCREENS D-5)."""
SHELF_LONGEST_S = 8 * 3600
"""Any other alert: no longer than a shift."""

OUT_LONGEST_S = 30 * 86_400
"""What is out of service for longer than a month is so until somebody returns it."""


class Alert(msgspec.Struct, kw_only=True, gc=False):
    """One alert and its four facts. Mutated by its partition's fold alone.

    Until `ack_until_ms` the case must have come to another version than `ack_version`, or the acknowledgement is lost;
    None: it stays. Out of service since `out_since_ms` (None: in service), which belongs to the condition: it outlasts the
    condition's end, and what is raised again under the key is out of service too. `suppressed_by` names a rule.
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
    suppressed_by: str = ""
    out_since_ms: int | None = None
    out_until_ms: int | None = None
    out_by: str = ""
    out_why: str = ""
    out_reference: str = ""
    seen: int | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    score: float | None = None
    since_ms: int | None = None
    state: State = "unack"

    def derive(self) -> State:
        """Set and return the state that the four facts give; of those that put it aside, the one that weighs most."""
        if self.out_since_ms is not None:
            self.state = "out_of_service"
        elif self.suppressed_by:
            self.state = "suppressed"
        elif self.shelved_until_ms is not None:
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


def take_out(alert: Alert, by: str, for_s: int | None, words: tuple[str, str], at_ms: int) -> str:
    """Take an alert's condition out of service, until it is returned or for a time.

    Parameters
    ----------
    words
        The reason, and the number of a ticket or an empty text.

    Returns
    -------
    A refusal's sentence, or an empty text.

    """
    reason, reference = words
    if not reason.strip():
        return "taking an alert out of service needs a reason"
    if for_s is not None and not 0 < for_s <= OUT_LONGEST_S:
        return f"an alert may be out of service for 1 to {OUT_LONGEST_S} seconds, or until it is returned"
    alert.out_since_ms = alert.changed_ms = at_ms
    alert.out_until_ms = None if for_s is None else at_ms + for_s * 1000
    alert.out_by, alert.out_why, alert.out_reference = by, reason.strip(), reference.strip()
    return ""


def put_in(alert: Alert, at_ms: int) -> str:
    """Return an alert to service; an active one is announced again. Returns a refusal's sentence, or an empty text."""
    if alert.out_since_ms is None:
        return "not out of service"
    service_of(None, alert)
    alert.changed_ms = at_ms
    if alert.active:
        let_go(alert)
    return ""


def service_of(other: Alert | None, alert: Alert) -> None:
    """Let an alert be out of service exactly as another one is, which may not be there."""
    if other is None:
        alert.out_since_ms = alert.out_until_ms = None
        alert.out_by = alert.out_why = alert.out_reference = ""
    else:
        alert.out_since_ms, alert.out_until_ms = other.out_since_ms, other.out_until_ms
        alert.out_by, alert.out_why, alert.out_reference = other.out_by, other.out_why, other.out_reference
