"""Signing in with a provider of OpenID Connect: a real provider's process, our pages, the gateway and the folds."""

import dataclasses
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pydantic import SecretStr, ValidationError

from config.accounts import AccountError, Accounts, accounts_of
from config.settings import Settings
from config.subjects import Person, read_role, take_in
from dashboard.entry import oidc_door
from dashboard.entry.door import Keeper
from dashboard.entry.oidc import Provider
from dashboard.entry.oidc_door import OidcDoor
from dashboard.entry.sign_ins import SignIns
from domain.codes import JOURNAL_PARTITIONS
from domain.records import Grant, journal_decoder
from tests.browser import town
from tests.browser.wall_server import serving
from tests.streams.town import Worker
from watchfloor.ports import candidate, is_free
from watchfloor.topic_access import records
from watchfloor.topics import create_topics

SUBJECT = "subject-17"


def free() -> int:
    return next(port for port in iter(candidate, 0) if is_free(port))


def ask(url: str, method: str = "GET", body: Any = None, cookies: str = "") -> tuple[int, Any, bytes]:
    """One request, without following where it leads."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    form = isinstance(body, dict) and method == "POST"
    data = None if body is None else urlencode(body) if form else json.dumps(body)
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    try:
        connection.request(
            method,
            parts.path + (f"?{parts.query}" if parts.query else ""),
            data,
            {"cookie": cookies, "content-type": kind},
        )
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A provider's process on a free port; any subject may sign in at it, and its claims are what a test puts there."""
    port = free()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        until_s = time.monotonic() + 20
        while True:
            try:
                if ask(f"{address}/.well-known/openid-configuration")[0] == 200:
                    break
            except OSError:
                assert time.monotonic() < until_s, "the provider did not come up"
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def claims(provider: str, *roles: str, **more: Any) -> None:
    said = {"name": "Desk of the north", "watchfloor_roles": list(roles)} | more
    status, _, text = ask(f"{provider}/users/{SUBJECT}", "PUT", said)
    assert status < 300, text


@dataclasses.dataclass
class Hall:
    """Our pages, and the settings that they were made with."""

    url: str
    settings: Settings
    accounts: Accounts

    def sign_in(self, provider: str, next_page: str = "/wall") -> tuple[int, str, str]:
        """Go to the provider and back as a browser does; return status, where it leads, and the sign-in's cookie."""
        status, headers, _ = ask(f"{self.url}/oidc/start?{urlencode({'next': next_page})}")
        assert status == 303
        begun = headers["set-cookie"].partition(";")[0]
        assert "SameSite=lax" in headers["set-cookie"]
        assert headers["location"].startswith(provider)
        assert parse_qs(urlsplit(headers["location"]).query)["code_challenge_method"] == ["S256"]
        status, headers, _ = ask(headers["location"], "POST", {"sub": SUBJECT})
        assert status == 302, "the provider sends the browser back"
        back = urlsplit(headers["location"])
        assert back.path == "/oidc/back"
        status, headers, _ = ask(f"{self.url}{back.path}?{back.query}", cookies=begun)
        given = [one for one in headers.get_all("set-cookie") or [] if one.startswith("wf_signin=")]
        return status, headers["location"], given[0].partition(";")[0] if given else ""

    def me(self, cookie: str) -> Any:
        return json.loads(ask(f"{self.url}/me", cookies=cookie)[2])


@pytest.fixture
def hall(
    provider: str, tmp_path: Path, valkey: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hall]:
    monkeypatch.setattr(oidc_door, "TOLD_WITHIN_S", 0.2)  # there is no gateway here that tells
    settings = Settings(
        redis=valkey,
        prefix=topic_prefix,
        data=tmp_path / "data",
        oidc_issuer=provider,
        oidc_secret=SecretStr("any"),
    )
    with accounts_of(settings) as accounts:
        sign_ins = SignIns(valkey, topic_prefix)
        around = town.surroundings(tmp_path / "rules", town.Gateway())
        keeper = Keeper(accounts, sign_ins, "a test's own secret", may_be_open=True, provider=True)
        door = OidcDoor(Provider(settings), accounts, sign_ins)
        with serving(dataclasses.replace(around, keeper=keeper, oidc=door)) as url:
            yield Hall(url, settings, accounts)


def test_who_signs_in_has_the_rights_that_the_provider_says_and_no_others(hall: Hall, provider: str) -> None:
    assert hall.me("") == {
        "state": "none",
        "account": "",
        "name": "",
        "roles": [],
        "accounts": True,
        "provider": True,
    }
    claims(provider, "clerk:990100", "handling_unit:990100001:roads")
    status, leads, cookie = hall.sign_in(provider, "/ops")
    assert (status, leads) == (303, "/ops")
    me = hall.me(cookie)
    assert (me["state"], me["name"]) == ("account", "Desk of the north")
    assert me["roles"] == [
        {"role": "clerk", "scope": "990100", "team": ""},
        {"role": "handling_unit", "scope": "990100001", "team": "roads"},
    ]
    assert [(one.role, one.given) for one in hall.accounts.untold()] == [
        ("clerk", True),
        ("handling_unit", True),
    ]
    for right in hall.accounts.untold():
        hall.accounts.told(right)

    assert hall.sign_in(provider)[0] == 303
    assert hall.accounts.untold() == [], "claims that are the same change nothing"

    claims(provider, "clerk:990100", "verifier:all")
    account = hall.me(hall.sign_in(provider)[2])
    assert account["account"] == me["account"], "the same subject is the same account"
    assert [(one.role, one.scope, one.given) for one in hall.accounts.untold()] == [
        ("handling_unit", "990100001", False),
        ("verifier", "", True),
    ]


def test_without_a_role_nobody_comes_in_and_who_was_in_is_out(hall: Hall, provider: str) -> None:
    claims(provider, "clerk:990100")
    cookie = hall.sign_in(provider)[2]
    claims(provider)
    assert hall.sign_in(provider) == (303, "/login?said=signin_provider_no_role", "")
    assert hall.me(cookie)["state"] == "none"
    claims(provider, "emperor:990100")
    assert hall.sign_in(provider) == (303, "/login?said=signin_provider_no_role", "")


def test_an_answer_that_nobody_asked_for_leads_to_the_sign_in_page(hall: Hall, provider: str) -> None:
    claims(provider, "clerk:990100")
    again = "/login?said=signin_provider_again"
    for query, cookie in (
        ("state=s&code=c", ""),
        ("state=s&code=c", "wf_oidc=s"),
        ("state=s&code=c", "wf_oidc=t"),
        ("error=access_denied&state=s", "wf_oidc=s"),
        ("", "wf_oidc="),
    ):
        status, headers, _ = ask(f"{hall.url}/oidc/back?{query}", cookies=cookie)
        assert (status, headers["location"]) == (303, again), query
    # a state is used once, also when its code was none
    _, headers, _ = ask(f"{hall.url}/oidc/start?next=//elsewhere.example")
    begun, state = headers["set-cookie"].partition(";")[0], re.search(r"state=([^&]+)", headers["location"])
    assert state is not None
    for _ in range(2):
        status, headers, _ = ask(f"{hall.url}/oidc/back?state={state[1]}&code=forged", cookies=begun)
        assert (status, headers["location"]) == (303, again)


def test_a_silent_provider_is_said_on_the_sign_in_page(
    tmp_path: Path, valkey: str, topic_prefix: str
) -> None:
    settings = Settings(
        redis=valkey,
        prefix=topic_prefix,
        data=tmp_path / "data",
        oidc_issuer=f"http://localhost:{free()}",
    )
    with accounts_of(settings) as accounts:
        door = OidcDoor(Provider(settings), accounts, SignIns(valkey, topic_prefix))
        around = dataclasses.replace(town.surroundings(tmp_path / "rules", town.Gateway()), oidc=door)
        with serving(around) as url:
            status, headers, _ = ask(f"{url}/oidc/start")
    assert (status, headers["location"]) == (303, "/login?said=signin_provider_silent")


def test_a_provider_is_asked_over_tls_unless_it_is_this_machine() -> None:
    with pytest.raises(ValidationError, match="oidc_issuer"):
        Settings(oidc_issuer="http://accounts.example.org")
    with pytest.raises(ValidationError, match="oidc_issuer"):
        Settings(oidc_issuer="http://localhost.example.org")


def test_roles_that_cannot_be_read_change_nothing(tmp_path: Path) -> None:
    with Accounts(f"sqlite:///{tmp_path / 'a.sqlite3'}") as accounts:
        accounts.add("north", "a long password", now_ms=1)
        person = Person(issuer="i", subject="s", name="north", roles=("clerk:990100",))
        account, changed = take_in(accounts, person, now_ms=1)
        assert [one.role for one in changed] == ["clerk"]
        assert accounts.names([account]) == {account: "north 2"}, "a name that is taken has a number"
        assert accounts.signed_in("north 2", "") == "", "a provider's account has no password"
        for bad in ("clerk", "clerk:", "clerk:99x", "king:99", "clerk:12345"):
            with pytest.raises(AccountError, match="ROLE:SCOPE"):
                take_in(
                    accounts,
                    Person(issuer="i", subject="s", name="n", roles=("verifier:99", bad)),
                    now_ms=1,
                )
        known = accounts.of_id(account)
        assert known is not None
        assert [one.role for one in known.rights] == ["clerk"]
    assert read_role("clerk:all") == ("clerk", "", "")


def test_the_gateway_tells_every_partition_of_rights_that_nobody_has_told_yet(
    kafka: str, valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    settings = Settings(
        kafka=kafka,
        redis=valkey,
        prefix=topic_prefix,
        data=data,
        secret=SecretStr("a test's own secret"),
        gateway_port=free(),
    )
    with accounts_of(settings) as accounts:
        person = Person(issuer="i", subject="s", name="north", roles=("clerk:990100", "verifier:all"))
        account, _ = take_in(accounts, person, now_ms=1)
        create_topics(settings)
        gateway = Worker(settings.model_copy(update={"worker": "gateway"}), "dashboard.gateway.process", {})
        worker = Worker(settings, "streams.worker", {})
        try:
            until_s = time.monotonic() + 60
            while accounts.untold():
                assert time.monotonic() < until_s, "the journal was not told"
                time.sleep(0.1)
        finally:
            gateway.end()
            worker.end()
    for partition in range(JOURNAL_PARTITIONS):
        said = [journal_decoder.decode(value) for _, value in records(settings, "journal", partition)]
        grants = [one for one in said if isinstance(one, Grant)]
        assert {(one.account, one.role, one.number) for one in grants} == {
            (account, "clerk", 1),
            (account, "verifier", 2),
        }
