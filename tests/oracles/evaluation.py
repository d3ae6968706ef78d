"""Evaluation a second time, from the passages' bare JSON and the open cases, without any of the product's code.

It walks each case's life as a list of changes, from its arrival on, and asks what held at the end of the period.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def evaluated(  # noqa: PLR0913, PLR0917 - what the figures are of
    passages: Iterable[Json], opened: Iterable[Json], scope: str, begin: int, end: int, by: str
) -> dict[str, dict[str, Any]]:
    """The figures of each row; those of the whole scope stand under "*"."""
    lives: dict[str, list[Json]] = defaultdict(list)
    seen = set()
    for one in passages:
        if one["effect"] not in seen:
            seen.add(one["effect"])
            lives[one["case"]].append(one)
    now = {one["case"]: one for one in opened}
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    visits: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for case in sorted(set(lives) | set(now)):
        life = held(lives[case])
        known = at_the_end(life, now.get(case), end)
        if known is None:
            continue
        code = known["desk"] if by == "desk" else known["grid"]
        if not code.startswith(scope):
            continue
        known |= counted(life, known, begin, end)
        name = row_of(known, scope, by)
        rows["*"].append(known)
        if name:
            rows[name].append(known)
        for visit in life:
            inside = visit["kind"] == "step" and begin <= visit["t_ms"] < end
            if inside and visit["round"] == known["round"]:
                took = (visit["step"], visit["open_ms"] - visit["paused_ms"])
                visits["*"].append(took)
                own = name if by == "jurisdiction" else row_of(visit, scope, by)
                if own:
                    visits[own].append(took)
    return {name: summed(rows[name], visits[name]) for name in {*rows, *visits}}


def held(life: Sequence[Json]) -> list[Json]:
    """What was not taken back: read from the end, a taking back strikes out what came before it."""
    kept: list[Json] = []
    struck: list[int] = []
    for one in reversed(life):
        if one["kind"] == "undone":
            struck.append(one["visit"])
        elif not any(
            one["visit"] > visit or (one["visit"] == visit and one["kind"] in {"step", "closed"})
            for visit in struck
        ):
            kept.append(one)
    return kept[::-1]


def at_the_end(life: Sequence[Json], now: Json | None, end: int) -> dict[str, Any] | None:
    came = life[0]["arrived_ms"] if life else now["arrived_ms"] if now else None
    if came is None or came >= end:
        return None
    final = state(life)[1]
    if final is not None and final["duplicate"]:
        return None
    number, closing = state([one for one in life if one["t_ms"] < end])
    later = [one for one in life if one["t_ms"] >= end]
    source = closing if closing is not None else later[0] if later else now
    if source is None:
        return None
    return {
        "came": came,
        "round": number,
        "closed": None if closing is None else closing["end_ms"],
        "due": source["due_ms"] if source is now else source["whole_due_ms"],
        **{name: source[name] for name in ("grid", "desk", "team")},
    }


def state(life: Sequence[Json]) -> tuple[int, Json | None]:
    """The round that a life has come to, and its closing where it is closed."""
    number, closing = life[0]["round"] if life else 1, None
    for one in life:
        if one["kind"] == "closed":
            closing = one
        elif one["reopened"]:
            number, closing = number + 1, None
    return number, closing


def counted(life: Sequence[Json], known: Json, begin: int, end: int) -> dict[str, Any]:
    steps = [one for one in life if one["kind"] == "step" and one["t_ms"] < end]
    filed = [
        one["t_ms"]
        for one in steps
        if one["step"] == "file" and one["to"] not in {"file", "collect", "evaluate", "closed"}
    ]
    said = [
        one["satisfied"]
        for one in life
        if one["kind"] == "answer" and one["round"] == known["round"] and begin <= one["t_ms"] < end
    ]
    due, closed = known["due"], known["closed"]
    is_due = due is not None and begin <= due < end
    return {
        "accepted": begin <= known["came"] < end,
        "filed": bool(filed) and begin <= max(filed) < end,
        "due": is_due,
        "closed": closed is not None and begin <= closed < end,
        "due_closed": is_due and closed is not None and closed < end,
        "on_time": is_due and closed is not None and closed < due,
        "returned": any(
            one["back"] and one["round"] == known["round"] and one["t_ms"] >= begin for one in steps
        ),
        "reopened": any(one["reopened"] and one["t_ms"] >= begin for one in steps),
        "yes": said[-1:] == [True],
        "no": said[-1:] == [False],
    }


def row_of(place: Json, scope: str, by: str) -> str:
    if by == "team":
        return str(place["team"])
    if by == "desk":
        return str(place["desk"]) if place["desk"].startswith(scope) else ""
    digits = {0: 6, 2: 4, 4: 6, 6: 9, 9: 12, 12: 15, 15: 15}[len(scope)]
    return str(place["grid"][:digits])


def summed(cases: Sequence[Json], visits: Sequence[tuple[str, int]]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(1 for case in cases if case[name])

    steps: dict[str, list[int]] = defaultdict(list)
    for step, took in visits:
        steps[step].append(took)
    return {
        **{name: total(name) for name in ("accepted", "filed", "due", "closed", "returned", "reopened")},
        "close_rate": (total("due_closed"), total("due")),
        "on_time_rate": (total("on_time"), total("due")),
        "satisfaction": (total("yes"), total("yes") + total("no")),
        "steps": {
            step: (len(took), ranked(took, 0.5), ranked(took, 0.9)) for step, took in sorted(steps.items())
        },
    }


def ranked(values: Sequence[int], share: float) -> int:
    """The smallest value that at least this share of them do not exceed."""
    return min(one for one in values if sum(other <= one for other in values) >= share * len(values) - 1e-9)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The ends of the interval as the roots p of (hits/of - p)² = z² p (1 - p) / of."""
    z2 = 1.959963984540054**2
    p = hits / of
    a, b, c = 1 + z2 / of, -(2 * p + z2 / of), p * p
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)
