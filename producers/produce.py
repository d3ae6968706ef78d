"""Recorded files replayed as a live feed: in the order of their times, at a pace, with the ticks of a feed's clock."""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from config.settings import Settings
from config.wallclock import monotonic_s, now_ms
from domain.codes import lane_of
from domain.feeds.rules import FeedRules
from domain.records import Report, Tick, TooLarge, Unreadable, encoder
from producers.files import RecordedFiles
from producers.kafka_writer import KafkaWriter
from producers.mapping import FeedMapping, Message
from producers.private import sealer_of

MAX_SPEED = math.inf
"""As fast as possible."""

MINUTE_MS = 60_000
LONGEST_NAP_S = 0.5
"""Pacing sleeps in pieces, so that an interruption is noticed at once."""

_decoder = msgspec.json.Decoder(Report | TooLarge | Unreadable)


class ProduceError(ValueError):
    """Something that was asked for cannot be done; nothing has been sent."""


class Produced(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did.

    `rows` were read from the files, `sent` are messages without ticks, `last_offset` says by lane how far `reports`
    must be folded until all of them are.
    """

    rows: int
    sent: int
    ticks: int
    seconds: float
    first_ms: int | None
    last_ms: int | None
    last_offset: dict[int, int]


def produce(  # noqa: PLR0913 - what the command line takes
    files: Sequence[Path],
    feed: FeedRules,
    settings: Settings,
    *,
    speed: float,
    lane_clock: Callable[[], int | None],
    from_ms: int | None = None,
    to_ms: int | None = None,
    begins: Callable[[], object] = lambda: None,
    progress: Callable[[int, int], None] = lambda _sent, _of: None,
) -> Produced:
    """Replay recorded files of one feed.

    Parameters
    ----------
    files, feed
        The files and what their columns mean.
    settings
        Where the brokers are, and whose clock the journal's is.
    speed
        Feed seconds a second; `MAX_SPEED` as fast as possible. With the wall's clock only 1.
    lane_clock
        Gives the clock of lane 0 in ms (None before its first record); asked once, with the feed's clock.
    from_ms, to_ms
        Only messages of times from the first up to but without the second.
    begins
        Called once, before the first message, when nothing speaks against the run.
    progress
        Told of messages sent, and of how many there are.

    Raises
    ------
    ProduceError
        If the speed does not suit the clock, or the files begin before the journal's clock.
    producers.files.FileError
        If a file cannot be read.
    producers.kafka_writer.WriteError
        If the broker does not take a record.
    config.vault.VaultError
        If the feed is not public and its reports cannot be sealed.

    """
    by_feed = settings.clock == "feed"
    if not speed > 0:
        raise ProduceError(f"The speed must be more than 0, and is {speed:g}.")
    if not by_feed and speed != 1:
        raise ProduceError(
            "On the wall's clock a recorded file runs at speed 1; leave --speed out, "
            "or start `watchfloor up --clock feed` on another data folder for any speed."
        )
    begun_s = monotonic_s()
    form = str(feed.columns.get("format", "csv"))
    with (
        sealer_of(feed, settings) as sealer,
        RecordedFiles(files, FeedMapping(feed, sealer), form, from_ms=from_ms, to_ms=to_ms) as recorded,
    ):
        messages = recorded.in_order()
        first = next(messages, None)
        if first is None:
            return Produced(
                rows=recorded.rows, sent=0, ticks=0, seconds=monotonic_s() - begun_s,
                first_ms=None, last_ms=None, last_offset={},
            )  # fmt: skip
        if by_feed:
            refuse_what_is_past(first.t_ms, lane_clock())
        begins()
        run = f"{now_ms():x}"
        with KafkaWriter(settings, feed.name, run) as writer:
            sender = _Sender(writer, feed, settings, first.t_ms, speed)
            for sent, message in enumerate(_chain(first, messages), start=1):
                sender.send(message)
                progress(sent, recorded.messages)
            sender.end()
        return Produced(
            rows=recorded.rows,
            sent=recorded.messages,
            ticks=sender.ticks,
            seconds=round(monotonic_s() - begun_s, 3),
            first_ms=first.t_ms,
            last_ms=sender.last_ms,
            last_offset=dict(sorted(writer.last_offset.items())),
        )


class _Sender:
    """Sends one run's messages, paced, with ticks on the feed's clock and moved in time on the wall's."""

    def __init__(
        self, writer: KafkaWriter, feed: FeedRules, settings: Settings, first_ms: int, speed: float
    ) -> None:
        self.ticks = 0
        self.last_ms = first_ms
        self._writer = writer
        self._feed = feed
        self._by_feed = settings.clock == "feed"
        self._lane = lane_of(feed.name, shared=self._by_feed)
        self._pace = Pace(first_ms, speed)
        self._minute_end_ms = minute_end(first_ms)
        self._moved_ms = 0 if self._by_feed else now_ms() - first_ms

    def send(self, message: Message) -> None:
        if self._by_feed and message.t_ms >= self._minute_end_ms:
            # behind the rows of its minute and never ahead of a row, or cases would be overdue that were not
            self._tick(self._minute_end_ms)
            self._minute_end_ms = minute_end(message.t_ms)
        self._pace.wait_for(message.t_ms)
        self.last_ms = message.t_ms
        body = message.body if self._by_feed else moved(message.body, self._moved_ms, self._feed)
        self._writer.send(self._lane, "report", body)

    def end(self) -> None:
        if self._by_feed:
            self._tick(self.last_ms)

    def _tick(self, t_ms: int) -> None:
        self._writer.send(self._lane, "tick", encoder.encode(Tick(t_ms=t_ms)))
        self.ticks += 1


class Pace:
    """Keeps a run at so many feed seconds a second; it waits no more once the run is `ended`."""

    def __init__(self, first_ms: int, speed: float, ended: threading.Event | None = None) -> None:
        self._first_ms = first_ms
        self._speed = speed
        self._begun_s = monotonic_s()
        self._ended = threading.Event() if ended is None else ended

    def wait_for(self, t_ms: int) -> None:
        """Wait until a feed time has come; returns at once where it has passed."""
        if self._speed == MAX_SPEED:
            return
        due_s = self._begun_s + (t_ms - self._first_ms) / 1000 / self._speed
        while (left_s := due_s - monotonic_s()) > 0 and not self._ended.wait(min(left_s, LONGEST_NAP_S)):
            pass


def minute_end(t_ms: int) -> int:
    """Return the first instant after the minute of a time."""
    return (t_ms // MINUTE_MS + 1) * MINUTE_MS


def moved(body: bytes, by_ms: int, feed: FeedRules) -> bytes:
    """Return a message with all its times moved, as it goes out on the wall's clock.

    A promised day becomes the instant at which it ends, moved alike. What is no report goes on as it stands.
    """
    try:
        record = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
    if isinstance(record, TooLarge | Unreadable):
        return encoder.encode(msgspec.structs.replace(record, t_ms=None))
    promised = record.promised
    if isinstance(promised, str):
        with contextlib.suppress(ValueError, OverflowError):  # it stays the text that intake will refuse
            promised = feed.promise_end_ms(promised)
    return encoder.encode(
        msgspec.structs.replace(
            record,
            t_ms=None,
            opened_ms=_plus(record.opened_ms, by_ms),
            closed_ms=_plus(record.closed_ms, by_ms),
            promised=_plus(promised, by_ms),
        )
    )


def _plus(time: int | str | None, by_ms: int) -> int | str | None:
    return time + by_ms if isinstance(time, int) else time


def refuse_what_is_past(first_ms: int, clock_ms: int | None) -> None:
    """Refuse a run that begins before the journal's clock, which never goes back.

    Raises
    ------
    ProduceError
        With the `--from` that goes on.

    """
    if clock_ms is not None and first_ms < clock_ms:
        raise ProduceError(
            f"The files begin at {rfc3339(first_ms)}, and the journal's clock stands at {rfc3339(clock_ms)}; "
            f"go on with --from {rfc3339(clock_ms)}, or use another data folder. Nothing has been sent."
        )


def rfc3339(t_ms: int) -> str:
    """Return an instant as RFC 3339 in UTC, with milliseconds only where it has some."""
    moment = datetime.fromtimestamp(t_ms // 1000, UTC).replace(microsecond=t_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds" if t_ms % 1000 else "seconds").replace("+00:00", "Z")


def _chain(first: Message, rest: Iterator[Message]) -> Iterator[Message]:
    yield first
    yield from rest
