"""Snapshots are whole or not there, and the right ones are kept."""

from pathlib import Path

import pytest

from streams.snapshots import BrokenError, Content, Name, Snapshots, decode, encode, kept
from tests.streams.counting_fold import Counts

DAY_MS = 86_400_000


def content(offset: int, clock_ms: int = 0) -> Content:
    state = {"offset": offset, "clock_ms": clock_ms, "counts": {"key-1": offset, "键": 2}, "share": 0.1}
    return Content(
        topic="journal", partition=3, offset=offset, clock_ms=clock_ms, rules="r", fold_version=1, state=state
    )


@pytest.fixture
def place(tmp_path: Path) -> Snapshots:
    return Snapshots(str(tmp_path), "worker-1")


def store(place: Snapshots, *contents: Content) -> None:
    for one in contents:
        place.give_name(place.write_aside(one))


def file_of(tmp_path: Path, offset: int) -> Path:
    (found,) = (tmp_path / "journal" / "3").glob(f"{offset:016d}-*")
    return found


def test_a_snapshot_that_is_decoded_is_what_was_encoded() -> None:
    assert decode(encode(content(7))) == content(7)


def test_a_snapshot_with_one_changed_byte_is_told_apart() -> None:
    data = bytearray(encode(content(7)))
    data[-3] ^= 1
    with pytest.raises(BrokenError):
        decode(bytes(data))


def test_the_newest_whole_snapshot_is_loaded_and_a_broken_one_skipped(
    place: Snapshots, tmp_path: Path
) -> None:
    store(place, content(5), content(9))
    newest = file_of(tmp_path, 9)
    newest.write_bytes(newest.read_bytes()[:40])
    found = place.load("journal", 3)
    assert found is not None
    assert found.offset == 5


def test_a_file_under_another_snapshots_name_is_not_believed(place: Snapshots, tmp_path: Path) -> None:
    store(place, content(5), content(9))
    file_of(tmp_path, 9).write_bytes(file_of(tmp_path, 5).read_bytes())
    found = place.load("journal", 3)
    assert found is not None
    assert found.offset == 5


def test_what_was_only_written_aside_is_never_loaded(place: Snapshots, tmp_path: Path) -> None:
    place.write_aside(content(5))
    assert place.load("journal", 3) is None
    place.sweep("journal", 3)
    assert list((tmp_path / "journal" / "3").iterdir()) == []


def test_offsets_that_the_topic_lost_and_times_after_the_wanted_one_are_not_taken(place: Snapshots) -> None:
    store(place, content(5, 100), content(9, 200))
    below, before = place.load("journal", 3, below=9), place.load("journal", 3, before_ms=200)
    assert below is not None
    assert before is not None
    assert below.offset == before.offset == 5
    assert place.load("journal", 3, before_ms=100) is None


def test_two_best_and_the_first_of_days_and_months_are_kept() -> None:
    hours = [Name(offset, offset * DAY_MS // 4) for offset in range(4 * 90)]
    stay = sorted(kept(hours))
    assert stay[-2:] == hours[-2:]
    days = {name.clock_ms // DAY_MS for name in stay}
    # the last 30 days and the newest one, and the first days of January, February and March 1970
    assert days == {0, 31} | set(range(59, 90))
    assert all(name.offset % 4 == 0 for name in stay if name not in hours[-2:])


def test_a_fold_restored_from_its_snapshot_goes_on_as_if_nothing_had_been() -> None:
    straight, first = Counts(3), Counts(3)
    records = [(offset, offset, b'{"key":"key-3","origin":[0,%d]}' % offset) for offset in range(40)]
    for record in records:
        straight.fold(*record)
    for record in records[:17]:
        first.fold(*record)
    second = Counts(3)
    second.restore(decode(encode(content(16))).state | first.plain())
    for record in records[17:]:
        second.fold(*record)
    assert second.plain() == straight.plain()
