"""The passages as the archive has them: what evaluation and screens of cases that have left the state read.

The archive process writes what came at most a minute ago; what is not written yet is in the topic alone.
"""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import msgspec
import pyarrow.parquet as pq
from pyarrow import compute

from config.settings import Settings
from config.wallclock import monotonic_s
from domain.codes import JOURNAL_PARTITIONS
from domain.evaluation.passages import Passage

BEHIND_S = 60
"""How far the files are behind the topic, at most."""

TRIES = 5
"""Small files are made into one while somebody reads: then they are listed anew. More often than this is no accident."""

READ_ROWS = 5000
"""Rows that are read at once; some MB."""

MERGED = rb'"merged_into":"[^"]'
"""What the passage of a case has that another one took over."""

_decoder = msgspec.json.Decoder(Passage)


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
