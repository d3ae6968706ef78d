"""The archive process: `python -P -m streams.archive` writes `reports`, `journal` and `passages` as Parquet, and the audit's chains.

It goes on where its files end, so a kill costs nothing but the rows that were not yet written, which are still in Kafka.
"""

import asyncio
import contextlib
import signal
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from config.kafka_access import aiokafka_options
from config.settings import Settings
from config.wallclock import monotonic_s
from domain.codes import JOURNAL_PARTITIONS
from streams.archive_files import ArchiveFiles, Row
from streams.audit_chain import AuditChain, audit_file
from streams.exits import leave
from streams.logs import log_to_stderr
from streams.sources import KEPT

# A file has at most so many rows …
FILE_ROWS = 50_000
# … and at most so many bytes unpacked, for rows of up to 512 kB.
FILE_BYTES = 64 * 1024 * 1024
# What waits longer than this is written, however little it is; until then Kafka alone has it.
WRITE_AFTER_S = 60.0
POLL_MS = 500
POLL_RECORDS = 5000
_log = structlog.get_logger()


@dataclass(slots=True)
class _Waiting:
    """Rows of a partition that are not written yet."""

    rows: list[Row] = field(default_factory=list)
    size_bytes: int = 0
    since_s: float = 0.0


class Archive:
    """Reads its topics without a group and writes what it reads."""

    def __init__(self, settings: Settings) -> None:
        self._files = ArchiveFiles(str(settings.data / "archive"))
        self._consumer: Any = AIOKafkaConsumer(
            **aiokafka_options(settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=POLL_RECORDS,
        )
        self._places = [TopicPartition(settings.topic(source.word), source.number) for source in KEPT]
        self._waiting = {place: _Waiting() for place in self._places}
        audit = settings.topic("audit")
        self._chains = {
            TopicPartition(audit, number): AuditChain(audit_file(settings.data, audit, number))
            for number in range(JOURNAL_PARTITIONS)
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Archive until told to stop; what waits is written then."""
        await self._consumer.start()
        try:
            await self._begin()
            while not stop.is_set():
                await self._poll()
                await self._write_due()
            await self._write_due(everything=True)
        finally:
            await self._consumer.stop()

    async def _begin(self) -> None:
        """Go on where the files end; a topic that was cut further than that is a gap, which is said."""
        ends = {place: chain.next_at for place, chain in self._chains.items()}
        for place in self._places:
            self._files.sweep(place.topic, place.partition)
            ends[place] = self._files.end(place.topic, place.partition)
        self._consumer.assign(list(ends))
        first = await self._consumer.beginning_offsets(list(ends))
        for place, end in ends.items():
            if first[place] > end:
                _log.error(
                    "offsets were cut from Kafka before they were archived",
                    topic=place.topic, partition=place.partition, first=end, last=first[place] - 1,
                )  # fmt: skip
            self._consumer.seek(place, max(end, first[place]))

    async def _poll(self) -> None:
        batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        for place, records in batches.items():
            if place in self._chains:
                lines = [(record.offset, record.value) for record in records]
                await asyncio.to_thread(self._chains[place].append, lines)
                continue
            waiting = self._waiting[place]
            if not waiting.rows:
                waiting.since_s = monotonic_s()
            for record in records:
                waiting.rows.append(Row(record.offset, record.timestamp, record.value))
                waiting.size_bytes += len(record.value or b"")

    async def _write_due(self, *, everything: bool = False) -> None:
        now_s = monotonic_s()
        for place, waiting in self._waiting.items():
            full = len(waiting.rows) >= FILE_ROWS or waiting.size_bytes >= FILE_BYTES
            late = now_s - waiting.since_s >= WRITE_AFTER_S
            if waiting.rows and (full or late or everything):
                await asyncio.to_thread(self._files.write, place.topic, place.partition, waiting.rows)
                self._waiting[place] = _Waiting()
                if not everything:
                    await asyncio.to_thread(self._files.merge, place.topic, place.partition)


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Archive(settings).run(stop)


def main() -> None:
    """Archive what `WATCHFLOOR_*` describes."""
    log_to_stderr()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(_run(Settings()))
    except (KafkaError, OSError) as error:
        leave("the archive broke off", cause=repr(error))


if __name__ == "__main__":
    main()
