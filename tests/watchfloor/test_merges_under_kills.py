"""A merge across two partitions, with the worker killed between what one asks and the other answers."""

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from config.settings import Settings
from domain.audit import Line
from domain.codes import JOURNAL_PARTITIONS, partition_of, partition_of_case
from domain.records import Command, encoder
from producers.province import ensure_area_set
from tests.streams.town import Worker
from tests.watchfloor.conftest import Run
from watchfloor import topic_access
from watchfloor.rules_publish import areas_folder

SEEN_WITHIN_S = 30


class Merging:
    """A worker's town whose cases are merged; what it is asked for goes straight into the journal."""

    def __init__(self, worker: Worker, run: Run, folder: Path) -> None:
        self.worker = worker
        self.settings: Settings = worker.settings
        self._run = run
        self._file = folder / "reports.jsonl"
        self._hour = 0
        self.sent: list[str] = []
        self.account = next(one["account"] for one in self.journal() if one["type"] == "grant")
        folder = areas_folder(self.settings)
        ensure_area_set(folder, 24, 1)
        (file,) = folder.glob("*.json")
        grids = [one["code"] for one in json.loads(file.read_text(encoding="utf-8"))["areas"]]
        self.near = grids[0]
        self.far = next(grid for grid in grids if partition_of(grid) != partition_of(self.near))

    def report(self, *reports: tuple[str, str]) -> None:
        """Let reports come: each an id and the name of the place."""
        self._hour += 1
        stamp = f"2026-01-05T{self._hour // 60:02d}:{self._hour % 60:02d}:00Z"
        rows = [
            {"id": name, "t": stamp, "opened": "2026-01-05T00:00:00Z", "category": "noise", "grid": place}
            for name, place in reports
        ]
        self._file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        code, _, error = self._run(
            "produce", str(self._file), "--feed", "grid-reports", "--speed", "max", "--wait", "--json"
        )
        assert code == 0, error

    def cases(self) -> dict[str, dict[str, Any]]:
        """What screens show, by the source's own number."""
        _, cases, _ = self._run("show", "cases", "--json")
        return {one["source_id"]: dict(one) for one in cases}

    def merge(self, *pairs: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Ask for merges, and wait for no answer."""
        commands = [
            Command(
                id=uuid4().hex, action="merge", case=one["id"], version=one["version"],
                given={"case": into["id"]}, account=self.account,
            )
            for one, into in pairs
        ]  # fmt: skip
        self.sent += [one.id for one in commands]
        values = [(partition_of_case(one.case) or 0, encoder.encode(one)) for one in commands]
        topic_access.send(self.settings, "journal", values)

    def wait_for(self, tag: str, count: int) -> None:
        """Wait until the journal has so many different records of a kind."""
        until_s = time.monotonic() + SEEN_WITHIN_S
        while len(self.origins(tag)) < count:
            assert time.monotonic() < until_s, f"no {tag} came"

    def origins(self, tag: str) -> set[tuple[int, ...]]:
        return {tuple(one["origin"]) for one in self.journal() if one["type"] == tag}

    def journal(self) -> list[dict[str, Any]]:
        return [
            msgspec.json.decode(value)
            for partition in range(JOURNAL_PARTITIONS)
            for _, value in topic_access.records(self.settings, "journal", partition)
        ]

    def settled(self) -> dict[str, dict[str, Any]]:
        """The cases, once each merge that was asked for has its answer."""
        until_s = time.monotonic() + SEEN_WITHIN_S
        while True:
            now = self.cases()
            story = [entry["action"] for one in now.values() for entry in one["story"]]
            if sum(action in {"merged", "not_merged"} for action in story) >= len(self.sent):
                return now
            assert time.monotonic() < until_s, f"a merge has no answer: {Counter(story)}"

    def check(self) -> None:
        """Live is what the journal folds to, and each command has one line, however often it was sent."""
        code, proof, error = self._run("digest", "--refold", "--json")
        assert (code, proof["state"]) == (0, proof["live"]), error
        lines: dict[tuple[int, int, int], Line] = {}
        for partition in range(JOURNAL_PARTITIONS):
            for _, value in topic_access.records(self.settings, "audit", partition):
                line = msgspec.json.decode(value, type=Line)
                place = (line.partition, line.offset, line.n)
                assert lines.setdefault(place, line) == line, "the same position says two things"
        told = Counter(line.command for line in lines.values() if line.action == "merge" and line.command)
        assert told == Counter(self.sent)
        assert not self.worker.said("records are missing")


@pytest.fixture
def merging(worker: Worker, run: Run, typed: None, tmp_path: Path) -> Merging:
    code, _, error = run("user", "add", "desk", "--role", "clerk", "--scope", "99", "--json")
    assert code == 0, error
    return Merging(worker, run, tmp_path)


def test_a_worker_killed_between_asking_and_answering_leaves_each_report_with_one_case(
    merging: Merging,
) -> None:
    """One merge, two that cross, and a report that comes for the merged case afterwards, each with a kill in between."""
    merging.report(*(((f"{n}"), (merging.near, merging.far)[n % 2]) for n in range(4)))
    merging.report(("0", merging.near))
    cases = merging.cases()
    assert partition_of_case(cases["0"]["id"]) != partition_of_case(cases["1"]["id"])
    merging.merge((cases["0"], cases["1"]), (cases["2"], cases["3"]), (cases["3"], cases["2"]))
    merging.wait_for("absorb", 3)
    merging.worker.kill()
    now = merging.settled()
    assert (now["0"]["step"], now["0"]["outcome"], now["0"]["merged_into"]) == (
        "closed", "duplicate", cases["1"]["id"],
    )  # fmt: skip
    assert now["1"]["absorbed"] == [[cases["0"]["id"], "grid-reports", "0"]]
    assert now["1"]["repeats"] == 2, "its opening and its repeat"
    for crossed in ("2", "3"):
        assert (now[crossed]["merged_into"], now[crossed]["step"], now[crossed]["repeats"]) == ("", "file", 0)

    merging.report(("0", merging.near))
    merging.wait_for("passed_on", 1)
    merging.worker.kill()
    merging.report(("4", merging.near))
    assert merging.cases()["1"]["repeats"] == 3
    assert len(merging.worker.exits) == 2
    merging.check()


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_merges_are_whole_whenever_the_worker_is_killed(merging: Merging) -> None:
    rng = random.Random(5)
    for number in range(20):
        one, other, third = (str(3 * number + n) for n in range(3))
        merging.report((one, merging.near), (other, merging.far), (third, merging.far))
        cases = merging.cases()
        merging.merge((cases[one], cases[other]), (cases[third], cases[one]))
        time.sleep(rng.uniform(0, 0.3))
        merging.worker.kill()
        now = merging.settled()
        assert now[one]["merged_into"] == cases[other]["id"]
        assert now[third]["merged_into"] == "", "who is being merged takes nobody"
        assert now[other]["repeats"] == 1
        assert now[other]["absorbed"] == [[cases[one]["id"], "grid-reports", one]]
    merging.check()
