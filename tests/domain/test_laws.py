"""The same journal gives the same state, effects and read models, however it is batched and cut."""

import os
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.fold import Fold, canonical
from tests.domain.memory_floor import Floor, Log, ReadModels, refold, show
from tests.domain.scribbler import Scribbler

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
HISTORIES = 250 if PROVE else 12
"""Histories that Hypothesis tries: each is some 100 records in 20 partitions, folded three times."""
SEEDS = range(10 if PROVE else 1)
RECORDS = 4000 if PROVE else 1500


def every_fold(floor: Floor) -> list[tuple[str, Callable[[], Fold], Log, Fold]]:
    """Each partition that has records: its name, an empty fold of it, its records, and the fold that lived through them."""
    lanes = [
        (f"lane {n}", lambda n=n: floor.new_lane(n), log, floor.lanes[n])
        for n, log in enumerate(floor.reports)
    ]
    parts = [
        (f"partition {n}", lambda n=n: floor.new_casework(n), log, floor.casework[n])
        for n, log in enumerate(floor.journal)
    ]
    return [one for one in lanes + parts if one[2]]


def check_laws(floor: Floor, rng: Random) -> None:
    for name, make, log, live in every_fold(floor):
        state, effects, shown, fold = refold(make, log)
        assert state == canonical(live.plain()), f"{name}: folded again it is not what lived"
        whole: ReadModels = {}
        show(whole, fold.whole())
        assert shown == whole, f"{name}: what was built from changes is not the whole"
        large = refold(make, log, batch=lambda: 500)
        assert large[:3] == (state, effects, shown), f"{name}: batches of 500 differ"
        cut = refold(make, log, batch=lambda: rng.choice((1, 2, 3, 7, 50)), cut=lambda: rng.random() < 0.2)
        assert cut[:2] == (state, effects), f"{name}: cut by snapshots it differs"
        show(whole := {}, cut[3].whole())
        assert shown == whole, f"{name}: the read models of a restored fold differ"


@pytest.mark.parametrize("shared", [False, True], ids=["wall clock", "feed clock"])
@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_a_journal_folds_to_the_same_however_it_is_batched_and_cut(rng: Random, shared: bool) -> None:
    check_laws(Scribbler(rng, shared=shared).write(60), rng)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shared", [False, True], ids=["wall clock", "feed clock"])
def test_a_long_history_folds_to_the_same_however_it_is_batched_and_cut(seed: int, shared: bool) -> None:
    rng = Random(seed)
    check_laws(Scribbler(rng, shared=shared).write(RECORDS), rng)
