"""What the command line asks of Kafka itself: ends of topics, single records by their position, and sending a few."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence

from config.kafka_access import aiokafka_options, kafka_python_options
from config.settings import Settings
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.ports import anyone_listens

# A broker answers within milliseconds; one that comes back from a crash within half a minute.
ANSWER_WITHIN_MS = 30_000
# So long is waited for more records where more are known to be there.
RECORD_WITHIN_MS = 10_000
# So much is asked for at a time when a topic is read through.
RECORDS_AT_A_TIME = 2000


def no_broker(settings: Settings) -> MissingError:
    """Return the error that says that no broker answers."""
    return MissingError(
        f"No Kafka broker answers at {settings.kafka}: start it with `watchfloor up`, or mend WATCHFLOOR_KAFKA."
    )


def end_offsets(settings: Settings, topic: str, partitions: int) -> dict[int, int]:
    """Return one more than the last offset of each partition of a topic.

    Parameters
    ----------
    settings
        The brokers and the prefix.
    topic
        The topic's word: `reports`, `journal` …
    partitions
        How many it has.

    Raises
    ------
    MissingError
        If no broker answers.

    """
    from kafka import KafkaConsumer, TopicPartition
    from kafka.errors import KafkaError

    if not anyone_listens(settings.kafka):
        # asked first, because the client tries for half a minute
        raise no_broker(settings)
    name = settings.topic(topic)
    try:
        consumer = KafkaConsumer(
            **kafka_python_options(settings),
            group_id=None,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=ANSWER_WITHIN_MS,
        )
        try:
            ends = consumer.end_offsets(
                [TopicPartition(name, p) for p in range(partitions)], timeout_ms=ANSWER_WITHIN_MS
            )
        finally:
            consumer.close()
    except KafkaError as failed:
        raise no_broker(settings) from failed
    return {where.partition: int(end) for where, end in ends.items()}


def records(
    settings: Settings, topic: str, partition: int, begin: int = 0, end: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield offset and value of the records of a partition, from `begin` up to `end` or to its present end.

    Records that the topic no longer has are left out. Not to be called where an event loop is running.

    Raises
    ------
    MissingError
        If the broker does not answer, or stops giving records that it has.

    """
    if not anyone_listens(settings.kafka):
        raise no_broker(settings)
    batches = _batches(settings, settings.topic(topic), partition, begin, end)

    async def following() -> list[tuple[int, bytes]] | None:
        return await anext(batches, None)

    async def ended() -> None:
        await batches.aclose()

    with asyncio.Runner() as runner:
        try:
            while (batch := runner.run(following())) is not None:
                yield from batch
        finally:
            runner.run(ended())


async def _batches(
    settings: Settings, name: str, partition: int, begin: int, end: int | None
) -> AsyncGenerator[list[tuple[int, bytes]], None]:
    """Read with aiokafka: the workers compress with zstd, for which kafka-python would need a library more."""
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.errors import KafkaError

    where = TopicPartition(name, partition)
    consumer = AIOKafkaConsumer(
        **aiokafka_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=ANSWER_WITHIN_MS,
    )
    try:
        await consumer.start()
        consumer.assign([where])
        first = (await consumer.beginning_offsets([where]))[where]
        last = (await consumer.end_offsets([where]))[where]
        last = last if end is None else min(end, last)
        at = max(begin, first)
        if at < last:
            consumer.seek(where, at)
        while at < last:
            fetched = await consumer.getmany(timeout_ms=RECORD_WITHIN_MS, max_records=RECORDS_AT_A_TIME)
            if not fetched:
                raise no_broker(settings)
            batch = [(record.offset, record.value or b"") for record in fetched[where]]
            at = batch[-1][0] + 1
            yield [one for one in batch if one[0] < last]
    except KafkaError as failed:
        raise no_broker(settings) from failed
    finally:
        await consumer.stop()


def send(settings: Settings, topic: str, values: Sequence[tuple[int, bytes]]) -> dict[int, int]:
    """Send values to partitions of a topic and wait for every acknowledgement.

    Parameters
    ----------
    settings
        The brokers and the prefix.
    topic
        The topic's word.
    values
        Partition and value, in order.

    Returns
    -------
    dict[int, int]
        The last offset that was written in each partition.

    Raises
    ------
    MissingError
        If no broker answers.
    RefusedError
        If the broker did not take one of them.

    """
    from kafka import KafkaProducer
    from kafka.errors import KafkaError

    if not anyone_listens(settings.kafka):
        raise no_broker(settings)
    name = settings.topic(topic)
    written: dict[int, int] = {}
    try:
        producer = KafkaProducer(
            **kafka_python_options(settings),
            acks="all",
            enable_idempotence=True,
            bootstrap_timeout_ms=ANSWER_WITHIN_MS,
            max_block_ms=ANSWER_WITHIN_MS,
            delivery_timeout_ms=ANSWER_WITHIN_MS,
            request_timeout_ms=ANSWER_WITHIN_MS // 2,
        )
    except KafkaError as failed:
        raise no_broker(settings) from failed
    try:
        futures = [
            (partition, producer.send(name, value=value, partition=partition)) for partition, value in values
        ]
        for partition, future in futures:
            acknowledged = future.get(timeout=ANSWER_WITHIN_MS / 1000)
            written[partition] = max(acknowledged.offset, written.get(partition, -1))
    except KafkaError as failed:
        raise RefusedError(
            f"The broker at {settings.kafka} did not acknowledge a record for {name}: {failed}; "
            "see `watchfloor doctor`, then try again."
        ) from failed
    finally:
        producer.close(timeout=5)
    return written
