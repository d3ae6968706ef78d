"""What a screen of a scope shows, and the difference between two such views: pure.

The law that the tests hold: `apply(old, difference(old, new)) == new`, and merged differences give what both gave.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Any

from dashboard.gateway.alert_stack import SHOWN_ALERTS, Stack, joined, order_of
from dashboard.gateway.levels import Children, areas_below
from dashboard.gateway.model import FIGURES, OPEN, OVERDUE, R1H, R24H, Model
from domain.codes import JOURNAL_PARTITIONS, LEVELS, TOWNSHIP_DIGITS, partition_of
from domain.counters import BUCKET_MS, TREND_BUCKETS

HOUR_MS = 3_600_000
TOP_AREAS = 10
"""A wall reads ten lines."""

View = dict[str, Any]
Changes = dict[str, Any]


def build(model: Model, scope: str, children: Children, trend: list[list[int]] | None = None) -> View:
    """Return the whole view of a scope.

    Parameters
    ----------
    model
        What is known.
    scope
        A code; empty: the whole area.
    children
        The areas that the rule set knows, so that one without any report is shown with zeros.
    trend
        The trend of a moment ago, where it shall not be worked out again.

    """
    numbers = _Numbers(model, scope)
    codes = areas_below(scope, children, numbers.seen)
    stacks = list(model.stacks(scope))
    areas = _areas(model, codes, numbers, stacks)
    totals = numbers.total()
    unacked = sum(stack.unacked for _, stack in stacks)
    shelved = sum(stack.shelved for _, stack in stacks)
    first = heapq.merge(*(stack.first for _, stack in stacks))
    if trend is None:
        trend = trend_of(model, scope)
    return {
        "scope": {"code": scope, "level": LEVELS.get(len(scope), "")},
        "areas": areas,
        "alerts": {"set": [alert for _, (_, alert) in zip(range(SHOWN_ALERTS), first, strict=False)]},
        "alerts_total": sum(stack.total for _, stack in stacks),
        "unacked": unacked,
        "urgent": [sum(counts) for counts in zip(*(stack.urgent for _, stack in stacks), strict=True)]
        or [0] * 4,
        "shelved": shelved,
        "kpis": {
            "open": totals[OPEN],
            "new_1h": totals[R1H],
            "new_24h": totals[R24H],
            "overdue": totals[OVERDUE],
            # exact for clocks of 4 hours and more, whose last hour lies behind their 75 % mark
            "due_1h": sum(stack.due_until(model.clock_ms, model.clock_ms + HOUR_MS) for _, stack in stacks),
            "unacked": unacked,
            "shelved": shelved,
            "feeds_ok": sum(not feed.get("silent") for feed in model.feeds.values()),
            "feeds": len(model.feeds),
            "on_time_rate_6h": _on_time(trend),
        },
        "trend": trend,
        "top_loaded": _top(areas, ("open", "r24h")),
        "top_overdue": _top(areas, ("overdue", "open")),
    }


def trend_of(model: Model, scope: str) -> list[list[int]]:
    """Return six hours in 5-minute buckets: [start, opened, closed, overdue at its end, open at its end, closed overdue].

    Known by township; of a village or grid the list is empty. What was open at a bucket's end is what is open now,
    with everything since taken back.
    """
    if len(scope) > TOWNSHIP_DIGITS or model.clock_ms == 0:
        return []
    last_ms = model.clock_ms - model.clock_ms % BUCKET_MS
    moved: dict[int, list[int]] = {}
    open_now = overdue_now = 0
    for _, township in model.townships(scope):
        open_now += township.figures[OPEN]
        overdue_now += township.figures[OVERDUE]
        for start_ms, (opened, closed, overdue_in, overdue_out) in township.trend.items():
            sums = moved.get(start_ms)
            if sums is None:
                moved[start_ms] = [opened, closed, overdue_in, overdue_out]
                continue
            # a province has 98,000 of these: written out, it takes a third of the time
            sums[0] += opened
            sums[1] += closed
            sums[2] += overdue_in
            sums[3] += overdue_out
    rows = []
    for start_ms in range(last_ms, last_ms - TREND_BUCKETS * BUCKET_MS, -BUCKET_MS):
        opened, closed, overdue_in, overdue_out = moved.get(start_ms, (0, 0, 0, 0))
        rows.append([start_ms, opened, closed, overdue_now, open_now, overdue_out])
        open_now += closed - opened
        overdue_now += overdue_out - overdue_in
    return rows[::-1]


def _on_time(trend: list[list[int]]) -> float | None:
    """Return which share of the cases that were closed in these six hours was not overdue then; None: none was closed."""
    closed = sum(row[2] for row in trend)
    late = sum(row[5] for row in trend)
    return 1 - late / closed if closed else None


def difference(old: View, new: View) -> Changes | None:
    """Return the changed members of a view; None when they cannot say it (an area is gone): send it whole."""
    changes: Changes = {
        name: value for name, value in new.items() if name not in {"areas", "alerts"} and old[name] != value
    }
    before = {row["code"]: row for row in old["areas"]}
    if before.keys() - {row["code"] for row in new["areas"]}:
        return None
    rows = [row for row in new["areas"] if before.get(row["code"]) != row]
    if rows:
        changes["areas"] = rows
    shown = {alert["id"]: alert for alert in old["alerts"]["set"]}
    now = {alert["id"] for alert in new["alerts"]["set"]}
    alerts = [alert for alert in new["alerts"]["set"] if shown.get(alert["id"]) != alert]
    gone = [name for name in shown if name not in now]
    if alerts or gone:
        changes["alerts"] = {"set": alerts, "gone": gone}
    return changes


def apply(view: View, changes: Changes) -> View:
    """Return a view with changes in it: what the page does."""
    new = view | {name: value for name, value in changes.items() if name not in {"areas", "alerts"}}
    if "areas" in changes:
        rows = {row["code"]: row for row in (*view["areas"], *changes["areas"])}
        new["areas"] = [rows[code] for code in sorted(rows)]
    if "alerts" in changes:
        alerts = {alert["id"]: alert for alert in (*view["alerts"]["set"], *changes["alerts"]["set"])}
        for name in changes["alerts"]["gone"]:
            alerts.pop(name, None)
        new["alerts"] = {"set": sorted(alerts.values(), key=order_of)}
    return new


def merge(first: Changes, second: Changes) -> Changes:
    """Return two changes, one after the other, as one: the latest value of each key."""
    merged = first | second
    if "areas" in first and "areas" in second:
        rows = {row["code"]: row for row in (*first["areas"], *second["areas"])}
        merged["areas"] = list(rows.values())
    if "alerts" in first and "alerts" in second:
        alerts = {alert["id"]: alert for alert in (*first["alerts"]["set"], *second["alerts"]["set"])}
        back = {alert["id"] for alert in second["alerts"]["set"]}
        gone = {name: None for name in first["alerts"]["gone"] if name not in back}
        gone |= dict.fromkeys(second["alerts"]["gone"])
        merged["alerts"] = {
            "set": [one for name, one in alerts.items() if name not in gone],
            "gone": list(gone),
        }
    return merged


class _Numbers:
    """The numbers of a scope at every level: of whole townships as far up as possible, since grids are many."""

    def __init__(self, model: Model, scope: str) -> None:
        self._scope = scope
        self._townships = dict(model.townships(scope))

    def _rows(self, digits: int) -> Iterator[tuple[str, list[int]]]:
        if digits <= TOWNSHIP_DIGITS and len(self._scope) <= TOWNSHIP_DIGITS:
            yield from ((code, one.figures) for code, one in self._townships.items())
            return
        for township in self._townships.values():
            yield from ((grid, sums) for grid, sums in township.grids.items() if grid.startswith(self._scope))

    def seen(self, digits: int) -> set[str]:
        return {code[:digits] for code, _ in self._rows(digits)}

    def by_area(self, codes: list[str]) -> dict[str, list[int]]:
        sums = {code: [0] * len(FIGURES) for code in codes}
        digits = len(codes[0]) if codes else 0
        for code, counts in self._rows(digits):
            row = sums[code[:digits]]
            for place, count in enumerate(counts):
                row[place] += count
        return sums

    def total(self) -> list[int]:
        rows = (counts for _, counts in self._rows(0))
        return [sum(column) for column in zip(*rows, strict=True)] or [0] * len(FIGURES)


def _areas(
    model: Model, codes: list[str], numbers: _Numbers, stacks: list[tuple[str, Stack]]
) -> list[dict[str, Any]]:
    digits = len(codes[0]) if codes else 0
    sums = numbers.by_area(codes)
    marks: dict[str, tuple[int, int]] = {}
    for _, stack in stacks:
        for place, mark in stack.marks.items():
            if len(place) >= digits:
                marks[place[:digits]] = joined(marks.get(place[:digits], (0, 0)), mark)
    states = _states(model, codes, numbers)
    rows = []
    for code in codes:
        unacked, worst = marks.get(code, (0, 0))
        figures = dict(zip(FIGURES, sums[code], strict=True))
        rows.append({"code": code, **figures, "unacked": unacked, "worst": worst, "state": states[code]})
    return rows


def _states(model: Model, codes: list[str], numbers: _Numbers) -> dict[str, str]:
    """Return what the detectors say of each area; they judge townships, so a part of one only knows stale from not."""
    digits = len(codes[0]) if codes else 0
    said: dict[str, list[str]] = {code: [] for code in codes}
    if digits > TOWNSHIP_DIGITS:
        shares = Counter(code[:TOWNSHIP_DIGITS] for code in codes)
        for code in codes:
            verdicts = model.verdicts(code[:TOWNSHIP_DIGITS])
            whole = shares[code[:TOWNSHIP_DIGITS]] == 1
            said[code] = verdicts if whole else ["normal" if one == "anomalous" else one for one in verdicts]
    else:
        for township in numbers.seen(TOWNSHIP_DIGITS):
            said[township[:digits]] += model.verdicts(township)
    return {code: _state(model, code, states) for code, states in said.items()}


def _state(model: Model, code: str, states: list[str]) -> str:
    if not states:
        known = (
            partition_of(code) in model.statuses
            if len(code) >= TOWNSHIP_DIGITS
            else len(model.statuses) == JOURNAL_PARTITIONS
        )
        return "warming" if known else "nodata"
    if "anomalous" in states:
        return "anomalous"
    # what is not stale may be judged; an area is stale when nothing of it can be
    return next((state for state in ("normal", "stale", "warming") if state in states), "warming")


def _top(areas: list[dict[str, Any]], figures: tuple[str, str]) -> list[str]:
    first, second = figures
    ranked = heapq.nsmallest(TOP_AREAS, areas, key=lambda row: (-row[first], -row[second], row["code"]))
    return [row["code"] for row in ranked if row[first] > 0]
