"""What a worker does with a fetched batch: fold it slice by slice, queue the effects, and keep the partitions it owns.

Between two awaits a partition's offset, its state and its queued effects belong together; everything that looks at a
state (snapshots, digests, read models, ticks) does so without an await in between.
"""

import asyncio
import gc
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from config.wallclock import monotonic_s
from domain.fold import Fold
from domain.records import Tick, encoder
from streams.broker_time import BrokerTime
from streams.exits import NOT_THERE, leave
from streams.partition import HoleError, Partition, Record
from streams.sender import Sender
from streams.snapshots import Snapshots
from streams.sources import Source

# A due time is looked for so often; ticks themselves are at least a second apart.
TICK_LOOK_S = 0.2
TICK_EVERY_S = 1.0
_TICK = encoder.encode(Tick())
_log = structlog.get_logger()


class Engine:
    """The partitions that this worker owns, and their folding.

    Parameters
    ----------
    new_fold
        Makes the empty fold of a partition.
    topic_of
        Gives the broker's name of a topic's word.
    snapshots
        Where states are loaded from.
    sender
        Takes the effects.

    Attributes
    ----------
    folded
        Records folded by this process.
    stopping
        Set when nothing more is to be folded.
    heard
        Gives a partition's end and when its last fetch was answered (ms), as the consumer knows them.
    """

    def __init__(
        self,
        *,
        new_fold: Callable[[Source], Fold],
        topic_of: Callable[[str], str],
        snapshots: Snapshots,
        sender: Sender,
    ) -> None:
        self.partitions: dict[Source, Partition] = {}
        self.broker_time = BrokerTime()
        self.folded = 0
        self.stopping = False
        self.heard: Callable[[Source], tuple[int | None, int | None]] = lambda _: (None, None)
        self._new_fold = new_fold
        self._topic_of = topic_of
        self._snapshots = snapshots
        self._sender = sender
        self._ticked_s: dict[Source, float] = {}

    def owned(self) -> list[Partition]:
        """Return the partitions owned now."""
        return list(self.partitions.values())

    async def fold_batch(self, source: Source, records: Sequence[Record]) -> None:
        """Fold a fetched batch; records that are folded already are skipped, a hole ends the worker."""
        partition = self.partitions.get(source)
        index = 0
        while partition is not None and partition.owned and index < len(records) and not self.stopping:
            before = partition.folded
            try:
                index, effects = partition.fold_slice(records, index)
            except HoleError as hole:
                leave(
                    "records are missing between two fetches; starting again from the snapshot",
                    cause=str(hole),
                )
            self.folded += partition.folded - before
            self._sender.queue(source, partition.offset, effects)
            if partition.caught_up:
                self.broker_time.heard(partition.last_stamp_ms)
            await self._sender.room()
            await asyncio.sleep(0)

    async def own(
        self, assigned: Collection[Source], first: Mapping[Source, int], end: Mapping[Source, int]
    ) -> dict[Source, int]:
        """Own these partitions from now on: let go of others, load the states of new ones.

        Parameters
        ----------
        assigned
            What the group gave this worker.
        first, end
            The topics' first offsets and ends, as the broker says.

        Returns
        -------
        dict[Source, int]
            Where each partition is to be read on: its state's offset and one.

        """
        for source in set(self.partitions) - set(assigned):
            # what it has queued still goes out, contiguous as it is; receivers drop what the next owner sends again
            self.partitions.pop(source).owned = False
        begun_s = monotonic_s()
        for source in sorted(set(assigned) - set(self.partitions)):
            self.partitions[source] = await self._load(source, end[source])
        # states are large, lasting and without cycles: looking through them again and again would stop folding
        gc.freeze()
        for source, partition in self.partitions.items():
            partition.end = max(end[source], partition.offset + 1)
            self._check(partition, first[source], end[source])
        _log.info(
            "partitions owned",
            offsets={source.label: partition.offset for source, partition in self.partitions.items()},
            unfolded=sum(partition.end - partition.offset - 1 for partition in self.partitions.values()),
            took_ms=round((monotonic_s() - begun_s) * 1000),
        )
        return {source: partition.offset + 1 for source, partition in self.partitions.items()}

    async def _load(self, source: Source, end: int) -> Partition:
        topic = self._topic_of(source.word)
        fold = self._new_fold(source)
        self._snapshots.sweep(topic, source.number)
        content = await asyncio.to_thread(self._snapshots.load, topic, source.number, below=end)
        if content is not None:
            fold.restore(content.state)
            if fold.offset != content.offset:
                leave(
                    "a snapshot restores to another offset than it names", NOT_THERE, partition=source.label
                )
        return Partition(source=source, fold=fold, loaded_offset=fold.offset)

    def _check(self, partition: Partition, first: int, end: int) -> None:
        wanted = partition.offset + 1
        label = partition.source.label
        if first > wanted:
            leave(
                f"{label} begins at offset {first} in Kafka and the newest usable snapshot needs {wanted}: bring the "
                "snapshots folder back, or refold from the archive",
                NOT_THERE,
            )
        if end < wanted:
            leave(
                f"{label} ends at offset {end} in Kafka and is folded up to {wanted - 1}: the topic lost its end; "
                "starting again from an older snapshot"
            )

    def hear(self) -> None:
        """Take over how far the topics are, as the last fetches said."""
        for source, partition in self.partitions.items():
            end, _ = self.heard(source)
            if end is not None and end > partition.end:
                partition.end = end

    async def tick(self) -> None:
        """Put ticks into partitions whose next due time has passed, until cancelled."""
        while True:
            self.hear()
            now_s = monotonic_s()
            broker_ms = self.broker_time.estimate_ms()
            for source, partition in self.partitions.items():
                if not partition.caught_up or now_s - self._ticked_s.get(source, 0.0) < TICK_EVERY_S:
                    continue
                due_ms = partition.fold.due_ms()
                if due_ms is not None and due_ms <= broker_ms:
                    self._ticked_s[source] = now_s
                    self._sender.queue_tick(source, _TICK)
            await asyncio.sleep(TICK_LOOK_S)
