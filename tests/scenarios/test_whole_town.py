"""The whole system on recorded feeds, killed on the way: its counters, cases and alerts equal the oracles'."""

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.rules import RuleStore
from detectors.bank import Bank
from domain.casework import Casework
from tests.oracles import los_angeles, stuttgart, sweden
from tests.scenarios.running_town import RunningTown, effects

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
WORKER_KILLS = 20 if PROVE else 5
BROKER_KILLS = 5 if PROVE else 1
SEED = 20


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, kafka: str, valkey: str) -> Iterator[RunningTown]:
    """A town with the feed's clock; the session's broker and Valkey only show that both can be had."""
    folder = tmp_path_factory.mktemp("town") / "data"
    running = RunningTown(folder, "--clock", "feed", "--no-simulator")
    try:
        yield running
    finally:
        seconds = running.stop()
        left = running.everyone()
        for process in left:
            process.kill()
        assert not left, "processes were left behind"
        assert seconds < 11, f"stopping took {seconds:.1f} s"


def produce(town: RunningTown, feed: str, *files: Path, more: tuple[str, ...] = ()) -> dict[str, int]:
    return dict(town.run("produce", *map(str, files), "--feed", feed, "--speed", "max", "--wait", *more))


@pytest.mark.timeout(900)
def test_los_angeles_is_counted_and_overdue_as_the_city_was(town: RunningTown, recorded: Path) -> None:
    folder = recorded / "la311"
    files = [folder / "2017_Subset.csv.gz", folder / "2018_mini_b.csv.gz"]
    said = produce(town, "la311", *files)
    counts = {k: said[k] for k in ("rows", "sent", "accepted", "revised", "repeated", "refused")}
    assert counts == {
        "rows": 19_999,
        "sent": 39_993,
        "accepted": 19_999,
        "revised": 19_994,
        "repeated": 0,
        "refused": 0,
    }

    overdue = {case["source_id"] for case in town.run("show", "cases", "--overdue")}
    assert overdue == los_angeles.late(folder)
    assert len(overdue) == 5_256

    councils = los_angeles.councils(folder)
    cases = {case["source_id"]: case["area"] for case in town.run("show", "cases")}
    placeable = [row for row in los_angeles.rows(folder) if cases[row["SRNumber"]]]
    right = sum(cases[row["SRNumber"]] == row["NC"] for row in placeable)
    assert len(placeable) == 16_900
    assert right / len(placeable) >= 0.98
    assert cases == {name: councils.get(name, "") for name in cases}


@pytest.mark.timeout(1800)
def test_stuttgart_is_exact_through_kills_of_worker_and_broker(town: RunningTown, recorded: Path) -> None:
    folder = recorded / "stuttgart"
    chance = random.Random(SEED)
    sending = town.begin(
        "produce", str(folder / "reports.csv.gz"), "--feed", "stuttgart", "--speed", "max", "--wait"
    )
    kills = 0
    victims = ["worker"] * WORKER_KILLS + ["broker"] * BROKER_KILLS
    chance.shuffle(victims)
    for victim in victims:
        time.sleep(chance.uniform(1.0, 4.0))
        if sending.poll() is not None:
            break
        town.kill(victim)
        kills += 1
    out, errors = sending.communicate(timeout=900)
    assert sending.returncode == 0, errors[-2000:]
    said = json.loads(out)
    assert kills == len(victims), f"the feed was through after {kills} kills: the run is void"
    expected = stuttgart.count(folder)
    assert (said["sent"], said["accepted"], said["repeated"]) == (86_774, 35_975, 50_799)
    assert (said["revised"], said["refused"]) == (0, 0)
    cases = [case for case in town.run("show", "cases") if case["feed"] == "stuttgart"]
    assert Counter(case["category"] for case in cases) == Counter(
        m.category for m in expected.matters.values()
    )
    places = Counter(m.area for m in expected.matters.values())
    assert sorted(Counter(case["grid"] for case in cases).values()) == sorted(places.values())


@pytest.mark.timeout(900)
def test_a_swedish_month_comes_in_at_its_own_rhythm_half_a_million_times_faster(
    town: RunningTown, recorded: Path
) -> None:
    month = sweden.count(recorded / "sweden-police", "2025-02").outcome
    said = dict(
        town.run(
            "produce",
            str(recorded / "sweden-police" / "observations.jsonl.gz"),
            "--feed",
            "sweden-police",
            "--speed",
            "500000",
            "--from",
            "2025-02-01T00:00:00Z",
            "--to",
            "2025-03-01T00:00:00Z",
            "--wait",
        )
    )
    assert {k: said[k] for k in ("sent", "accepted", "revised", "repeated", "refused")} == {
        "sent": month.sent,
        "accepted": month.accepted,
        "revised": month.revised,
        "repeated": 0,
        "refused": 0,
    }
    assert said["seconds"] >= 4, "28 days at 500,000 times their speed take 4.8 s"


@pytest.mark.timeout(900)
def test_no_alert_is_missing_and_none_has_two_contents(town: RunningTown) -> None:
    rules = RuleStore(str(town.data / "rules"))
    wanted: dict[str, bytes] = {}
    for partition, records in enumerate(town.topic("journal")):
        fold = Casework(partition, rules_of=rules.rules_of, bank_of=Bank, shared=True)
        for offset, stamp, value in records:
            fold.fold(offset, stamp, value)
        wanted |= {effect.id: effect.value for effect in fold.take_effects() if effect.topic == "alerts"}
    assert effects(town.topic("alerts")) == wanted
    kinds = Counter(
        json.loads(v)["alert"]["kind"]
        for v in wanted.values()
        if json.loads(v)["fact"] in {"raised", "worsened"}
    )
    assert kinds["overdue"] == 5_256


@pytest.mark.timeout(900)
def test_everything_is_back_after_a_kill_of_all_at_once(town: RunningTown) -> None:
    offsets = town.run("digest")["journal"]
    before = [town.run("show", what) for what in ("counters", "cases", "alerts", "feeds")]
    town.up.kill()
    town.up.wait(10)
    for process in town.everyone():
        with contextlib.suppress(psutil.NoSuchProcess):  # it went with its supervisor
            process.send_signal(signal.SIGKILL)
    town.again()
    assert town.ready_after_s < 30
    until = time.monotonic() + 30
    while time.monotonic() < until:  # what intake sends again is dropped, but has offsets of its own
        now = town.run("digest")["journal"]
        if all(now[p] >= offsets[p] for p in offsets):
            break
        time.sleep(0.2)
    assert [town.run("show", what) for what in ("counters", "cases", "alerts", "feeds")] == before
    left = {process.pid for process in town.everyone()}
    assert left == {one["pid"] for one in town.status()["processes"]} | {town.up.pid}


@pytest.mark.timeout(900)
def test_a_refold_from_the_beginning_gives_what_is_live_also_after_a_kill_of_all_and_an_edit_of_the_rules(
    town: RunningTown, recorded: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "town"
    rules.mkdir()
    shipped = (Path(__file__).parents[2] / "config" / "sla.toml").read_text()
    (rules / "sla.toml").write_text(shipped + "\n# the town thinks again\n")
    before = town.run("digest")
    town.run("rules", "publish", "--config", str(rules))
    produce(
        town,
        "sweden-police",
        recorded / "sweden-police" / "observations.jsonl.gz",
        more=("--from", "2025-03-01T00:00:00Z", "--to", "2025-03-08T00:00:00Z", "--config", str(rules)),
    )
    said = town.run("digest", "--refold")
    assert said["state"] == said["live"]
    assert said["rules"] != before["rules"]
    assert said["messages"] == sum(
        n + 1 for n in itertools.chain(said["lanes"].values(), said["journal"].values())
    )


def test_a_second_up_on_the_folder_names_the_first(town: RunningTown) -> None:
    second = subprocess.run(
        [sys.executable, "-P", "-m", "watchfloor", "up", "--data", str(town.data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert str(town.up.pid) in second.stderr


def test_a_file_that_begins_before_the_clock_is_refused_before_anything_is_sent(
    town: RunningTown, recorded: Path
) -> None:
    lanes = town.run("digest")["lanes"]
    done = town.begin(
        "produce",
        str(recorded / "la311" / "2017_Subset.csv.gz"),
        "--feed",
        "la311",
        "--speed",
        "max",
        "--wait",
    )
    _, errors = done.communicate(timeout=120)
    assert done.returncode == 1
    assert "--from" in errors
    assert town.run("digest")["lanes"] == lanes
