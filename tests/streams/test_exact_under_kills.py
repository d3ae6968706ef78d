"""Whatever ends a worker, and whenever: every report counts once, every alert is there once."""

import random
import time

import pytest

from tests.streams.town import Town

RATE = 1500


@pytest.mark.parametrize(
    "kills", [pytest.param(5, id="short"), pytest.param(20, id="whole", marks=pytest.mark.prove)]
)
def test_counts_and_alerts_are_exact_when_workers_are_killed_at_random_moments(
    town: Town, kills: int
) -> None:
    moments = random.Random(11)
    with town.worker("a") as first, town.worker("b") as second:
        with town.stream(RATE):
            for number in range(kills):
                time.sleep(moments.uniform(1.5, 4.0))
                (first, second)[number % 2].kill()
            time.sleep(1)
        town.wait_counted()
        assert len(first.exits) + len(second.exits) == kills, "a worker ended that nobody had killed"
        assert not first.said("records are missing")
    town.check_effects()


@pytest.mark.parametrize("moment", ["aside:3", "named:3", "aside:25"])
def test_a_worker_that_dies_between_an_effect_and_its_snapshot_sends_again_and_nothing_counts_twice(
    town: Town, moment: str
) -> None:
    with town.worker(WATCHFLOOR_TEST_DIE_AT=moment, WATCHFLOOR_TEST_SNAPSHOT_S="0.3") as worker:
        with town.stream(RATE):
            until_s = time.monotonic() + 20
            while len(worker.exits) < 2 and time.monotonic() < until_s:
                time.sleep(0.1)
        assert len(worker.exits) >= 2
        # the next life is left alone
        worker._extra.pop("WATCHFLOOR_TEST_DIE_AT")
        town.wait_counted()
    town.check_effects()


def test_a_worker_frozen_past_its_session_and_woken_changes_nothing(town: Town) -> None:
    with town.worker("a") as first, town.worker("b"):
        with town.stream(RATE):
            time.sleep(5)
            first.freeze(9)
            time.sleep(2)
        town.wait_counted()
    town.check_effects()


def test_the_first_new_event_is_folded_within_4_seconds_of_a_restart(town: Town) -> None:
    with town.worker() as worker:
        town.send(2000)
        town.wait_counted()
        worker.kill()
        killed_s = time.monotonic()
        town.send(1)
        town.wait_counted()
        assert time.monotonic() - killed_s < 4
