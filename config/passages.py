"""The passages as the archive has them: what evaluation and screens of cases that have left the state read.

The archive process writes what came at most a minute ago; what is not written yet is in the topic alone.
"""

from array import array
from collections.abc import Container, Iterator
from pathlib import Path

import fsspec
import msgspec
import pyarrow.parquet as pq
from pyarrow import compute

from config.settings import Settings
from config.wallclock import monotonic_s
from domain.codes import JOURNAL_PARTITIONS
from domain.evaluation.case_record import Period
from domain.evaluation.passages import Passage

BEHIND_S = 60
"""How far the files are behind the topic, at most."""

TRIES = 5
"""Small files are made into one while somebody reads: then they are listed anew. More often than this is no accident."""

READ_ROWS = 5000
"""Rows that are read at once; some MB."""

MERGED = rb'"merged_into":"[^"]'
"""What the passage of a case has that another one took over."""


class _Brief(msgspec.Struct, frozen=True):
    """What of a passage tells whether its case can count in a period."""

    case: str
    arrived_ms: int
    t_ms: int
    end_ms: int
    whole_due_ms: int | None = None


_decoder = msgspec.json.Decoder(Passage)
_brief = msgspec.json.Decoder(_Brief).decode


class PassageArchive:
    """The archived passages of all partitions.

    Parameters
    ----------
    url
        The archive's folder, a path or any fsspec URL.
    topic
        The topic's name on the broker.

    """

    def __init__(self, url: str, topic: str) -> None:
        self._files, root = fsspec.core.url_to_fs(url)
        self._folder = f"{root}/{topic}"

    @classmethod
    def of(cls, settings: Settings) -> "PassageArchive":
        """Return the archive of an installation."""
        return cls(Path(settings.data / "archive").as_posix(), settings.topic("passages"))

    def read(self, partition: int) -> Iterator[tuple[int, Passage]]:
        """Give the offset and the passage of each archived record of a partition, in order, each once.

        Raises
        ------
        OSError
            If the files cannot be read.

        """
        at = 0
        for tries_left in reversed(range(TRIES)):
            try:
                for path in self._paths(partition):
                    for offset, passage in self._rows(path, at):
                        at = offset + 1
                        yield offset, passage
            except FileNotFoundError:
                if not tries_left:
                    raise
            else:
                return

    def read_for(self, partition: int, period: Period, opened: Container[str]) -> list[Passage]:
        """Return the passages of a partition whose cases can count in a period, in order, each once.

        A case can count that arrived before the period's end and is open, or of which something happened, or is due,
        behind its beginning. Of the others a few fields are decoded, twice as fast, and one number a passage is kept.

        Parameters
        ----------
        partition
            Whose.
        period
            What is counted.
        opened
            The cases that are open now.

        Raises
        ------
        OSError
            If the files cannot be read.

        """
        for tries_left in reversed(range(TRIES)):
            try:
                files = _each_once(self._paths(partition))
                wanted = self._counting(files, period, opened)
                return [
                    one
                    for (path, at), rows in zip(files, wanted, strict=True)
                    for one in self._own(path, at, rows)
                ]
            except FileNotFoundError:
                if not tries_left:
                    raise
        return []

    def _counting(
        self, files: list[tuple[str, int]], period: Period, opened: Container[str]
    ) -> list[list[int]]:
        """Return of each file the rows, from its offset on, whose cases can count in a period."""
        numbers: dict[str, int] = {}
        lates: list[bool] = []
        # a case a row, as a number of four bytes
        rows = [array("i") for _ in files]
        for (path, at), of_file in zip(files, rows, strict=True):
            for value in self._values(path, at):
                brief = _brief(value)
                number = numbers.get(brief.case)
                if number is None:
                    number = numbers[brief.case] = len(lates)
                    lates.append(brief.arrived_ms < period.to_ms and brief.case in opened)
                if not lates[number] and brief.arrived_ms < period.to_ms:
                    lates[number] = (
                        max(brief.t_ms, brief.end_ms, brief.whole_due_ms or brief.end_ms) >= period.from_ms
                    )
                of_file.append(number)
        return [[row for row, number in enumerate(of_file) if lates[number]] for of_file in rows]

    def _own(self, path: str, at: int, rows: list[int]) -> Iterator[Passage]:
        """Give the passages of some rows of a file, counted from an offset on."""
        if not rows:
            return
        wanted = iter(rows)
        nearest = next(wanted)
        for row, value in enumerate(self._values(path, at)):
            if row == nearest:
                yield _decoder.decode(value)
                nearest = next(wanted, -1)

    def _values(self, path: str, at: int) -> Iterator[bytes]:
        with self._files.open(path, "rb") as file, pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(READ_ROWS, columns=["offset", "value"]):
                offsets, values = batch.columns
                yield from values.filter(compute.greater_equal(offsets, at)).to_pylist()

    def closing_of(self, case: str, partition: int, *, until_s: float) -> Passage | None:
        """Return the last closing of a case, the newest files read first.

        Values are searched as they lie and only the case's own are decoded: a million in some seconds.

        Parameters
        ----------
        case, partition
            The case's id, and where its records are.
        until_s
            When to give up, by `config.wallclock.monotonic_s`.

        Returns
        -------
        Passage or None
            None where none is archived, or it was not found in time.

        Raises
        ------
        OSError
            If the files cannot be read.

        """
        name = b'"case":' + msgspec.json.encode(case)
        for path in reversed(self._paths(partition)):
            with self._files.open(path, "rb") as file, pq.ParquetFile(file) as parquet:
                for group in reversed(range(parquet.num_row_groups)):
                    if monotonic_s() > until_s:
                        return None
                    values = parquet.read_row_group(group, columns=["value"]).column("value")
                    own = values.filter(compute.match_substring(values, name)).to_pylist()
                    closings = [one for one in map(_decoder.decode, own) if one.kind == "closed"]
                    if closings:
                        return closings[-1]
        return None

    def merged(self) -> dict[str, str]:
        """Return into which case others were merged, of all that were; values are searched as they lie.

        Raises
        ------
        OSError
            If the files cannot be read.

        """
        found: dict[str, str] = {}
        for partition in range(JOURNAL_PARTITIONS):
            for tries_left in reversed(range(TRIES)):
                try:
                    found |= self._merged(partition)
                except FileNotFoundError:
                    if not tries_left:
                        raise
                else:
                    break
        return found

    def _merged(self, partition: int) -> dict[str, str]:
        found: dict[str, str] = {}
        for path in self._paths(partition):
            with self._files.open(path, "rb") as file, pq.ParquetFile(file) as parquet:
                for group in range(parquet.num_row_groups):
                    values = parquet.read_row_group(group, columns=["value"]).column("value")
                    own = values.filter(compute.match_substring_regex(values, MERGED)).to_pylist()
                    found |= {one.case: one.merged_into for one in map(_decoder.decode, own)}
        return found

    def _paths(self, partition: int) -> list[str]:
        """Return the files by their first offset; where they overlap, the one that reaches further comes first."""
        try:
            found = self._files.ls(f"{self._folder}/{partition}", detail=False, refresh=True)
        except FileNotFoundError:
            return []
        named = [(path.rsplit("/", 1)[-1].removesuffix(".parquet").partition("-"), path) for path in found]
        whole = [(int(first), -int(last), path) for (first, _, last), path in named if last.isdigit()]
        return [path for _, _, path in sorted(whole)]

    def _rows(self, path: str, first: int) -> Iterator[tuple[int, Passage]]:
        with self._files.open(path, "rb") as file, pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(READ_ROWS, columns=["offset", "value"]):
                offsets, values = (column.to_pylist() for column in batch.columns)
                for offset, value in zip(offsets, values, strict=True):
                    if offset >= first:
                        yield offset, _decoder.decode(value)


def _each_once(paths: list[str]) -> list[tuple[str, int]]:
    """Return files with the offset from which each has what those before it have not."""
    found: list[tuple[str, int]] = []
    at = 0
    for path in paths:
        found.append((path, at))
        at = max(at, int(path.rsplit("-", 1)[-1].removesuffix(".parquet")) + 1)
    return found
