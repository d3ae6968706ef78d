"""S0: stock Faust, the same counts by grid in a `Table`, an event at a time; nothing of ours is in it."""

import argparse
import json
import os
import sys
import tempfile
import time

import faust
import msgspec


class _Seen(msgspec.Struct):
    grid: str = ""


def main() -> None:
    """Count so many records, print messages and seconds as JSON, and end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--partitions", type=int, default=16)
    args = parser.parse_args()
    app = faust.App(
        f"stock-{os.getpid()}",
        broker=f"kafka://{args.kafka}",
        store="memory://",
        datadir=tempfile.mkdtemp(),
        web_enabled=False,
        topic_partitions=args.partitions,
        topic_disable_leader=True,
        broker_session_timeout=60,
    )
    source = app.topic(
        args.topic, key_type=bytes, value_type=bytes, value_serializer="raw", partitions=args.partitions
    )
    counts = app.Table("counts", default=int, partitions=args.partitions)
    decode = msgspec.json.Decoder(_Seen).decode
    state = {"seen": 0, "started": 0.0, "cpu": 0.0}

    @app.agent(source, name="count")
    async def count(stream):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as Faust has it
        async for value in stream:
            counts[decode(value).grid] += 1
            state["seen"] += 1
            if state["seen"] == 1:
                state["started"], state["cpu"] = time.monotonic(), time.process_time()
            if state["seen"] == args.messages:
                said = {
                    "messages": args.messages - 1,
                    "seconds": time.monotonic() - state["started"],
                    "cpu_s": time.process_time() - state["cpu"],
                    "right": sum(counts.values()) >= args.messages,
                }
                os.write(1, json.dumps(said).encode() + b"\n")  # Faust sends what is printed to its log
                os._exit(0)

    sys.argv = [sys.argv[0], "worker", "--without-web", "-l", "error"]
    app.main()


if __name__ == "__main__":
    main()
