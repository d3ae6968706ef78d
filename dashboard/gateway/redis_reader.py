"""The read models in Redis, read: for the screens and the pages. This module never writes.

Every call is bounded in time and size, and raises `ReadError` when Redis does not answer; trying again is the caller's.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from typing import Any, cast

import msgspec
from redis.exceptions import RedisError

from dashboard.gateway.freshness import Health
from dashboard.gateway.model import Entry, PartitionHashes, SharedHashes
from dashboard.redis_line import line_to
from domain.codes import partition_of_case, partition_of_name
from domain.fold import FOLD_VERSION

BLOCK_MS = 500
"""How long a tail waits for something new; a lost stream is noticed after it."""
ENTRIES_A_READ = 256
"""Entries of `changes` read at once: some MB at the most."""
CASE_LIMIT = 64 * 1024
CASES_A_READ = 300
"""Cases read at once: some MB with their stories."""
HEALTH_KEYS = 64
"""Workers are at most one a partition, 20 in all; the rest is for those that just left."""

REPLAYS_TOLD = 100
"""More are not looked for; nobody watches so many."""

START = "0-0"


class ReadError(ConnectionError):
    """Redis did not answer, said no, or holds what nobody of ours wrote."""


def key_prefix(prefix: str, replay: str = "") -> str:
    """Return what stands before every key of the read models.

    Parameters
    ----------
    prefix
        The setting `WATCHFLOOR_PREFIX`.
    replay
        A replay's id; empty for live.

    """
    return f"{prefix}wf{FOLD_VERSION}:" + (f"replay.{replay}:" if replay else "")


class RedisReader:
    """Reads one set of read models.

    Parameters
    ----------
    url
        `redis://`, `rediss://` or `unix://`.
    prefix
        As `key_prefix` gives it.

    """

    def __init__(self, url: str, prefix: str) -> None:
        self.prefix = prefix
        self._redis = line_to(url)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def shared(self) -> SharedHashes:
        """Return positions, lanes and feeds.

        Raises
        ------
        ReadError
            If Redis does not answer.

        """
        pipe = self._redis.pipeline(transaction=True)
        for name in ("pos", "lanes", "feeds"):
            pipe.hgetall(self.prefix + name)
        pos, lanes, feeds = await _answer(pipe.execute())
        return SharedHashes(
            positions={key.decode(): int(value) for key, value in pos.items()},
            lanes=_decoded(lanes),
            feeds=_decoded(feeds),
        )

    async def partition(self, partition: int) -> PartitionHashes:
        """Return a journal partition's read models, all as of the same offset.

        Raises
        ------
        ReadError
            If Redis does not answer.

        """
        pipe = self._redis.pipeline(transaction=True)
        pipe.hget(self.prefix + "pos", f"journal:{partition}")
        pipe.hget(self.prefix + "partitions", str(partition))
        for name in ("grids", "alerts", "pairs", "queue", "grants"):
            pipe.hgetall(f"{self.prefix}{name}:{partition}")
        pipe.hgetall(self.prefix + "desks")
        offset, status, grids, alerts, pairs, queue, grants, desks = await _answer(pipe.execute())
        return PartitionHashes(
            partition=partition,
            offset=-1 if offset is None else int(offset),
            status={} if status is None else _object(status),
            grids=_decoded(grids),
            alerts=_decoded(alerts),
            pairs=_decoded(pairs),
            queue=_decoded(queue),
            grants={name.decode(): _rights(value) for name, value in grants.items()},
            desks={
                code: desk for code, desk in _decoded(desks).items() if partition_of_name(code) == partition
            },
        )

    async def partitions(self) -> dict[str, dict[str, Any]]:
        """Return every journal partition's status, by its number as text."""
        return _decoded(await _answer(self._redis.hgetall(self.prefix + "partitions")))

    async def hashes(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return whole hashes by name, their fields decoded, all as of one moment.

        Raises
        ------
        ReadError
            If Redis does not answer.

        """
        pipe = self._redis.pipeline(transaction=True)
        for name in names:
            pipe.hgetall(self.prefix + name)
        found = await _answer(pipe.execute())
        try:
            return {
                name: {field.decode(): msgspec.json.decode(value) for field, value in fields.items()}
                for name, fields in zip(names, found, strict=True)
            }
        except msgspec.DecodeError as damaged:
            raise ReadError(f"A read model is damaged: {damaged}.") from damaged

    async def replays(self) -> list[str]:
        """Return the ids of the replays whose read models are here, sorted; at most some hundred.

        Raises
        ------
        ReadError
            If Redis does not answer.

        """
        begin, found, cursor = self.prefix + "replay.", set[str](), 0
        while True:
            cursor, keys = await _answer(
                self._redis.scan(cursor, match=_escaped(begin) + "*:partitions", count=1000)
            )
            found |= {key.decode().removeprefix(begin).removesuffix(":partitions") for key in keys}
            if cursor == 0 or len(found) >= REPLAYS_TOLD:
                return sorted(found)

    async def end(self) -> str:
        """Return the id of the newest entry of `changes`; `0-0` when there is none."""
        newest = await _answer(self._redis.xrevrange(self.prefix + "changes", count=1))
        return newest[0][0].decode() if newest else START

    async def tail(self, after: str) -> list[Entry] | None:
        """Wait up to half a second for entries of `changes` behind an id.

        Returns
        -------
        list[Entry] or None
            In order, at most 256; None when entries behind `after` may be gone (trimmed, or Redis lost its memory):
            the read models must then be read whole.

        Raises
        ------
        ReadError
            If Redis does not answer.

        """
        key = self.prefix + "changes"
        answer = await _answer(self._redis.xread({key: after}, count=ENTRIES_A_READ, block=BLOCK_MS))
        if not answer:
            return None if _number(await self.end()) < _number(after) else []
        entries = answer[0][1]
        if after != START:
            # trimming takes the oldest first: while something at or before `after` stands, nothing behind it is gone
            first = await _answer(self._redis.xrange(key, count=1))
            if not first or _number(first[0][0].decode()) > _number(after):
                return None
        return [_entry(name.decode(), fields) for name, fields in entries]

    async def health(self) -> list[Health]:
        """Return what each worker last said of itself; what cannot be read is left out."""
        keys: list[bytes] = []
        cursor = 0
        while True:
            cursor, found = await _answer(
                self._redis.scan(cursor, match=_escaped(self.prefix) + "health:*", count=1000)
            )
            keys += found
            if cursor == 0 or len(keys) >= HEALTH_KEYS:
                break
        if not keys:
            return []
        said = []
        for text in await _answer(self._redis.mget(sorted(keys)[:HEALTH_KEYS])):
            try:
                said.append(msgspec.json.decode(text or b"", type=Health))
            except msgspec.DecodeError:
                continue
        return said

    async def cases(self, partition: int) -> AsyncGenerator[list[bytes], None]:
        """Give a partition's cases as their JSON, some hundred at a time; one that changes meanwhile may come twice."""
        cursor = 0
        while True:
            cursor, found = await _answer(
                cast(
                    "Awaitable[Any]",
                    self._redis.hscan(f"{self.prefix}cases:{partition}", cursor, count=CASES_A_READ),
                )
            )
            yield list(found.values())
            if cursor == 0:
                return

    async def case(self, case: str) -> dict[str, Any] | None:
        """Return a case by its id, whose first two digits name its partition; None where there is none."""
        number = partition_of_case(case)
        if number is None:
            return None
        text = await _answer(cast("Awaitable[Any]", self._redis.hget(f"{self.prefix}cases:{number}", case)))
        return None if text is None else _object(text)


async def _answer(asked: Any) -> Any:
    task = asyncio.current_task()
    cancels = task.cancelling() if task else 0
    try:
        answer = await asked
    except (RedisError, OSError, TimeoutError) as silent:
        _swallowed(task, cancels)
        raise ReadError(f"Redis does not answer: {silent}") from silent
    _swallowed(task, cancels)
    return answer


def _swallowed(task: "asyncio.Task[Any] | None", cancels: int) -> None:
    """Cancel again where redis-py lost it: `asyncio.wait_for` before Python 3.12 (python/cpython#86296) does so."""
    if task is not None and task.cancelling() > cancels:
        raise asyncio.CancelledError


def _entry(name: str, fields: Mapping[bytes, bytes]) -> Entry:
    return Entry(
        id=name,
        source=fields.get(b"src", b"").decode(),
        offset=int(fields.get(b"offset", b"-1")),
        clock_ms=int(fields.get(b"clock_ms", b"0")),
        body=_object(fields.get(b"body", b"{}")),
    )


def _object(text: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as damaged:
        raise ReadError(f"A read model is damaged: {damaged}.") from damaged


def _rights(text: bytes) -> list[list[str]]:
    try:
        return msgspec.json.decode(text, type=list[list[str]])
    except msgspec.DecodeError as damaged:
        raise ReadError(f"A read model is damaged: {damaged}.") from damaged


def _decoded(fields: Mapping[bytes, bytes]) -> dict[str, dict[str, Any]]:
    return {name.decode(): _object(value) for name, value in fields.items()}


def _number(entry: str) -> tuple[int, int]:
    first, _, second = entry.partition("-")
    return int(first), int(second or 0)


def _escaped(prefix: str) -> str:
    return "".join(f"\\{char}" if char in "*?[]\\" else char for char in prefix)
