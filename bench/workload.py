"""The journal that the replay benchmark folds: a province's case events, skewed as real towns are, the same bytes each time."""

from collections import Counter
from heapq import heappop, heappush

import msgspec
import numpy as np

from domain.codes import JOURNAL_PARTITIONS, partition_of
from domain.records import Opened, Revised, RulesNotice, encoder

TOWNSHIPS = 1365
GRIDS = 122_800
CATEGORIES = tuple(f"category-{i:02d}" for i in range(24))
START_MS = 1_767_225_600_000
"""2026-01-01: any year would do."""
CASE_EVERY_MS = 9461
"""Ten million events a year, three of a case: opened, accepted, closed."""
ACCEPTED_AFTER_MS, CLOSED_AFTER_MS = 72 * 60_000, 33 * 3_600_000
"""Means of two exponential delays: with the shipped 4 hours to accept and 72 to resolve, 4 % and 11 % come too late."""


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
    accepted_ms = rng.exponential(ACCEPTED_AFTER_MS, size=messages).astype(int)
    closed_ms = rng.exponential(CLOSED_AFTER_MS, size=messages).astype(int)
    partitions: list[list[bytes]] = [[] for _ in range(JOURNAL_PARTITIONS)]
    if rules_hash:
        for partition in partitions:
            partition.append(encoder.encode(RulesNotice(hash=rules_hash)))
    opened: Counter[str] = Counter()
    coming: list[tuple[int, int, str, Opened]] = []
    cases, closed = 0, 0
    for i in range(messages):
        next_ms = START_MS + cases * CASE_EVERY_MS
        if coming and coming[0][0] < next_ms:
            t_ms, _, step, case = heappop(coming)
            record: Opened = _next(case, i, t_ms, step)
            closed += step == "closed"
        else:
            t_ms, grid = next_ms, codes[grids[cases]]
            record = _opening(i, t_ms, grid, CATEGORIES[categories[cases]])
            opened[grid] += 1
            end_ms = t_ms + int(closed_ms[cases])
            heappush(coming, (min(t_ms + int(accepted_ms[cases]), end_ms), i, "handle", record))
            heappush(coming, (end_ms + 1, i, "closed", record))
            cases += 1
        partitions[partition_of(record.grid)].append(encoder.encode(record))
    return Workload(partitions=partitions, opened=dict(opened), open_cases=cases - closed, messages=messages)


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


def _next(case: Opened, i: int, t_ms: int, step: str) -> Revised:
    fields = msgspec.structs.asdict(case) | {"origin": (0, i, 0), "t_ms": t_ms, "step": step}
    return Revised(**fields | ({"closed_ms": t_ms} if step == "closed" else {}))
