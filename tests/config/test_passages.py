"""The archived passages, read back while the archive goes on writing."""

from pathlib import Path
from random import Random
from zlib import crc32

import msgspec

from config.passages import PassageArchive
from config.wallclock import monotonic_s
from domain.evaluation.case_record import OpenCase, Period
from domain.evaluation.figures import BYS, Tally
from domain.evaluation.passages import Passage
from streams.archive_files import SMALL_FILES, ArchiveFiles, Row
from tests.domain.month import month
from tests.domain.small_town import DAY, T0


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


def test_the_last_closing_of_a_case_is_found_among_others(tmp_path: Path) -> None:
    files, archive = ArchiveFiles(str(tmp_path)), PassageArchive(str(tmp_path), "passages")
    assert archive.closing_of("03-1", 3, until_s=monotonic_s() + 5) is None
    for first in (0, 10, 20):
        made = rows(first, first + 9)
        for n, (case, kind) in enumerate([("03-1", "closed"), ("03-11", "closed"), ("03-1", "step")]):
            one = msgspec.json.decode(made[n].value, type=Passage)
            changed = msgspec.structs.replace(one, case=case, kind=kind, end_ms=first)
            made[n] = Row(first + n, 0, msgspec.json.encode(changed))
        files.write("passages", 3, made)
    found = archive.closing_of("03-1", 3, until_s=monotonic_s() + 5)
    assert found is not None
    assert (found.case, found.kind, found.end_ms) == ("03-1", "closed", 20)
    assert archive.closing_of("03-2", 3, until_s=monotonic_s() + 5) is None
    assert archive.closing_of("03-1", 3, until_s=0) is None


def test_which_cases_were_merged_into_which_is_found_in_every_partition(tmp_path: Path) -> None:
    files, archive = ArchiveFiles(str(tmp_path)), PassageArchive(str(tmp_path), "passages")
    assert archive.merged() == {}
    for partition, case, into in ((3, "03-1", "15-2"), (15, "15-2", "03-9"), (4, "15-3", "")):
        one = msgspec.json.decode(rows(0, 0)[0].value, type=Passage)
        merged = msgspec.structs.replace(one, case=case, kind="closed", merged_into=into)
        files.write("passages", partition, [*rows(0, 4), Row(5, 0, msgspec.json.encode(merged))])
    assert archive.merged() == {"03-1": "15-2", "15-2": "03-9"}


def test_a_period_s_question_leaves_out_cases_that_cannot_count_and_answers_alike(tmp_path: Path) -> None:
    files, archive = ArchiveFiles(str(tmp_path)), PassageArchive(str(tmp_path), "passages")
    shop = month(Random(8), 60)
    told = [one.value for one in shop.floor.sent["passages"]]
    for first in range(0, len(told), 25):
        part = told[first : first + 25]
        files.write("passages", 3, [Row(first + n, 0, value) for n, value in enumerate(part)])
    files.write("passages", 3, [Row(n, 0, value) for n, value in enumerate(told[:40])])
    every = [passage for _, passage in archive.read(3)]
    assert len(every) == len(told)
    # as if all of one case in four were still open: it counts by its passages and by what is due
    opened = [
        OpenCase(
            case=one.case,
            grid=one.grid,
            desk=one.desk,
            team="",
            arrived_ms=one.arrived_ms,
            due_ms=T0 + 8 * DAY,
        )
        for one in {one.case: one for one in every}.values()
        if crc32(one.case.encode()) % 4 == 0
    ]
    fewest = len(every)
    for begin, end in [(0, 31), (3, 10), (10, 17), (28, 60), (5, 6), (50, 90)]:
        period = Period(T0 + begin * DAY, T0 + end * DAY)
        some = archive.read_for(3, period, {one.case for one in opened})
        fewest = min(fewest, len(some))
        for by in BYS:
            whole, part_of_it = Tally(period, "", by), Tally(period, "", by)
            whole.add(every, opened)
            part_of_it.add(some, opened)
            assert part_of_it.result((), {}, 5) == whole.result((), {}, 5)
    assert fewest < len(every) / 2
