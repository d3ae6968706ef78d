"""What the operations page shows, worked out of the read models' raw values: pure, and forgiving of what is absent."""

from collections.abc import Mapping
from typing import Any

# A worker writes its health each second; five without one is more than any pause that we know of.
WORKER_LATE_MS = 5_000


def report(
    *,
    now_ms: int,
    feeds: Mapping[str, Mapping[str, Any]],
    lanes: Mapping[str, Mapping[str, Any]],
    partitions: Mapping[str, Mapping[str, Any]],
    workers: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the operations page's figures.

    Parameters
    ----------
    now_ms
        The wall clock.
    feeds, lanes, partitions
        The hashes `P feeds`, `P lanes`, `P partitions`, decoded.
    workers
        The strings `P health:<worker>`, decoded, by worker.

    Returns
    -------
    dict[str, Any]
        `server_ms`, `feeds`, `dead`, `workers`, `partitions` (lists of rows), `rules` (hashes in force) and `totals`.

    """
    positions = _positions(workers)
    rows = _partition_rows(now_ms, positions, lanes, partitions)
    dead = [
        {"lane": lane, "reason": reason, "count": count}
        for lane, value in sorted(lanes.items())
        for reason, count in sorted(value.get("dead", {}).items(), key=lambda one: (-one[1], one[0]))
    ]
    clocks = [value["clock_ms"] for value in lanes.values() if value.get("clock_ms")]
    feed_rows = []
    for name, value in sorted(feeds.items()):
        clock_ms = lanes.get(str(value.get("lane")), {}).get("clock_ms") or max(clocks, default=now_ms)
        last_ms = value.get("last_ms")
        feed_rows.append(
            {
                "feed": name,
                **{key: value.get(key, 0) for key in COUNTED},
                "lane": value.get("lane"),
                "last_ms": last_ms,
                "age_ms": None if last_ms is None else max(0, clock_ms - last_ms),
                "silent": bool(value.get("silent")),
            }
        )
    known = [row["lag"] for row in rows if row["lag"] is not None]
    return {
        "server_ms": now_ms,
        "feeds": feed_rows,
        "dead": dead,
        "workers": [_worker_row(now_ms, name, value) for name, value in sorted(workers.items())],
        "partitions": rows,
        "rules": sorted({str(v["rules"]) for v in [*partitions.values(), *lanes.values()] if v.get("rules")}),
        "totals": {
            "lag": sum(known) if known else None,
            "dead": sum(row["count"] for row in dead),
            "folded_per_s": round(sum(float(v.get("folded_per_s", 0)) for v in workers.values()), 1),
            "silent": sum(row["silent"] for row in feed_rows),
        },
    }


COUNTED = ("accepted", "revised", "repeated", "refused", "unplaced")
"""A feed's counts since the journal began."""


def _positions(workers: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return who holds each partition now: the worker that was heard last, where two claim it."""
    held: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, value in sorted(workers.items(), key=lambda one: one[1].get("at_ms", 0)):
        for partition, position in value.get("partitions", {}).items():
            held[partition] = (name, position)
    return held


def _partition_rows(
    now_ms: int,
    positions: Mapping[str, tuple[str, Mapping[str, Any]]],
    lanes: Mapping[str, Mapping[str, Any]],
    partitions: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    names = {f"reports:{lane}" for lane in lanes} | {f"journal:{one}" for one in partitions} | set(positions)
    rows = []
    for name in sorted(names, key=_in_order):
        topic, _, number = name.partition(":")
        value = (lanes if topic == "reports" else partitions).get(number, {})
        worker, position = positions.get(name, ("", {}))
        offset, end = position.get("offset", value.get("offset")), position.get("end")
        oldest_ms = position.get("oldest_unfolded_ms")
        lag = None if offset is None or end is None else max(0, end - 1 - offset)
        rows.append(
            {
                "partition": name,
                "worker": worker,
                "offset": offset,
                "end": end,
                "lag": lag,
                "lag_s": 0
                if lag == 0
                else None
                if oldest_ms is None
                else max(0, (now_ms - oldest_ms) / 1000),
                "clock_ms": value.get("clock_ms"),
                "cases": value.get("cases"),
                "alerts": value.get("alerts_active"),
            }
        )
    return rows


def _in_order(name: str) -> tuple[int, int]:
    topic, _, number = name.partition(":")
    return (0 if topic == "reports" else 1), int(number) if number.isdigit() else 0


def _worker_row(now_ms: int, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    positions = value.get("partitions", {})
    fetched = [p["fetched_ms"] for p in positions.values() if p.get("fetched_ms")]
    heard_ms = max(0, now_ms - value.get("at_ms", 0))
    return {
        "worker": name,
        "pid": value.get("pid"),
        "heard_ms": heard_ms,
        "late": heard_ms > WORKER_LATE_MS,
        "fetched_ms": max(0, now_ms - min(fetched)) if fetched else None,
        "folded_per_s": value.get("folded_per_s"),
        "owned": len(positions),
    }
