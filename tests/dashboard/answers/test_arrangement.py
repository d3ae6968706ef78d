"""How a desk is arranged goes with the account; what a desk's people share is theirs, and nobody else's."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.arrangements import Arrangements
from dashboard.entry.door import EVERYBODY, Who
from tests.browser import town
from tests.browser.wall_server import serving
from tests.dashboard.entry.test_door import ask

DESK, OTHER = "990100", "990101"
VIEW = {"name": "Lamps", "preset": "unowned", "words": "lamp", "sort": "left"}
KEYS = {"on": True, "map": {"ack": "q"}}


class Place:
    """A dashboard whose doorkeeper takes whoever the test says."""

    def __init__(self, around: Any, address: str) -> None:
        self.keeper: town.OpenDoor = around.keeper
        self.address = address

    def comes(self, account: str, *roles: tuple[str, str]) -> None:
        self.keeper.here = Who(state="account", account=account, sign_in="s")
        self.keeper.roles = [{"role": role, "scope": scope, "team": ""} for role, scope in roles]

    def told(self, desk: str = DESK) -> Any:
        status, _, said = ask(self.address, f"/arrangement?desk={desk}")
        assert status == 200
        return said

    def send(self, path: str, body: Any) -> tuple[int, Any]:
        status, _, said = ask(self.address, path, body)
        return status, said


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    around = town.surroundings(tmp_path, town.Gateway())
    with serving(around) as address:
        yield Place(around, address)


def test_what_an_account_arranged_is_its_own_and_what_is_not_sent_stays(place: Place) -> None:
    place.comes("a-1", ("dispatcher", DESK))
    assert place.told() == {"own": {}, "shared": [], "shares": True}
    assert place.send("/arrangement", {"panes": [40, 30], "views": [VIEW]})[0] == 200
    assert place.send("/arrangement", {"keys": KEYS})[0] == 200
    assert place.told()["own"] == {"panes": [40, 30], "views": [VIEW], "keys": KEYS}
    place.comes("a-2", ("dispatcher", DESK))
    assert place.told()["own"] == {}


def test_shared_views_are_read_by_who_has_a_role_there_and_changed_by_who_dispatches_or_supervises(
    place: Place,
) -> None:
    place.comes("a-1", ("dispatcher", DESK))
    assert place.send("/arrangement/shared", {"desk": DESK, "add": VIEW}) == (200, {"shared": [VIEW]})
    again = VIEW | {"words": "street lamp"}
    assert place.send("/arrangement/shared", {"desk": DESK, "add": again})[1] == {"shared": [again]}
    assert place.send("/arrangement/shared", {"desk": OTHER, "add": VIEW})[0] == 403
    place.comes("a-2", ("verifier", DESK[:4]))
    assert place.told() == {"own": {}, "shared": [again], "shares": False}
    assert place.send("/arrangement/shared", {"desk": DESK, "remove": "Lamps"})[0] == 403
    place.comes("a-3", ("dispatcher", OTHER))
    assert place.told()["shared"] == []
    place.comes("a-4", ("supervisor", ""))
    assert place.send("/arrangement/shared", {"desk": DESK, "remove": "Lamps"})[1] == {"shared": []}


def test_who_has_no_account_keeps_nothing_here(place: Place) -> None:
    place.keeper.here = EVERYBODY
    assert place.told() == {"own": {}, "shared": [], "shares": False}
    assert place.send("/arrangement", {"panes": [40, 30]})[0] == 403
    assert place.send("/arrangement/shared", {"desk": DESK, "add": VIEW})[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        {"panes": [40]},
        {"panes": [4, 90]},
        {"views": [VIEW] * 7},
        {"views": [VIEW | {"words": "x" * 61}]},
        {"views": [VIEW | {"name": ""}]},
        {"keys": {"on": True, "map": {"ack": "q" * 21}}},
        [],
    ],
)
def test_rubbish_is_refused_with_a_sentence_and_nothing_of_it_is_kept(place: Place, body: Any) -> None:
    place.comes("a-1", ("dispatcher", DESK))
    status, said = place.send("/arrangement", body)
    assert status == 400
    assert said["error"].startswith("An arrangement cannot be kept")
    assert place.told()["own"] == {}


def test_a_database_that_is_silent_is_said_and_a_server_without_one_keeps_nothing(tmp_path: Path) -> None:
    around = town.surroundings(tmp_path, town.Gateway())
    gone = Arrangements("postgresql://nobody@127.0.0.1:9/none")
    with serving(dataclasses.replace(around, arrangements=gone)) as address:
        place = Place(around, address)
        place.comes("a-1", ("dispatcher", DESK))
        assert ask(address, f"/arrangement?desk={DESK}")[0] == 503
        status, said = place.send("/arrangement", {"panes": [40, 30]})
        assert (status, "try again" in said["error"]) == (503, True)
    with serving(dataclasses.replace(around, arrangements=None)) as address:
        place = Place(around, address)
        place.comes("a-1", ("dispatcher", DESK))
        assert place.told() == {"own": {}, "shared": [], "shares": False}
