"""The courier: `python -P -m streams.courier` reads what people are to be told, and sends it through a channel.

It goes on behind its committed offsets, which it commits when SQL has what became of each message and the journal has
been told. A broken broker, database or channel is waited for, and said in the log. It also erases cases that left the
state long ago. One process does it: a second one ends.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from config.kafka_access import aiokafka_options
from config.outbox import Outbox, Post
from config.retention import Retention
from config.settings import Settings
from config.sql import SilentDatabaseError, database_of
from config.vault import Vault, VaultError
from config.wallclock import monotonic_s, now_ms
from domain.codes import JOURNAL_PARTITIONS, partition_of_case
from domain.feeds.rules import DAY_MS
from domain.messages import Message
from domain.records import Delivered, encoder
from streams.addresses import VaultAddresses
from streams.channels import NotSentError, channel_of
from streams.courier_round import Round
from streams.exits import leave
from streams.logs import log_to_stderr

GROUP = "courier"
"""Whose committed offsets say how far it has come."""
POLL_MS = 500
# A round is this much at most: what is done again after a crash, and what waits in memory.
ROUND_RECORDS = 200
# Tried again after this, and then after twice as long, up to the most.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
# A pass that held for so long was well: the next pause is a first one again.
WELL_AFTER_S = 60.0
# What has been settled for so long is not listed any more; nothing that old comes again.
KEPT_MS = 90 * DAY_MS
CLEARED_EVERY_MS = DAY_MS // 24

TRY_LATER = (KafkaError, SilentDatabaseError, VaultError, NotSentError, OSError)

_log = structlog.get_logger()
_decoder = msgspec.json.Decoder(Message)


class Courier:
    """Reads `messages` and answers into `journal`.

    Parameters
    ----------
    settings
        Broker, database, data folder and channel.

    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        url = database_of(settings)
        self._outbox, self._vault = Outbox(url), Vault(url)
        self._round = Round(self._outbox, channel_of(settings), VaultAddresses(self._vault), now_ms)
        self._retention = Retention(self._vault, settings.keep_private_days)
        self._cleared_ms = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what breaks is begun again after a pause."""
        pause_s = FIRST_PAUSE_S
        while not stop.is_set():
            begun_s = monotonic_s()
            try:
                await self._pass(stop)
            except TRY_LATER as broken:
                if monotonic_s() - begun_s > WELL_AFTER_S:
                    pause_s = FIRST_PAUSE_S
                _log.warning(
                    "messages wait", cause=type(broken).__name__, said=str(broken), again_in_s=pause_s
                )
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        await asyncio.to_thread(self._close)

    async def _pass(self, stop: asyncio.Event) -> None:
        """Work with one connection to the broker, until it breaks."""
        options = aiokafka_options(self._settings)
        consumer: Any = AIOKafkaConsumer(
            **options,
            group_id=f"{self._settings.prefix}{GROUP}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=ROUND_RECORDS,
        )
        producer: Any = AIOKafkaProducer(**options, enable_idempotence=True)
        try:
            await consumer.start()
            await producer.start()
            topic = self._settings.topic("messages")
            consumer.assign([TopicPartition(topic, number) for number in range(JOURNAL_PARTITIONS)])
            while not stop.is_set():
                batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=ROUND_RECORDS)
                records = [record for batch in batches.values() for record in batch]
                await self._take([record.value for record in records], producer)
                if records:
                    await consumer.commit()
                await asyncio.to_thread(self._tidy)
        finally:
            with contextlib.suppress(KafkaError):
                await producer.stop()
            with contextlib.suppress(KafkaError):
                await consumer.stop()

    async def _take(self, values: Sequence[bytes | None], producer: Any) -> None:
        """Send what some records say, and tell the journal what became of it."""
        messages = [message for value in values if (message := _read(value)) is not None]
        posts = await asyncio.to_thread(self._send, messages)
        acknowledged = []
        for post in posts:
            partition = partition_of_case(post.case)
            if partition is not None:
                value = encoder.encode(Delivered(key=post.key, case=post.case, state=_final(post)))
                topic = self._settings.topic("journal")
                acknowledged.append(await producer.send(topic, value, partition=partition))
        if acknowledged:
            await asyncio.gather(*acknowledged)
        await asyncio.to_thread(self._round.said, posts)

    def _send(self, messages: Sequence[Message]) -> list[Post]:
        for message in messages:
            if message.kind == "left":
                self._retention.left(message.case, message.reports, message.t_ms)
        return self._round.go([message for message in messages if message.kind != "left"])

    def _tidy(self) -> None:
        """Erase what has had its time, and take old settled messages off the list."""
        at_ms = now_ms()
        erased = self._retention.step(at_ms)
        if erased:
            _log.info(
                "erased what was said about cases that left the state, or by desks long ago",
                erased=len(erased),
            )
        if at_ms >= self._cleared_ms + CLEARED_EVERY_MS:
            self._outbox.clear(at_ms - KEPT_MS)
            self._cleared_ms = at_ms

    def _close(self) -> None:
        self._outbox.close()
        self._vault.close()


def _read(value: bytes | None) -> Message | None:
    """Return a message; None, with a word in the log, where it is none that this courier knows."""
    try:
        return None if value is None else _decoder.decode(value)
    except msgspec.DecodeError as strange:
        _log.error("a message cannot be read, and is left out", cause=str(strange))
        return None


def _final(post: Post) -> Any:
    assert post.state != "sending"
    return post.state


def only_one(settings: Settings) -> int:
    """Hold the data folder's lock of couriers until this process ends; end it where another one holds it."""
    settings.data.mkdir(parents=True, exist_ok=True)
    handle = os.open(settings.data / "courier.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        leave("another courier sends this data folder's messages")
    return handle


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Courier(settings).run(stop)


def main() -> None:
    """Send what `WATCHFLOOR_*` describes."""
    log_to_stderr()
    settings = Settings()
    only_one(settings)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_run(settings))


if __name__ == "__main__":
    main()
