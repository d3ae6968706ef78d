"""The archive has every record once, in files that are whole, and goes on where it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from config.kafka_access import kafka_python_options
from config.settings import child_environment
from streams.archive_files import ASIDE, SMALL_FILES, ArchiveFiles, Row
from streams.offline import BeginningGoneError, refold
from streams.sources import EVERY_SOURCE, Source
from tests.streams.counting_fold import new_fold
from tests.streams.town import ROOT, Town


def rows(first: int, last: int) -> list[Row]:
    return [
        Row(offset, 1_000 + offset, None if offset == 3 else b"%d" % offset)
        for offset in range(first, last + 1)
    ]


def read_all(files: ArchiveFiles, first: int, last: int) -> list[Row]:
    return [
        row for span in files.spans("journal", 3) for batch in files.read(span, first, last) for row in batch
    ]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    files = ArchiveFiles(str(tmp_path))
    files.write("journal", 3, rows(0, 9))
    files.write("journal", 3, rows(10, 19))
    assert read_all(files, 0, 99) == rows(0, 19)
    assert read_all(files, 7, 12) == rows(7, 12)
    assert files.end("journal", 3) == 20


def test_small_files_become_one_and_say_the_same(tmp_path: Path) -> None:
    files = ArchiveFiles(str(tmp_path))
    for first in range(0, SMALL_FILES * 10, 10):
        files.write("journal", 3, rows(first, first + 9))
    assert files.merge("journal", 3)
    (span,) = files.spans("journal", 3)
    assert (span.first, span.last) == (0, SMALL_FILES * 10 - 1)
    assert read_all(files, 0, 10**6) == rows(0, SMALL_FILES * 10 - 1)
    assert not files.merge("journal", 3)


def test_a_merge_that_was_broken_off_leaves_no_row_twice(tmp_path: Path) -> None:
    files = ArchiveFiles(str(tmp_path))
    files.write("journal", 3, rows(0, 19))
    files.write("journal", 3, rows(0, 9))
    files.write("journal", 3, rows(10, 19))
    (tmp_path / "journal" / "3" / f"torn.parquet{ASIDE}").write_bytes(b"PAR1")
    assert read_all(files, 0, 99) == rows(0, 19)
    files.sweep("journal", 3)
    assert not list((tmp_path / "journal" / "3").glob(f"*{ASIDE}"))


def test_a_gap_between_files_ends_what_counts_as_archived(tmp_path: Path) -> None:
    files = ArchiveFiles(str(tmp_path))
    files.write("journal", 3, rows(0, 9))
    files.write("journal", 3, rows(20, 29))
    assert files.end("journal", 3) == 10


def run_archive(town: Town, how: signal.Signals, until_rows: int) -> None:
    """Run the archive process until it has so many rows waiting or written, then end it."""
    environment = child_environment(town.settings) | {"PYTHONPATH": str(ROOT)}
    log = town.settings.data / "archive.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "streams.archive"], env=environment, stdout=out, stderr=out
        )
    files = ArchiveFiles(str(town.settings.data / "archive"))
    try:
        until_s = time.monotonic() + 30
        while True:
            time.sleep(1.0)
            process.send_signal(how)
            process.wait(10)
            found = sum(files.end(town.settings.topic(s.word), s.number) for s in EVERY_SOURCE)
            if found >= until_rows or how == signal.SIGKILL:
                return
            assert time.monotonic() < until_s, log.read_text()
            with log.open("ab") as out:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "streams.archive"], env=environment, stdout=out, stderr=out
                )
            time.sleep(3)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()


def test_folding_again_gives_the_live_state_from_topic_archive_or_both_and_names_what_is_gone(
    town: Town,
) -> None:
    with town.worker():
        town.send(3_000)
        town.wait_counted()
        live = town.digest()
    offsets = {source: offset for source, (offset, _) in live.items()}
    total = sum(offset + 1 for offset in offsets.values())
    hashes = {source: hashed for source, (_, hashed) in live.items()}

    assert refold(town.settings, new_fold, offsets).hashes == hashes

    run_archive(town, signal.SIGKILL, 0)
    run_archive(town, signal.SIGTERM, total)
    admin = KafkaAdminClient(**kafka_python_options(town.settings))
    cut = {TopicPartition(town.settings.topic("reports"), lane): 400 for lane in range(4)}
    admin.delete_records(cut)
    admin.close()
    again = refold(town.settings, new_fold, offsets)
    assert again.hashes == hashes
    assert again.messages == total

    for file in (town.settings.data / "archive" / town.settings.topic("reports") / "2").iterdir():
        file.unlink()
    with pytest.raises(BeginningGoneError) as gone:
        refold(town.settings, new_fold, offsets)
    assert (gone.value.source, gone.value.first_offset) == (Source("reports", 2), 400)
