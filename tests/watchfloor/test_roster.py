"""Rosters from the command line: taken whole or not at all, one part a county, names in SQL alone."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.people import people_of
from config.rules import RuleStore
from config.settings import Settings
from config.vault import vault_of
from domain.duty.roster_file import read_roster_file
from domain.places.places import AreaFile
from producers.province import MOST_GRIDS, MOST_WORKERS, make_province
from tests.producers.roster_files import departments_file, duty_file, people_file, write
from watchfloor import cli
from watchfloor.rules_publish import current

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
GRID = "990501001001001"
Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data folder with the areas of two counties, and nothing that runs on it."""
    settings = Settings(data=tmp_path / "data")
    monkeypatch.setenv("WATCHFLOOR_DATA", str(settings.data))
    province = make_province(1020, 1)
    (settings.data / "areas").mkdir(parents=True)
    (settings.data / "areas" / "simulator.json").write_bytes(msgspec.json.encode(province))
    return settings


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, Any, str]:
        code = cli.run(arguments)
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out[:1] in {"{", "["} else said.out, said.err

    return call


def taken(run: Run, file: Path, kind: str) -> dict[str, Any]:
    code, said, error = run("roster", "import", str(file), "--kind", kind, "--json")
    assert code == 0, error
    assert isinstance(said, dict)
    return said


def test_a_roster_says_who_is_on_duty_and_names_only_when_asked(
    town: Settings, run: Run, tmp_path: Path
) -> None:
    said = taken(run, duty_file(tmp_path / "duty.csv", 1020), "duty")
    assert (said["counties"], said["written"], said["rules"]) == (2, 2, None)
    taken(run, people_file(tmp_path / "people.csv", said["workers"]), "people")
    at = ("--at", "2026-03-02T09:00:00+08:00", "--json")

    code, rows, error = run("duty", "--scope", GRID, *at)
    assert code == 0, error
    (row,) = rows
    assert row["worker"].startswith("w-")
    assert (row["by"], row["until_at"]) == (GRID, "2026-03-02T08:00:00Z")
    assert (row["stand_in_on_shift"], "worker_name" in row) == (
        False,
        False,
    )  # whose own shift is the evening's
    assert len(run("duty", "--scope", "990501", *at)[1]) == 1000
    assert len(run("duty", *at)[1]) == 1020

    _, (row,), _ = run("duty", "--scope", GRID, "--names", *at)
    assert (row["worker_name"], row["stand_in_name"]) == ("worker 0", "worker 1")
    with vault_of(town) as vault:
        assert [(view.account, view.case, view.fields) for view in vault.views()] == [
            ("cli", GRID, ["worker"])
        ]


def test_a_worker_keeps_the_id_until_they_are_forgotten_and_then_leads_to_nobody(
    town: Settings, run: Run, tmp_path: Path
) -> None:
    people = people_file(tmp_path / "people.csv", 100)
    duty = write(tmp_path / "duty.csv", "duty", [(GRID, "K1", "K2", "mon-fri", "08:00-20:00", "", "")])
    taken(run, people, "people")
    taken(run, duty, "duty")
    part = town.data / "roster" / "990501.json"
    first = part.read_bytes()
    assert taken(run, people, "people")["workers"] == 0
    assert taken(run, duty, "duty")["written"] == 0
    worker = read_roster_file(first).duty[0].worker
    with people_of(town) as known:
        assert known.of([worker])[worker].phone == "10000000001"

    code, said, _ = run("roster", "forget", "K1", "--json")
    assert (code, said) == (0, {"worker": worker})
    with people_of(town) as known:
        assert known.of([worker]) == {}
    kept = b"".join(one.read_bytes() for one in town.data.rglob("*") if one.is_file())
    assert b"10000000002" in kept
    assert b"10000000001" not in kept
    assert run("roster", "forget", worker)[0] == 1
    taken(run, duty, "duty")
    assert read_roster_file(part.read_bytes()).duty[0].worker != worker


def test_a_file_with_mistakes_is_refused_whole_and_each_is_told_with_its_line(
    town: Settings, run: Run, tmp_path: Path
) -> None:
    good = ("990501001001002", "K9", "", "", "", "", "")
    duty = write(
        tmp_path / "duty.csv",
        "duty",
        [
            good,
            ("990501999001001", "K1", "K2", "mon-fri", "08:00-20:00", "", ""),
            (GRID, "K1", "K1", "mon-fri", "08:00-20:00", "2026-02-30", ""),
            (GRID, "K2", "", "monday", "08:00-20:00", "", ""),
            (GRID, "K2", "", "fri-mon", "8-20", "", ""),
            (GRID, "", "", "", "08:00-12:00 11:00-13:00", "2026-02-02", "2026-02-01"),
            (GRID, "K1", "", "mon-fri", "08:00-20:00", "2026-03-01", ""),
            (GRID, "K3", "", "fri", "08:00-12:00", "2026-03-01", ""),
            ("9905", "K3", "", "", "", "", ""),
            ("too", "short"),
        ],
    )
    code, said, error = run("roster", "import", str(duty), "--kind", "duty")
    assert (code, said) == (1, "")
    lines = error.splitlines()
    assert all(line.startswith(f"{duty}:") and line.endswith(".") for line in lines)
    told = [(int(line.split(":")[1]), line.split(": ", 1)[1]) for line in lines]
    assert [number for number, _ in told] == [3, 4, 4, 5, 6, 7, 7, 7, 9, 10, 11]
    for part in (
        "no area",
        "stand_in",
        "2026-02-30",
        "monday",
        "22:00-06:00",
        "worker",
        "overlap",
        "line 8",
        "wider",
    ):
        assert any(part in sentence for _, sentence in told), part
    assert not list(town.data.glob("roster/*"))
    with people_of(town) as known:
        assert not known._known()

    header = tmp_path / "header.csv"
    header.write_text("area,worker,day\n", encoding="utf-8")
    assert (
        "missing: stand_in, days, hours, from, to; unknown: day"
        in run("roster", "import", str(header), "--kind", "duty")[2]
    )
    people = write(tmp_path / "people.csv", "people", [("K1", "one", ""), ("K1", "two", ""), ("K2", "", "")])
    error = run("roster", "import", str(people), "--kind", "people")[2]
    assert "3: has the same worker as line 2" in error
    assert "4: `name`" in error


def test_an_import_that_changes_one_county_writes_one_part_of_the_rule_set(
    town: Settings, run: Run, tmp_path: Path
) -> None:
    taken(run, duty_file(tmp_path / "duty.csv", 1020), "duty")
    store = RuleStore(str(tmp_path / "rules"))
    store.put(current(town)[0])
    before = set((tmp_path / "rules").iterdir())
    one = write(tmp_path / "one.csv", "duty", [("990502001001001", "K1", "K2", "", "08:00-20:00", "", "")])
    said = taken(run, one, "duty")
    assert (said["counties"], said["written"]) == (1, 1)
    store.put(current(town)[0])
    assert len(set((tmp_path / "rules").iterdir()) - before) == 2  # the part and the manifest


def test_departments_settle_categories_and_leave_the_duty_alone(
    town: Settings, run: Run, tmp_path: Path
) -> None:
    taken(run, duty_file(tmp_path / "duty.csv", 1020), "duty")
    said = taken(run, departments_file(tmp_path / "departments.csv", 1020, 10), "departments")
    assert (said["teams"], said["counties"], said["written"]) == (10, 2, 2)
    rules = current(town)[1]
    roster = rules.roster_of(GRID)
    assert roster is not None
    assert roster.areas()
    assert roster.department_of("waste", GRID, 1_780_000_000_000) == "t-0"
    with people_of(town) as known:
        assert known.team_names(["t-0"]) == {"t-0": {"en": "Department 0", "zh": "第0科"}}


@pytest.mark.skipif(not PROVE, reason="make prove loads a whole province; make test two counties")
def test_a_province_s_workers_and_departments_load_in_under_a_minute(
    town: Settings, run: Run, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    province: AreaFile = make_province(MOST_GRIDS, 1)
    (town.data / "areas" / "simulator.json").write_bytes(msgspec.json.encode(province))
    files = [
        ("people", people_file(tmp_path / "people.csv", MOST_WORKERS)),
        ("duty", duty_file(tmp_path / "duty.csv", MOST_GRIDS)),
        ("departments", departments_file(tmp_path / "departments.csv", MOST_GRIDS, 3800)),
    ]
    took: dict[str, float] = {}
    for kind, file in files:
        begun = time.monotonic()
        said = taken(run, file, kind)
        took[kind] = time.monotonic() - begun
        assert said["lines"] == (3800 if kind == "departments" else MOST_WORKERS)
    begun = time.monotonic()
    parts, rules = current(town)
    RuleStore(str(town.data / "rules")).put(parts)
    took["rule set"] = time.monotonic() - begun
    assert len(rules.rosters) == 123
    told = ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in took.items())
    measured(f"402,400 workers and 3,800 departments: {sum(took.values()):.1f} s ({told})")
    assert sum(took.values()) < 60
