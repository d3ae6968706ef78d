"""A partition folds what follows, skips what it has, and never folds over a hole."""

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.digest import partition_hash
from streams.partition import HoleError, Partition
from streams.sources import Source
from tests.streams.counting_fold import Counts


@dataclass(frozen=True)
class Fetched:
    """A record as the consumer gives it."""

    offset: int
    timestamp: int = 1_000
    value: bytes | None = None


def journal(count: int) -> list[Fetched]:
    return [Fetched(n, 1_000 + n, b'{"key":"key-%d","origin":[1,%d]}' % (n % 5, n)) for n in range(count)]


def fresh() -> Partition:
    return Partition(source=Source("journal", 3), fold=Counts(3))


def fold_all(partition: Partition, batches: list[list[Fetched]]) -> list[str]:
    sent = []
    for batch in batches:
        index = 0
        while index < len(batch):
            index, effects = partition.fold_slice(batch, index)
            sent += [effect.value.decode() for effect in effects]
    return sent


@given(cuts=st.lists(st.integers(0, 300), max_size=12))
def test_state_and_effects_do_not_depend_on_how_the_journal_was_fetched(cuts: list[int]) -> None:
    records = journal(300)
    edges = [0, *sorted(cuts), 300]
    whole, cut = fresh(), fresh()
    effects = fold_all(whole, [records])
    assert fold_all(cut, [records[a:b] for a, b in itertools.pairwise(edges)]) == effects
    assert partition_hash(cut.fold) == partition_hash(whole.fold)


def test_what_is_folded_already_is_skipped() -> None:
    records, partition = journal(50), fresh()
    once = fold_all(partition, [records[:30]])
    again = fold_all(partition, [records[10:50]])
    assert once + again == fold_all(fresh(), [records])
    assert partition.folded == 50


def test_a_hole_stops_folding_before_it() -> None:
    records, partition = journal(50), fresh()
    with pytest.raises(HoleError, match="folded up to 19 and the topic gave 21"):
        fold_all(partition, [records[:20] + records[21:]])
    assert partition.offset == 19


def test_a_partition_without_a_snapshot_must_begin_at_offset_0() -> None:
    with pytest.raises(HoleError):
        fold_all(fresh(), [journal(5)[1:]])


def test_a_record_without_a_value_is_folded_as_empty() -> None:
    partition = fresh()
    fold_all(partition, [[Fetched(0)]])
    assert partition.offset == 0
