"""An Open311 GeoReport v2 endpoint polled politely: what is new or changed goes on as reports, and a stop loses nothing."""

import dataclasses
import email.utils
import hashlib
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import requests
import stamina

from config.settings import Settings
from config.vault import VaultError, vault_of
from config.wallclock import now_ms
from domain.codes import lane_of
from domain.feeds.rules import DAY_MS, FeedRules
from domain.records import Report, encoder
from producers.kafka_writer import KafkaWriter
from producers.mapping import FeedMapping
from producers.open311 import COLUMNS, BrokenAnswerError, NotServiceRequestsError, rows_of
from producers.produce import ProduceError, rfc3339

INTERVAL_S = 60.0
LEAST_INTERVAL_S = 10.0
"""Endpoints are shared by a city's residents; nobody needs more than six looks a minute."""

LOOK_BACK_MS = 3 * DAY_MS
"""The standard's `start_date` is of the request, not of its last change: recent ones are looked at again, the first time too."""

WINDOW_MS = 7 * DAY_MS
LEAST_WINDOW_MS = 60_000
FULL = 1000
"""The standard lets an endpoint cut an answer at 1,000 requests; such an answer is asked for again in halves."""

LARGEST_ANSWER_BYTES = 32 * 1024 * 1024
TIMEOUTS_S = (5.0, 30.0)
TRIES = 5
LONGEST_WAIT_S = 600.0
TOO_MANY = 429
AGENT = "watchfloor (Open311 GeoReport v2 poller)"

Say = Callable[[str], None]


class PollError(RuntimeError):
    """The endpoint cannot be polled; the message says what it answered and how to mend it."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a poller is, in `DATA/poll/FEED.json`.

    `seen` has of each recent request when it was last in an answer, and a hash of its version then.
    """

    url: str
    upto_ms: int
    etag: str = ""
    modified: str = ""
    seen: dict[str, tuple[int, str]] = {}


class _TryLater(Exception):  # noqa: N818 - an answer, not an error of ours
    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


def _backoff(failure: Exception) -> bool | timedelta:
    """Tell stamina whether to try again, and after how long where the endpoint asked for a time."""
    if isinstance(failure, _TryLater):
        return True if failure.wait_s is None else timedelta(seconds=min(failure.wait_s, LONGEST_WAIT_S))
    return isinstance(failure, requests.ConnectionError | requests.Timeout)


class Poller:
    """Polls one endpoint for one feed.

    Parameters
    ----------
    settings
        Where the brokers and the data folder are.
    url
        `…/requests.json` or `…/requests.xml`.
    feed
        The feed's rules; where it has no [columns], GeoReport's own names are meant.
    tries
        How often a request is tried before this look is given up.

    Raises
    ------
    ProduceError
        With the feed's clock, on which a live source has no place.

    """

    def __init__(self, settings: Settings, url: str, feed: FeedRules, *, tries: int = TRIES) -> None:
        if settings.clock != "wall":
            raise ProduceError(
                "A live endpoint is polled on the wall's clock; start `watchfloor up --clock wall`."
            )
        if not url.startswith(("http://", "https://")):
            raise ProduceError(
                f"{url} is no address of an endpoint: give http(s)://HOST/…/requests.json or .xml."
            )
        self._url = url
        self._feed = feed if feed.columns else dataclasses.replace(feed, columns=COLUMNS)
        self._settings = settings
        self._tries = tries
        self._file = settings.data / "poll" / f"{feed.name}.json"
        self._vault = vault_of(settings)
        self._mapping = FeedMapping(self._feed, self._vault)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = AGENT

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
        self._vault.close()

    def standing(self) -> Standing:
        """Return where the poller is; anew from now where nothing is kept for this address."""
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=Standing)
        except (FileNotFoundError, msgspec.DecodeError):
            kept = None
        if kept is None or kept.url != self._url:
            return Standing(url=self._url, upto_ms=now_ms())
        return kept

    def look(self, writer: KafkaWriter) -> int:
        """Ask once, send what is new or changed, and keep where that leaves off; return how many messages were sent.

        Raises
        ------
        PollError
            If the endpoint refuses, or does not answer after all tries.
        WriteError
            If the broker does not take a record.

        """
        standing = self.standing()
        until_ms = now_ms()
        begin_ms = standing.upto_ms - LOOK_BACK_MS
        seen = {one: kept for one, kept in standing.seen.items() if kept[0] >= begin_ms}
        sent = 0
        stack = list(reversed(_windows(begin_ms, until_ms)))
        conditional = len(stack) == 1
        while stack:
            from_ms, to_ms = stack.pop()
            answer = self._ask(from_ms, to_ms, standing if conditional else None)
            if answer is None:
                break
            body, etag, modified = answer
            count, versions = self._versions(body)
            if count >= FULL and to_ms - from_ms > LEAST_WINDOW_MS:
                middle_ms = (from_ms + to_ms) // 2
                stack += [(middle_ms, to_ms), (from_ms, middle_ms)]
                conditional = False
                continue
            for one, message in versions:
                digest = hashlib.blake2b(message, digest_size=16).hexdigest()
                if seen.get(one, (0, ""))[1] != digest:
                    writer.send(lane_of(self._feed.name, shared=False), "report", message)
                    sent += 1
                seen[one] = (until_ms, digest)
            standing = msgspec.structs.replace(standing, etag=etag, modified=modified)
        writer.flush()  # kept only when the broker has it: a stop in between sends again, and repeats are no harm
        self._save(msgspec.structs.replace(standing, upto_ms=until_ms, seen=seen))
        return sent

    def _ask(self, from_ms: int, to_ms: int, standing: Standing | None) -> tuple[bytes, str, str] | None:
        """Return an answer's body and marks, or None where nothing has changed since the last."""
        headers: dict[str, str] = {}
        if standing is not None and standing.etag:
            headers["If-None-Match"] = standing.etag
        if standing is not None and standing.modified:
            headers["If-Modified-Since"] = standing.modified
        asked = {"start_date": _second(from_ms), "end_date": _second(to_ms + 999)}
        try:
            for attempt in stamina.retry_context(
                on=_backoff, attempts=self._tries, timeout=None, wait_initial=1.0, wait_max=60.0
            ):
                with attempt:
                    return self._get(asked, headers)
        except (_TryLater, requests.RequestException) as gone:
            raise PollError(
                f"{self._url} did not answer after {self._tries} tries ({gone}); it is asked again at the next look."
            ) from gone
        return None

    def _get(self, asked: dict[str, str], headers: dict[str, str]) -> tuple[bytes, str, str] | None:
        with self._session.get(
            self._url, params=asked, headers=headers, timeout=TIMEOUTS_S, stream=True
        ) as answer:
            if answer.status_code == requests.codes.not_modified:
                return None
            if answer.status_code == TOO_MANY or answer.status_code >= requests.codes.server_error:
                raise _TryLater(
                    f"HTTP {answer.status_code}", _retry_after_s(answer.headers.get("Retry-After", ""))
                )
            body = b""
            for chunk in answer.iter_content(256 * 1024):
                body += chunk
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise PollError(
                        f"{self._url} answers with more than {LARGEST_ANSWER_BYTES} bytes; ask its operator for paging."
                    )
            if answer.status_code != requests.codes.ok:
                said = body[:200].decode(errors="replace").strip()
                raise PollError(
                    f"{self._url} answers HTTP {answer.status_code}: {said}. Check the address and its rights."
                )
            return body, answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")

    def _versions(self, body: bytes) -> tuple[int, list[tuple[str, bytes]]]:
        """Return how many requests an answer has, and of each its id and message; of a broken one the bytes as they came."""
        try:
            rows = rows_of(body)
        except BrokenAnswerError:
            return 0, [("", self._mapping.unreadable(body).body)]
        except NotServiceRequestsError as said:
            raise PollError(f"{self._url} answers with no service requests: {said}.") from said
        messages = self._mapping.messages_of(rows)
        # a poll sees only the last version of a request: its closing, where it has one
        found = [
            (str(row.get("service_request_id", "")), some[-1])
            for row, some in zip(rows, messages, strict=True)
        ]
        return len(rows), [(one, _untimed(message.body)) for one, message in found]

    def _save(self, standing: Standing) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._file.parent, prefix=".part-", delete=False) as aside:
            aside.write(msgspec.json.encode(standing))
        Path(aside.name).replace(self._file)


def poll(  # noqa: PLR0913 - what the command line takes
    settings: Settings,
    url: str,
    feed: FeedRules,
    *,
    stop: threading.Event,
    interval_s: float = INTERVAL_S,
    say: Say = lambda _sentence: None,
) -> int:
    """Poll an endpoint until it is told to stop; return how many messages were sent.

    Parameters
    ----------
    settings, url, feed
        As for `Poller`.
    stop
        Set to end; looked at between looks, and while waiting.
    interval_s
        From one look to the next; at least 10.
    say
        Told of looks that failed, in a sentence.

    Raises
    ------
    ProduceError
        If the clock or the address does not suit.
    WriteError
        If the broker does not take a record.

    """
    poller = Poller(settings, url, feed)
    sent = 0
    try:
        with KafkaWriter(settings, feed.name, f"{now_ms():x}") as writer:
            while not stop.is_set():
                try:
                    sent += poller.look(writer)
                except (PollError, VaultError) as refused:
                    say(str(refused))
                stop.wait(max(interval_s, LEAST_INTERVAL_S))
    finally:
        poller.close()
    return sent


def _second(t_ms: int) -> str:
    return rfc3339(t_ms // 1000 * 1000)


def _windows(begin_ms: int, until_ms: int) -> list[tuple[int, int]]:
    edges = [*range(begin_ms, until_ms, WINDOW_MS), until_ms]
    return list(pairwise(edges))


def _untimed(body: bytes) -> bytes:
    """Return a message without the feed's own time, which the wall's clock does not ask for."""
    try:
        return encoder.encode(msgspec.structs.replace(msgspec.json.decode(body, type=Report), t_ms=None))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body


def _retry_after_s(text: str) -> float | None:
    """Return the seconds that an endpoint asks to be left alone, given as seconds or as a date."""
    if text.isdigit():
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    now = datetime.fromtimestamp(now_ms() / 1000, UTC)
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp())
