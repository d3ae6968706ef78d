"""Who may come in: everybody on this machine until there is an account, then who signed in, and screens that only show."""

import asyncio
import dataclasses
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from config.accounts import Accounts
from dashboard.answers.routes import CLOSED_PATHS
from dashboard.entry import sign_ins as sign_ins_module
from dashboard.entry.door import Keeper, wall_key
from dashboard.entry.sign_ins import LOCAL, SignIns, name_of
from dashboard.entry.tickets import Holder, TicketGate
from tests.browser import town
from tests.browser.fake_gateway import wall_ms
from tests.browser.wall_server import serving

SECRET = "a test's own secret"
PASSWORD = "correct horse battery"


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    with Accounts(f"sqlite:///{tmp_path / 'accounts.sqlite3'}") as made:
        yield made


@pytest.fixture
def wall(tmp_path: Path, accounts: Accounts, valkey: str, topic_prefix: str) -> Iterator[str]:
    """The pages behind a real door."""
    keeper = Keeper(accounts, SignIns(valkey, topic_prefix), SECRET, may_be_open=True)
    around = town.surroundings(tmp_path / "rules", town.Gateway())
    with serving(dataclasses.replace(around, keeper=keeper)) as address:
        yield address


def ask(
    wall: str, path: str, body: Any = None, cookies: str = ""
) -> tuple[int, http.client.HTTPMessage, Any]:
    connection = http.client.HTTPConnection(urlsplit(wall).netloc, timeout=20)
    headers = {"cookie": cookies, "content-type": "application/json"}
    try:
        connection.request(
            "GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers
        )
        answer = connection.getresponse()
        text = answer.read()
        said = json.loads(text) if answer.headers.get_content_type() == "application/json" else text
        return answer.status, answer.headers, said
    finally:
        connection.close()


def cookie(headers: http.client.HTTPMessage) -> str:
    return (headers["set-cookie"] or "").partition(";")[0]


def test_until_there_is_an_account_everybody_here_is_local(
    wall: str, accounts: Accounts, valkey: str, topic_prefix: str
) -> None:
    status, _, said = ask(wall, "/ticket")
    assert status == 200
    holder = TicketGate(SECRET).redeem(said["token"], wall_ms())
    assert holder == Holder(account=LOCAL, sign_in=LOCAL)
    assert ask(wall, "/me")[2] == {
        "state": "open",
        "account": LOCAL,
        "name": "",
        "roles": [],
        "accounts": False,
        "provider": False,
    }
    assert asyncio.run(ended(valkey, topic_prefix, LOCAL)) == set()

    accounts.add("front desk", PASSWORD, now_ms=1)
    for path in CLOSED_PATHS:
        assert ask(wall, path)[0] == 401, path
    for path in ("/wall", "/login", "/words", "/healthz", "/me"):
        assert ask(wall, path)[0] == 200, path
    assert ask(wall, "/me")[2]["state"] == "none"


async def ended(valkey: str, prefix: str, *names: str) -> set[str]:
    here = SignIns(valkey, prefix)
    try:
        return await here.ended(names)
    finally:
        await here.aclose()


def test_who_signs_in_is_let_in_until_they_sign_out(
    wall: str, accounts: Accounts, valkey: str, topic_prefix: str
) -> None:
    account = accounts.add("front desk", PASSWORD, now_ms=1)
    accounts.give(account, "clerk", "990599")
    accounts.give(account, "verifier", "99", given=False)
    for name, password in (("front desk", "wrong"), ("nobody", PASSWORD)):
        status, headers, said = ask(wall, "/signin", {"name": name, "password": password})
        assert (status, said["error"], headers["set-cookie"]) == (401, "signin_wrong", None)
    status, headers, _ = ask(wall, "/signin", {"name": " front desk ", "password": PASSWORD})
    assert status == 200
    given = headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=strict" in given
    mine = cookie(headers)
    token = mine.partition("=")[2]
    assert ask(wall, "/me", cookies=mine)[2] == {
        "state": "account",
        "account": account,
        "name": "front desk",
        "roles": [{"role": "clerk", "scope": "990599", "team": ""}],
        "accounts": True,
        "provider": False,
    }
    ticket = ask(wall, "/ticket", cookies=mine)[2]["token"]
    assert TicketGate(SECRET).redeem(ticket, wall_ms()) == Holder(account=account, sign_in=name_of(token))
    assert asyncio.run(ended(valkey, topic_prefix, name_of(token), "f00d")) == {"f00d"}

    assert ask(wall, f"/accounts?ids={account},a-0", cookies=mine)[2] == {account: "front desk"}
    assert ask(wall, f"/accounts?ids={account}")[2] == {}, "names are for who is signed in"

    status, headers, _ = ask(wall, "/signout", {}, cookies=mine)
    assert status == 200
    assert ask(wall, "/ticket", cookies=mine)[0] == 401
    assert asyncio.run(ended(valkey, topic_prefix, name_of(token))) == {name_of(token)}


def test_all_sign_ins_of_an_account_end_together_and_of_nobody_else(valkey: str, topic_prefix: str) -> None:
    async def scenario() -> None:
        here = SignIns(valkey, topic_prefix)
        tokens = [await here.begin("a-1"), await here.begin("a-1"), await here.begin("a-2")]
        await here.end_all("a-1")
        assert [await here.account(token) for token in tokens] == ["", "", "a-2"]
        await here.end_all("a-3")
        await here.aclose()

    asyncio.run(scenario())


def test_passwords_are_not_tried_without_end(wall: str, accounts: Accounts) -> None:
    accounts.add("front desk", PASSWORD, now_ms=1)
    tried = [
        ask(wall, "/signin", {"name": "front desk", "password": str(n)})[0]
        for n in range(sign_ins_module.MOST_TRIES + 1)
    ]
    assert tried == [401] * sign_ins_module.MOST_TRIES + [429]
    assert ask(wall, "/signin", {"name": "front desk", "password": PASSWORD})[0] == 429


def test_a_screen_with_the_walls_key_shows_and_cannot_act(wall: str, accounts: Accounts) -> None:
    accounts.add("front desk", PASSWORD, now_ms=1)
    key = wall_key(SECRET)
    status, headers, _ = ask(wall, f"/wall?kiosk&theme=dim&key={key}")
    assert (status, headers["location"]) == (303, "/wall?kiosk=&theme=dim")
    ticket = ask(wall, "/ticket", cookies=cookie(headers))[2]["token"]
    assert TicketGate(SECRET).redeem(ticket, wall_ms()) == Holder()
    assert ask(wall, "/me", cookies=cookie(headers))[2]["state"] == "wall"
    assert ask(wall, f"/wall?key={'0' * len(key)}")[0] == 200
    assert ask(wall, "/ticket", cookies=f"wf_wall={'0' * len(key)}")[0] == 401
    assert ask(wall, "/ticket", cookies="wf_wall=\xe9; wf_signin=x")[0] == 401


@pytest.mark.parametrize("body", [{"name": "x"}, [], {"name": 1, "password": "x"}, "rubbish"])
def test_rubbish_signs_nobody_in(wall: str, body: Any) -> None:
    assert ask(wall, "/signin", body)[0] == 400


def test_where_redis_is_silent_that_is_said(tmp_path: Path, accounts: Accounts) -> None:
    keeper = Keeper(accounts, SignIns("unix:///nowhere.sock", ""), SECRET, may_be_open=True)
    around = town.surroundings(tmp_path / "rules", town.Gateway())
    with serving(dataclasses.replace(around, keeper=keeper)) as address:
        assert ask(address, "/ticket")[0] == 200, (
            "where everybody is let in, the wall itself shows what is dead"
        )
        accounts.add("front desk", PASSWORD, now_ms=1)
        status, _, said = ask(address, "/ticket", cookies="wf_signin=x")
        assert (status, "Redis" in said["error"]) == (503, True)
