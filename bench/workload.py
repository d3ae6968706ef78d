"""The journal that the replay benchmark folds: a province's case events, skewed as real towns are, the same bytes each time."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import numpy as np

from domain.codes import JOURNAL_PARTITIONS, partition_of
from domain.records import Opened, Revised, RulesNotice, encoder

TOWNSHIPS = 1365
GRIDS = 122_800
CATEGORIES = tuple(f"category-{i:02d}" for i in range(24))
START_MS = 1_767_225_600_000
"""2026-01-01: any year would do."""
EVENT_EVERY_MS = 3154
"""Ten million events a year."""
CLOSING_SHARE, STEP_SHARE = 0.40, 0.10
"""Half of the events open a case; the others move one on or close it."""


class Workload(msgspec.Struct, kw_only=True):
    """Records by partition, in order, and what must come out of them."""

    partitions: list[list[bytes]]
    opened: dict[str, int]
    open_cases: int
    messages: int


def grid_codes() -> list[str]:
    """Return the province's grids: 1,365 townships under the unassigned prefix 99, evenly filled."""
    return [
        f"99{t // 100 + 1:02d}01{t % 100 + 1:03d}{g // 9 + 1:03d}{g % 9 + 1:03d}"
        for t in range(TOWNSHIPS)
        for g in range(GRIDS // TOWNSHIPS + (t < GRIDS % TOWNSHIPS))
    ]


def build(messages: int, rules_hash: str = "", seed: int = 7) -> Workload:
    """Make a journal of so many case events; with `rules_hash` each partition begins with its rule set."""
    rng = np.random.default_rng(seed)
    codes = grid_codes()
    weights = rng.permutation(1.0 / np.arange(1, len(codes) + 1) ** 0.6)
    grids = rng.choice(len(codes), size=messages, p=weights / weights.sum())
    categories = rng.integers(0, len(CATEGORIES), size=messages)
    draws = rng.random(messages)
    picks = rng.random(messages)
    partitions: list[list[bytes]] = [[] for _ in range(JOURNAL_PARTITIONS)]
    if rules_hash:
        for partition in partitions:
            partition.append(encoder.encode(RulesNotice(hash=rules_hash)))
    opened: Counter[str] = Counter()
    running: list[Opened] = []
    for i in range(messages):
        t_ms = START_MS + i * EVENT_EVERY_MS
        if draws[i] < CLOSING_SHARE + STEP_SHARE and running:
            at = int(picks[i] * len(running))
            case = running[at]
            closing = draws[i] < CLOSING_SHARE
            record: Opened = _next(case, i, t_ms, closing=closing)
            if closing:
                running[at] = running[-1]
                running.pop()
        else:
            record = _opening(i, t_ms, codes[grids[i]], CATEGORIES[categories[i]])
            opened[record.grid] += 1
            running.append(record)
        partitions[partition_of(record.grid)].append(encoder.encode(record))
    return Workload(partitions=partitions, opened=dict(opened), open_cases=len(running), messages=messages)


def _opening(i: int, t_ms: int, grid: str, category: str) -> Opened:
    return Opened(
        origin=(0, i, 0),
        key=f"{i:032x}",
        feed="simulator",
        source_id=f"B-{i:08d}",
        grid=grid,
        area=grid,
        category=category,
        t_ms=t_ms,
        opened_ms=t_ms,
        clocks="sla",
        step="file",
        channel="grid worker",
        lon=120.0 + i % 1000 / 1000,
        lat=30.0 + i % 997 / 1000,
    )


def _next(case: Opened, i: int, t_ms: int, *, closing: bool) -> Revised:
    fields = msgspec.structs.asdict(case) | {"origin": (0, i, 0), "t_ms": t_ms}
    fields |= {"closed_ms": t_ms, "step": "closed"} if closing else {"step": "handle"}
    return Revised(**fields)


def stream(workload: Workload) -> Iterator[tuple[int, int, bytes]]:
    """Yield partition, offset and bytes, partition by partition in fetches of 2,000, as a consumer gets them."""
    at = [0] * len(workload.partitions)
    while any(at[p] < len(records) for p, records in enumerate(workload.partitions)):
        for p, records in enumerate(workload.partitions):
            for offset in range(at[p], min(at[p] + 2000, len(records))):
                yield p, offset, records[offset]
            at[p] = min(at[p] + 2000, len(records))
