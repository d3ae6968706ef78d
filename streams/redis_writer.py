"""The read models in Redis, written by partition: what changed, together, at most every 50 ms; the one user of `redis` here.

Read models are no record: a Redis that is slow or dead holds up no fold. What changed meanwhile stays merged in the
folds, and what Redis lost is written whole.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from config.wallclock import monotonic_s
from domain.fold import Changes
from streams.partition import Partition
from streams.redis_script import CHANGES_KEPT, STAGE, WRITE, laid_out, pack
from streams.sources import Source

# Screens follow in steps of this; shorter ones cost more than an eye sees.
EVERY_S = 0.05
# While so many records are unfolded, the time goes into folding them: after a round, ten times as long a rest as it
# took to say what changed, within these bounds.
BEHIND_RECORDS = 10_000
BEHIND_REST_FACTOR = 10
BEHIND_REST_S = (0.5, 3.0)
# A Redis that does not answer so long counts as away.
ANSWER_S = 1.5
# So long between two tries while it is away.
AGAIN_S = 0.5
# Positions are compared so often, so that an emptied Redis is seen without a new record.
LOOK_S = 2.0
# Fields a step of a whole write: some hundred kB.
STAGE_FIELDS = 1000
# A whole write that was broken off leaves nothing behind.
STAGED_EX_S = 300

Part = tuple[str, Mapping[str, bytes | None]]
"""A hash of a write: where it was staged (empty: nowhere), and its fields, None for one that goes."""


@dataclass(slots=True)
class _Written:
    """How far Redis is with a partition.

    `stored` is where it is as last known. `least` is where it must be at least, because what changed up to there is
    no longer marked in the fold. `unsure` asks to look first, `whole` to write everything.
    """

    partition: Partition
    least: int
    stored: int | None = None
    unsure: bool = True
    whole: bool = False
    new: bool = True


class RedisWriter:
    """Writes the read models of the partitions that a worker owns.

    Parameters
    ----------
    url
        `redis://`, `rediss://` or `unix://`.
    key_prefix
        What stands before every key, as `wf3:`.
    owned
        Gives the partitions owned now.
    """

    def __init__(self, url: str, key_prefix: str, owned: Callable[[], Iterable[Partition]]) -> None:
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            protocol=2,
            retry=Retry(NoBackoff(), 0),  # the rounds are the retries
        )
        self._prefix = key_prefix
        self._owned = owned
        self._script = self._redis.register_script(WRITE)
        self._stage_script = self._redis.register_script(STAGE)
        self._written: dict[Source, _Written] = {}
        self._asked_s = 0.0
        self._staged = 0
        self._busy_s = 0.0
        self._log = structlog.get_logger()
        self.healthy = True

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            begun_s = monotonic_s()
            if not await self.write_round():
                await asyncio.sleep(AGAIN_S)
                continue
            unfolded = sum(partition.end - partition.offset - 1 for partition in self._owned())
            if unfolded > BEHIND_RECORDS:
                least_s, most_s = BEHIND_REST_S
                await asyncio.sleep(min(most_s, max(least_s, BEHIND_REST_FACTOR * self._busy_s)))
            else:
                await asyncio.sleep(max(0.0, EVERY_S - (monotonic_s() - begun_s)))

    async def write_round(self) -> bool:
        """Write what every owned partition changed since the last round; tells whether Redis answered."""
        partitions = list(self._owned())
        self._busy_s = 0.0
        try:
            await self._look(partitions)
            for partition in partitions:
                if partition.owned:
                    await self._write(partition)
        except (RedisError, OSError, TimeoutError) as error:
            if self.healthy:
                self._log.warning("Redis does not answer; read models wait in the folds", cause=repr(error))
            self.healthy = False
            self._asked_s = 0.0
            return False
        if not self.healthy:
            self._log.info("Redis answers again")
        self.healthy = True
        return True

    async def put(self, key: str, value: bytes, *, for_s: int) -> None:
        """Set a key that goes by itself."""
        await self._redis.set(self._prefix + key, value, ex=for_s)

    async def get(self, key: str) -> bytes | None:
        """Return a key's value."""
        value: bytes | None = await self._redis.get(self._prefix + key)
        return value

    async def put_field(self, key: str, field: str, value: bytes, *, for_s: int) -> None:
        """Set a field of a hash that goes by itself."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(self._prefix + key, field, value)
            pipe.expire(self._prefix + key, for_s)
            await pipe.execute()

    async def positions(self) -> dict[str, int]:
        """Return `pos`: the offset of each partition's last write, by label."""
        stored = await self._redis.hgetall(self._prefix + "pos")
        return {field.decode(): int(value) for field, value in stored.items()}

    async def close(self) -> None:
        """Let go of the connections."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def _look(self, partitions: list[Partition]) -> None:
        """Compare where Redis is with where we left it, for what is unsure and, now and then, for all."""
        self._written = {partition.source: self._known(partition) for partition in partitions}
        now_s = monotonic_s()
        due = now_s - self._asked_s > LOOK_S
        if not due and not any(at.unsure for at in self._written.values()):
            return
        stored = await self.positions()
        self._asked_s = now_s
        for source, at in self._written.items():
            there = stored.get(source.label)
            if at.new and there is not None and there >= at.partition.end:
                # written for a topic that is no more: such an offset would refuse every write
                self._log.warning("read models of another journal are replaced", partition=source.label)
                await self._redis.hdel(self._prefix + "pos", source.label)
                there = None
            at.whole = at.whole or there is None or there < at.least
            at.stored = there
            at.unsure = at.new = False

    def _known(self, partition: Partition) -> _Written:
        at = self._written.get(partition.source)
        if at is None or at.partition is not partition:
            return _Written(partition, least=partition.loaded_offset)
        return at

    async def _write(self, partition: Partition) -> None:
        at = self._written[partition.source]
        if at.whole:
            if partition.offset >= 0 and (at.stored is None or at.stored < partition.offset):
                await self._write_whole(partition, at)
            elif at.stored is not None:
                # another owner is ahead with the same journal: what it wrote is right
                at.whole = False
            return
        if at.stored is not None and partition.offset <= at.stored:
            return
        begun_s = monotonic_s()
        changes = partition.fold.take_changes()
        self._busy_s += monotonic_s() - begun_s
        if changes is None:
            return
        at.unsure = True
        at.least = changes.offset
        parts: list[Part] = [("", fields) for fields in changes.hashes.values()]
        args = ["changes", "" if at.stored is None else str(at.stored), *_of(partition, changes)]
        told, stored = await self._run(partition, changes.offset, list(changes.hashes), args, parts)
        self._settle(at, told, stored)

    async def _write_whole(self, partition: Partition, at: _Written) -> None:
        begun_s = monotonic_s()
        whole = partition.fold.whole()
        partition.fold.take_changes()  # what changed up to here is in the whole
        self._busy_s += monotonic_s() - begun_s
        at.least = whole.offset
        parts: list[Part] = []
        names = [*whole.replace, *(name for name in whole.hashes if name not in whole.replace)]
        for name in names:
            fields = whole.hashes.get(name, {})
            if name in whole.replace:
                parts.append((await self._stage(name, fields), {}))
            else:
                parts.append(("", fields))
        at.unsure = True
        args = ["whole", "", *_of(partition, whole)]
        told, stored = await self._run(partition, whole.offset, names, args, parts)
        self._settle(at, told, stored)
        if told == "written":
            self._log.info("read models written whole", partition=partition.source.label, offset=whole.offset)

    def _settle(self, at: _Written, told: str, stored: int | None) -> None:
        """Take over what the script answered; a Redis at or above what we took out of the fold holds all of it."""
        at.unsure = False
        at.stored = stored
        at.whole = told == "other" or stored is None or stored < at.least

    async def _stage(self, name: str, fields: Mapping[str, bytes | None]) -> str:
        """Write a hash under a name of its own; returns that, or `-` for a hash without fields."""
        self._staged += 1
        key = f"{self._prefix}staged:{name}:{os.getpid()}:{self._staged}"
        pairs = [(field, value) for field, value in fields.items() if value is not None]
        for begin in range(0, len(pairs), STAGE_FIELDS):
            lengths, _, row = laid_out(dict(pairs[begin : begin + STAGE_FIELDS]))
            await self._stage_script(keys=[key], args=[pack(lengths), b"".join(row), STAGED_EX_S])
        return key if pairs else "-"

    async def _run(
        self,
        partition: Partition,
        offset: int,
        names: list[str],
        args: list[Any],
        parts: list[Part],
    ) -> tuple[str, int | None]:
        layout: list[tuple[str, list[int], list[int]]] = []
        row: list[bytes] = []
        for staged, fields in parts:
            sets, gone, values = laid_out(fields)
            layout.append((staged, sets, gone))
            row += values
        told, stored = await self._script(
            keys=[self._prefix + name for name in ("pos", "changes", *names)],
            args=[partition.source.label, offset, *args, pack(layout), b"".join(row)],
        )
        return told.decode(), int(stored) if stored else None


def _of(partition: Partition, changes: Changes) -> list[Any]:
    return [partition.source.label, changes.clock_ms, changes.body, CHANGES_KEPT]
