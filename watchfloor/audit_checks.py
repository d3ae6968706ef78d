"""Proving the audit: each chain as it was written, and a line for every command of the journal, position by position."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import msgspec

from config.settings import Settings
from config.wallclock import monotonic_s
from domain.audit import MACHINES, Line
from domain.codes import JOURNAL_PARTITIONS
from domain.records import Command, Grant, journal_decoder
from streams.audit_chain import BadLinkError, audit_file, last_of, position_of, read_chain
from streams.offline import read_range
from streams.snapshots import Snapshots
from streams.sources import Source
from watchfloor.topic_access import end_offsets, records

NOTHING_NEW_S = 5.0
"""The archive writes lines within a second, and is back within a few after a kill."""
LOOK_EVERY_S = 0.2

SAID_BY_PEOPLE = (b'{"type":"command"', b'{"type":"grant"')
"""How the records begin that have a line; millions of others are told apart without reading them."""


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing of a chain that is not as it should be.

    `line` counts from 1 in the chain's file and is null where a line is missing; `offset` is the journal's.
    """

    partition: int
    line: int | None
    offset: int | None
    sentence: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What `audit verify` prints; `first_bad` is null where all is well."""

    lines: int
    commands: int
    ok: bool
    first_bad: Bad | None


def verify(settings: Settings, tell: Callable[[str], None] = lambda _: None) -> Found:
    """Check every chain, and compare it with the journal.

    A command without a line is bad up to the partition's newest snapshot, which has its name only when all lines up to
    it are in Kafka; a later one may still be under way, unless the chain has a line behind it.

    Parameters
    ----------
    settings
        The brokers, and the data folder with archive and snapshots.
    tell
        Takes a line of progress after each partition.

    Returns
    -------
    Found
        What was counted; of a bad chain up to its first bad place.

    Raises
    ------
    BeginningGoneError
        If the beginning of the journal is neither archived nor in Kafka.

    """
    _wait_for_archive(settings)
    journal = end_offsets(settings, "journal", JOURNAL_PARTITIONS)
    found = Found(lines=0, commands=0, ok=True, first_bad=None)
    for partition in range(JOURNAL_PARTITIONS):
        check = _Check(settings, partition)
        bad = asyncio.run(check.run(journal[partition] - 1))
        found = Found(
            lines=found.lines + check.lines,
            commands=found.commands + check.commands,
            ok=found.ok and bad is None,
            first_bad=found.first_bad or bad,
        )
        tell(
            f"audit:{partition}: {check.lines:,} lines, {check.commands:,} commands{'' if bad is None else ', BAD'}"
        )
    return found


def _wait_for_archive(settings: Settings) -> None:
    """Wait until the chains have every position that Kafka has, or the archive does not come on."""
    ends = end_offsets(settings, "audit", JOURNAL_PARTITIONS)
    files = {partition: _file(settings, partition) for partition in ends}
    known: dict[int, tuple[int, tuple[int, int]]] = {}
    since_s = monotonic_s()
    while monotonic_s() - since_s < NOTHING_NEW_S:
        missing = {p: last_of(files[p]) for p, end in ends.items() if _missing(settings, p, files[p], end)}
        if not missing:
            return
        if missing != known:
            known, since_s = missing, monotonic_s()
        time.sleep(LOOK_EVERY_S)


def _missing(settings: Settings, partition: int, file: Path, end: int) -> bool:
    """Tell whether Kafka has a position that a chain has not; what was sent twice, after a kill, is none."""
    at, position = last_of(file)
    behind = () if at == end - 1 else records(settings, "audit", partition, at + 1, end)
    return any(position_of(value) > position for _, value in behind)


def _file(settings: Settings, partition: int) -> Path:
    return audit_file(settings.data, settings.topic("audit"), partition)


class _Check:
    """One partition's chain beside its journal, in one pass.

    Attributes
    ----------
    lines, commands
        What was read of either.

    """

    def __init__(self, settings: Settings, partition: int) -> None:
        self._settings = settings
        self._partition = partition
        self.lines = 0
        self.commands = 0

    async def run(self, last: int) -> Bad | None:
        """Return the first bad place up to an offset of the journal, or None."""
        topic = self._settings.topic("journal")
        snapshots = Snapshots(str(self._settings.data / "snapshots"), "audit").names(topic, self._partition)
        sure = snapshots[0].offset if snapshots else -1
        spoken = self._spoken()
        try:
            async with contextlib.aclosing(self._said(last)) as said:
                async for offset, record in said:
                    number, line = next(spoken, (None, None))
                    if line is None and offset > sure:
                        return None
                    if line is None or line.offset > offset:
                        return self._bad(
                            None, offset, "the command at this offset of the journal has no line"
                        )
                    if _of(line) != _asked(offset, record):
                        return self._bad(number, line.offset, "it does not say what the journal says")
                    self.commands += 1
            number, line = next(spoken, (None, None))
        except BadLinkError as bad:
            return self._bad(bad.number, None, str(bad))
        if line is None:
            return None
        return self._bad(number, line.offset, "the journal has no command for it")

    def _spoken(self) -> Iterator[tuple[int, Line]]:
        """Give the lines that people caused; those of clocks and rules are only counted."""
        file = _file(self._settings, self._partition)
        for number, line in read_chain(file):
            self.lines += 1
            if line.account not in MACHINES:
                yield number, line

    async def _said(self, last: int) -> AsyncGenerator[tuple[int, Command | Grant], None]:
        """Give the journal's commands and grants with their offsets."""
        if last < 0:
            return
        source = Source("journal", self._partition)
        async with contextlib.aclosing(read_range(self._settings, source, 0, last)) as batches:
            async for rows in batches:
                for offset, _, value in rows:
                    if value is not None and value.startswith(SAID_BY_PEOPLE):
                        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                            yield offset, journal_decoder.decode(value)

    def _bad(self, line: int | None, offset: int | None, sentence: str) -> Bad:
        return Bad(partition=self._partition, line=line, offset=offset, sentence=sentence)


def _of(line: Line) -> tuple[object, ...]:
    return line.offset, line.command, line.account, line.action, line.case, line.alert, line.screen


def _asked(offset: int, record: Command | Grant) -> tuple[object, ...]:
    if isinstance(record, Grant):
        return offset, record.id, record.account, "grant" if record.on else "revoke", "", "", ""
    return offset, record.id, record.account, record.action, record.case, record.alert, record.screen
