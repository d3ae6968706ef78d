"""Whatever ends a worker, and whenever: every report counts once, every alert is there once."""

import contextlib
import random
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from streams.offline import refold
from tests.streams.counting_fold import new_fold
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
        live = town.digest()
    town.check_effects()
    again = refold(town.settings, new_fold, {source: offset for source, (offset, _) in live.items()})
    assert again.hashes == {source: hashed for source, (_, hashed) in live.items()}


@pytest.mark.parametrize("moment", ["aside:3", "named:3"])
def test_a_worker_that_dies_between_an_effect_and_its_snapshot_sends_again_and_nothing_counts_twice(
    town: Town, moment: str
) -> None:
    with town.worker(WATCHFLOOR_TEST_DIE_AT=moment, WATCHFLOOR_TEST_SNAPSHOT_S="0.3") as worker:
        with town.stream(RATE):
            until_s = time.monotonic() + 30
            while not worker.exits and time.monotonic() < until_s:
                time.sleep(0.1)
            time.sleep(2)
        assert worker.exits
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


def waited_for_a_core_s(pid: int) -> float:
    """Return how long a process was ready to run and no core was free for it: the machine's business, not ours."""
    schedule = Path(f"/proc/{pid}/schedstat")
    return int(schedule.read_text().split()[1]) / 1e9 if schedule.exists() else 0.0


def test_the_first_new_event_is_folded_within_4_seconds_of_a_restart(town: Town) -> None:
    took_s = []
    with town.worker() as worker:
        town.send(2000)
        town.wait_counted()
        for _ in range(2):
            worker.kill()
            killed_s = time.monotonic()
            town.send(1)
            town.wait_counted()
            took_s.append(time.monotonic() - killed_s - waited_for_a_core_s(worker.process.pid))
            time.sleep(0.5)
    assert min(took_s) < 4, took_s


def test_stock_faust_with_a_table_does_not_pass_the_same_test(town: Town) -> None:
    """The negative control: a gentler rate and fewer kills, and its counts are wrong all the same."""
    with town.worker("stock", module="tests.streams.stock_faust") as worker:
        with town.stream(300):
            time.sleep(6)
            for _ in range(2):
                time.sleep(4)
                worker.kill()
            time.sleep(6)
        until_s = time.monotonic() + 20
        counted: Counter[str] = Counter()
        while time.monotonic() < until_s and counted.total() < town.sent.total():
            time.sleep(1)
            with contextlib.suppress(FileNotFoundError):
                counted = Counter(msgspec.json.decode((town.settings.data / "stock.json").read_bytes()))
    assert counted.total() > 300, "it counted nothing at all, which shows nothing"
    assert counted != town.sent
