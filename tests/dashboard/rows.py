"""Rows of a queue, as casework writes them into its read model."""

from typing import Any

HOUR_MS = 3_600_000
NOON_MS = 1_785_297_600_000
"""Wednesday 2026-07-29 12:00 in Shanghai, when the office closes for two hours."""


def row(name: str = "03-000000000a", grid: str = "990100001001001", **more: Any) -> dict[str, Any]:
    clock = {
        "start_ms": NOON_MS,
        "limit": {"kind": "wall_clock", "ms": 8 * HOUR_MS, "days": 0},
        "calendar": "china",
        "pauses": [],
        "extensions": [],
        "percents": [50, 75, 100, 300],
    }
    facts = {
        "id": name,
        "feed": "desk",
        "source_id": name,
        "grid": grid,
        "category": "lamp",
        "step": "dispatch",
        "level": "township",
        "desk": grid[:9],
        "assignee": "",
        "teams": [],
        "is": [],
        "round": 1,
        "version": 2,
        "opened_ms": NOON_MS,
        "arrived_ms": NOON_MS,
        "closed_ms": None,
        "due_ms": NOON_MS + 8 * HOUR_MS,
        "step_due_ms": None,
        "marks": [[50, NOON_MS + 4 * HOUR_MS]],
        "clock": clock,
        "overdue": False,
        "paused": False,
        "supervised": False,
        "repeats": 0,
        "claim": None,
        "returned": False,
        "lon": 9.1,
        "lat": 48.7,
    }
    return facts | more


def working(hours: int = 8, due_ms: int | None = None, **more: Any) -> dict[str, Any]:
    """What makes a row's whole clock one of so many working hours."""
    clock = row()["clock"]
    limit = {"kind": "working_hours", "ms": hours * HOUR_MS, "days": 0}
    return {"clock": clock | {"limit": limit} | more, "due_ms": due_ms}


def alert(name: str, case: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "case": case,
        "kind": "overdue",
        "clock": "resolve",
        "priority": 2,
        "state": "unack",
        "active": True,
        **more,
    }
