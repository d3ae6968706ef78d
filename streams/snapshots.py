"""Snapshots: a partition's whole state and its offset in one file, named by both, whole or not there.

A file is written aside and gets its name only when the caller says that every Kafka effect up to its offset is
acknowledged. The offset in it is the truth: an older snapshot is only slower, never wrong.
"""

import contextlib
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import cramjam
import fsspec
import msgspec
import structlog

from domain.fold import FOLD_VERSION, canonical

MAGIC = b"watchfloor snapshot 1\n"
"""The first bytes of a file; behind it 32 bytes of SHA-256 over the rest, and zstd of the content."""
SUFFIX = f".v{FOLD_VERSION}.snapshot"
# The level that halves the size at a tenth of the time of the better ones.
ZSTD_LEVEL = 1
BEST = 2
DAYS = 30
DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = structlog.get_logger()


class Name(NamedTuple):
    """What a snapshot's file name says: its offset and the journal's time at it."""

    offset: int
    clock_ms: int


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a snapshot."""

    topic: str
    partition: int
    offset: int
    clock_ms: int
    rules: str
    fold_version: int
    state: dict[str, Any]


class BrokenError(Exception):
    """A snapshot file is not whole; the sentence says in what."""


_decoder = msgspec.msgpack.Decoder(Content)


def encode(content: Content) -> bytes:
    """Return the bytes of a snapshot file."""
    packed = bytes(cramjam.zstd.compress(canonical(msgspec.to_builtins(content)), level=ZSTD_LEVEL))
    return MAGIC + sha256(packed).digest() + packed


def decode(data: bytes) -> Content:
    """Return what a snapshot file holds.

    Raises
    ------
    BrokenError
        If it is not whole.

    """
    if not data.startswith(MAGIC):
        raise BrokenError("it does not begin as a snapshot")
    digest, packed = data[len(MAGIC) : len(MAGIC) + 32], data[len(MAGIC) + 32 :]
    if sha256(packed).digest() != digest:
        raise BrokenError("its checksum does not fit")
    try:
        return _decoder.decode(bytes(cramjam.zstd.decompress(packed)))
    except (msgspec.DecodeError, cramjam.DecompressionError) as error:
        raise BrokenError(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A snapshot that is written, but has no name yet."""

    topic: str
    partition: int
    name: Name
    path: str


class Snapshots:
    """The place of all snapshots, a folder or a bucket.

    Parameters
    ----------
    url
        Where: a path or any fsspec URL.
    writer
        Told apart from other workers that write aside at the same time.
    stage
        Called with `aside` and `named` when a file is so far; tests end the worker there.
    """

    def __init__(self, url: str, writer: str, stage: Callable[[str], None] = lambda _: None) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._writer = f"{writer}-{os.getpid()}"
        self._count = itertools.count()
        self._stage = stage

    def write_aside(self, content: Content) -> Aside:
        """Encode and write a snapshot without a name. For a thread: it takes as long as the disk does."""
        folder = self._folder(content.topic, content.partition)
        self._files.makedirs(folder, exist_ok=True)
        path = f"{folder}/{content.offset}.{self._writer}-{next(self._count)}.aside"
        with self._files.open(path, "wb") as file:
            file.write(encode(content))
            file.flush()
            with contextlib.suppress(OSError, AttributeError):
                os.fsync(file.fileno())  # remote files have none
        self._stage("aside")
        name = Name(content.offset, content.clock_ms)
        return Aside(topic=content.topic, partition=content.partition, name=name, path=path)

    def give_name(self, aside: Aside) -> None:
        """Make a snapshot count, and drop those that are no longer kept."""
        folder = self._folder(aside.topic, aside.partition)
        self._files.mv(aside.path, f"{folder}/{_file(aside.name)}")
        self._stage("named")
        names = self.names(aside.topic, aside.partition)
        for name in set(names) - kept(names):
            self._remove(f"{folder}/{_file(name)}")

    def drop(self, aside: Aside) -> None:
        """Give up a snapshot that got no name."""
        self._remove(aside.path)

    def names(self, topic: str, partition: int) -> list[Name]:
        """Return what is there for a partition, newest first."""
        found = []
        for path in self._list(self._folder(topic, partition)):
            file = path.rsplit("/", 1)[-1]
            if file.endswith(SUFFIX):
                offset, _, clock_ms = file.removesuffix(SUFFIX).partition("-")
                if offset.isdigit() and clock_ms.isdigit():
                    found.append(Name(int(offset), int(clock_ms)))
        return sorted(found, reverse=True)

    def load(
        self, topic: str, partition: int, *, below: int | None = None, before_ms: int | None = None
    ) -> Content | None:
        """Return the newest whole snapshot of a partition, or None where there is none.

        Parameters
        ----------
        topic, partition
            Which partition.
        below
            Only offsets below this one: the topic's end, beyond which nothing can have been folded.
        before_ms
            Only states whose journal time is before this instant.

        """
        folder = self._folder(topic, partition)
        for name in self.names(topic, partition):
            if (below is not None and name.offset >= below) or (
                before_ms is not None and name.clock_ms >= before_ms
            ):
                continue
            path = f"{folder}/{_file(name)}"
            try:
                content = decode(self._files.cat_file(path))
            except (BrokenError, OSError) as broken:
                _log.warning("a snapshot is left aside", path=path, why=str(broken))
                continue
            if (content.topic, content.partition, content.offset) == (topic, partition, name.offset):
                return content
            _log.warning("a snapshot is left aside", path=path, why="it is not what its name says")
        return None

    def sweep(self, topic: str, partition: int) -> None:
        """Remove what was written aside for a partition and never got its name."""
        for path in self._list(self._folder(topic, partition)):
            if path.endswith(".aside"):
                self._remove(path)

    def _folder(self, topic: str, partition: int) -> str:
        return f"{self._root}/{topic}/{partition}"

    def _list(self, folder: str) -> list[str]:
        try:
            return list(self._files.ls(folder, detail=False, refresh=True))
        except FileNotFoundError:
            return []

    def _remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._files.rm_file(path)


def kept(names: Sequence[Name]) -> set[Name]:
    """Return which snapshots stay: the two best, the first of each of the last 30 days, the first of each month.

    Days and months are those of the journal's time, in UTC.
    """
    newest_first = sorted(names, reverse=True)
    stay = set(newest_first[:BEST])
    if not newest_first:
        return stay
    newest_day = newest_first[0].clock_ms // DAY_MS
    days: dict[int, Name] = {}
    months: dict[tuple[int, int], Name] = {}
    for name in reversed(newest_first):
        if name.clock_ms // DAY_MS > newest_day - DAYS:
            days.setdefault(name.clock_ms // DAY_MS, name)
        months.setdefault(_month(name.clock_ms), name)
    return stay | set(days.values()) | set(months.values())


def _month(clock_ms: int) -> tuple[int, int]:
    day = _EPOCH + timedelta(milliseconds=clock_ms)
    return day.year, day.month


def _file(name: Name) -> str:
    return f"{name.offset:016d}-{name.clock_ms:015d}{SUFFIX}"
