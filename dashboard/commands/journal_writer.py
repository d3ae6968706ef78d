"""Writes commands to the journal: an idempotent producer that is made when it is needed and again when it broke."""

import asyncio
import contextlib
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from config.kafka_access import aiokafka_options
from config.settings import Settings
from dashboard.commands.command import ANSWER_WITHIN_S, NotWrittenError
from domain.records import Command, Grant, encoder

CLOSE_WITHIN_S = 2.0
"""Part of the two seconds that a process has after TERM."""

log = structlog.get_logger()


class JournalWriter:
    """The gateway's way into the journal.

    Parameters
    ----------
    settings
        Brokers and topic prefix.

    """

    def __init__(self, settings: Settings) -> None:
        self._options: dict[str, Any] = aiokafka_options(settings)
        self._topic = settings.topic("journal")
        self._producer: Any = None
        self._making = asyncio.Lock()

    async def write(self, partition: int, command: Command | Grant) -> None:
        """Write a command or a right, acknowledged by the broker.

        Raises
        ------
        NotWrittenError
            If it was not within 5 s; it may still arrive, once.

        """
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                producer = await self._ready()
                await producer.send_and_wait(self._topic, encoder.encode(command), partition=partition)
        except (KafkaError, OSError) as broken:
            log.warning("journal.refused", why=str(broken))
            await self.aclose()
            raise NotWrittenError("not confirmed: the broker refused it; try again") from broken
        except TimeoutError as silent:
            log.warning("journal.silent")
            raise NotWrittenError(
                "not confirmed yet: the broker does not answer; look at the alert before you try again"
            ) from silent

    async def aclose(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError, KafkaError, OSError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await producer.stop()

    async def _ready(self) -> Any:
        async with self._making:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._options,
                    acks="all",
                    enable_idempotence=True,
                    # a command is for now: what the broker has not taken by then is told to the person
                    request_timeout_ms=int(ANSWER_WITHIN_S * 1000),
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer
