"""The queue's rows of all partitions in memory, each with its alerts and the working time that it has left: pure, but for its ways in.

A row is made and encoded once for all screens, and again only when it, its alerts, or the time left as a page counts it
on have changed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import cos, hypot, radians
from typing import Any
from zlib import crc32

import msgspec

from dashboard.gateway.alert_stack import SHOWN_ALERTS, UNSEEN, Alert, order_of, place_of
from domain.clocks.calendars import Calendar
from domain.clocks.clock import Clock, run_ms, timetable
from domain.desks.held import Piece, within
from domain.rules import Rules

Row = dict[str, Any]

INNER = frozenset({"clock", "source_id"})
"""What of a row only the gateway needs."""

LEAST_PRIORITY = 4
SLOTS = 60
"""The time left of a row is looked at once a minute, a sixtieth of the rows each second."""
MINUTE_MS = 60_000
SAME_MS = 2_000
"""A page lets the time left run on where it ends at the due instant within so much (dispatch_order.js); else it stands."""

NEAR_M = 150
NEAR_MS = 30 * 60_000
"""Cases of one category so near in place and time may be one matter (SCREENS D-10)."""
MOST_NEAR = 10
METRES_A_DEGREE = 111_320

_encode = msgspec.json.Encoder().encode


class Item:
    """A row, and what was last told of it."""

    __slots__ = ("budget_ms", "clock", "encoded", "left_ms", "row", "told_ms")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.clock: Clock = msgspec.convert(row["clock"], Clock)
        self.budget_ms: int | None = None
        self.encoded: bytes | None = None
        self.left_ms: int | None = None
        self.told_ms = 0


class QueueBook:
    """The rows by case, with what their look-ups need.

    Parameters
    ----------
    alerts
        All alerts by their ids, kept by somebody else.

    """

    def __init__(self, alerts: Mapping[str, Alert]) -> None:
        self.items: dict[str, Item] = {}
        self.claimed: set[str] = set()
        self.assigned: Counter[str] = Counter()
        self.rules: Rules | None = None
        self._alerts = alerts
        self._case_of: dict[str, str] = {}
        self._alerts_of: dict[str, set[str]] = {}
        self._alike: dict[object, set[str]] = {}
        self._slots: list[set[str]] = [set() for _ in range(SLOTS)]

    # -- ways in

    def take_partition(
        self, partition: int, rows: Mapping[str, Row], alerts: Mapping[str, Alert]
    ) -> set[str]:
        """Replace a partition's rows and alerts by what its hashes say; return the cases that this may have changed."""
        mark = f"{partition:02d}-"
        old = [name for name in self.items if name.startswith(mark) and name not in rows]
        gone = [name for name in self._case_of if name.startswith(mark) and name not in alerts]
        return self.apply({**dict.fromkeys(old), **rows}, {**dict.fromkeys(gone), **alerts})

    def apply(self, rows: Mapping[str, Row | None], alerts: Mapping[str, Alert | None]) -> set[str]:
        """Fold in what changed, behind the alerts themselves; return the cases that it changed, also those without a row."""
        touched: set[str] = set()
        for name, alert in alerts.items():
            touched |= self._link(name, "" if alert is None else str(alert.get("case") or ""))
        for name, row in rows.items():
            known = self.items.get(name)
            if row is None:
                if known is not None:
                    self._drop(name, known)
                    touched.add(name)
            elif known is None or known.row != row:
                if known is not None:
                    self._drop(name, known)
                self._put(name, row)
                touched.add(name)
        for name in touched:
            self.renew(name)
        return touched

    def follow_rules(self, rules: Rules) -> set[str]:
        """Count by the calendars of another rule set; return the cases whose time left may be another."""
        self.rules = rules
        for item in self.items.values():
            item.budget_ms, item.encoded = None, None
        return set(self.items)

    def renew(self, name: str) -> None:
        """Have a row made anew when it is next asked for."""
        item = self.items.get(name)
        if item is not None:
            item.encoded = None

    # -- what is shown

    def grid(self, name: str) -> str:
        """Return where a case lies; nothing where it has no row."""
        item = self.items.get(name)
        return "" if item is None else str(item.row["grid"])

    def encoded(self, name: str, now_ms: int) -> bytes:
        """Return a row as pages get it: as it was last told, or made now."""
        item = self.items[name]
        if item.encoded is None:
            left_ms = item.left_ms = self._left_ms(item, now_ms)
            item.told_ms = now_ms
            alerts = sorted(self._alerts_of.get(name, ()))
            facts = [self._alerts[one] for one in alerts if one in self._alerts]
            shown = {key: value for key, value in item.row.items() if key not in INNER}
            shown |= {
                "priority": _worst(facts),
                "unacked": any(one.get("state") in UNSEEN for one in facts),
                "alerts": alerts,
                "left_ms": left_ms,
                "budget_ms": item.budget_ms,
                "at_ms": now_ms,
            }
            item.encoded = _encode(shown)
        return item.encoded

    def urgency(self, name: str) -> tuple[bool, int, int, str]:
        """Return where a row stands among more rows than are shown: unacknowledged ones first, then priority, then due."""
        facts = [self._alerts[one] for one in self._alerts_of.get(name, ()) if one in self._alerts]
        item = self.items.get(name)
        due_ms = None if item is None else item.row["due_ms"]
        return (
            not any(one.get("state") in UNSEEN for one in facts),
            _worst(facts),
            1 << 62 if due_ms is None else int(due_ms),
            name,
        )

    def ticked(self, slot: int, now_ms: int) -> set[str]:
        """Return the cases of a slot whose time left is another minute now than pages show, to be told anew."""
        moved = {name for name in self._slots[slot] if self._has_moved(self.items[name], now_ms)}
        for name in moved:
            self.renew(name)
        return moved

    def alerts_of(self, name: str) -> list[Alert]:
        """Return the alerts of a case, in the order of their ids."""
        return [self._alerts[one] for one in sorted(self._alerts_of.get(name, ())) if one in self._alerts]

    def alerts_in(self, pieces: tuple[Piece, ...]) -> list[Alert]:
        """Return the alerts of some places, in the order of the wall, at most as many as a view has."""
        if not pieces:
            return []
        found = [one for one in self._alerts.values() if within(pieces, place_of(one))]
        return sorted(found, key=order_of)[:SHOWN_ALERTS]

    def near(self, name: str) -> list[Row]:
        """Return the cases that may be the same matter as one: by its source's id, or by class, place and time; the nearest first."""
        item = self.items.get(name)
        if item is None:
            return []
        alike = {other for key in _likenesses(item.row) for other in self._alike[key]}
        found = [
            near for other in alike if _family(other) != _family(name)
            if (near := _nearness(item.row, self.items[other].row)) is not None
        ]  # fmt: skip
        found.sort(key=lambda one: (one["distance_m"] is not None, one["distance_m"] or 0, one["case"]))
        return found[:MOST_NEAR]

    # -- inside

    def _put(self, name: str, row: Row) -> None:
        self.items[name] = Item(row)
        self._slots[_slot(name)].add(name)
        for key in _likenesses(row):
            self._alike.setdefault(key, set()).add(name)
        for one in _handlers(row):
            self.assigned[one] += 1
        if row["claim"] is not None:
            self.claimed.add(name)

    def _drop(self, name: str, item: Item) -> None:
        row = item.row
        del self.items[name]
        self._slots[_slot(name)].discard(name)
        self.claimed.discard(name)
        for key in _likenesses(row):
            alike = self._alike[key]
            alike.discard(name)
            if not alike:
                del self._alike[key]
        for one in _handlers(row):
            self.assigned[one] -= 1
            if not self.assigned[one]:
                del self.assigned[one]

    def _link(self, alert: str, case: str) -> set[str]:
        """Let an alert be one of a case, or of none any more; return the cases that this changed."""
        before = self._case_of.pop(alert, "")
        if before and before != case:
            linked = self._alerts_of[before]
            linked.discard(alert)
            if not linked:
                del self._alerts_of[before]
        if case:
            self._case_of[alert] = case
            self._alerts_of.setdefault(case, set()).add(alert)
        return {one for one in (before, case) if one in self.items}

    def _calendar(self, item: Item) -> Calendar | None:
        return None if self.rules is None else self.rules.calendar_of(item.row["feed"])

    def _left_ms(self, item: Item, now_ms: int) -> int | None:
        """Return the time left of the whole clock, negative when over; None while it stands, or while no calendar is known."""
        clock, calendar = item.clock, self._calendar(item)
        if calendar is None and clock.limit.kind != "wall_clock":
            return None
        if item.budget_ms is None:
            item.budget_ms = timetable(clock, calendar).budget_ms
        return None if clock.paused else item.budget_ms - run_ms(clock, calendar, now_ms)

    def _has_moved(self, item: Item, now_ms: int) -> bool:
        """Tell whether a page counts a row's time on to another minute than the one that is right."""
        due_ms, left_ms = item.row["due_ms"], item.left_ms
        if item.encoded is None or left_ms is None or due_ms is None:
            return False
        straight = abs(due_ms - item.told_ms - left_ms) <= SAME_MS
        shown = left_ms - (now_ms - item.told_ms) if straight else left_ms
        right = self._left_ms(item, now_ms)
        return right is not None and right // MINUTE_MS != shown // MINUTE_MS


def _slot(name: str) -> int:
    return crc32(name.encode()) % SLOTS


def _handlers(row: Row) -> Iterator[str]:
    """Give who has a case that is open: its assignee, and the departments beside it."""
    if row["assignee"] and row["closed_ms"] is None:
        yield row["assignee"]
        yield from row["teams"]


def _likenesses(row: Row) -> tuple[object, ...]:
    """Return what cases are found by that may be the same matter: the class, and the source's own id."""
    return row["category"], (row["feed"], row["source_id"])


def _family(name: str) -> str:
    """Return the case that a part was split from, or the case itself: they are apart on purpose."""
    return name.partition(".")[0]


def _nearness(row: Row, other: Row) -> Row | None:
    """Return how near another case is, or None where it is not near enough to be the same matter."""
    same = row["feed"] == other["feed"] and row["source_id"] == other["source_id"]
    apart_ms = abs(row["arrived_ms"] - other["arrived_ms"])
    if not same and apart_ms > NEAR_MS:
        return None
    distance_m = _distance_m(row, other)
    if not same and (distance_m is None or distance_m > NEAR_M):
        return None
    return {
        "case": other["id"],
        "grid": other["grid"],
        "category": other["category"],
        "distance_m": None if distance_m is None else round(distance_m),
        "minutes": apart_ms // MINUTE_MS,
        "step": other["step"],
    }


def _distance_m(row: Row, other: Row) -> float | None:
    """Return how far two cases are apart, on a plane: exact enough for some hundred metres."""
    places = (row["lon"], row["lat"], other["lon"], other["lat"])
    if any(one is None for one in places):
        return None
    lon, lat, lon2, lat2 = places
    return hypot((lon - lon2) * cos(radians((lat + lat2) / 2)), lat - lat2) * METRES_A_DEGREE


def _worst(alerts: list[Alert]) -> int:
    """Return the worst priority of some alerts; one whose condition is over, and which is out of service, is none."""
    standing = (one for one in alerts if one.get("active", True) or one.get("state") in UNSEEN)
    return min((int(one["priority"]) for one in standing), default=LEAST_PRIORITY)
