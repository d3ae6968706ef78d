"""Channels: how a message reaches somebody. Two are here, a log and a file; SMS and others follow the same promise.

Neither holds a person's data: a reporter's number is in the vault, and a channel that needs it is handed it with the letter.
"""

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import msgspec
import structlog

from config.settings import Settings
from domain.messages import Message

Sent = Literal["sent", "failed"]

# More than the longest line is seldom torn.
TAIL_BYTES = 65_536

_log = structlog.get_logger()
_encoder = msgspec.json.Encoder()


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message with what the vault opened for it: where its reporter is reached (empty for others), and what was written.

    It is never written down, and a channel keeps nothing of it.
    """

    message: Message
    address: str = ""
    text: str = ""


class NotSentError(Exception):
    """Nothing was sent, surely; it can be tried again."""


class Channel(Protocol):
    """A channel.

    Attributes
    ----------
    name
        What the outbox calls it.
    deduplicates
        A letter of a key that was sent before is not sent again: so one may be sent twice after a crash.
    at_once
        How many letters it takes in one go.
    wants_text
        It needs what was written, which is opened for it then.

    """

    name: str
    deduplicates: bool
    at_once: int
    wants_text: bool

    def send(self, letters: Sequence[Letter], again: Collection[str]) -> dict[str, Sent]:
        """Send letters, whole when this returns, and return what became of each by its key.

        Parameters
        ----------
        letters
            At most `at_once`, of different keys.
        again
            The keys of which nobody knows whether they were sent before.

        Raises
        ------
        NotSentError
            If it is to be tried later.

        """


class LogChannel:
    """Says in the log that there was something to tell: key and kind. Who reads it drops a key that comes again."""

    name = "log"
    deduplicates = True
    at_once = 200
    wants_text = False

    def send(self, letters: Sequence[Letter], again: Collection[str]) -> dict[str, Sent]:
        """See `Channel.send`."""
        for letter in letters:
            key, kind = letter.message.key, letter.message.kind
            _log.info("message", key=key, kind=kind, channel=self.name, again=key in again)
        return {letter.message.key: "sent" for letter in letters}


class FileChannel:
    """Writes one line a key, JSON, into the file of the day on which its message was released; on disk when it is done.

    A line is the message as it stands in the topic: what is sealed stays sealed.

    Parameters
    ----------
    folder
        Where the files are; one process at a time writes there.

    """

    name = "file"
    deduplicates = True
    at_once = 200
    wants_text = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letters: Sequence[Letter], again: Collection[str]) -> dict[str, Sent]:
        """See `Channel.send`."""
        by_day: dict[Path, list[Letter]] = {}
        for letter in letters:
            by_day.setdefault(self._file(letter), []).append(letter)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for path, of_day in by_day.items():
                asked = [letter for letter in of_day if letter.message.key in again]
                there = _keys(path) if asked else frozenset()
                _append(path, [_line(letter) for letter in of_day if letter.message.key not in there])
        except OSError as failed:
            raise NotSentError(f"the folder of messages cannot be written: {failed.strerror}") from failed
        return {letter.message.key: "sent" for letter in letters}

    def _file(self, letter: Letter) -> Path:
        day = datetime.fromtimestamp(letter.message.t_ms // 1000, tz=UTC).date()
        return self._folder / f"{day.isoformat()}.jsonl"


def channel_of(settings: Settings) -> Channel:
    """Return the channel that the settings name."""
    return LogChannel() if settings.channel == "log" else FileChannel(settings.data / "messages")


class _Key(msgspec.Struct, frozen=True):
    key: str


_keys_decoder = msgspec.json.Decoder(_Key)


def _line(letter: Letter) -> bytes:
    return (
        _encoder.encode({"reached": letter.address != "", **msgspec.structs.asdict(letter.message)}) + b"\n"
    )


def _keys(path: Path) -> frozenset[str]:
    """Return the keys of a file's whole lines."""
    if not path.exists():
        return frozenset()
    with path.open("rb") as file:
        return frozenset(_keys_decoder.decode(line).key for line in file if line.endswith(b"\n"))


def _append(path: Path, lines: Sequence[bytes]) -> None:
    """Write lines behind the last whole one, on disk when this returns."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        whole = _whole_bytes(file)
        file.truncate(whole)
        file.seek(whole)
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def _whole_bytes(file: BinaryIO) -> int:
    """Return up to where a file has whole lines; a crash may have torn the last one."""
    at = file.seek(0, os.SEEK_END)
    while at:
        begin = max(0, at - TAIL_BYTES)
        file.seek(begin)
        end = file.read(at - begin).rfind(b"\n")
        if end >= 0:
            return begin + end + 1
        at = begin
    return 0
