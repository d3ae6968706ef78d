"""The archived passages, read back while the archive goes on writing."""

from pathlib import Path

import msgspec

from config.passages import PassageArchive
from domain.passages import Passage
from streams.archive_files import SMALL_FILES, ArchiveFiles, Row


def rows(first: int, last: int) -> list[Row]:
    one = Passage(
        effect="", kind="step", t_ms=0, case="03-1", feed="desk", round=1, visit=1, step="file", level="village",
        desk="990100001001", team="", grid="990100001001001", category="lamp", arrived_ms=0, start_ms=0, end_ms=0,
    )  # fmt: skip
    return [
        Row(n, 0, msgspec.json.encode(msgspec.structs.replace(one, effect=f"e{n}")))
        for n in range(first, last + 1)
    ]


def offsets(archive: PassageArchive) -> list[int]:
    read = list(archive.read(3))
    assert [passage.effect for _, passage in read] == [f"e{offset}" for offset, _ in read]
    return [offset for offset, _ in read]


def test_each_passage_is_read_once_in_order_whatever_files_it_is_in(tmp_path: Path) -> None:
    files, archive = ArchiveFiles(str(tmp_path)), PassageArchive(str(tmp_path), "passages")
    assert offsets(archive) == []
    for first in range(0, SMALL_FILES * 10, 10):
        files.write("passages", 3, rows(first, first + 9))
    assert offsets(archive) == list(range(160))
    files.write("passages", 3, rows(0, 79))  # a merge that has not removed its parts yet
    assert offsets(archive) == list(range(160))


def test_files_that_become_one_while_they_are_read_lose_nothing(tmp_path: Path) -> None:
    files, archive = ArchiveFiles(str(tmp_path)), PassageArchive(str(tmp_path), "passages")
    for first in range(0, SMALL_FILES * 10, 10):
        files.write("passages", 3, rows(first, first + 9))
    reading = archive.read(3)
    seen = [next(reading)[0] for _ in range(15)]
    assert files.merge("passages", 3)
    assert [*seen, *(offset for offset, _ in reading)] == list(range(160))
