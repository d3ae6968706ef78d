"""Who is on duty, over HTTP: for whoever has to do with cases there, by name and without a number."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.accounts import Accounts
from config.people import People
from config.rules import RuleStore, gather
from dashboard.answers.duty import DutyBoard
from dashboard.answers.names import Names
from dashboard.entry.door import Keeper
from dashboard.entry.sign_ins import SignIns
from dashboard.handover.answers import staff_of
from domain.duty.roster_file import DutyRow, RosterFile
from domain.rules import Rules
from tests.browser import town
from tests.browser.wall_server import serving
from tests.dashboard.entry.test_door import PASSWORD, SECRET, ask, cookie
from tests.domain.duty.test_roster import COUNTY, DAY, GRID, NIGHT, OFFICE, SHANGHAI, at

OTHER = GRID[:-3] + "002"
NOON = at("2026-03-02T12:30")


class Place:
    """A dashboard of a county with two grids and one worker for both."""

    def __init__(self, wall: str, accounts: Accounts, ids: dict[str, str], rules: Rules) -> None:
        self.wall, self.accounts, self.ids, self.rules = wall, accounts, ids, rules
        self._signed_in: dict[tuple[str, str], str] = {}

    def ask(self, scope: str, role: str = "dispatcher", over: str = COUNTY) -> tuple[int, Any]:
        if (role, over) not in self._signed_in:
            name = f"{role} of {over}"
            self.accounts.give(self.accounts.add(name, PASSWORD, now_ms=1), role, over)
            _, headers, _ = ask(self.wall, "/signin", {"name": name, "password": PASSWORD})
            self._signed_in[role, over] = cookie(headers)
        status, _, said = ask(self.wall, f"/duty?scope={scope}", cookies=self._signed_in[role, over])
        return status, said


@pytest.fixture
def place(tmp_path: Path, valkey: str, topic_prefix: str) -> Iterator[Place]:
    url = f"sqlite:///{tmp_path / 'accounts.sqlite3'}"
    with Accounts(url) as accounts, People(url) as people:
        ids = people.ids(["k1", "k2"])
        people.put([("k1", "某某甲", "13800138000"), ("k2", "某某乙", "")])
        roster = RosterFile(
            county=COUNTY, zone="Asia/Shanghai", offsets=SHANGHAI, shifts=[DAY, NIGHT, OFFICE],
            duty=[DutyRow(GRID, 0, ids["k1"], ids["k2"]), DutyRow(OTHER, 0, ids["k1"], ids["k2"])], departments=[],
        )  # fmt: skip
        areas = [
            {"code": code, "source": code, "name": code, "geometry": None, "parent": ""}
            for code in (GRID, OTHER)
        ]
        store = RuleStore((tmp_path / "rules").as_posix())
        hash_ = store.put(
            gather(None, None)
            | {
                f"roster/{COUNTY}.json": msgspec.json.encode(roster),
                "areas/town.json": msgspec.json.encode({"set": "town", "county": COUNTY, "areas": areas}),
            }
        )

        async def in_force() -> tuple[str, int]:
            return hash_, NOON

        board = DutyBoard(in_force, store, Names(accounts, lambda: people))
        keeper = Keeper(accounts, SignIns(valkey, topic_prefix), SECRET, may_be_open=True)
        around = town.surroundings(tmp_path / "other", town.Gateway())
        with serving(dataclasses.replace(around, keeper=keeper, duty=board)) as wall:
            yield Place(wall, accounts, ids, store.rules_of(hash_))


def test_each_worker_on_duty_is_told_once_with_their_name_and_areas(place: Place) -> None:
    status, said = place.ask(COUNTY)
    assert (status, said["total"], said["at_ms"]) == (200, 1, NOON)
    (one,) = said["duty"]
    assert (one["worker"], one["name"], one["areas"]) == (place.ids["k1"], "某某甲", [GRID, OTHER])
    assert (one["stand_in_name"], one["until_ms"]) == ("某某乙", at("2026-03-02T20:00"))
    assert "13800138000" not in str(said)


def test_one_without_a_role_there_is_told_nothing(place: Place) -> None:
    assert place.ask(COUNTY, over="990100")[0] == 403
    assert ask(place.wall, f"/duty?scope={COUNTY}")[0] == 401


def test_a_province_is_told_nobody_and_what_is_no_code_is_refused(place: Place) -> None:
    assert place.ask("99", over="")[1]["duty"] == []
    assert place.ask("99050", over="")[0] == 400


def test_a_handover_has_everybody_on_post_below_the_desk_by_the_area_whose_roster_says_so(
    place: Place,
) -> None:
    until_ms = at("2026-03-02T20:00")
    who = {"worker": place.ids["k1"], "stand_in": place.ids["k2"], "until_ms": until_ms}
    both = [{"place": GRID, **who}, {"place": OTHER, **who}]
    assert staff_of(place.rules, COUNTY, NOON) == staff_of(place.rules, GRID[:9], NOON) == both
    assert staff_of(place.rules, GRID, NOON) == both[:1]
    assert (
        staff_of(place.rules, COUNTY, at("2026-03-02T23:00")) == staff_of(place.rules, COUNTY[:4], NOON) == []
    )
