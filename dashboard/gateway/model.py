"""The read models of all partitions in memory, added up by township: pure, mutated by its two ways in alone.

A partition counts for its own cases, wherever their grids lie now; so a township's numbers are the sum over partitions.
This is a hot path: plain lists and dicts, summed again only for the townships that changed.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from dashboard.gateway.alert_stack import Alert, Stack, place_of
from domain.codes import TOWNSHIP_DIGITS

FIGURES = ("r5m", "r1h", "r24h", "open", "overdue", "total")
"""What a counter's six places are."""
R5M, R1H, R24H, OPEN, OVERDUE, TOTAL = range(6)

Json = dict[str, Any]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the stream `changes`. `body` is decoded; `source` is `journal:3` or `reports:0`."""

    id: str
    source: str
    offset: int
    clock_ms: int
    body: dict[str, Any]


class PartitionHashes(msgspec.Struct, frozen=True, kw_only=True):
    """A journal partition's read models, taken together. `offset` is -1 where it has never been written."""

    partition: int
    offset: int
    status: dict[str, Any]
    grids: dict[str, dict[str, Any]]
    alerts: dict[str, dict[str, Any]]
    pairs: dict[str, dict[str, Any]]
    queue: dict[str, dict[str, Any]] = {}
    grants: dict[str, list[list[str]]] = {}
    desks: dict[str, dict[str, Any]] = {}


class SharedHashes(msgspec.Struct, frozen=True, kw_only=True):
    """What is not a journal partition's: written offsets by source, lanes and feeds."""

    positions: dict[str, int]
    lanes: dict[str, dict[str, Any]]
    feeds: dict[str, dict[str, Any]]


class Township:
    """A township's numbers, summed over partitions, categories and grids.

    `grids` maps a grid to its six figures; `trend` a bucket's start to [opened, closed, overdue in, overdue out].
    """

    __slots__ = ("figures", "grids", "trend")

    def __init__(self, blocks: Iterable[Json]) -> None:
        self.grids: dict[str, list[int]] = {}
        self.trend: dict[int, list[int]] = {}
        for block in blocks:
            for grid, categories in block.get("grids", {}).items():
                sums = self.grids.setdefault(grid, [0] * len(FIGURES))
                for counts in categories.values():
                    for place, count in enumerate(counts):
                        sums[place] += count
            for start_ms, *counts in block.get("trend", []):
                bucket = self.trend.setdefault(start_ms, [0, 0, 0, 0])
                for place, count in enumerate(counts):
                    bucket[place] += count
        self.figures = [sum(column) for column in zip(*self.grids.values(), strict=True)] or [0] * len(
            FIGURES
        )


class Model:
    """What the screens know. `positions` says how far each source's changes are in."""

    def __init__(self) -> None:
        self.clock_ms = 0
        self.positions: dict[str, int] = {}
        self.statuses: dict[int, Json] = {}
        self.lanes: dict[str, Json] = {}
        self.feeds: dict[str, Json] = {}
        self.alerts: dict[str, Alert] = {}
        self._owners: dict[str, int] = {}
        self._blocks: dict[str, dict[int, Json]] = {}
        self._townships: dict[str, Township] = {}
        self._pairs: dict[str, dict[tuple[int, str], Json]] = {}
        self._stacks: dict[str, dict[str, Alert]] = {}
        self._summed: dict[str, Stack] = {}

    def take_partition(self, part: PartitionHashes) -> set[str]:
        """Replace a journal partition's part by what its hashes say.

        Returns
        -------
        set[str]
            The places that it may have changed.

        """
        partition = part.partition
        touched = {t for t, blocks in self._blocks.items() if partition in blocks} | set(part.grids)
        for township in touched:
            self._put_block(township, partition, part.grids.get(township))
        for name in [
            name for name, owner in self._owners.items() if owner == partition and name not in part.alerts
        ]:
            touched |= self._put_alert(name, None, partition)
        for name, alert in part.alerts.items():
            touched |= self._put_alert(name, alert, partition)
        for township, verdicts in self._pairs.items():
            for key in [key for key in verdicts if key[0] == partition]:
                del verdicts[key]
                touched.add(township)
        for pair, verdict in part.pairs.items():
            touched.add(self._put_pair(partition, pair, verdict))
        self.positions[f"journal:{partition}"] = part.offset
        self.statuses[partition] = part.status
        self._advance(int(part.status.get("clock_ms", 0)))
        return touched

    def take_shared(self, shared: SharedHashes) -> None:
        """Replace lanes and feeds by what their hashes say."""
        self.lanes, self.feeds = dict(shared.lanes), dict(shared.feeds)
        for source, offset in shared.positions.items():
            if source.startswith("reports:"):
                self.positions[source] = offset

    def apply(self, entry: Entry) -> set[str] | None:
        """Fold an entry of `changes` in.

        Returns
        -------
        set[str] or None
            The places that it changed ("" stands for all: feeds are shown everywhere); None when it was in already.

        """
        source, offset, body = entry.source, entry.offset, entry.body
        if offset <= self.positions.get(source, -1):
            return None
        self.positions[source] = offset
        touched: set[str] = set()
        if source.startswith("journal:"):
            partition = int(source.removeprefix("journal:"))
            for township, block in body.get("grids", {}).items():
                self._put_block(township, partition, block)
                touched.add(township)
            for name, alert in body.get("alerts", {}).items():
                touched |= self._put_alert(name, alert, partition)
            for pair, verdict in body.get("pairs", {}).items():
                touched.add(self._put_pair(partition, pair, verdict))
            status = body.get("partition") or self.statuses.get(partition, {})
            self.statuses[partition] = status | {"offset": offset, "clock_ms": entry.clock_ms}
        for name, feed in body.get("feeds", {}).items():
            if feed.get("silent") != self.feeds.get(name, {}).get("silent"):
                touched.add("")
            self.feeds[name] = feed
        self.lanes |= body.get("lanes", {})
        self._advance(entry.clock_ms)
        return touched

    def townships(self, scope: str) -> Iterator[tuple[str, Township]]:
        """Return the townships with numbers inside a scope (or around it, for a village or grid)."""
        if len(scope) >= TOWNSHIP_DIGITS:
            codes: Iterable[str] = (
                (scope[:TOWNSHIP_DIGITS],) if scope[:TOWNSHIP_DIGITS] in self._blocks else ()
            )
        else:
            codes = [code for code in self._blocks if code.startswith(scope)]
        for code in codes:
            township = self._townships.get(code)
            if township is None:
                township = self._townships[code] = Township(self._blocks[code].values())
            yield code, township

    def stacks(self, scope: str) -> Iterator[tuple[str, Stack]]:
        """Return the alerts of a scope, by township (or by the wider place that they are about)."""
        if len(scope) > TOWNSHIP_DIGITS:
            inside = self._stacks.get(scope[:TOWNSHIP_DIGITS], {})
            yield scope, Stack(alert for alert in inside.values() if place_of(alert).startswith(scope))
            return
        for place in [place for place in self._stacks if place.startswith(scope)]:
            stack = self._summed.get(place)
            if stack is None:
                stack = self._summed[place] = Stack(self._stacks[place].values())
            yield place, stack

    def verdicts(self, township: str) -> list[str]:
        """Return the states of a township's detectors: `warming`, `normal`, `anomalous`, `stale`."""
        return [verdict["state"] for verdict in self._pairs.get(township, {}).values()]

    def rules(self) -> str:
        """Return the hash of the rule set in force where the clock is furthest; empty when none is."""
        newest = max(self.statuses.values(), key=lambda one: int(one.get("clock_ms", 0)), default={})
        return str(newest.get("rules", ""))

    def _advance(self, clock_ms: int) -> None:
        self.clock_ms = max(self.clock_ms, clock_ms)

    def _put_block(self, township: str, partition: int, block: Json | None) -> None:
        self._townships.pop(township, None)
        blocks = self._blocks.setdefault(township, {})
        if block is not None:
            blocks[partition] = block
            return
        blocks.pop(partition, None)
        if not blocks:
            del self._blocks[township]

    def _put_alert(self, name: str, alert: Alert | None, partition: int) -> set[str]:
        touched: set[str] = set()
        old = self.alerts.pop(name, None)
        self._owners.pop(name, None)
        if old is not None:
            touched.add(self._group(old))
            group = self._stacks[self._group(old)]
            del group[name]
            if not group:
                del self._stacks[self._group(old)]
        if alert is not None:
            self.alerts[name] = alert
            self._owners[name] = partition
            self._stacks.setdefault(self._group(alert), {})[name] = alert
            touched.add(self._group(alert))
        for place in touched:
            self._summed.pop(place, None)
        return touched

    def _put_pair(self, partition: int, pair: str, verdict: Json) -> str:
        township, _, category = pair.partition("|")
        self._pairs.setdefault(township, {})[partition, category] = verdict
        return township

    @staticmethod
    def _group(alert: Alert) -> str:
        return place_of(alert)[:TOWNSHIP_DIGITS]
