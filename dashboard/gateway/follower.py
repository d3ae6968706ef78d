"""Follows one set of read models from Redis into the model: whole first, then change by change, for ever."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from dashboard.gateway.freshness import Watch
from dashboard.gateway.model import Entry, Model, PartitionHashes
from dashboard.gateway.queue import QueueBook
from dashboard.gateway.redis_reader import ReadError, RedisReader
from dashboard.gateway.rights import Rights
from domain.grants import SHOWN_BY

HEALTH_EVERY_S = 0.5
"""Half a worker's own interval, so that a stamp is never read more than half a second late."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 2.0
"""Back-off while Redis is silent: short, since it is one client, and the screens are to be right soon after."""

MINUTE_MS = 60_000

log = structlog.get_logger()

Touch = Callable[[set[str]], None]


class Follower:
    """Keeps a model equal to the read models.

    Parameters
    ----------
    reader, model, watch
        From where, into what, and where it is noted when Redis answered.
    queue, rights
        What desks work on, and who may: kept beside the model, of the same entries.
    cases
        Called with the cases whose rows or alerts changed.
    granted
        Called when somebody's rights or a desk's scopes changed, and when all has been read.
    touched
        Called with the places that changed ("" for all).
    lost
        Called when history is gone: what was known is being read anew.
    answers
        Called with the fold's answers to commands, by their ids.
    now_ms
        The wall clock.

    """

    def __init__(  # noqa: PLR0913 - the composition root of a floor is the only caller
        self,
        *,
        reader: RedisReader,
        model: Model,
        queue: QueueBook,
        rights: Rights,
        watch: Watch,
        touched: Touch,
        cases: Touch,
        granted: Callable[[], None],
        lost: Callable[[], None],
        answers: Callable[[dict[str, dict[str, object]]], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._reader, self._model, self._watch = reader, model, watch
        self._queue, self._rights = queue, rights
        self._touched, self._lost, self._answers = touched, lost, answers
        self._cases, self._granted = cases, granted
        self._now_ms = now_ms
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._after: str | None = None
        self.loaded = False
        self.loads = 0
        self.changes = 0

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._endlessly(self._follow))
            tasks.create_task(self._endlessly(self._listen))

    async def _endlessly(self, once: Callable[[], Awaitable[None]]) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            answered_ms = self._watch.redis_ms
            try:
                await once()
            except ReadError as silent:
                log.warning("redis.silent", why=str(silent), again_in_s=round(wait_s, 1))
            wait_s = FIRST_WAIT_S if self._watch.redis_ms > answered_ms else min(wait_s * 2, LONGEST_WAIT_S)
            await asyncio.sleep(wait_s * self._jitter.uniform(0.5, 1.0))

    async def _listen(self) -> None:
        """Read what the workers say of themselves, twice a second."""
        while True:
            workers = await self._reader.health()
            self._watch.heard(self._now_ms(), workers)
            await asyncio.sleep(HEALTH_EVERY_S)

    async def _follow(self) -> None:
        """Read whole where nothing is known, then follow the changes until they break off."""
        if self._after is None:
            self._after = await self._load()
        while True:
            entries = await self._reader.tail(self._after)
            self._watch.redis_ms = self._now_ms()
            if entries is None:
                log.warning("redis.history_lost", after=self._after)
                self._after = None
                return
            if entries:
                await self._take(entries)
                self._after = entries[-1].id

    async def _load(self) -> str:
        """Read everything. A partition that Redis has lost stays as it was last known until it is written again."""
        # the end of the changes first: what comes while the hashes are read is folded in twice, and refused by offset
        after = await self._reader.end()
        shared = await self._reader.shared()
        parts = [
            await self._reader.partition(int(source.removeprefix("journal:")))
            for source in sorted(shared.positions)
            if source.startswith("journal:")
        ]
        self._model.take_shared(shared)
        for part in parts:
            self._take_partition(part)
        self._watch.redis_ms = self._now_ms()
        if self.loaded:
            self._lost()
        self.loaded = True
        self._granted()
        self.loads += 1
        self._touched({""})
        log.info("read_models.loaded", partitions=len(parts), after=after)
        return after

    async def _take(self, entries: list[Entry]) -> None:
        touched: set[str] = set()
        whole: set[str] = set()
        minute = self._model.clock_ms // MINUTE_MS
        for entry in entries:
            if entry.body.get("whole"):
                whole.add(entry.source)
                continue
            if entry.source in whole:
                # behind a whole writing: in the hashes already, or told apart by its offset when they have been read
                await self._again(whole, touched)
            places = self._model.apply(entry)
            if places is not None:
                touched |= places
                self.changes += 1
                self._take_work(entry.body)
            # answers may come twice, and are relayed once by their ids
            self._answers(entry.body.get("answers", {}))
        await self._again(whole, touched)
        if self._model.clock_ms // MINUTE_MS != minute:
            # what falls due within the hour, and the trend's newest bucket, move with the clock alone
            touched.add("")
        if touched:
            self._touched(touched)

    async def _again(self, sources: set[str], touched: set[str]) -> None:
        """Read again what was written whole."""
        while sources:
            source = sources.pop()
            kind, _, number = source.partition(":")
            if kind == "journal":
                touched |= self._take_partition(await self._reader.partition(int(number)))
            else:
                self._model.take_shared(await self._reader.shared())
                touched.add("")

    def _take_partition(self, part: PartitionHashes) -> set[str]:
        """Replace a partition by what its hashes say; return the places that this may have changed."""
        places = self._model.take_partition(part)
        self._cases(self._queue.take_partition(part.partition, part.queue, part.alerts))
        others = part.partition == SHOWN_BY and bool(self._rights.take(part.grants, whole=True))
        others |= self._rights.take_desks(part.desks, partition=part.partition)
        if others and self.loaded:
            self._granted()
        return places

    def _take_work(self, body: dict[str, Any]) -> None:
        """Fold in what an entry has of cases that people work on, and of rights."""
        rows, alerts, grants = body.get("queue"), body.get("alerts"), body.get("grants")
        if rows or alerts:
            changed = self._queue.apply(rows or {}, alerts or {})
            if changed:
                self._cases(changed)
        others = bool(grants and self._rights.take(grants))
        others |= self._rights.take_desks(body.get("desks") or {})
        if others:
            self._granted()
