"""What the folds want sent, sent in order: one batch in flight a target partition, and never one behind a failed one.

Casework drops every origin that is not above the highest it has seen, so a record that went missing while a later one
arrived would be lost for good. Hence: records of a target partition leave in the order in which they were queued, the
next batch only after the last was acknowledged, and a failure ends the worker.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from domain.fold import Effect
from streams.exits import leave
from streams.sources import Source

# Enough records for a full fetch of the next hop, and below the topics' limit of 1 MB even where one is 700 kB.
BATCH_BYTES = 262_144
# The producer refuses above this; the broker's own limit is 1,048,588.
LARGEST_REQUEST_BYTES = 1_048_576
# More than this unacknowledged, and folding waits: two seconds of a fast intake.
IN_FLIGHT_BYTES = 32 * 1024 * 1024
# A record's own cost beside its value, so that many small ones are bounded too.
RECORD_OVERHEAD_BYTES = 100
# A request that the broker leaves without an answer is sent again after this; an idempotent batch itself never expires.
ANSWER_S = 30

Target = tuple[str, int]


@dataclass(slots=True)
class Ticket:
    """The effects of one slice, of records up to `offset`: to how many targets they are not acknowledged yet."""

    offset: int
    missing: int


@dataclass(slots=True)
class Parcel:
    """What a slice sends to one target, in order, and how much of it has left."""

    values: list[bytes]
    ticket: Ticket | None
    left: int = 0


class Sender:
    """Sends effects with an idempotent producer, and knows up to which offset of a source all are acknowledged.

    Parameters
    ----------
    topic_of
        Gives the broker's name of a topic's word.
    options
        What `config.kafka_access.aiokafka_options` says.
    """

    def __init__(self, topic_of: Callable[[str], str], options: dict[str, Any]) -> None:
        self._topic_of = topic_of
        self._options = options
        self._producer: Any = None
        self._queues: dict[Target, deque[Parcel]] = {}
        self._tasks: dict[Target, asyncio.Task[None]] = {}
        self._tickets: dict[Source, deque[Ticket]] = {}
        self._reached: dict[Source, int] = {}
        self._bytes = 0
        self._moved = asyncio.Event()

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            **self._options,
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            max_request_size=LARGEST_REQUEST_BYTES,
            request_timeout_ms=ANSWER_S * 1000,
            retry_backoff_ms=100,
        )
        await self._producer.start()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that are queued or in flight."""
        return self._bytes

    def queue(self, source: Source, offset: int, effects: Sequence[Effect]) -> None:
        """Take the effects of the records of `source` up to `offset`, in their order."""
        if not effects:
            return
        by_target: dict[Target, list[bytes]] = {}
        for effect in effects:
            by_target.setdefault((effect.topic, effect.partition), []).append(effect.value)
        ticket = Ticket(offset, len(by_target))
        self._tickets.setdefault(source, deque()).append(ticket)
        for target, values in by_target.items():
            self._put(target, Parcel(values, ticket))

    def queue_tick(self, source: Source, value: bytes) -> None:
        """Send a tick into a partition; it is the effect of no record, and may be lost."""
        self._put((source.word, source.number), Parcel([value], None))

    def acknowledged(self, source: Source, offset: int) -> bool:
        """Tell whether every effect of the source's records up to `offset` is acknowledged."""
        tickets = self._tickets.get(source)
        if not tickets:
            return True
        while tickets and not tickets[0].missing:
            self._reached[source] = max(tickets.popleft().offset, self._reached.get(source, -1))
        # a partition that went and came back is folded again from below: its tickets are not in order then
        return not any(ticket.missing and ticket.offset <= offset for ticket in tickets)

    def acknowledged_to(self, source: Source, offset: int) -> int:
        """Return up to which offset, `offset` at most, every effect of the source's records is acknowledged."""
        return offset if self.acknowledged(source, offset) else self._reached.get(source, -1)

    async def wait_acknowledged(self, source: Source, offset: int, within_s: float) -> bool:
        """Wait until `acknowledged`, but not longer than `within_s` seconds; tells whether it is."""
        try:
            async with asyncio.timeout(within_s):
                while not self.acknowledged(source, offset):
                    await self._next_move()
        except TimeoutError:
            return False
        return True

    async def room(self) -> None:
        """Wait until no more is in flight than may be."""
        while self._bytes > IN_FLIGHT_BYTES:
            await self._next_move()

    async def drained(self, within_s: float) -> bool:
        """Wait until everything is acknowledged, but not longer than `within_s` seconds; tells whether it is."""
        try:
            async with asyncio.timeout(within_s):
                while self._bytes:
                    await self._next_move()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Let go of the connections; what is still queued is lost."""
        await self._producer.stop()

    async def _next_move(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    def _put(self, target: Target, parcel: Parcel) -> None:
        queue = self._queues.get(target)
        if queue is None:
            queue = self._queues[target] = deque()
        queue.append(parcel)
        self._bytes += _size(parcel.values)
        if target not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._send_all(target, queue))
            self._tasks[target] = task
            task.add_done_callback(_end_with_worker)

    async def _send_all(self, target: Target, queue: deque[Parcel]) -> None:
        word, partition = target
        topic = self._topic_of(word)
        while queue:
            batch, whole, size = self._batch(queue)
            try:
                acknowledgement = await self._producer.send_batch(batch, topic, partition=partition)
                await acknowledgement
            except KafkaError as failed:
                leave("a record could not be sent", topic=topic, partition=partition, cause=repr(failed))
            self._bytes -= size
            for parcel in whole:
                if parcel.ticket is not None:
                    parcel.ticket.missing -= 1
            self._moved.set()
        # no await since the queue was found empty: who queues next starts the next task
        del self._tasks[target]

    def _batch(self, queue: deque[Parcel]) -> tuple[Any, list[Parcel], int]:
        """Take as much from the front as fits a batch; returns it, the parcels that end in it, and its size."""
        batch = self._producer.create_batch()
        append = batch.append
        whole: list[Parcel] = []
        size = 0
        while queue:
            parcel = queue[0]
            begin = parcel.left
            for value in parcel.values[begin:]:
                if append(key=None, value=value, timestamp=None) is None:
                    break
                parcel.left += 1
            size += _size(parcel.values[begin : parcel.left])
            if parcel.left < len(parcel.values):
                break
            whole.append(queue.popleft())
        batch.close()
        return batch, whole, size


def _size(values: Sequence[bytes]) -> int:
    return sum(map(len, values)) + RECORD_OVERHEAD_BYTES * len(values)


def _end_with_worker(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        leave("sending broke", cause=repr(task.exception()))
