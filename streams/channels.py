"""Channels: how a message reaches somebody. Two are here, a log and a file; SMS and others follow the same promise.

Neither holds a person's data: a reporter's number is in the vault, and a channel that needs it is handed it with the letter.
"""

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import msgspec

from config.settings import Settings
from domain.messages import Message

Sent = Literal["sent", "failed"]

# More than the longest line is seldom torn.
TAIL_BYTES = 65_536

_encoder = msgspec.json.Encoder()


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is sent: in words, and with what the vault opened for it.

    Attributes
    ----------
    said
        What it says, `en` and `zh` (`streams.wording`), without a person.
    address, text
        Where its reporter is reached (empty for others), and what was written. Neither is ever written down, and a channel
        keeps nothing of it.

    """

    message: Message
    said: dict[str, str] = {}
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


class FileChannel:
    """Writes one line a key into the file of the day on which its message was released; on disk when it is done.

    A line is JSON: the message as it stands in the topic, where what is sealed stays sealed, and what it says.

    Parameters
    ----------
    folder
        Where the files are; one process at a time writes there.

    """

    name = "file"
    deduplicates = True
    at_once = 200
    wants_text = False
    suffix = ".jsonl"

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
                there = self._keys(path) if asked else frozenset()
                _append(path, [self.line(letter) for letter in of_day if letter.message.key not in there])
        except OSError as failed:
            raise NotSentError(f"the folder of messages cannot be written: {failed.strerror}") from failed
        return {letter.message.key: "sent" for letter in letters}

    def line(self, letter: Letter) -> bytes:
        """Return the line of a letter."""
        more = {"reached": letter.address != "", "said": letter.said}
        return _encoder.encode(more | msgspec.structs.asdict(letter.message)) + b"\n"

    def key_of(self, line: bytes) -> str:
        """Return the key of a whole line."""
        return _keys_decoder.decode(line).key

    def _file(self, letter: Letter) -> Path:
        day = datetime.fromtimestamp(letter.message.t_ms // 1000, tz=UTC).date()
        return self._folder / f"{day.isoformat()}{self.suffix}"

    def _keys(self, path: Path) -> frozenset[str]:
        """Return the keys of a file's whole lines."""
        if not path.exists():
            return frozenset()
        with path.open("rb") as file:
            return frozenset(self.key_of(line) for line in file if line.endswith(b"\n"))


class LogChannel(FileChannel):
    """A log for people: a line has time, key, and what is said in both languages, with tabs between.

    It is a file of its own, in which a key is looked for after a crash: a line on standard error cannot be looked for.
    """

    name = "log"
    suffix = ".log"

    def line(self, letter: Letter) -> bytes:
        """See `FileChannel.line`."""
        at = datetime.fromtimestamp(letter.message.t_ms // 1000, tz=UTC)
        said = (letter.said.get(language, "").encode() for language in ("en", "zh"))
        key = _encoder.encode(letter.message.key)  # in quotes, so that no sign of it ends the line
        return b"\t".join((at.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), key, *said)) + b"\n"

    def key_of(self, line: bytes) -> str:
        """See `FileChannel.key_of`."""
        return _key_decoder.decode(line.split(b"\t", 2)[1])


def channel_of(settings: Settings) -> Channel:
    """Return the channel that the settings name."""
    kind = LogChannel if settings.channel == "log" else FileChannel
    return kind(settings.data / "messages")


class _Key(msgspec.Struct, frozen=True):
    key: str


_keys_decoder = msgspec.json.Decoder(_Key)
_key_decoder = msgspec.json.Decoder(str)


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
