"""The past, folded again beside the running system: archive first, then topic, through the same folds, with no producer at all."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from config.kafka_access import aiokafka_options
from config.settings import Settings
from config.wallclock import monotonic_s
from domain.fold import Fold
from streams.archive_files import ArchiveFiles, Row
from streams.digest import partition_hash, state_hash
from streams.sources import EVERY_SOURCE, Source

POLL_RECORDS = 5000
# A broker that gives nothing for so long, though its topic goes on, is not well.
NOTHING_FOR_S = 30.0
FETCH_BYTES = 8 * 1024 * 1024


class BeginningGoneError(Exception):
    """Offsets that are needed are neither archived nor in the topic any more.

    Attributes
    ----------
    source
        The partition.
    first_offset
        The first offset at or above the needed one that there is.
    """

    def __init__(self, source: Source, needed: int, first_offset: int) -> None:
        super().__init__(
            f"{source.label} is needed from offset {needed} on, and the first that the archive and Kafka still have "
            f"is {first_offset}: bring the archive folder back"
        )
        self.source = source
        self.first_offset = first_offset


class NotGivenError(Exception):
    """The broker did not give records that are in the topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refolded:
    """What folding again gave.

    Attributes
    ----------
    state
        The hash over all partitions.
    hashes
        The hash of each partition's state, for finding the one that differs.
    messages, seconds
        Records folded, and how long it took.
    """

    state: str
    hashes: dict[Source, bytes]
    messages: int
    seconds: float


async def read_range(
    settings: Settings, source: Source, first: int, last: int
) -> AsyncGenerator[list[Row], None]:
    """Give a partition's records from `first` to `last`, both included, in order and without a gap.

    Who does not read to the end closes it (`contextlib.aclosing`), or its connection stays.

    Raises
    ------
    BeginningGoneError
        If records are missing.
    NotGivenError
        If the broker gives nothing for 30 s.

    """
    files = ArchiveFiles(str(settings.data / "archive"))
    topic = settings.topic(source.word)
    at = first
    for span in await asyncio.to_thread(files.spans, topic, source.number):
        if at > last:
            return
        if span.last < at or span.first > at:
            continue
        for rows in files.read(span, at, last):
            yield rows
            at = rows[-1].offset + 1
    if at > last:
        return
    async with contextlib.aclosing(_read_topic(settings, source, at, last)) as batches:
        async for rows in batches:
            yield rows


async def _read_topic(
    settings: Settings, source: Source, first: int, last: int
) -> AsyncGenerator[list[Row], None]:
    place = TopicPartition(settings.topic(source.word), source.number)
    consumer: Any = AIOKafkaConsumer(
        **aiokafka_options(settings),
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    try:
        consumer.assign([place])
        begin = (await consumer.beginning_offsets([place]))[place]
        if begin > first:
            raise BeginningGoneError(source, first, begin)
        consumer.seek(place, first)
        at = first
        while at <= last:
            batch = await consumer.getmany(
                place, timeout_ms=int(NOTHING_FOR_S * 1000), max_records=min(POLL_RECORDS, last - at + 1)
            )
            rows = [Row(record.offset, record.timestamp, record.value) for record in batch.get(place, ())]
            if not rows:
                raise NotGivenError(f"the broker gave nothing of {source.label} from offset {at} on")
            if rows[0].offset != at:
                raise BeginningGoneError(source, at, rows[0].offset)
            at = rows[-1].offset + 1
            yield rows
    finally:
        await consumer.stop()


async def topic_ends(settings: Settings) -> dict[Source, int]:
    """Return each partition's end in Kafka: one more than its last offset."""
    consumer: Any = AIOKafkaConsumer(**aiokafka_options(settings), enable_auto_commit=False)
    places = {source: TopicPartition(settings.topic(source.word), source.number) for source in EVERY_SOURCE}
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(places.values()))
    finally:
        await consumer.stop()
    return {source: ends[place] for source, place in places.items()}


def refold(
    settings: Settings,
    new_fold: Callable[[Source], Fold],
    offsets: Mapping[Source, int],
    tell: Callable[[Source, int], None] = lambda _source, _messages: None,
) -> Refolded:
    """Fold every partition from its beginning up to exactly these offsets, in this process.

    Parameters
    ----------
    settings
        Where the archive and the brokers are.
    new_fold
        Makes the empty fold of a partition, as `streams.worker.folds` gives it.
    offsets
        The last offset to fold of each partition; -1 for none.
    tell
        Called with each partition when it is folded, and the messages so far.

    Raises
    ------
    BeginningGoneError
        If the beginning of a partition is gone.
    NotGivenError
        If the broker does not answer.

    """
    return asyncio.run(_refold(settings, new_fold, offsets, tell))


async def _refold(
    settings: Settings,
    new_fold: Callable[[Source], Fold],
    offsets: Mapping[Source, int],
    tell: Callable[[Source, int], None],
) -> Refolded:
    begun_s = monotonic_s()
    messages = 0
    hashes: dict[Source, bytes] = {}
    for source in EVERY_SOURCE:
        fold = new_fold(source)
        if offsets[source] >= 0:
            async with contextlib.aclosing(read_range(settings, source, 0, offsets[source])) as batches:
                async for rows in batches:
                    fold_rows(fold, rows)
                    messages += len(rows)
        hashes[source] = partition_hash(fold)
        tell(source, messages)
    return Refolded(
        state=state_hash(hashes), hashes=hashes, messages=messages, seconds=monotonic_s() - begun_s
    )


def fold_rows(fold: Fold, rows: list[Row]) -> None:
    """Fold records with their original positions, and drop their effects: they were sent when they were new."""
    for offset, timestamp_ms, value in rows:
        fold.fold(offset, timestamp_ms, value or b"")
    fold.take_effects()
