"""A case's whole way in a real town: village, township, county and back, with clocks that an oracle walks beside.

Dispatchers work in real browsers, a reporter on the tracking page, everybody else on the command line. In the middle of
it the worker, the gateway and the database are killed.
"""

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import absent
from tests.databases import Postgresql, new_database, postgresql_server
from tests.oracles.clock_walk import Event, History, Minutes, Walk, office
from tests.scenarios.running_town import RunningTown
from watchfloor import cli
from watchfloor.exceptions import MissingError

HERE = timezone(timedelta(hours=8))
COUNTY, TOWNSHIP, VILLAGE = "990501", "990501001", "990501001001"
GRID = "990501001001001"
PASSWORD = "correct horse battery"
SLA = """
[default]
accept_h = 4
resolve_h = 72
priority = 3
[categories.road-damage]
accept_h = 2
kind = "working_days"
amount = 5
"""
HOURS = [("08:30", "12:00"), ("14:00", "17:30")]
LABOUR_DAYS: dict[date, list[tuple[str, str]]] = {date(2026, 5, day): [] for day in (1, 4, 5)} | {
    date(2026, 5, 9): HOURS
}
"""Of 2026: three working days off, and a Saturday worked instead."""
STEPS = {
    "file": ("wall_clock", 2 * 60),
    "dispatch": ("working_hours", 4 * 60),
    "handle": ("working_days", 3),
    "feedback": ("working_hours", 4 * 60),
    "verify": ("working_hours", 8 * 60),
}
"""The limits of the shipped flow, in minutes or days, as a person reads them in it."""

TABLE = Minutes(
    office("Asia/Shanghai", [HOURS] * 5 + [[], []], LABOUR_DAYS), date(2026, 4, 20), date(2027, 6, 1)
)


def at(text: str) -> datetime:
    """Read `04-29 09:00`, in the county's own time."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=HERE)


def minute(when: datetime) -> int:
    return int(when.timestamp()) // 60


@dataclass
class Expected:
    """What the clocks of the case must say, walked minute by minute from what happened to it."""

    opened: datetime
    step: str = "file"
    entered: datetime | None = None
    whole: list[Event] = field(default_factory=list)
    visit: list[Event] = field(default_factory=list)
    closed: datetime | None = None

    def enter(self, step: str, when: datetime) -> None:
        self.step, self.entered, self.visit = step, when, []

    def stand(self, what: str, when: datetime) -> None:
        for events in (self.whole, self.visit):
            events.append(Event(at_min=minute(when), what=what))

    def close(self, when: datetime) -> None:
        self.closed, self.step, self.entered = when, "evaluate", None

    def reopen(self, when: datetime) -> None:
        assert self.closed is not None
        self.whole.append(Event(at_min=minute(when), what="reopen", closed_min=minute(self.closed)))
        self.closed = None
        self.enter("dispatch", when)

    def due(self) -> tuple[str | None, str | None]:
        """When the case and its step are due."""
        whole = self._due(self.opened, "working_days", 5, self.whole)
        step = None
        if self.entered is not None and self.step in STEPS:
            kind, amount = STEPS[self.step]
            step = self._due(self.entered, kind, amount, self.visit)
        return whole, step

    @staticmethod
    def _due(start: datetime, kind: str, amount: int, events: list[Event]) -> str | None:
        walk = Walk(TABLE, History(start_min=minute(start), kind=kind, amount=amount, events=tuple(events)))
        for event in events:
            walk.happen(event)
        at_ms = walk.marks()[100]
        return (
            None
            if at_ms is None
            else datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        )


class Front:
    """The command line on the town's folder, in this process, aside from the browser's loop."""

    def __init__(self, town: RunningTown) -> None:
        self._town = town
        self._aside = ThreadPoolExecutor(max_workers=1)

    def run(self, *words: str, typed: str = "", code: int = 0) -> Any:
        got, out, error = self._aside.submit(self._call, words, typed).result(120)
        assert got == code, f"{words} ended with {got}: {out} {error}"
        return json.loads(out) if out else None

    def _call(self, words: tuple[str, ...], typed: str) -> tuple[int, str, str]:
        before, sys.stdin = sys.stdin, io.StringIO(typed)
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()) as out,
                contextlib.redirect_stderr(io.StringIO()) as error,
            ):
                got = cli.run((*words, "--data", str(self._town.data), "--json"))
        finally:
            sys.stdin = before
        return got, out.getvalue(), error.getvalue()


@pytest.fixture(scope="module")
def database() -> Iterator[Postgresql]:
    """A PostgreSQL of this day's own: it is killed."""
    try:
        with postgresql_server() as server:
            yield server
    except MissingError as missing:
        absent(str(missing))


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, kafka: str, valkey: str, database: Postgresql
) -> Iterator[RunningTown]:
    folder = tmp_path_factory.mktemp("day")
    rules = folder / "rules"
    rules.mkdir()
    (rules / "sla.toml").write_text(SLA, encoding="utf-8")
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("WATCHFLOOR_DATABASE", new_database(database.url))
        running = RunningTown(folder / "data", "--clock", "feed", "--no-simulator", "--config", str(rules))
        try:
            yield running
        finally:
            running.stop()


@dataclass
class Day:
    """The day as it goes: time, the case, and what everybody did, for the audit."""

    front: Front
    case: str
    clocks: Expected
    done: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def tick(self, when: str) -> datetime:
        moment = at(when)
        self.front.run("tick", "--to", moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        return moment

    def do(self, who: str, action: str, **given: str) -> None:
        words = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
        said = self.front.run("command", action, "--case", self.case, "--as", who, *words)
        assert said["accepted"], said
        self.done.append((action, who))

    def check(self) -> dict[str, Any]:
        """Compare the case's clocks with the oracle's; return it."""
        (case,) = [one for one in self.front.run("show", "cases") if one["id"] == self.case]
        whole, step = self.clocks.due()
        assert (case["step"], case["step_due_at"]) == (self.clocks.step, step)
        if self.clocks.closed is None:
            assert case["due_at"] == whole
        return dict(case)


ACCOUNTS = (
    ("village desk", "clerk", VILLAGE, ""),
    ("village dispatch", "dispatcher", VILLAGE, ""),
    ("township dispatch", "dispatcher", TOWNSHIP, ""),
    ("county one", "dispatcher", COUNTY, ""),
    ("county two", "dispatcher", COUNTY, ""),
    ("roads crew", "handling_unit", COUNTY, "roads"),
    ("verification", "verifier", COUNTY, ""),
    ("supervision", "supervisor", COUNTY[:4], ""),
)


@pytest.fixture(scope="module")
def day(town: RunningTown) -> Day:
    """The morning: areas, accounts, and one report."""
    front = Front(town)
    folder = town.data.parent
    (folder / "areas.csv").write_text("code,name\nN,North Lane\nS,South Lane\n", encoding="utf-8")
    front.run(
        "areas", "import", str(folder / "areas.csv"), "--set", "simulator", "--county", COUNTY,
        "--code", "code", "--name", "name",
    )  # fmt: skip
    opened = at("04-29 09:00")
    row = {
        "id": "1",
        "t": opened.isoformat(),
        "opened": opened.isoformat(),
        "category": "road-damage",
        "grid": "N",
    }
    (folder / "reports.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    front.run("produce", str(folder / "reports.jsonl"), "--feed", "grid-reports", "--speed", "max", "--wait")
    for name, role, scope, team in ACCOUNTS:
        more = ("--team", team) if team else ()
        front.run("user", "add", name, "--role", role, "--scope", scope, *more, typed=f"{PASSWORD}\n")
    departments = folder / "departments.csv"
    departments.write_text(
        f"department,name,name_zh,category,area,from,to\nroads,Roads,道路,road-damage,{COUNTY},,\n",
        encoding="utf-8",
    )
    front.run("roster", "import", str(departments), "--kind", "departments", "--zone", "Asia/Shanghai")
    (case,) = front.run("show", "cases")
    assert (case["grid"], case["desk"], case["level"]) == (GRID, VILLAGE, "village")
    return Day(front=front, case=case["id"], clocks=Expected(opened=opened, entered=opened))


@pytest.fixture(scope="module")
def desks(town: RunningTown, browser: Browser, day: Day) -> Iterator[tuple[Page, Page]]:
    """Two dispatchers of the county before their own screens, each signed in by name and password."""
    pages = []
    contexts = [browser.new_context(viewport={"width": 1920, "height": 1080}) for _ in range(2)]
    for context, name in zip(contexts, ("county one", "county two"), strict=True):
        page = context.new_page()
        page.goto(town.wall.replace("/wall", "/login?next=/dispatch&lang=en"))
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector("#queue-grid [row-id]")
        page.wait_for_function("() => wf.fresh.state === 'live'", timeout=30_000)
        pages.append(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def chosen(page: Page, case: str) -> None:
    """Go to the case's row by keyboard, as it stands there now."""
    page.keyboard.press("Escape")
    page.wait_for_selector(f'#queue-grid [row-id="{case}"]')
    while page.evaluate("() => wf.desk.current") != case:
        page.keyboard.press("j")


def settled(page: Page, version: int) -> None:
    """Wait until the desk shows the case as it is now."""
    page.wait_for_function(
        "version => { const one = wf.desk.item(wf.desk.current); return one && one.version === version; }",
        arg=version,
        timeout=30_000,
    )


def said(page: Page) -> Locator:
    return page.locator(".toast").last


def test_it_goes_up_from_the_village_to_the_county_also_when_the_worker_is_killed(
    town: RunningTown, day: Day
) -> None:
    clocks = day.clocks
    day.check()
    day.tick("04-29 09:30")
    day.do("village desk", "accept")
    clocks.enter("dispatch", at("04-29 09:30"))
    day.check()

    now = day.tick("04-29 10:00")
    day.do("village dispatch", "hand_up", reason="beyond the village")
    clocks.enter("dispatch", now)
    assert day.check()["level"] == "township"
    town.kill("worker")

    now = day.tick("04-29 11:00")
    day.do("township dispatch", "hand_up", reason="beyond the township")
    clocks.enter("dispatch", now)
    assert day.check()["level"] == "county"


def test_it_is_assigned_with_three_keys_and_the_slower_desk_reads_who_was_faster(
    day: Day, desks: tuple[Page, Page]
) -> None:
    one, two = desks
    now = day.tick("04-29 11:10")
    at_county = day.check()
    for page in desks:
        chosen(page, day.case)
        settled(page, at_county["version"])
        page.keyboard.press("g")
        page.wait_for_selector("#dialog[open]")
    one.keyboard.press("Enter")
    expect(said(one)).to_contain_text("Assign")
    day.done.append(("assign", "county one"))
    day.clocks.enter("handle", now)
    assigned = day.check()
    assert assigned["assignee"] == "roads"
    two.keyboard.press("Enter")
    lost = two.locator(".toast[data-state=failed]")
    expect(lost).to_contain_text("county one was faster: Assign")
    day.refused.append(("assign", "county two"))
    assert day.check()["version"] == assigned["version"], "the slower desk changed nothing"


def test_it_is_returned_and_assigned_again_when_the_gateway_was_killed(
    town: RunningTown, day: Day, desks: tuple[Page, Page]
) -> None:
    one, clocks = desks[0], day.clocks
    day.tick("04-29 11:20")
    day.do("roads crew", "receive")
    now = day.tick("04-29 15:00")
    day.do("roads crew", "send_back", reason="not a road of ours")
    clocks.enter("dispatch", now)
    returned = day.check()
    town.kill("gateway")

    now = day.tick("04-29 15:30")
    one.wait_for_function("() => wf.fresh.state === 'live' && !wf.desk.off()", timeout=30_000)
    chosen(one, day.case)
    settled(one, returned["version"])
    one.keyboard.press("g")
    one.wait_for_selector("#dialog[open]")
    one.keyboard.press("Enter")
    settled(one, returned["version"] + 1)
    day.done.append(("assign", "county one"))
    clocks.enter("handle", now)
    day.check()

    day.tick("04-29 15:40")
    day.do("roads crew", "receive")


def test_it_is_parked_and_goes_on_when_the_database_was_killed(
    day: Day, desks: tuple[Page, Page], database: Postgresql
) -> None:
    one, clocks = desks[0], day.clocks
    now = day.tick("04-30 10:00")
    chosen(one, day.case)
    one.keyboard.press("p")
    one.wait_for_selector("#dialog[open]")
    one.keyboard.type("waiting for material")
    one.keyboard.press("Enter")
    one.wait_for_function("() => wf.desk.item(wf.desk.current).paused")
    day.done.append(("park", "county one"))
    clocks.stand("pause", now)
    assert day.check()["paused"]

    now = day.tick("05-06 09:00")
    database.kill()
    refused = day.front.run("command", "resume", "--case", day.case, "--as", "county one", code=3)
    assert refused is None, "without the database nobody is known, and nothing is done"
    database.start()
    day.do("county one", "resume")
    clocks.stand("resume", now)
    day.check()


def test_it_is_closed_and_taken_up_again_when_its_reporter_says_not_settled(
    town: RunningTown, day: Day, browser: Browser
) -> None:
    clocks = day.clocks
    now = day.tick("05-07 11:00")
    day.do("roads crew", "done", text="filled", photo="photo-1")
    clocks.enter("feedback", now)
    day.check()
    now = day.tick("05-07 15:00")
    day.do("county one", "feed_back", text="filled and rolled, call 13812345678")
    clocks.enter("verify", now)
    day.check()
    now = day.tick("05-08 09:00")
    day.do("verification", "close", code="settled", photo="photo-2")
    clocks.close(now)
    closed = day.check()

    now = day.tick("05-08 10:00")
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(town.wall.replace("/wall", f"/track/{closed['tracking']}?lang=en"))
    expect(phone.locator("main")).to_contain_text("filled and rolled, call ***")
    phone.get_by_role("button", name="No", exact=False).click()
    expect(phone.locator("main")).to_contain_text(re.compile("taken up again", re.IGNORECASE))
    phone.close()
    day.done.append(("not_settled", "reporter"))
    clocks.reopen(now)
    day.check()


def test_it_is_closed_in_the_second_round_with_the_supervisors_word(day: Day) -> None:
    clocks = day.clocks
    now = day.tick("05-08 10:30")
    day.do("county two", "assign", assignee="roads")
    clocks.enter("handle", now)
    day.check()
    day.tick("05-08 10:40")
    day.do("roads crew", "receive")
    now = day.tick("05-09 09:00")  # a Saturday on which everybody works
    day.do("roads crew", "done", text="done again", photo="photo-3")
    clocks.enter("feedback", now)
    day.check()
    now = day.tick("05-09 10:00")
    day.do("county two", "feed_back", text="it holds now")
    clocks.enter("verify", now)
    day.check()
    now = day.tick("05-09 11:00")
    assert day.check()["supervised"], "what was not settled is supervised, by the flow's own rule"
    day.do("supervision", "agree")
    day.do("verification", "close", code="settled", photo="photo-4")
    clocks.close(now)
    assert day.check()["round"] == 2


def test_the_audit_tells_the_same_story(day: Day) -> None:
    names = {one["account"]: one["name"] for one in day.front.run("user", "list")}
    lines = [
        line
        for line in day.front.run("audit", "show", "--case", day.case)
        if line["account"] not in {"clock", "rules", "gateway"}
    ]
    told = [
        (line["action"], names.get(line["account"], line["account"]))
        for line in lines
        if line["outcome"] == "accepted" and line["action"] not in {"claim", "release"}
    ]
    assert told == day.done
    assert [
        (line["action"], names[line["account"]], line["reason"])
        for line in lines
        if line["outcome"] == "refused"
    ] == [(*one, "stale") for one in day.refused]
    assert len({line["command"] for line in lines}) == len(lines), "each command once"
    verified = day.front.run("audit", "verify")
    assert verified["ok"], verified["first_bad"]


def test_what_was_folded_is_what_the_journal_says(day: Day) -> None:
    proof = day.front.run("digest", "--refold")
    assert proof["live"] == proof["state"]
