"""Faust's transport, changed in five places, so that a partition's own state says what was folded.

An event is a whole fetched batch of a partition. On assignment the states are loaded and the consumer is set behind
them, with the flow stopped. Acknowledgements decide nothing: what is committed only shows lag, and gaps are not recorded.
A batch counts only while the consumer has not been set anew since it was fetched; every generation sets it anew.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import aiokafka
from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.engine import Engine
from streams.exits import leave
from streams.sources import Source

# The broker answers an idle fetch after this; longer, and a partition that was being folded while the fetch began
# waits so long for its next records, as aiokafka has one fetch a broker in flight.
FETCH_WAIT_MS = 100
# Of each partition a fetch: some thousand reports; above the largest message of 1 MB.
PARTITION_BYTES = 2 * 1024 * 1024


class Fetched(dict[Any, list[Any]]):
    """Records by partition, fetched after the consumer had been set for the `setting`-th time."""

    setting: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition that follow each other, and the setting of the consumer that they were fetched under."""

    records: list[Any]
    setting: int


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread of the consumer, with the options that Faust has no setting for."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        conf = self.app.conf
        self._assignor = RoundRobinPartitionAssignor
        return aiokafka.AIOKafkaConsumer(
            **transport.options,
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            # never meant to be used: the engine checks that what it seeks is there
            auto_offset_reset="none",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=PARTITION_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            check_crcs=True,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
        )

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Fetched:
        # A fetch may begin before a rebalance and return after it, with what the consumer was set to meanwhile. aiokafka
        # gives no record of an older position, so what counts is the setting at the return, read here in its own thread.
        fetched = Fetched(await super()._fetch_records(*args, **kwargs))
        fetched.setting = self.consumer.setting
        return fetched

    async def _seek_wait(self, consumer: Any, partitions: Mapping[Any, int]) -> None:
        # up to its first await this is one step of the thread: no fetch returns between the two
        self.consumer.setting += 1
        await super()._seek_wait(consumer, partitions)

    async def ends(self, tps: Iterable[TP]) -> tuple[Mapping[TP, int], Mapping[TP, int]]:
        """Return the first offsets and the ends of partitions, asked of the broker."""
        consumer = self._ensure_consumer()
        plain = [TopicPartition(tp.topic, tp.partition) for tp in tps]
        first = await self.call_thread(consumer.beginning_offsets, plain)
        end = await self.call_thread(consumer.end_offsets, plain)
        return first, end

    def heard(self, tp: TP) -> tuple[int | None, int | None]:
        """Return a partition's end and the wall time of the last answered fetch (ms), as the fetcher knows them."""
        consumer = self._consumer
        if consumer is None:
            return None, None
        subscription = consumer._subscription.subscription  # noqa: SLF001 - there is no public way
        assignment = None if subscription is None else subscription.assignment
        plain = TopicPartition(tp.topic, tp.partition)
        if assignment is None or plain not in assignment.tps:
            return None, None
        state = assignment.state_value(plain)
        return state.highwater, state.timestamp


class NothingRead(dict[TP, int | None]):
    """Faust's memory of what it has read, without one: the engine knows, skips what is folded and sees every hole.

    A late note of a batch that a rebalance had thrown away would drop the batches that are fetched again.
    """

    def __getitem__(self, _: TP) -> None:
        """Nothing was read."""

    def __setitem__(self, _: TP, __: int | None) -> None:
        """Forget it."""

    def update(self, *_: Any, **__: Any) -> None:
        """Forget them."""


class Consumer(driver.Consumer):
    """Faust's consumer, under a state that knows its own offset.

    Attributes
    ----------
    setting
        How often its positions were given up or set. Written by this thread and the consumer's, never at once: setting
        is awaited.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setting = 0
        self._read_offset = NothingRead()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Fetch, and give one message a partition: its value is a `Batch`."""
        fetched, active = await self._wait_next_records(timeout)
        if not fetched or self.should_stop:
            return
        for tp, records in fetched.items():
            if not self.flow_active or fetched.setting != self.setting:
                return
            tp_ = TP(tp.topic, tp.partition)
            if active is None or tp_ in active:
                yield tp_, self._batch_message(tp_, Batch(records, fetched.setting))

    def _batch_message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        head = batch.records[0]
        return ConsumerMessage(
            tp.topic, tp.partition, head.offset, head.timestamp / 1000, head.timestamp_type,
            [], None, batch, None, None, None, tp, generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Load the states of newly assigned partitions and set the consumer behind every state."""
        transport: Transport = self.transport
        self.setting += 1  # what was fetched up to here, from wherever the group left the consumer, is void
        assignment = self.assignment()
        first, end = await self._thread.ends(assignment)
        sources = {transport.source(tp): tp for tp in assignment}
        wanted = await transport.engine.own(
            set(sources),
            {source: first[TopicPartition(tp.topic, tp.partition)] for source, tp in sources.items()},
            {source: end[TopicPartition(tp.topic, tp.partition)] for source, tp in sources.items()},
        )
        positions = {sources[source]: offset for source, offset in wanted.items()}
        await self._thread.seek_wait({TopicPartition(*tp): offset for tp, offset in positions.items()})
        return positions

    def _new_offset(self, tp: TP) -> int | None:
        transport: Transport = self.transport
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        partition = transport.engine.partitions.get(transport.source(tp))
        return None if partition is None else partition.offset + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Record nothing: a batch is longer than one offset, and holes are the engine's business."""

    def on_buffer_full(self, tp: TP) -> None:
        """Go on: a full queue makes the fetch loop wait, which is all that is wanted."""

    def on_buffer_drop(self, tp: TP) -> None:
        """As `on_buffer_full`."""


class Transport(driver.Transport):
    """Faust's transport with our consumer.

    Attributes
    ----------
    engine
        Owns the states.
    options
        What every aiokafka client of this process is given.
    words
        The broker's topic names, with the design's word of each.
    """

    Consumer: ClassVar[Any] = Consumer
    engine: Engine
    options: Mapping[str, Any]
    words: Mapping[str, str]

    def source(self, tp: Any) -> Source:
        """Return which of our partitions a broker's partition is."""
        word = self.words.get(tp.topic)
        if word is None:
            leave("the group assigned a topic that nobody asked for", topic=tp.topic)
        return Source(word, tp.partition)
