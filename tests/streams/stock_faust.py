"""The negative control: Faust as it comes, counting by key in a Table; it writes what the table says to a file each half second."""

import os
from pathlib import Path

import faust
import msgspec

from config.settings import Settings

settings = Settings()
app = faust.App(
    f"{settings.prefix}stock",
    broker=f"kafka://{settings.kafka}",
    datadir=settings.data / "stock",
    topic_partitions=4,
    topic_disable_leader=True,
    web_enabled=False,
    broker_session_timeout=6.0,
    broker_heartbeat_interval=1.0,
    consumer_group_instance_id=settings.worker,
    stream_wait_empty=False,
)
reports = app.topic(settings.topic("reports"), value_serializer="json")
table = app.Table("counts", default=int, partitions=4)


@app.agent(reports)
async def count(stream: object) -> None:
    """Count each report at its key."""
    async for event in stream.events():
        key = f"{event.value['key']}@{event.message.partition}"
        table[key] += 1


@app.timer(0.5)
async def write() -> None:
    """Say what the table says."""
    counts: dict[str, int] = {}
    for key, value in table.items():
        name = key.partition("@")[0]
        counts[name] = counts.get(name, 0) + value
    path = Path(settings.data) / "stock.json"
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_bytes(msgspec.json.encode(counts))
    aside.rename(path)


if __name__ == "__main__":
    app.worker_init()
    faust.Worker(app, loglevel="WARNING").execute_from_commandline()
