"""Topics filled for a benchmark: whole batches, as the hot writers send them."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from config.settings import Settings
from watchfloor.topics import create_topics

BATCH = 400
"""Records a batch: about 150 kB, well under the broker's limit."""


def fill(kafka: str, prefix: str, topic: str, partitions: Sequence[Sequence[bytes]]) -> None:
    """Create the project's topics under a prefix and append the records of each partition, in order."""
    create_topics(Settings(kafka=kafka, prefix=prefix))
    asyncio.run(_fill(kafka, prefix + topic, partitions))


async def _fill(kafka: str, topic: str, partitions: Sequence[Sequence[bytes]]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, acks="all", max_batch_size=1 << 20, request_timeout_ms=60_000
    )
    await producer.start()
    try:
        for partition, records in enumerate(partitions):
            for begin in range(0, len(records), BATCH):
                batch = producer.create_batch()
                for value in records[begin : begin + BATCH]:
                    if batch.append(key=None, value=value, timestamp=None) is None:
                        raise SystemExit("A batch is too small for its records.")
                batch.close()
                sent = await producer.send_batch(batch, topic, partition=partition)
            if records:
                await sent
    finally:
        await producer.stop()
