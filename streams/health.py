"""What a worker says of itself each second, and its answer when somebody asks for the state's digest."""

import asyncio
import contextlib
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from config.wallclock import monotonic_s, now_ms
from streams.digest import partition_hash
from streams.engine import Engine
from streams.partition import Partition
from streams.redis_writer import RedisWriter
from streams.sender import Sender
from streams.sources import Source

EVERY_S = 1.0
STAMP_EX_S = 30
DIGEST_EX_S = 60
# Who asks for a digest waits for it, so it is looked for more often than the stamps are written.
ASK_LOOK_S = 0.25
LOG_EVERY_S = 60.0
_log = structlog.get_logger()
_encoder = msgspec.json.Encoder()


class Health:
    """Stamps and digests of one worker.

    Parameters
    ----------
    worker, pid
        Who it is.
    engine, sender, writer
        What it does, what the broker has of it, and where it says so.
    """

    def __init__(self, worker: str, pid: int, engine: Engine, sender: Sender, writer: RedisWriter) -> None:
        self._worker = worker
        self._pid = pid
        self._engine = engine
        self._sender = sender
        self._writer = writer
        self._caught_up_ms: dict[Source, int] = {}
        self._folded = (monotonic_s(), 0)
        self._logged_s = 0.0

    async def stamp(self) -> None:
        """Write the stamps each second, until cancelled."""
        while True:
            stamps = self._stamps()
            now_s = monotonic_s()
            if now_s - self._logged_s >= LOG_EVERY_S:
                self._logged_s = now_s
                _log.info("health", **stamps)
            with contextlib.suppress(RedisError, OSError, TimeoutError):  # the writer's rounds log it
                await self._writer.put(f"health:{self._worker}", _encoder.encode(stamps), for_s=STAMP_EX_S)
            await asyncio.sleep(max(0.0, EVERY_S - (monotonic_s() - now_s)))

    async def answer_digests(self) -> None:
        """Answer each request for a digest once a partition, until cancelled."""
        request = b""
        answered: set[Source] = set()
        while True:
            await asyncio.sleep(ASK_LOOK_S)
            try:
                asked = await self._writer.get("ask:digest")
                if asked is None:
                    continue
                if asked != request:
                    request, answered = asked, set()
                # a partition that comes to this worker while the question stands is answered for as well
                for partition in self._engine.owned():
                    if partition.owned and partition.source not in answered:
                        await self._answer(asked.decode(), partition)
                        answered.add(partition.source)
            except (RedisError, OSError, TimeoutError):
                continue  # asked again at the next look

    async def _answer(self, request: str, partition: Partition) -> None:
        # no await between the offset and the state: an await is where the next batch may be folded
        fold = partition.fold
        answer = {"offset": fold.offset, "sha256": partition_hash(fold).hex(), "rules": fold.rules_hash}
        await self._writer.put_field(
            f"digest:{request}", partition.source.label, _encoder.encode(answer), for_s=DIGEST_EX_S
        )

    def _stamps(self) -> dict[str, Any]:
        self._engine.hear()
        at_ms, now_s = now_ms(), monotonic_s()
        before_s, before = self._folded
        self._folded = (now_s, self._engine.folded)
        return {
            "worker": self._worker,
            "pid": self._pid,
            "at_ms": at_ms,
            "partitions": {
                partition.source.label: self._of_partition(partition, at_ms)
                for partition in self._engine.owned()
            },
            "folded_per_s": round((self._engine.folded - before) / max(now_s - before_s, 0.001)),
        }

    def _of_partition(self, partition: Partition, at_ms: int) -> dict[str, int | None]:
        """Return a partition's stamps.

        The oldest unfolded record is not at hand: it came after the last folded one, and after the last moment at which
        nothing was unfolded.
        """
        source = partition.source
        if partition.caught_up or source not in self._caught_up_ms:
            self._caught_up_ms[source] = at_ms
        _, fetched_ms = self._engine.heard(source)
        return {
            "offset": partition.offset,
            "acked": self._sender.acknowledged_to(source, partition.offset),
            "end": partition.end,
            "fetched_ms": fetched_ms,
            "oldest_unfolded_ms": None
            if partition.caught_up
            else max(partition.last_stamp_ms, self._caught_up_ms[source]),
        }
