"""L1: raw `aiokafka` getmany over the same topic, nothing done with the records."""

import argparse
import asyncio
import json
import time

from aiokafka import AIOKafkaConsumer, TopicPartition


async def read(bootstrap: str, topic: str, messages: int, partitions: int) -> dict[str, object]:
    """Read so many records; the clock runs from the first answer to the last."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        max_partition_fetch_bytes=1 << 20,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, p) for p in range(partitions)])
        seen, first, started, cpu = 0, 0, 0.0, 0.0
        while seen < messages:
            batches = await consumer.getmany(timeout_ms=2000, max_records=4000)
            seen += sum(len(records) for records in batches.values())
            if not started and seen:
                started, cpu, first = time.monotonic(), time.process_time(), seen
        return {
            "messages": seen - first,
            "seconds": time.monotonic() - started,
            "cpu_s": time.process_time() - cpu,
            "right": seen == messages,
        }
    finally:
        await consumer.stop()


def main() -> None:
    """Print messages and seconds as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--partitions", type=int, default=16)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(read(args.kafka, args.topic, args.messages, args.partitions))))


if __name__ == "__main__":
    main()
