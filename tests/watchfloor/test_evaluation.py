"""`watchfloor show evaluation` over a real broker, with what is archived and what is not yet."""

import csv
import io
import time
from typing import Any

from config.settings import Settings
from tests.streams.town import Worker
from tests.watchfloor.conftest import Run

JANUARY = ("--from", "2026-01-01", "--to", "2026-02-01")


def test_what_desks_did_is_counted_before_and_after_it_is_archived(
    town: Settings, run: Run, case: dict[str, Any], typed: None
) -> None:
    run("user", "add", "front desk", "--role", "clerk", "--scope", "990599", "--json")
    for action, more in (("accept", ()), ("return", ("--set", "reason=unclear"))):
        code, said, error = run(
            *("command", action, "--case", case["id"], "--as", "front desk", "--json"), *more
        )
        assert (code, said["accepted"]) == (0, True), error
    asked = ("show", "evaluation", *JANUARY, "--scope", "990599", "--by", "desk")
    code, found, error = run(*asked, "--json")
    assert code == 0, error
    assert (found["from"], found["to"]) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    (row,) = found["rows"]
    assert (row["code"], row["accepted"], row["filed"], row["returned"], row["closed"]) == (
        "990599000000", 2, 1, 1, 0,
    )  # fmt: skip
    assert row["close_rate"] | {"low": 0, "high": 0} == {
        "hits": 0, "of": 2, "rate": 0.0, "low": 0, "high": 0,
    }  # fmt: skip
    assert list(row["steps"]) == ["file", "dispatch"]

    until_s = time.monotonic() + 30
    while not list((town.data / "archive" / town.topic("passages")).rglob("*.parquet")):
        assert time.monotonic() < until_s
        archive = Worker(town, "streams.archive", {})
        time.sleep(2)
        archive.end()  # what waits is written at its end
    assert run(*asked, "--json")[1] == found
    lines = list(csv.DictReader(io.StringIO(run(*asked, "--csv")[1])))
    assert [(line["code"], line["accepted"], line["close_rate_of"]) for line in lines] == [
        ("990599000000", "2", "2"), ("total", "2", "2"),
    ]  # fmt: skip
    code, text, _ = run(*asked)
    assert (code, "0.00%" in text) == (0, True)


def test_a_period_or_a_view_that_cannot_be_meant_is_wrong_use(run: Run) -> None:
    assert run("show", "evaluation", "--from", "2026-02-01", "--to", "2026-01-01")[0] == 2
    assert run("show", "evaluation", *JANUARY, "--by", "person")[0] == 2
