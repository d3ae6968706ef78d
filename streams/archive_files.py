"""The archive's files: Parquet by partition and offset range, each whole or not there, read back in order without gaps."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema([("offset", pa.int64()), ("timestamp_ms", pa.int64()), ("value", pa.binary())])
# Rows that are read back at once; some MB.
READ_ROWS = 5000
# Many small files are slow to list and to read; more than so many beside each other become one …
SMALL_FILES = 16
# … as long as it stays below this, which is some hundred MB of reports unpacked.
MERGED_ROWS = 400_000
ASIDE = ".aside"


class Row(NamedTuple):
    """A record as the archive keeps it."""

    offset: int
    timestamp_ms: int
    value: bytes | None


class Span(NamedTuple):
    """A file and the offsets in it, both ends included."""

    first: int
    last: int
    path: str


class ArchiveFiles:
    """The archive's folder or bucket.

    Parameters
    ----------
    url
        A path or any fsspec URL.
    """

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)

    def spans(self, topic: str, partition: int) -> list[Span]:
        """Return a partition's files by their first offset; one that lies within another is left out."""
        found = []
        for path in self._list(topic, partition):
            first, _, last = path.rsplit("/", 1)[-1].removesuffix(".parquet").partition("-")
            if path.endswith(".parquet") and first.isdigit() and last.isdigit():
                found.append(Span(int(first), int(last), path))
        outer: list[Span] = []
        for span in sorted(found, key=lambda one: (one.first, -one.last)):
            if not outer or span.last > outer[-1].last:
                outer.append(span)
        return outer

    def end(self, topic: str, partition: int) -> int:
        """Return the first offset that is not archived, counted without gaps from the first file on."""
        spans = self.spans(topic, partition)
        end = spans[0].first if spans else 0
        for span in spans:
            if span.first > end:
                break
            end = max(end, span.last + 1)
        return end

    def write(self, topic: str, partition: int, rows: Sequence[Row]) -> Span:
        """Write rows that follow each other as one file."""
        table = pa.table(
            {
                "offset": [row.offset for row in rows],
                "timestamp_ms": [row.timestamp_ms for row in rows],
                "value": [row.value for row in rows],
            },
            schema=SCHEMA,
        )
        return self._write(topic, partition, Span(rows[0].offset, rows[-1].offset, ""), table)

    def read(self, span: Span, first: int, last: int) -> Iterator[list[Row]]:
        """Give the rows of a file between two offsets, both included, some thousand at a time."""
        with self._files.open(span.path, "rb") as file, pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(READ_ROWS):
                columns = [column.to_pylist() for column in batch.columns]
                rows = [
                    Row(offset, timestamp_ms, value)
                    for offset, timestamp_ms, value in zip(*columns, strict=True)
                    if first <= offset <= last
                ]
                if rows:
                    yield rows

    def merge(self, topic: str, partition: int) -> bool:
        """Make one file of small ones that follow each other, if there are many; tells whether it did."""
        run: list[Span] = []
        rows = 0
        for span in self.spans(topic, partition):
            size = span.last - span.first + 1
            if run and (span.first != run[-1].last + 1 or rows + size > MERGED_ROWS):
                if len(run) >= SMALL_FILES:
                    break
                run, rows = [], 0
            if size < MERGED_ROWS // 2:
                run.append(span)
                rows += size
        if len(run) < SMALL_FILES:
            return False
        tables = []
        for span in run:
            with self._files.open(span.path, "rb") as file:
                tables.append(pq.read_table(file))
        self._write(topic, partition, Span(run[0].first, run[-1].last, ""), pa.concat_tables(tables))
        for span in run:
            self._remove(span.path)
        return True

    def sweep(self, topic: str, partition: int) -> None:
        """Remove what was written aside and never got its name."""
        for path in self._list(topic, partition):
            if path.endswith(ASIDE):
                self._remove(path)

    def _write(self, topic: str, partition: int, span: Span, table: Any) -> Span:
        folder = f"{self._root}/{topic}/{partition}"
        self._files.makedirs(folder, exist_ok=True)
        path = f"{folder}/{span.first:016d}-{span.last:016d}.parquet"
        with self._files.open(path + ASIDE, "wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            with contextlib.suppress(OSError, AttributeError):
                os.fsync(file.fileno())  # remote files have none
        self._files.mv(path + ASIDE, path)
        return Span(span.first, span.last, path)

    def _list(self, topic: str, partition: int) -> list[str]:
        try:
            return list(self._files.ls(f"{self._root}/{topic}/{partition}", detail=False, refresh=True))
        except FileNotFoundError:
            return []

    def _remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._files.rm_file(path)
