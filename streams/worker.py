"""The worker's composition root: `python -P -m streams.worker` folds the lanes and the journal partitions it is given."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop
from faust.types import TP

from config.kafka_access import aiokafka_options
from config.rules import RuleStore
from config.settings import Settings
from config.wallclock import monotonic_s
from detectors.bank import Bank
from domain.casework import Casework
from domain.fold import FOLD_VERSION, Fold
from domain.intake import Intake
from streams.app import declare
from streams.engine import Engine
from streams.exits import leave
from streams.health import Health
from streams.logs import log_to_stderr
from streams.redis_writer import RedisWriter
from streams.sender import Sender
from streams.snapshots import Snapshots
from streams.snapshotting import Snapshotting
from streams.sources import Source

# A supervisor gives 4 s between TERM and KILL: effects, read models and snapshots have these, one after the other.
DRAIN_S = 1.0
REDIS_S = 0.7
SNAPSHOTS_S = 1.8
# Faust marks itself as crashed and stays; so often that is looked for.
LOOK_S = 0.25
# Objects of the youngest generation, then generations of each below, between two looks for cycles.
COLLECT_AFTER = (50_000, 20, 50)
_log = structlog.get_logger()


def folds(settings: Settings) -> Callable[[Source], Fold]:
    """Return what makes the empty fold of a partition, with the rules of this data folder."""
    rules_of = RuleStore(str(settings.data / "rules")).rules_of
    shared = settings.clock == "feed"

    def new_fold(source: Source) -> Fold:
        if source.word == "reports":
            return Intake(source.number, rules_of=rules_of, shared=shared)
        return Casework(source.number, rules_of=rules_of, bank_of=Bank, shared=shared)

    return new_fold


def key_prefix(settings: Settings) -> str:
    """Return what stands before every Redis key of this fold version."""
    return f"{settings.prefix}wf{FOLD_VERSION}:"


class Worker:
    """A worker and its parts.

    Parameters
    ----------
    settings
        What it is told from outside.
    new_fold
        Makes the empty fold of a partition.
    stage
        Handed to the snapshots; tests end the worker there.
    """

    def __init__(
        self,
        settings: Settings,
        new_fold: Callable[[Source], Fold],
        stage: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        snapshots = Snapshots(str(settings.data / "snapshots"), settings.worker, stage)
        self.sender = Sender(settings.topic, aiokafka_options(settings))
        self.engine = Engine(
            new_fold=new_fold, topic_of=settings.topic, snapshots=snapshots, sender=self.sender
        )
        names = {word: settings.topic(word) for word in ("reports", "journal")}
        self.snapshotting = Snapshotting(self.engine, self.sender, snapshots, names)
        self.writer = RedisWriter(settings.redis, key_prefix(settings), self.engine.owned)
        self.health = Health(settings.worker, os.getpid(), self.engine, self.sender, self.writer)

    async def run(self) -> None:
        """Work until TERM or Ctrl-C, then end the process: what is folded is folded, and nothing else counts."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._settings.data.mkdir(parents=True, exist_ok=True)
        await self.sender.start()
        app = declare(self._settings, self.engine)
        self.engine.heard = lambda source: app.consumer._thread.heard(  # noqa: SLF001 - Faust has no public way
            TP(self._settings.topic(source.word), source.number)
        )
        jobs = [self.writer.run(), self.health.stamp(), self.health.answer_digests(), self.snapshotting.run()]
        if self._settings.clock == "wall":
            jobs.append(self.engine.tick())
        tasks = [_guarded(job) for job in jobs]
        await app.start()
        while not stop.is_set():
            if app.crashed:
                leave("Faust crashed", cause=repr(app.crash_reason))
            try:
                await asyncio.wait_for(stop.wait(), LOOK_S)
            except TimeoutError:
                continue
        await self._stop(tasks)

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        begun_s = monotonic_s()
        self.engine.stopping = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.sender.drained(DRAIN_S)
        for job, within_s in (
            (self.writer.write_round(), REDIS_S),
            (self.snapshotting.take_all(), SNAPSHOTS_S),
        ):
            try:
                await asyncio.wait_for(job, within_s)
            except TimeoutError:
                _log.warning("the clean stop was cut short; the next start folds a longer tail")
        _log.info("stopped", took_ms=round((monotonic_s() - begun_s) * 1000), folded=self.engine.folded)
        sys.stderr.flush()
        # Faust's own stop waits for fetches and commits that nothing depends on
        os._exit(0)


def _guarded(job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            leave("a part of the worker broke", cause=repr(task.exception()))

    task = asyncio.get_running_loop().create_task(job)
    task.add_done_callback(ended)
    return task


def start(
    settings: Settings, new_fold: Callable[[Source], Fold], stage: Callable[[str], None] = lambda _: None
) -> None:
    """Run a worker in this process until it ends."""
    log_to_stderr()
    _log.info(
        "starting", worker=settings.worker, clock=settings.clock, fold_version=FOLD_VERSION, pid=os.getpid()
    )
    # a record makes some objects and few cycles: looking for cycles every 700 objects took a quarter of the folding
    gc.set_threshold(*COLLECT_AFTER)
    # Faust's consumer thread makes a loop of its own, by the policy
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        asyncio.run(Worker(settings, new_fold, stage).run())
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it is, a fresh start is exact
        leave("the worker broke", cause=repr(error))


def main() -> None:
    """Run the worker that `WATCHFLOOR_*` describes."""
    settings = Settings()
    start(settings, folds(settings))


if __name__ == "__main__":
    main()
