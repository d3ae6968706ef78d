"""Recorded files read as one stream of messages in the order of their times, in bounded memory."""

import csv
import heapq
import itertools
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self, TypeVar

import msgspec

from producers.mapping import AT_ONCE, FeedMapping, Message
from producers.unpacking import open_text

RUN_BYTES = 64 * 1024 * 1024
"""Messages sorted in memory at a time; longer files are sorted in runs on the disk and merged."""

LARGEST_FIELD = 16 * 1024 * 1024
"""Python's csv refuses fields over 128 kB; larger ones are for the size check to refuse, with their size."""

_Row = TypeVar("_Row")
_HEAD = struct.Struct("<qqI")


class FileError(ValueError):
    """A recorded file that cannot be read; the message says why."""


class RecordedFiles:
    """Some files of one feed, sorted by time as they are read.

    Use as a context manager: sorted runs of long files lie in a temporary folder until it is left.

    Parameters
    ----------
    paths
        The files; the same time in two keeps the order of the files, and in one the order of its rows.
    mapping
        What the columns mean.
    form
        `csv`, `tsv` or `jsonl`.
    from_ms, to_ms
        Only messages of times from the first up to but without the second; None leaves that side open.

    """

    def __init__(
        self,
        paths: Iterable[Path],
        mapping: FeedMapping,
        form: str,
        *,
        from_ms: int | None,
        to_ms: int | None,
    ) -> None:
        self.rows = 0
        self.messages = 0
        self._paths = list(paths)
        self._mapping = mapping
        self._form = form
        self._from_ms = -sys.maxsize if from_ms is None else from_ms
        self._to_ms = sys.maxsize if to_ms is None else to_ms
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def in_order(self) -> Iterator[Message]:
        """Return all messages by time. The files are read whole before the first comes out.

        Raises
        ------
        FileError
            If a file cannot be read.

        """
        runs: list[Iterator[tuple[int, int, bytes]]] = []
        run: list[tuple[int, int, bytes]] = []
        size = 0
        for number, message in enumerate(self._wanted()):
            run.append((message.t_ms, number, message.body))
            size += len(message.body)
            if size > RUN_BYTES:
                runs.append(self._spilled(run))
                run, size = [], 0
        run.sort()
        runs.append(iter(run))
        return (Message(t_ms, body) for t_ms, _, body in heapq.merge(*runs))

    def _wanted(self) -> Iterator[Message]:
        for path in self._paths:
            for message in self._read(path):
                if self._from_ms <= message.t_ms < self._to_ms:
                    self.messages += 1
                    yield message

    def _read(self, path: Path) -> Iterator[Message]:
        try:
            with open_text(path, errors="surrogateescape") as file:
                rows = self._counted(_jsonl(file) if self._form == "jsonl" else _table(file, self._form))
                while some := list(itertools.islice(rows, AT_ONCE)):
                    for messages in self._mapping.messages_of(some):
                        yield from messages
        except (OSError, EOFError) as gone:
            raise FileError(f"{path} cannot be read after row {self.rows}: {gone}.") from gone

    def _counted(self, rows: Iterator[_Row]) -> Iterator[_Row]:
        for row in rows:
            self.rows += 1
            yield row

    def _spilled(self, run: list[tuple[int, int, bytes]]) -> Iterator[tuple[int, int, bytes]]:
        file = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        run.sort()
        for t_ms, number, body in run:
            file.write(_HEAD.pack(t_ms, number, len(body)))
            file.write(body)
        file.seek(0)
        return _unspilled(file)


def _unspilled(file: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    while head := file.read(_HEAD.size):
        t_ms, number, size = _HEAD.unpack(head)
        yield t_ms, number, file.read(size)


def _table(file: IO[str], form: str) -> Iterator[dict[str, str] | bytes]:
    csv.field_size_limit(LARGEST_FIELD)
    rows = csv.reader(file, delimiter="\t" if form == "tsv" else ",")
    names: list[str] | None = None
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as wrong:
            yield f"a row that is no {form.upper()}: {wrong}".encode()
            continue
        if not row:
            continue
        if names is None:
            names = row
        else:
            yield dict(zip(names, row, strict=False))


def _jsonl(file: IO[str]) -> Iterator[dict[str, Any] | bytes]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for line in file:
        if line.isspace():
            continue
        raw = line.encode("utf-8", "surrogateescape").rstrip(b"\r\n")
        try:
            yield decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield raw
