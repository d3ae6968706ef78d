"""What a desk sees of persons: in its jurisdiction, as its roles and the purpose say, and each look in the log."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.accounts import Accounts
from config.vault import Vault
from dashboard.answers.private import Desk
from dashboard.entry.door import Keeper
from dashboard.entry.sign_ins import SignIns
from domain.evaluation.passages import Passage
from domain.privacy.sights import SIGHTS
from tests.browser import town
from tests.browser.wall_server import serving
from tests.dashboard.entry.test_door import PASSWORD, SECRET, ask, cookie

CASE = "03-000000001a"
PERSON = {
    "reporter": "某某甲",
    "phone": "13800138000",
    "account": "wx_some_88",
    "text": "灯坏了，打13800138000",
}
REASON = "某某甲说不对，电话13800138000"

LEFT = Passage(
    effect="e", kind="closed", t_ms=90, case="05-0000000002", feed="desk", round=1, visit=3, step="closed", level="village",
    desk="990100001", team="team a", grid="990100001002003", category="lamp", arrived_ms=1, start_ms=1, end_ms=80,
    outcome="settled",
)  # fmt: skip


class Place:
    """A dashboard over a vault with one case in it."""

    def __init__(self, wall: str, vault: Vault, accounts: Accounts, case: dict[str, Any]) -> None:
        self.wall, self.vault, self.accounts, self.case = wall, vault, accounts, case

    def sign_in(self, name: str, *rights: tuple[str, str, str]) -> str:
        account = self.accounts.add(name, PASSWORD, now_ms=1)
        for role, scope, team in rights:
            self.accounts.give(account, role, scope, team)
        status, headers, _ = ask(self.wall, "/signin", {"name": name, "password": PASSWORD})
        assert status == 200
        return cookie(headers)

    def look(self, who: str, purpose: str = "call_back", case: str = CASE) -> tuple[int, Any]:
        status, _, said = ask(self.wall, "/private", {"case": case, "purpose": purpose}, cookies=who)
        return status, said


@pytest.fixture
def place(tmp_path: Path, valkey: str, topic_prefix: str) -> Iterator[Place]:
    url = f"sqlite:///{tmp_path / 'accounts.sqlite3'}"
    with Vault(url) as vault, Accounts(url) as accounts:
        (private,) = vault.seal_reports([("r-" + "a" * 32, msgspec.json.encode(PERSON))])
        reason = vault.seal_text(f"c-{CASE}", REASON)
        case = {
            "id": CASE, "grid": "990100001002003", "assignee": "team a", "tasks": [{"team": "team b", "done": False}],
            "private": [private],
            "story": [
                {"n": "3:1a", "action": "opened", "given": {}},
                {"n": "3:1b", "action": "return", "given": {"reason": reason, "code": "x", "parts": [reason]}},
            ],
        }  # fmt: skip

        async def case_of(name: str) -> dict[str, Any] | None:
            return case if name == CASE else None

        def closing_of(name: str) -> Passage | None:
            return LEFT if name == LEFT.case else None

        keeper = Keeper(accounts, SignIns(valkey, topic_prefix), SECRET, may_be_open=True)
        around = town.surroundings(tmp_path / "rules", town.Gateway())
        desk = Desk(vault, accounts, case_of, closing_of, lambda: 7)
        with serving(dataclasses.replace(around, keeper=keeper, private=desk)) as wall:
            yield Place(wall, vault, accounts, case)


def test_each_role_sees_what_the_table_says_and_each_look_is_logged(place: Place) -> None:
    scope = "990100"
    looks = 0
    who = place.sign_in("somebody")
    account = place.accounts.named("somebody").id
    for role in SIGHTS:
        team = "team a" if role in {"handling_unit", "grid_worker"} else ""
        place.accounts.give(account, role, scope, team)
        status, said = place.look(who)
        place.accounts.give(account, role, scope, team, given=False)
        if role in {"ops", "administrator"}:
            assert (status, "nothing" in said["error"]) == (403, True)
            continue
        looks += 1
        assert status == 200, said
        (report,) = said["reports"]
        assert set(report) == {field for field, sight in SIGHTS[role].items() if sight != "none"}
        for field, shown in report.items():
            assert (shown == PERSON[field]) == (SIGHTS[role][field] == "whole"), (role, field)
        assert said["texts"]["3:1b"]["parts"] == [said["texts"]["3:1b"]["reason"]]
        assert (said["texts"]["3:1b"]["reason"] == REASON) == (SIGHTS[role]["text"] == "whole")
        if SIGHTS[role]["phone"] != "whole" and SIGHTS[role]["text"] != "whole":
            assert "13800138000" not in str(said)
    views = place.vault.views(CASE)
    assert [(view.purpose, view.at_ms) for view in views] == [("call_back", 7)] * looks
    assert views[0].fields == ["phone", "reporter", "text"]
    assert {view.account for view in views} == {account}


def test_a_number_is_whole_only_where_somebody_is_to_be_reached(place: Place) -> None:
    who = place.sign_in("v", ("verifier", "99", ""))
    assert place.look(who, "call_back")[1]["reports"][0]["phone"] == "13800138000"
    assert place.look(who, "complaint")[1]["reports"][0]["phone"] == "138****8000"
    assert place.look(who, "curiosity")[0] == 400
    assert len(place.vault.views()) == 2


def test_outside_the_jurisdiction_there_is_no_such_case_and_of_a_unit_only_its_own(place: Place) -> None:
    rights = [("clerk", "110000", ""), ("handling_unit", "990100", "team c"), ("grid_worker", "990100", "")]
    who = place.sign_in("somebody", *rights)
    status, said = place.look(who)
    assert (status, "no such case" in said["error"]) == (404, True)
    account = place.accounts.named("somebody").id
    place.accounts.give(account, "handling_unit", "990100", "team b")
    assert place.look(who)[0] == 200, "its team has a task of the case"
    assert place.look(who, case="04-0000000001")[0] == 404
    place.accounts.give(account, "handling_unit", "990100", "team b", given=False)
    assert place.look(who)[0] == 404
    assert len(place.vault.views()) == 1


def test_without_a_sign_in_nothing_is_shown(place: Place) -> None:
    assert place.look("")[0] == 403, "while nobody has an account the wall is open, and this is not"
    place.sign_in("x", ("clerk", "99", ""))
    assert place.look("")[0] == 401


def test_what_is_erased_is_said_and_not_shown(place: Place) -> None:
    who = place.sign_in("c", ("clerk", "99", ""))
    place.vault.erase(CASE, ["r-" + "a" * 32], at_ms=1)
    status, said = place.look(who)
    assert (status, said["reports"], said["texts"], said["erased"]) == (200, [], {}, True)
    assert place.vault.views() == []


def test_of_a_case_that_has_left_the_state_it_is_said_when_and_how_it_was_closed_and_how_long_its_keys_are_kept(
    place: Place,
) -> None:
    who = place.sign_in("c", ("clerk", "9901", ""))
    place.vault.seal_text(f"c-{LEFT.case}", REASON)
    place.vault.retire(LEFT.case, [], erase_ms=500)
    status, said = place.look(who, case=LEFT.case)
    assert (status, "kept for a while" in said.pop("error")) == (410, True)
    assert said == {
        "closed_ms": 80,
        "outcome": "settled",
        "merged_into": "",
        "erased": False,
        "erase_ms": 500,
    }
    place.vault.erase_due(500)
    status, said = place.look(who, case=LEFT.case)
    assert (status, said["erased"], said["erase_ms"], "is erased" in said["error"]) == (410, True, None, True)
    assert place.look(place.sign_in("t", ("handling_unit", "99", "team a")), case=LEFT.case)[0] == 410
    assert place.look(place.sign_in("u", ("handling_unit", "99", "team b")), case=LEFT.case)[0] == 404
    assert place.look(place.sign_in("o", ("clerk", "11", "")), case=LEFT.case)[0] == 404, (
        "not even that there was one"
    )
    assert place.look(place.sign_in("s", ("ops", "99", "")), case=LEFT.case)[0] == 403
    assert place.look(who, case="../../etc")[0] == 404
    assert place.vault.views() == []
