"""Alerts of one place in the order of the wall, with their counts: unacknowledged first, then priority, then time left."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from domain.alerts.alert import ASIDE

Alert = dict[str, Any]

SHOWN_ALERTS = 200
"""A stack of 10 rows is read; the rest is for who scrolls. More is counted, not listed."""

STATES = {
    "unack": 0,
    "rtnun": 1,
    "acked": 2,
    "shelved": 3,
    "suppressed": 4,
    "out_of_service": 5,
    "normal": 6,
}
NOT_DUE_MS = 1 << 62
"""Stands behind every deadline."""

UNSEEN = frozenset({"unack", "rtnun"})


def place_of(alert: Alert) -> str:
    """Return the code of what an alert is about: its grid, else its scope."""
    return str(alert.get("grid") or alert.get("scope") or "")


def order_of(alert: Alert) -> tuple[int, int, int, int, str]:
    """Return where an alert stands in the stack."""
    due_ms = alert.get("due_ms")
    return (
        STATES.get(alert.get("state", ""), len(STATES)),
        int(alert.get("priority", 0)),
        NOT_DUE_MS if due_ms is None else int(due_ms),
        int(alert.get("raised_ms", 0)),
        str(alert.get("id", "")),
    )


class Stack:
    """Counts and the first alerts of a place; `shelved` counts all that are put aside: also suppressed, also out of service.

    `first` holds (order, alert), at most 200, sorted; `marks` maps an exact place to (unacknowledged, worst priority
    of those that are active or unseen and not put aside, 0 for none); `urgent` counts the active unacknowledged ones of
    priority 1 to 4.
    """

    __slots__ = ("_due", "first", "marks", "shelved", "total", "unacked", "urgent")

    def __init__(self, alerts: Iterable[Alert]) -> None:
        ordered = sorted((order_of(alert), alert) for alert in alerts)
        self.first = ordered[:SHOWN_ALERTS]
        self.total = len(ordered)
        self.unacked = self.shelved = 0
        self.urgent = [0, 0, 0, 0]
        self.marks: dict[str, tuple[int, int]] = {}
        self._due: list[int] = []
        for _, alert in ordered:
            state = alert.get("state")
            unseen = state in UNSEEN
            self.unacked += unseen
            self.shelved += state in ASIDE
            if state == "unack":
                self.urgent[int(alert["priority"]) - 1] += 1
            if unseen or (alert.get("active") and state not in ASIDE):
                place = place_of(alert)
                mark = (int(unseen), int(alert.get("priority", 0)))
                self.marks[place] = joined(self.marks.get(place, (0, 0)), mark)
            if alert.get("kind") == "due_soon" and alert.get("clock") == "resolve" and alert.get("active"):
                self._due.append(int(alert.get("due_ms") or NOT_DUE_MS))
        self._due.sort()

    def due_until(self, from_ms: int, until_ms: int) -> int:
        """Return how many cases fall due after `from_ms` and up to `until_ms`."""
        return bisect_right(self._due, until_ms) - bisect_right(self._due, from_ms)


def joined(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Return two marks as one: unacknowledged added up, the worse priority (1 is the worst, 0 none)."""
    return one[0] + other[0], min(filter(None, (one[1], other[1])), default=0)
