import pytest

from domain.codes import (
    JOURNAL_PARTITIONS,
    LANES,
    is_grid,
    is_jurisdiction,
    is_unplaced,
    lane_of,
    partition_of,
    unplaced,
)


def test_partitions_are_what_they_were_when_the_journal_was_made() -> None:
    assert [partition_of(f"990100{n:03d}") for n in range(1, 5)] == [5, 15, 9, 10]
    assert partition_of("990100000000000") == 3


def test_a_grid_lies_with_its_village_and_township() -> None:
    assert partition_of("990100002001001") == partition_of("990100002003") == partition_of("990100002")


def test_townships_spread_over_all_partitions() -> None:
    assert len({partition_of(f"990100{n:03d}") for n in range(1, 200)}) == JOURNAL_PARTITIONS


def test_feeds_share_lane_0_with_the_feeds_clock_and_spread_with_the_walls() -> None:
    names = [f"feed{n}" for n in range(50)]
    assert {lane_of(name, shared=True) for name in names} == {0}
    assert {lane_of(name, shared=False) for name in names} == set(range(LANES))


@pytest.mark.parametrize(
    "text", ["99010000200100", "9901000020010011", "99010000200100a", "", "９９０１００００２００１００１"]
)
def test_what_is_no_grid(text: str) -> None:
    assert not is_grid(text)


def test_levels_are_known_by_their_digits() -> None:
    assert [n for n in range(17) if is_jurisdiction("9" * n)] == [0, 2, 4, 6, 9, 12, 15]


def test_a_countys_unplaced_grid_is_known_as_such() -> None:
    assert is_unplaced(unplaced("990100"))
    assert not is_unplaced("990100002000000"), "a township's own stray grid is placed"
