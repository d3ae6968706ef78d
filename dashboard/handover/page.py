"""A handover page fills itself: what the read models say of a desk at an instant, as plain values that can be signed.

The page is whole in itself: it holds the names of its places and categories, so that it reads the same in years. It holds
no person: accounts by id, and what somebody wrote as it was sealed.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from dashboard.gateway.rights import moves_of
from domain.alerts.alert import ASIDE
from domain.desks.handover_given import MOST_ITEMS
from domain.desks.held import Held
from domain.duty.shifts import Shift
from domain.rules import Rules

PAGE_VERSION = 1
DUE_WITHIN_MS = 4 * 3_600_000
"""Half a shift: what falls due later is still before the next handover's eyes."""
MOST_ROWS = 200
"""Of one table; what is not listed is counted."""
CRITICAL, HIGH = 1, 2
OWN_KIND = "handover_unsigned"
"""The alert that this page itself ends."""
NEVER_MS = 1 << 62
"""Stands behind every instant."""

Row = dict[str, Any]
Rows = Mapping[str, Mapping[str, Any]]


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What of the read models a page is filled from; `staff` is who is on duty, by place, as far as a roster says."""

    desks: Rows
    alerts: Rows
    queue: Rows
    feeds: Rows
    rule_changes: list[tuple[int, str]]
    replays: list[str]
    staff: list[Row] = []


class Named(Protocol):
    """A rule set's names."""

    def name_of(self, code: str, lang: str = "en") -> str:
        """Return a place's name."""

    def category_name(self, category: str, lang: str = "en") -> str:
        """Return a category's name."""


def fill(code: str, material: Material, rules: Rules, *, shift: Shift | None, now_ms: int) -> Row:
    """Return the page of a desk.

    Parameters
    ----------
    code
        The desk's.
    material
        What the read models say.
    rules
        The rule set in force.
    shift
        What is handed over; None where the desk has no shifts.
    now_ms
        The instant of the page: the journal's, where feeds bring their own time.

    """
    held = Held(code, moves_of(material.desks))
    mine = [
        one for one in material.alerts.values() if held.has(_place(one, rules)) and one["kind"] != OWN_KIND
    ]
    standing = [one for one in mine if one["active"] and one["state"] not in ASIDE]
    from_ms = now_ms if shift is None else min(shift.start_ms, now_ms)
    pressing = [_alert(one, rules) for one in standing if one["priority"] <= HIGH]
    aside = [_put_aside(one, rules) for one in mine if one["state"] in ASIDE]
    due = list(_due(material.queue, standing, held, rules, now_ms))
    desk = material.desks.get(code, {})
    tables = {
        "pressing": sorted(pressing, key=lambda one: (one["priority"], one["raised_ms"], one["id"])),
        "aside": sorted(aside, key=lambda one: (one["until_ms"] or NEVER_MS, one["id"])),
        "due": sorted(due, key=lambda one: (one["due_ms"], one["case"])),
        "feeds": sorted(
            _feeds(material.feeds, rules, now_ms), key=lambda one: (not one["silent"], one["feed"])
        ),
        "rule_changes": [
            {"t_ms": at_ms, "hash": name}
            for at_ms, name in material.rule_changes
            if from_ms <= at_ms <= now_ms
        ],
        "replays": [{"id": name} for name in sorted(material.replays)],
        "notes": list(desk.get("notes", ())),
        "staff": sorted(material.staff, key=lambda one: one["place"]),
    }
    plan = rules.desks.get(code)
    page: Row = {
        "v": PAGE_VERSION,
        "desk": code,
        "title": _names(rules, code) if plan is None else plan.title,
        "zone": "" if plan is None else plan.zone,
        "shift": None if shift is None else {"start_ms": shift.start_ms, "end_ms": shift.end_ms},
        "filled_ms": now_ms,
        "rules": rules.hash,
        "given": [{"scope": scope, "desk": to} for scope, to in sorted(held.given.items())],
        "taken": [{"scope": scope, "desk": name} for scope, name in sorted(held.taken.items())],
        "load": _load(mine, standing, from_ms),
        "critical": [one["id"] for one in tables["pressing"] if one["priority"] == CRITICAL][:MOST_ITEMS],
        "tables": {name: rows[:MOST_ROWS] for name, rows in tables.items()},
        "more": {name: len(rows) - MOST_ROWS for name, rows in tables.items() if len(rows) > MOST_ROWS},
    }
    return page | _words(page, rules)


def sealed_of(page: Row) -> list[str]:
    """Return every text of a page that somebody wrote, as it was sealed."""
    tables = page["tables"]
    texts = [one["text"] for one in tables["notes"]] + [
        one[key] for one in tables["aside"] for key in ("why", "reference") if key in one
    ]
    return [text for text in texts if text]


def _place(alert: Mapping[str, Any], rules: Rules) -> str:
    feed = rules.feeds.get(alert.get("feed", ""))
    return str(alert["grid"] or alert["scope"] or (feed.county if feed is not None else ""))


def _alert(alert: Mapping[str, Any], rules: Rules) -> Row:
    kept = (
        "id",
        "kind",
        "priority",
        "category",
        "case",
        "feed",
        "clock",
        "raised_ms",
        "due_ms",
        "state",
        "acked_by",
    )
    return {name: alert[name] for name in kept} | {"place": _place(alert, rules)}


def _put_aside(alert: Mapping[str, Any], rules: Rules) -> Row:
    """Give an alert with what its state says of it: until when (None: until it is returned, or its rule ends), by whom, why.

    A rule is an account of nobody: its name stands in `rule`.
    """
    more: Row = {"until_ms": None, "by": "", "why": "", "reference": "", "rule": ""}
    match alert["state"]:
        case "shelved":
            more |= {
                "until_ms": alert["shelved_until_ms"],
                "by": alert["shelved_by"],
                "why": alert["shelved_why"],
            }
        case "suppressed":
            more |= {"rule": alert["suppressed_by"]}
        case _:
            more |= {
                "until_ms": alert["out_until_ms"],
                "by": alert["out_by"],
                "why": alert["out_why"],
                "reference": alert["out_reference"],
            }
    return _alert(alert, rules) | more


def _due(
    queue: Rows, standing: Iterable[Mapping[str, Any]], held: Held, rules: Rules, now_ms: int
) -> Iterable[Row]:
    """Give the cases that will be overdue within four hours: those of the queue, and those that alerts know of."""
    told: set[str] = set()
    until_ms = now_ms + DUE_WITHIN_MS
    for case in queue.values():
        due_ms = case.get("due_ms")
        if due_ms is not None and now_ms < due_ms <= until_ms and held.has(case["grid"]):
            told.add(case["id"])
            kept = {name: case.get(name, "") for name in ("category", "step", "assignee")}
            yield {"case": case["id"], "place": case["grid"], "due_ms": due_ms} | kept
    for alert in standing:
        due_ms = alert["due_ms"]
        soon = alert["kind"] == "due_soon" and due_ms is not None and now_ms < due_ms <= until_ms
        if soon and alert["case"] not in told:
            told.add(alert["case"])
            yield {
                "case": alert["case"], "place": _place(alert, rules), "due_ms": due_ms,
                "category": alert["category"], "step": "", "assignee": "",
            }  # fmt: skip


def _feeds(feeds: Rows, rules: Rules, now_ms: int) -> Iterable[Row]:
    """Give the feeds that are silent, and those that have used half of their limit."""
    for name, feed in feeds.items():
        last_ms, known = feed.get("last_ms"), rules.feeds.get(name)
        limit_ms = 0 if known is None else known.silent_after_ms or 0
        late = bool(limit_ms and last_ms and now_ms - last_ms > limit_ms / 2)
        if feed.get("silent") or late:
            title = {"en": name, "zh": name} if known is None else known.title
            yield {"feed": name, "title": title, "silent": bool(feed.get("silent")), "last_ms": last_ms}


def _load(
    mine: Iterable[Mapping[str, Any]], standing: list[Mapping[str, Any]], from_ms: int
) -> dict[str, Any]:
    """Return how much stands, by priority, and how much of it came in this shift. It is of the desk, never of a person."""
    return {
        "standing": [sum(one["priority"] == priority for one in standing) for priority in (1, 2, 3, 4)],
        "unacked": sum(one["state"] in {"unack", "rtnun"} for one in mine),
        "in_shift": sum(one["raised_ms"] >= from_ms for one in standing),
    }


def _words(page: Row, rules: Rules) -> Row:
    rows = [row for name in ("pressing", "aside", "due", "staff") for row in page["tables"][name]]
    codes = {row["place"] for row in rows} | {
        one[key] for one in page["given"] + page["taken"] for key in one
    }
    words = {row.get("category", "") for row in rows} - {""}
    categories = {
        one: {"en": rules.category_name(one, "en"), "zh": rules.category_name(one, "zh")}
        for one in sorted(words)
    }
    return {"places": {code: _names(rules, code) for code in sorted(codes)}, "categories": categories}


def _names(rules: Rules, code: str) -> dict[str, str]:
    return {"en": rules.name_of(code, "en"), "zh": rules.name_of(code, "zh")}
