"""The commands that send and prove, over a real broker, a real Valkey and a real worker with the feed's clock."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from tests.streams.town import ROOT
from tests.watchfloor.conftest import Run
from watchfloor import rules_publish, topic_access, waiting
from watchfloor.commands.sending import holding_lane
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.read_models import ReadModels
from watchfloor.topics import create_topics

HEADER = "SRNumber,CreatedDate,ServiceDate,ClosedDate,RequestType,Latitude,Longitude,RequestSource,Owner,Address,ZipCode\n"
AREAS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"nc_id": code, "name": f"COUNCIL {code}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[west, 34.0], [west + 0.1, 34.0], [west + 0.1, 34.1], [west, 34.1], [west, 34.0]]
                ],
            },
        }
        for code, west in ((7, -118.3), (47, -118.2))
    ],
}


def row(number: int, lon: str = "-118.15", closed: str = "01/04/2018 08:00:00 AM", day: int = 1) -> str:
    opened = f"01/{day:02d}/2018 10:00:{number % 60:02d} AM"
    return f"{number},{opened},01/03/2018 12:00:00 AM,{closed},Other,34.05,{lon},Call,X,,\n"


@pytest.fixture
def recorded_rows(tmp_path: Path) -> Path:
    """Three rows beside their areas: one in each council, one outside both; the first closes too late."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    (folder / "nc-boundary-2019-modified.json").write_text(json.dumps(AREAS), encoding="utf-8")
    file = folder / "rows.csv"
    early = "01/02/2018 08:00:00 AM"
    file.write_text(HEADER + row(1) + row(2, "-118.25", early) + row(3, "-117.0", ""), encoding="utf-8")
    return file


def test_what_is_produced_is_folded_counted_and_proved(town: Settings, run: Run, recorded_rows: Path) -> None:
    send = ("produce", str(recorded_rows), "--feed", "la311", "--speed", "max", "--wait", "--json")
    code, done, err = run(*send)
    assert code == 0, err
    seconds = done.pop("seconds")
    assert seconds > 0
    assert done == {
        "rows": 3, "sent": 5, "accepted": 3, "revised": 2, "repeated": 0, "refused": 0, "unplaced": 1,
    }  # fmt: skip
    _, counters, _ = run("show", "counters", "--scope", "47", "--json")
    assert (counters["reports_total"], counters["open"], counters["overdue"]) == (1, 0, 0)
    _, overdue, _ = run("show", "cases", "--overdue", "--json")
    assert [(one["source_id"], one["area"], one["due_at"]) for one in overdue] == [
        ("1", "47", "2018-01-04T08:00:00Z"),
        ("3", "", "2018-01-04T08:00:00Z"),
    ]

    code, live, _ = run("digest", "--json")
    assert code == 0
    assert list(live) == ["lanes", "journal", "fold_version", "rules", "state"]
    code, again, err = run("digest", "--refold", "--json")
    assert code == 0, err
    assert again["state"] == again["live"] == live["state"]
    ends = topic_access.end_offsets(town, "journal", 16)
    assert again["messages"] == sum(ends.values()) + sum(
        topic_access.end_offsets(town, "reports", 4).values()
    )

    # the same file again lies before the journal's clock: nothing is sent
    code, _, err = run(*send)
    assert code == 1
    assert "--from 2018-01-04T16:00:00Z" in err
    assert topic_access.end_offsets(town, "journal", 16) == ends


def test_a_replay_prints_one_address_and_leaves_nothing_behind(
    town: Settings, run: Run, recorded_rows: Path
) -> None:
    assert run("produce", str(recorded_rows), "--feed", "la311", "--speed", "max", "--wait")[0] == 0
    live = run("digest", "--json")[1]
    kept = _replay("--keep")
    with ReadModels(town, kept) as models:
        # before the end of 2 January both late closings are still to come
        assert sum(one["closed_ms"] is None for one in models.cases()) == 2
        models.remove_replay()
    with ReadModels(town, _replay()) as models:
        assert models.positions() == {}
    assert run("digest", "--json")[1] == live


def _replay(*options: str) -> str:
    """Run a replay up to the end of 2 January 2018 as a process of its own, and return its id."""
    window = ("--from", "2018-01-01", "--to", "2018-01-03", "--speed", "max")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "watchfloor", "replay", *window, *options],
        capture_output=True, text=True, timeout=120, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "/wall?replay=" in done.stdout
    assert done.stdout.count("\n") == 1
    return done.stdout.strip().rpartition("=")[2]


def test_a_dead_letter_sent_again_twice_counts_once(town: Settings, run: Run, recorded_rows: Path) -> None:
    own = town.data.parent / "own"
    (own / "feeds").mkdir(parents=True)
    assert run("rules", "publish")[0] == 0
    report = b'{"type":"report","feed":"newcomer","id":"N-1","t_ms":1515000000000,"category":"Noise"}'
    sent = topic_access.send(town, "reports", [(0, report), (0, b"{not json")])
    with ReadModels(town) as models:
        waiting.wait_for_reports(town, models, sent)
    code, letters, _ = run("deadletter", "list", "--json")
    assert code == 0
    assert [one["reason"] for one in letters] == ["unknown_feed", "malformed"]
    _, letter, _ = run("deadletter", "show", letters[0]["id"], "--json")
    assert letter["original"].encode() == report

    # the feed's file is written, and the letter judged anew under it
    toml = 'title = {en = "New", zh = "新"}\ncounty = "990700"\nzone = "UTC"\npublic = true\n[place]\nby = "name"\n'
    (own / "feeds" / "newcomer.toml").write_text(toml, encoding="utf-8")
    code, published, err = run("rules", "publish", "--config", str(own), "--json")
    assert code == 0, err
    for _ in range(2):
        code, done, _ = run("deadletter", "requeue", letters[0]["id"], "--json")
        assert (code, done) == (0, {"requeued": [letters[0]["id"]], "left": {}})
    with ReadModels(town) as models:
        last = topic_access.end_offsets(town, "reports", 4)[0] - 1
        waiting.wait_for_reports(town, models, {0: last})
        feed = models.feeds()["newcomer"]
    assert (feed["accepted"], feed["repeated"], feed["refused"]) == (1, 0, 0)
    code, found, _ = run("rules", "show", "--config", str(own), "--json")
    assert code == 0
    assert set(found["in_force"].values()) == {published["rules"]}
    code, _, err = run("deadletter", "requeue", "9-9")
    assert code == 1
    assert "deadletter list" in err


def test_a_simulated_run_is_folded_and_counted(town: Settings, run: Run, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    code, done, err = run(
        *("simulate", "--grids", "60", "--events", "300", "--seed", "3", "--speed", "max"),
        *("--truth", str(truth), "--wait", "--json"),
    )
    assert code == 0, err
    assert (done["rows"], done["sent"], done["refused"]) == (300, 300, 0)
    assert done["accepted"] + done["revised"] + done["repeated"] + done["refused"] == 300
    _, counters, _ = run("show", "counters", "--scope", "9905", "--json")
    assert counters["reports_total"] == done["accepted"]
    assert json.loads(truth.read_bytes())["seed"] == 3


def test_rule_files_with_mistakes_are_refused_all_at_once_and_nothing_is_published(
    town: Settings, run: Run, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    (own / "feeds").mkdir(parents=True)
    (own / "sla.toml").write_text("[default]\naccept_h = -1\nresolve_h = 72\n", encoding="utf-8")
    (own / "feeds" / "bad.toml").write_text('title = {en = "A", zh = "甲"}\ncounty = "1"\n', encoding="utf-8")
    before = topic_access.end_offsets(town, "journal", 16)
    code, _, err = run("rules", "publish", "--config", str(own))
    assert code == 1
    assert "sla.toml" in err
    assert "feeds/bad.toml" in err
    assert topic_access.end_offsets(town, "journal", 16) == before


def test_a_rule_set_in_force_is_not_published_again_and_one_that_was_overtaken_tries_anew(
    town: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rules_publish.publish_rules(town)
    ends = topic_access.end_offsets(town, "journal", 16)
    assert rules_publish.publish_rules(town) == first
    assert topic_access.end_offsets(town, "journal", 16) == ends

    own = tmp_path / "own"
    own.mkdir()
    (own / "categories.toml").write_text('Other = {en = "Else", zh = "其他"}\n', encoding="utf-8")
    changed = town.model_copy(update={"config_dir": own})
    real, stale = rules_publish.in_force, [{f"journal:{p}": "somebody else's" for p in range(16)}]

    def overtaken(*arguments: Any, **options: Any) -> dict[str, str]:
        return stale.pop() if stale else real(*arguments, **options)

    monkeypatch.setattr(rules_publish, "in_force", overtaken)
    second = rules_publish.publish_rules(changed)
    assert second != first
    with ReadModels(town) as models:
        assert {one["rules"] for one in models.partitions().values()} == {second}


def test_one_producer_at_a_time_with_the_feed_s_clock(town: Settings, run: Run, recorded_rows: Path) -> None:
    with holding_lane(town):
        code, _, err = run("produce", str(recorded_rows), "--feed", "la311", "--speed", "max")
        assert code == 1
        assert "Another producer" in err
        with pytest.raises(RefusedError), holding_lane(town):
            pytest.fail("held twice")


def test_without_a_worker_waiting_ends_with_3_and_names_what_is_behind(
    kafka: str, valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = Settings(kafka=kafka, redis=valkey, prefix=topic_prefix, data=tmp_path)
    create_topics(settings)
    with pytest.raises(MissingError, match=r"journal:0 \(and 19 more\) is still behind"):
        rules_publish.publish_rules(settings, quiet_s=0.5)
