"""The audit's files: one hash chain a partition, each position once, written by the archive process alone.

A file is JSON, a link a line: `at` (offset in the topic `audit`), `line` (what casework said), `hash`, the SHA-256 in
hexadecimal of the link before (64 zeros before the first) and of this one's `at` and `line` as they stand in the file.
"""

import contextlib
import mmap
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from domain.audit import Line

NO_HASH = "0" * 64
"""What stands before the first link."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file; `line` as its bytes, because they are what was hashed."""

    at: int
    hash: str
    line: msgspec.Raw


_decoder = msgspec.json.Decoder(Link)
_lines = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


class BadLinkError(Exception):
    """A link that is not as it was written; `number` counts from 1.

    Attributes
    ----------
    number
        The line of the file.

    """

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.number = number


def audit_file(data: Path, topic: str, partition: int) -> Path:
    """Return where a partition's chain stands, below a data folder."""
    return data / "archive" / topic / f"{partition:02d}.jsonl"


class AuditChain:
    """The chain of one partition, to be written on by one process.

    Parameters
    ----------
    path
        Its file; made at the first link. A last line that was torn by a crash is cut off: Kafka still has it.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = NO_HASH
        self._position = (-1, -1)
        self.next_at = 0
        _cut_torn_end(path)
        last = _last(path)
        if last is not None:
            link = _decoder.decode(last)
            line = _lines.decode(link.line)
            self._hash, self._position, self.next_at = link.hash, (line.offset, line.n), link.at + 1

    def append(self, records: Iterable[tuple[int, bytes]]) -> int:
        """Write lines that are new, on disk when this returns; a position that is there already came twice.

        Parameters
        ----------
        records
            Offset in the topic `audit`, and value, in order.

        Returns
        -------
        int
            How many were new.

        """
        links: list[bytes] = []
        for at, value in records:
            line = _lines.decode(value)
            self.next_at = at + 1
            if (line.offset, line.n) <= self._position:
                continue
            self._position = (line.offset, line.n)
            self._hash = _hash(self._hash, at, value)
            links.append(_encoder.encode(Link(at=at, hash=self._hash, line=msgspec.Raw(value))) + b"\n")
        if links:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.writelines(links)
                file.flush()
                os.fsync(file.fileno())
        return len(links)


def read_chain(path: Path) -> Iterator[tuple[int, Line]]:
    """Give the lines of a chain with their number from 1, each checked against the one before.

    A last line without its end is being written and is left out.

    Raises
    ------
    BadLinkError
        At the first link that is not as it was written.

    """
    before, position = NO_HASH, (-1, -1)
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if not text.endswith(b"\n"):
                return
            try:
                link = _decoder.decode(text)
                line = _lines.decode(link.line)
            except (msgspec.DecodeError, UnicodeDecodeError) as torn:
                raise BadLinkError(number, "it cannot be read") from torn
            if link.hash != _hash(before, link.at, link.line):
                raise BadLinkError(number, "it does not follow from the line before it")
            if (line.offset, line.n) <= position:
                raise BadLinkError(number, "its position is not above that of the line before it")
            before, position = link.hash, (line.offset, line.n)
            yield number, line


def _hash(before: str, at: int, line: bytes | msgspec.Raw) -> str:
    made = sha256(f"{before} {at} ".encode())
    made.update(line)
    return made.hexdigest()


def last_of(path: Path) -> tuple[int, tuple[int, int]]:
    """Return a chain's last whole line: its offset in the topic `audit`, and its position (offset, n) in the journal.

    Both are -1 where there is none or it cannot be read.
    """
    last = _last(path)
    try:
        if last is None:
            return -1, (-1, -1)
        link = _decoder.decode(last)
        return link.at, position_of(link.line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return -1, (-1, -1)


def position_of(value: bytes | msgspec.Raw) -> tuple[int, int]:
    """Return the position in the journal (offset, n) of a line as casework sent it."""
    line = _lines.decode(value)
    return line.offset, line.n


def _last(path: Path) -> bytes | None:
    """Return the last whole line of a file, or None."""
    if not path.is_file() or not path.stat().st_size:
        return None  # nothing cannot be mapped
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        end = text.rfind(b"\n") + 1
        return text[text.rfind(b"\n", 0, end - 1) + 1 : end] if end else None


def _cut_torn_end(path: Path) -> None:
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            end = text.rfind(b"\n") + 1
        file.truncate(end)
        os.fsync(file.fileno())
