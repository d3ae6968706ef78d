"""What `show` says, computed from the read models: sums over a scope, and the rows of cases, alerts and feeds."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.codes import COUNTY_DIGITS, LEVELS, TOWNSHIP_DIGITS
from domain.rules import Rules
from watchfloor.commands.output import with_times
from watchfloor.exceptions import WrongUseError

FEWEST_DIGITS, MOST_DIGITS = 2, 15
WINDOWS = ("reports_5m", "reports_1h", "reports_24h", "open", "overdue", "reports_total")
"""The six counts of a cell, in their order."""


def scope_code(text: str, rules: Rules | None) -> str:
    """Return the code that a person means by `--scope`.

    Parameters
    ----------
    text
        A code of 2 to 15 digits, or a source's own code or name; empty: the whole area.
    rules
        The rule set in force, None before the first.

    Raises
    ------
    WrongUseError
        If it names nothing, or several areas.

    """
    text = text.strip()
    found = [] if rules is None or not text else rules.codes_of(text)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        named = ", ".join(f"{code} ({rules.name_of(code) if rules else ''})" for code in found)
        raise WrongUseError(f"--scope {text!r} may mean {named}: give the code of one, or write FEED:{text}.")
    if not text or (text.isascii() and text.isdigit() and len(text) in LEVELS):
        return text
    raise WrongUseError(
        f"--scope {text!r} is no area of the rule set in force: give a code of 2, 4, 6, 9, 12 or 15 digits, "
        "or an area's code or name as its source writes it."
    )


def sum_counts(blocks: Iterable[Mapping[str, Mapping[str, Any]]], scope: str) -> list[int]:
    """Return the six counts of a scope, added up over partitions, townships, grids and categories.

    Parameters
    ----------
    blocks
        Each journal partition's townships with their blocks.
    scope
        A code's prefix; empty: everything.

    """
    sums = [0] * 6
    for partition in blocks:
        for township, block in partition.items():
            if not (township.startswith(scope) or scope.startswith(township)):
                continue
            whole = len(scope) <= TOWNSHIP_DIGITS
            for grid, categories in block["grids"].items():
                if whole or grid.startswith(scope):
                    for cell in categories.values():
                        for index, count in enumerate(cell):
                            sums[index] += count
    return sums


def counters(blocks: Iterable[Mapping[str, Mapping[str, Any]]], scope: str) -> dict[str, Any]:
    """Return the counters of a scope as they are shown."""
    sums = dict(zip(WINDOWS, sum_counts(blocks, scope), strict=True))
    order = ("reports_total", "reports_5m", "reports_1h", "reports_24h", "open", "overdue")
    return {"scope": scope, **{name: sums[name] for name in order}}


UNWORKED: dict[str, Any] = {
    "level": None,
    "desk": None,
    "version": None,
    "step_due_ms": None,
    "paused": False,
    "supervised": False,
    "tracking": None,
}
"""What only cases have on which people work here."""


def case_rows(
    cases: Iterable[Mapping[str, Any]], scope: str, *, overdue: bool, codes: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the cases of a scope as they are shown, in the order of their arrival; `overdue` keeps only such ones.

    `codes` are the tracking codes of those that have one.
    """
    return [
        with_times({**UNWORKED, **case, "tracking": codes.get(case["id"])})
        for case in cases
        if case["grid"].startswith(scope) and (case["overdue"] or not overdue)
    ]


def alert_rows(
    alerts: Iterable[Mapping[str, Any]], scope: str, counties: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the alerts of a scope as they are shown: unacknowledged first, then by priority, the newest first.

    Parameters
    ----------
    alerts
        All of them.
    scope
        A code's prefix.
    counties
        The county of each feed, which is where a silent feed belongs.

    """
    order = {"unack": 0, "rtnun": 1, "acked": 2, "shelved": 3, "suppressed": 4, "out_of_service": 5}
    mine = [alert for alert in alerts if _lies_in(alert, scope, counties)]
    mine.sort(key=lambda a: (order.get(a["state"], 6), a["priority"], -a["raised_ms"], a["id"]))
    return [with_times(alert) for alert in mine]


def _lies_in(alert: Mapping[str, Any], scope: str, counties: Mapping[str, str]) -> bool:
    where = alert.get("grid") or alert.get("scope") or counties.get(alert.get("feed", ""), "")
    return where.startswith(scope)


def feed_rows(
    feeds: Mapping[str, Mapping[str, Any]], scope: str, counties: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the feeds of a scope's counties as they are shown."""
    return [
        with_times(feed)
        for name, feed in feeds.items()
        if counties.get(name, "").startswith(scope[:COUNTY_DIGITS])
    ]


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, int]:
    """Return by how much a feed's outcomes grew: `accepted`, `revised`, `repeated`, `refused`, `unplaced`."""
    names = ("accepted", "revised", "repeated", "refused", "unplaced")
    return {name: after.get(name, 0) - before.get(name, 0) for name in names}
