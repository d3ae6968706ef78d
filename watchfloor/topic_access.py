"""What the command line asks of Kafka itself: ends of topics, single records by their position, and sending a few."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from config.kafka_access import kafka_python_options
from config.settings import Settings
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.ports import anyone_listens

# A broker answers within milliseconds; one that comes back from a crash within half a minute.
ANSWER_WITHIN_MS = 30_000
# So long is waited for more records where more are known to be there.
RECORD_WITHIN_MS = 10_000
# So much is asked for at a time when a topic is read through.
RECORDS_AT_A_TIME = 2000


def _gone(settings: Settings) -> MissingError:
    return MissingError(
        f"No Kafka broker answers at {settings.kafka}: start it with `watchfloor up`, or mend WATCHFLOOR_KAFKA."
    )


@contextmanager
def reading(settings: Settings) -> Iterator[Any]:
    """Give a consumer that belongs to no group and commits nothing.

    Raises
    ------
    MissingError
        If no broker answers, also later on within the block.

    """
    from kafka import KafkaConsumer  # noqa: PLC0415 - 0.2 s that `--help` need not wait
    from kafka.errors import KafkaError  # noqa: PLC0415

    if not anyone_listens(settings.kafka):
        raise _gone(settings)
    try:
        consumer = KafkaConsumer(
            **kafka_python_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=ANSWER_WITHIN_MS,
            max_poll_records=RECORDS_AT_A_TIME,
        )
        try:
            yield consumer
        finally:
            consumer.close()
    except KafkaError as failed:
        raise _gone(settings) from failed


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

    """
    from kafka import TopicPartition  # noqa: PLC0415 - see above

    name = settings.topic(topic)
    with reading(settings) as consumer:
        ends = consumer.end_offsets(
            [TopicPartition(name, p) for p in range(partitions)], timeout_ms=ANSWER_WITHIN_MS
        )
    return {where.partition: int(end) for where, end in ends.items()}


def records(
    settings: Settings, topic: str, partition: int, begin: int = 0, end: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield offset and value of the records of a partition, from `begin` up to `end` or to its present end.

    Records that the topic no longer has are left out.

    Raises
    ------
    MissingError
        If the broker does not answer, or stops giving records that it has.

    """
    from kafka import TopicPartition  # noqa: PLC0415 - see above

    where = TopicPartition(settings.topic(topic), partition)
    with reading(settings) as consumer:
        first = int(consumer.beginning_offsets([where], timeout_ms=ANSWER_WITHIN_MS)[where])
        last = int(consumer.end_offsets([where], timeout_ms=ANSWER_WITHIN_MS)[where])
        last = last if end is None else min(end, last)
        at = max(begin, first)
        if at >= last:
            return
        consumer.assign([where])
        consumer.seek(where, at)
        while at < last:
            fetched = consumer.poll(timeout_ms=RECORD_WITHIN_MS).get(where, [])
            if not fetched:
                raise _gone(settings)
            for record in fetched:
                if record.offset >= last:
                    return
                at = record.offset + 1
                yield record.offset, record.value or b""


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
    from kafka import KafkaProducer  # noqa: PLC0415 - see above
    from kafka.errors import KafkaError  # noqa: PLC0415

    if not anyone_listens(settings.kafka):
        raise _gone(settings)
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
        raise _gone(settings) from failed
    try:
        futures = [(partition, producer.send(name, value=value, partition=partition)) for partition, value in values]
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
