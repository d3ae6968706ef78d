"""`watchfloor show evaluation` over a real broker, with what is archived and what is not yet."""

import asyncio
import csv
import io
import time
from datetime import datetime
from typing import Any

from config.accounts import accounts_of
from config.passages import PassageArchive
from config.people import People
from config.settings import Settings
from config.sql import database_of
from dashboard.answers.evaluations import Evaluations
from dashboard.gateway.redis_reader import RedisReader, key_prefix
from domain.evaluation import table as evaluation_table
from domain.evaluation.case_record import Period
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
    assert asyncio.run(on_the_page(town, found)) == found["whole"]
    lines = list(csv.DictReader(io.StringIO(run(*asked, "--csv")[1])))
    assert [(line["code"], line["accepted"], line["close_rate_of"]) for line in lines] == [
        ("990599000000", "2", "2"), ("total", "2", "2"),
    ]  # fmt: skip
    code, text, _ = run(*asked)
    assert (code, "0.00%" in text) == (0, True)


async def on_the_page(town: Settings, found: dict[str, Any]) -> dict[str, Any]:
    """What the page has of the same period, with no broker at all."""
    reader = RedisReader(town.redis, key_prefix(town.prefix))
    people = People(database_of(town))
    try:
        with accounts_of(town) as accounts:
            page = Evaluations(reader, PassageArchive.of(town), accounts, people, town.team_min_size)
            assert await page.clock_ms() > 0
            period = Period(instant(found["from"]), instant(found["to"]))
            counted = await page.found(("990599", period, "desk"), found["whole"]["steps"])
            assert await page.found(("990599", period, "desk"), ()) is counted, "kept for a moment"
    finally:
        people.close()
        await reader.aclose()
    shown: dict[str, Any] = evaluation_table.plain(counted, {}, 5)["whole"]
    return shown


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_period_or_a_view_that_cannot_be_meant_is_wrong_use(run: Run) -> None:
    assert run("show", "evaluation", "--from", "2026-02-01", "--to", "2026-01-01")[0] == 2
    assert run("show", "evaluation", *JANUARY, "--by", "person")[0] == 2
