"""The producers' one way into `reports`: kafka-python, idempotent, `acks=all`, every record's answer checked."""

import threading
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from config.kafka_access import kafka_python_options
from config.settings import Settings
from producers.envelope import headers

SLOT_BYTES = 4096
IN_FLIGHT = 16_384
"""Slots of records sent and not answered: a second of a fast broker, at most 64 MB, a bound on what a failure leaves open."""

ANSWER_S = 120.0
"""How long one answer may take before the run ends with a sentence; a killed broker is back in a tenth of it, or someone must look."""

CLOSE_S = 1.5
"""A run that is told to end has two seconds; one that ended by itself has nothing left to send."""

BOOTSTRAP_MS = 8_000
"""A broker that is there answers in milliseconds; the rest is for one that is just starting."""


class WriteError(RuntimeError):
    """The broker has not taken a record; the message says what happened and what to do."""


class KafkaWriter:
    """Sends records of one source to lanes of `reports` and knows what was acknowledged.

    Use as a context manager; leaving it without an exception waits for every answer.

    Parameters
    ----------
    settings
        Where the brokers are.
    source
        The feed's name.
    run
        Distinguishes this run's event ids from those of others.

    Raises
    ------
    WriteError
        If no broker answers.

    """

    def __init__(self, settings: Settings, source: str, run: str) -> None:
        self.last_offset: dict[int, int] = {}
        self.acknowledged = 0
        self._topic = settings.topic("reports")
        self._source = source
        self._run = run
        self._sent = 0
        self._failure: BaseException | None = None
        self._room = threading.BoundedSemaphore(IN_FLIGHT)
        self._settings = settings
        self._counting = threading.Lock()
        try:
            self._producer = KafkaProducer(
                **kafka_python_options(settings),
                client_id=f"watchfloor-{source}",
                enable_idempotence=True,
                acks="all",
                linger_ms=20,
                batch_size=256 * 1024,
                max_request_size=4 * 1024 * 1024,
                bootstrap_timeout_ms=BOOTSTRAP_MS,
                max_block_ms=int(ANSWER_S * 1000),
                delivery_timeout_ms=int(ANSWER_S * 1000),
            )
        except (KafkaError, OSError) as gone:
            raise self._error(gone) from gone

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self._producer.close(timeout=0 if isinstance(value, WriteError) else CLOSE_S)

    def send(self, lane: int, kind: str, body: bytes) -> None:
        """Send a record; waits while too many are unanswered.

        Parameters
        ----------
        lane
            The partition.
        kind
            `report` or `tick`, for the headers.
        body
            The value, at most 512 kB.

        Raises
        ------
        WriteError
            If this or an earlier record was not taken.

        """
        slots = 1 + len(body) // SLOT_BYTES
        for _ in range(slots):
            if not self._room.acquire(timeout=ANSWER_S):
                raise self._error(self._failure)
        if self._failure is not None:
            raise self._error(self._failure)
        self._sent += 1
        try:
            future = self._producer.send(
                self._topic,
                value=body,
                partition=lane,
                headers=headers(self._source, kind, f"{self._run}-{self._sent}"),
            )
        except (KafkaError, AssertionError, ValueError) as gone:
            raise self._error(gone) from gone
        future.add_callback(self._taken, slots)
        future.add_errback(self._refused, slots)

    def _taken(self, slots: int, answer: Any) -> None:
        with self._counting:  # an answer may already be there when the callback is added
            self.last_offset[answer.partition] = max(
                self.last_offset.get(answer.partition, -1), answer.offset
            )
            self.acknowledged += 1
        self._room.release(slots)

    def _refused(self, slots: int, failure: BaseException) -> None:
        self._failure = self._failure or failure
        self._room.release(slots)

    def flush(self) -> None:
        """Wait until every record sent is acknowledged.

        Raises
        ------
        WriteError
            If one was not.

        """
        try:
            self._producer.flush(timeout=ANSWER_S)
        except KafkaError as gone:
            raise self._error(gone) from gone
        if self._failure is not None or self.acknowledged != self._sent:
            raise self._error(self._failure)

    def _error(self, cause: BaseException | None) -> WriteError:
        said = (
            f"{type(cause).__name__}: {cause}" if cause is not None else f"no answer within {ANSWER_S:.0f} s"
        )
        return WriteError(
            f"The broker at {self._settings.kafka or '(none named)'} has not taken every record "
            f"({self.acknowledged} of {self._sent} are acknowledged; {said}). "
            "See that it runs (`watchfloor doctor`) and send the file again: rows sent twice are only repeats."
        )
