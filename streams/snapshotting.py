"""When a partition's snapshot is taken: one partition at a time, never more often than it pays, and at a clean stop."""

import asyncio

import structlog

from config.wallclock import monotonic_s
from domain.fold import FOLD_VERSION
from streams.engine import Engine
from streams.partition import Partition
from streams.sender import Sender
from streams.snapshots import Content, Snapshots
from streams.sources import Source

# A partition's snapshot costs about its state's size in writing; the tail behind it costs a restart.
EVERY_S = 30.0
# Fewer records fold again faster than a state is written …
RECORDS = 2000
# … but a quiet partition is written now and then all the same, so that its topic can be cut one day.
SELDOM_S = 600.0
LOOK_S = 0.5
# Effects are acknowledged in milliseconds; a snapshot that waits longer than this for them is given up.
ACKNOWLEDGED_S = 10.0
_log = structlog.get_logger()


class Snapshotting:
    """Takes snapshots of the partitions that an engine owns."""

    def __init__(
        self, engine: Engine, sender: Sender, snapshots: Snapshots, topic_names: dict[str, str]
    ) -> None:
        self._engine = engine
        self._sender = sender
        self._snapshots = snapshots
        self._topics = topic_names
        self._taken: dict[Source, tuple[Partition, int, float]] = {}
        self._one = asyncio.Lock()

    async def run(self) -> None:
        """Take what is due, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._taken = {s: taken for s, taken in self._taken.items() if s in self._engine.partitions}
            for partition in self._engine.owned():
                if partition.owned and self._due(partition):
                    await self.take(partition)

    async def take_all(self) -> None:
        """Take one of every partition that has moved on since its last."""
        for partition in self._engine.owned():
            if partition.offset > self._last(partition)[0]:
                await self.take(partition)

    async def take(self, partition: Partition) -> bool:
        """Take a snapshot of a partition as it stands now; tells whether it got its name."""
        async with self._one:
            source, fold = partition.source, partition.fold
            content = Content(
                topic=self._topics[source.word],
                partition=source.number,
                offset=fold.offset,
                clock_ms=max(0, fold.clock_ms),
                rules=fold.rules_hash,
                fold_version=FOLD_VERSION,
                state=fold.plain(),
            )
            self._taken[source] = (partition, content.offset, monotonic_s())
            try:
                aside = await asyncio.to_thread(self._snapshots.write_aside, content)
                if not await self._sender.wait_acknowledged(source, content.offset, ACKNOWLEDGED_S):
                    _log.warning(
                        "a snapshot is given up: its effects are not acknowledged", partition=source.label
                    )
                    await asyncio.to_thread(self._snapshots.drop, aside)
                    return False
                await asyncio.to_thread(self._snapshots.give_name, aside)
            except OSError as error:
                _log.warning("a snapshot could not be written", partition=source.label, cause=repr(error))
                return False
            return True

    def _due(self, partition: Partition) -> bool:
        offset, at_s = self._last(partition)
        ago_s = monotonic_s() - at_s
        records = partition.offset - offset
        return records > 0 and (ago_s >= SELDOM_S or (ago_s >= EVERY_S and records >= RECORDS))

    def _last(self, partition: Partition) -> tuple[int, float]:
        taken = self._taken.get(partition.source)
        if taken is None or taken[0] is not partition:
            taken = (partition, partition.loaded_offset, monotonic_s())
            self._taken[partition.source] = taken
        return taken[1], taken[2]
