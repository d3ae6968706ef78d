"""What scripts outside the project rely on: names, fields and exit codes, over read models as the contract has them."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from config.rules import RuleStore, gather, hash_of
from domain.codes import partition_of
from domain.fold import FOLD_VERSION
from watchfloor import cli

Run = Callable[..., tuple[int, str, str]]
GRID_A, GRID_B, GRID_C = "990200001001001", "990200002001001", "990300001001001"
AREAS = {
    "set": "la311",
    "county": "990200",
    "areas": [
        {"code": GRID_A, "source": "47", "name": "Lincoln Heights", "geometry": None, "parent": ""},
        {"code": GRID_B, "source": "8", "name": "Same Name", "geometry": None, "parent": ""},
    ],
}
OTHER_AREAS = {
    "set": "sweden",
    "county": "990300",
    "areas": [{"code": GRID_C, "source": "Kalix", "name": "Same Name", "geometry": None, "parent": ""}],
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def case(number: int, grid: str, **facts: Any) -> dict[str, Any]:
    partition = partition_of(grid)
    return {
        "id": f"{partition:02d}-{number:010x}",
        "feed": "la311",
        "source_id": f"S{number}",
        "grid": grid,
        "area": "47",
        "category": "Other",
        "step": "file",
        "opened_ms": 1_704_067_200_000,
        "arrived_ms": 1_704_067_200_000 + number,
        "accept_due_ms": None,
        "due_ms": 1_704_153_600_000,
        "closed_ms": None,
        "overdue": False,
        "repeats": 0,
        "revisions": 0,
        "channel": "",
        "lon": None,
        "lat": None,
        "flags": [],
        **facts,
    }


def alert(number: int, kind: str, **facts: Any) -> dict[str, Any]:
    made = dict.fromkeys(
        ["due_ms", "acked_ms", "shelved_until_ms", "seen", "expected", "low", "high", "since_ms"]
    ) | dict.fromkeys(
        [
            "key",
            "scope",
            "grid",
            "category",
            "case",
            "feed",
            "clock",
            "acked_by",
            "shelved_by",
            "shelved_why",
        ],
        "",
    )
    return made | {
        "id": f"03-{number:010x}-0",
        "partition": 3,
        "kind": kind,
        "priority": 2,
        "raised_ms": number,
        "changed_ms": number,
        "active": True,
        "acked": False,
        "state": "unack",
        **facts,
    }


@pytest.fixture
def filled(
    valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str, dict[str, Any]], None]]:
    """Read models of a small town, and what writes more of them; the environment names it all."""
    for name, value in {
        "KAFKA": "127.0.0.1:1",
        "REDIS": valkey,
        "PREFIX": topic_prefix,
        "DATA": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(f"WATCHFLOOR_{name}", value)
    parts = gather(None, None)
    parts |= {f"areas/{one['set']}.json": json.dumps(one).encode() for one in (AREAS, OTHER_AREAS)}
    rules_hash = RuleStore(str(tmp_path / "data" / "rules")).put(parts)
    assert rules_hash == hash_of(parts)
    client = redis.Redis.from_url(valkey)

    def write(key: str, field: str, value: dict[str, Any]) -> None:
        client.hset(f"{topic_prefix}wf{FOLD_VERSION}:{key}", field, json.dumps(value))

    for grid, counts in (
        (GRID_A, [1, 2, 3, 2, 1, 10]),
        (GRID_B, [0, 1, 1, 1, 0, 4]),
        (GRID_C, [5, 5, 5, 5, 5, 5]),
    ):
        block = {"grids": {grid: {"Other": counts}}, "trend": []}
        write(f"grids:{partition_of(grid)}", grid[:9], block)
    # a case that moved: its partition counts for a township of another
    write(
        f"grids:{(partition_of(GRID_A) + 1) % 16}",
        GRID_A[:9],
        {"grids": {GRID_A: {"X": [0, 0, 0, 1, 1, 1]}}, "trend": []},
    )
    for number, (grid, facts) in enumerate(
        [
            (GRID_A, {}),
            (GRID_B, {"overdue": True, "closed_ms": 1_704_200_000_001}),
            (GRID_C, {"feed": "sweden-police"}),
        ]
    ):
        made = case(number, grid, **facts)
        write(f"cases:{partition_of(grid)}", made["id"], made)
    write(
        "alerts:3", "1", alert(1, "overdue", grid=GRID_A, scope=GRID_A, acked=True, state="acked", priority=1)
    )
    write("alerts:3", "2", alert(2, "surge", scope=GRID_A[:9], since_ms=1_704_067_200_000))
    write("alerts:3", "3", alert(3, "feed_silent", feed="sweden-police"))
    feed = {
        "accepted": 3,
        "revised": 1,
        "repeated": 0,
        "refused": 0,
        "unplaced": 0,
        "last_ms": 1_704_067_200_000,
    }
    write("feeds", "la311", {"feed": "la311", "lane": 0, **feed, "silent": False, "silent_since_ms": None})
    write(
        "partitions", "3", {"offset": 5, "clock_ms": 0, "rules": rules_hash, "cases": 3, "alerts_active": 3}
    )
    yield write
    client.delete(*client.keys(f"{topic_prefix}*"))
    client.close()


def shown(run: Run, *arguments: str) -> Any:
    code, out, err = run("show", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_counters_of_a_scope_are_added_up_over_all_partitions(filled: object, run: Run) -> None:
    assert shown(run, "counters") == {
        "scope": "",
        "reports_total": 20,
        "reports_5m": 6,
        "reports_1h": 8,
        "reports_24h": 9,
        "open": 9,
        "overdue": 7,
    }
    totals = {
        scope: shown(run, "counters", "--scope", scope)["reports_total"]
        for scope in ("99", "990200", GRID_A, GRID_B[:12])
    }
    assert totals == {"99": 20, "990200": 15, GRID_A: 11, GRID_B[:12]: 4}


@pytest.mark.parametrize("scope", ["47", "la311:47", "lincoln HEIGHTS", GRID_A])
def test_a_scope_may_be_the_source_s_own_code_or_name(filled: object, run: Run, scope: str) -> None:
    found = shown(run, "counters", "--scope", scope)
    assert (found["scope"], found["reports_total"]) == (GRID_A, 11)


def test_a_scope_that_names_two_areas_is_refused_with_both(filled: object, run: Run) -> None:
    code, out, err = run("show", "counters", "--scope", "same name")
    assert (code, out) == (2, "")
    assert GRID_B in err
    assert GRID_C in err


def test_a_scope_that_names_nothing_is_wrong_use(filled: object, run: Run) -> None:
    code, _, err = run("show", "cases", "--scope", "Nowhere", "--json")
    assert code == 2
    assert err.count("\n") == 1
    assert "'Nowhere'" in err


def test_a_case_has_the_fields_that_scripts_read(filled: object, run: Run) -> None:
    rows = shown(run, "cases")
    assert [row["source_id"] for row in rows] == ["S0", "S1", "S2"]
    assert rows[1] == {
        "id": rows[1]["id"],
        "feed": "la311",
        "source_id": "S1",
        "grid": GRID_B,
        "area": "47",
        "category": "Other",
        "step": "file",
        "opened_at": "2024-01-01T00:00:00Z",
        "arrived_at": "2024-01-01T00:00:00.001Z",
        "accept_due_at": None,
        "due_at": "2024-01-02T00:00:00Z",
        "closed_at": "2024-01-02T12:53:20.001Z",
        "overdue": True,
        "repeats": 0,
        "revisions": 0,
        "channel": "",
        "lon": None,
        "lat": None,
        "flags": [],
        # Its feed closes it at its source: nobody here works it.
        "level": None,
        "desk": None,
        "version": None,
        "step_due_at": None,
        "paused": False,
        "supervised": False,
        "tracking": None,
    }


def test_overdue_and_scope_choose_cases(filled: object, run: Run) -> None:
    assert [row["source_id"] for row in shown(run, "cases", "--overdue")] == ["S1"]
    assert [row["source_id"] for row in shown(run, "cases", "--scope", "990300")] == ["S2"]


def test_alerts_stand_unacknowledged_first_and_a_silent_feed_belongs_to_its_county(
    filled: object, run: Run
) -> None:
    assert [row["kind"] for row in shown(run, "alerts")] == ["feed_silent", "surge", "overdue"]
    assert [row["kind"] for row in shown(run, "alerts", "--scope", "990200")] == ["surge", "overdue"]
    (surge,) = [row for row in shown(run, "alerts") if row["kind"] == "surge"]
    assert surge["since"] == "2024-01-01T00:00:00Z"


def test_feeds_say_when_their_last_record_came(filled: object, run: Run) -> None:
    (feed,) = shown(run, "feeds")
    assert (feed["feed"], feed["accepted"], feed["last_at"]) == ("la311", 3, "2024-01-01T00:00:00Z")
    assert shown(run, "feeds", "--scope", "990300") == []


@pytest.mark.parametrize("word", ["counters", "cases", "alerts", "feeds"])
def test_without_json_a_person_gets_a_table(filled: object, run: Run, word: str) -> None:
    code, out, err = run("show", word)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) > 2
    assert "{" not in out


def test_sixty_thousand_cases_are_shown_in_seconds(
    filled: object, run: Run, valkey: str, topic_prefix: str
) -> None:
    client = redis.Redis.from_url(valkey)
    rows = {made["id"]: json.dumps(made) for made in (case(number, GRID_A) for number in range(10, 60_010))}
    client.hset(f"{topic_prefix}wf{FOLD_VERSION}:cases:{partition_of(GRID_A)}", mapping=rows)
    client.close()
    begun_s = time.process_time()
    assert len(shown(run, "cases")) == 60_003
    # this process's own time: what else the machine does is not the command's
    assert time.process_time() - begun_s < 6


def test_a_digest_that_nobody_answers_ends_with_3(
    filled: object, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchfloor.commands.digest.ANSWERS_WITHIN_S", 0.2)
    code, out, err = run("digest", "--json")
    assert (code, out) == (3, "")
    assert "No worker answered for reports:0 (20 of 20 partitions)" in err


def test_what_needs_a_broker_says_how_to_mend_that_there_is_none(filled: object, run: Run) -> None:
    for arguments in (("rules", "publish"), ("deadletter", "list"), ("topics", "create")):
        code, out, err = run(*arguments)
        assert (code, out, err.count("\n")) == (3, "", 1)
        assert "No Kafka broker answers at 127.0.0.1:1" in err


def test_a_redis_that_is_gone_is_said_in_one_sentence(
    filled: object, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WATCHFLOOR_REDIS", f"unix://{tmp_path}/none.sock")
    code, _, err = run("show", "counters")
    assert code == 3
    assert err.startswith("Redis does not answer at unix://")


def test_nothing_runs_on_an_empty_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA", "REDIS"):
        monkeypatch.delenv(f"WATCHFLOOR_{name}", raising=False)
    code, out, _ = run("status", "--data", str(tmp_path), "--json")
    assert code == 1
    found = json.loads(out)
    assert {name: found[name] for name in ("kafka", "redis", "gateway", "wall", "processes")} == {
        "kafka": "",
        "redis": "",
        "gateway": "",
        "wall": "",
        "processes": [],
    }
    code, out, err = run("show", "counters", "--data", str(tmp_path), "--json")
    assert (code, out) == (3, "")
    assert "`watchfloor up`" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sho",), "No such command 'sho'"),
        (("show", "cases", "--foo"), "No such option: --foo"),
        (("produce", "x.csv"), "Missing option '--feed'"),
        (("produce", "x.csv", "--feed", "la311", "--speed", "fast"), "--speed fast is no speed"),
        (("produce", "x.csv", "--feed", "la311", "--from", "soon"), "--from soon is no time"),
        (("replay", "--from", "2024-01-02", "--to", "2024-01-01"), "--to must be after --from"),
        (("deadletter", "requeue"), "Name the dead letters"),
        (("up", "--clock", "sun"), "sun"),
    ],
)
def test_wrong_use_ends_with_2_and_a_sentence(
    run: Run, filled: object, arguments: tuple[str, ...], says: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WATCHFLOOR_CLOCK", "moon")
    code, _, err = run("show", "counters", "--data", str(tmp_path))
    assert code == 2
    assert "clock" in err
    assert "Traceback" not in err


def test_a_missing_file_ends_with_3(run: Run, filled: object) -> None:
    code, _, err = run("produce", "nowhere.csv", "--feed", "la311")
    assert code == 3
    assert "nowhere.csv" in err


def test_another_speed_on_the_wall_s_clock_is_refused_before_anything_is_done(
    run: Run, filled: object
) -> None:
    code, _, err = run("produce", "nowhere.csv", "--feed", "la311", "--speed", "max")
    assert code == 1
    assert "--clock feed" in err


def test_every_command_documents_the_exit_codes(run: Run) -> None:
    for arguments in (
        ("--help",),
        ("show", "counters", "--help"),
        ("digest", "--help"),
        ("produce", "--help"),
    ):
        code, out, _ = run(*arguments)
        assert code == 0
        assert "3 something that it needs is not there" in " ".join(out.split())


def test_debug_shows_where_an_error_comes_from(
    run: Run, filled: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFLOOR_DEBUG", "1")
    code, _, err = run("show", "cases", "--scope", "Nowhere")
    assert code == 2
    assert "Traceback" in err
