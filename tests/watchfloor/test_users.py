"""Accounts from the command line: their rights reach every fold, and commands act with them, over a real broker."""

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest

from config.accounts import AccountError, Accounts, accounts_of
from config.settings import Settings
from dashboard.entry.door import wall_key
from dashboard.entry.sign_ins import SignIns
from tests.watchfloor.conftest import PASSWORD, Run
from watchfloor.asking import ask
from watchfloor.datafolder import DataFolder
from watchfloor.exceptions import MissingError
from watchfloor.read_models import ReadModels


def test_an_account_works_on_a_case_with_its_rights_until_they_are_revoked(
    town: Settings, run: Run, case: dict[str, Any], typed: None
) -> None:
    assert (case["level"], case["desk"], case["version"], case["step"]) == (
        "village",
        "990599000000",
        1,
        "file",
    )
    assert (case["step_due_at"], case["paused"], case["supervised"]) == ("2026-01-05T02:15:00Z", False, False)

    code, said, error = run("user", "add", "front desk", "--role", "clerk", "--scope", "990599", "--json")
    assert code == 0, error
    assert "without signing in" in error
    account = said["account"]
    run("user", "add", "elsewhere", "--role", "clerk", "--scope", "110000", "--json")
    file = town.data / "accounts.sqlite3"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = b"".join(one.read_bytes() for one in town.data.glob("accounts.sqlite3*"))
    assert PASSWORD.encode() not in kept

    accept = ("command", "accept", "--case", case["id"], "--json", "--as")
    code, said, _ = run(*accept, "elsewhere")
    assert (code, said["accepted"], said["reason"], said["step"]) == (1, False, "out_of_scope", None)
    code, said, _ = run(*accept, "front desk", "--version", "7")
    assert (code, said["reason"], said["version"]) == (1, "stale", 1)
    code, said, error = run(*accept, "front desk")
    assert (code, said["accepted"], said["step"], said["version"]) == (0, True, "dispatch", 2), error
    code, undone, _ = run(
        "command", "undo", "--case", case["id"], "--as", "front desk", "--undoes", said["command"], "--json"
    )
    assert (code, undone["step"], undone["version"]) == (0, "file", 3)
    code, said, _ = run(
        *(
            "command",
            "triage",
            "--case",
            case["id"],
            "--as",
            "front desk",
            "--set",
            "category=waste",
            "--json",
        )
    )
    assert (code, said["version"]) == (0, 4)

    code, listed, _ = run("user", "list", "--json")
    assert [(row["name"], row["role"], row["scope"]) for row in listed] == [
        ("elsewhere", "clerk", "110000"),
        ("front desk", "clerk", "990599"),
    ]
    assert listed[1]["account"] == account
    token = asyncio.run(signed_in(town, account))
    code, said, _ = run("user", "revoke", "front desk", "--json")
    assert (code, said["ended"]) == (0, 1)
    assert asyncio.run(still(town, token)) == "", "who is revoked is signed out"
    code, said, _ = run(*accept, "front desk")
    assert (code, said["reason"]) == (1, "no_role")

    code, proof, _ = run("digest", "--refold", "--json")
    assert (code, proof["state"]) == (0, proof["live"])


async def signed_in(town: Settings, account: str) -> str:
    here = SignIns(town.redis, town.prefix)
    token = await here.begin(account)
    await here.aclose()
    return token


async def still(town: Settings, token: str) -> str:
    here = SignIns(town.redis, town.prefix)
    account = await here.account(token)
    await here.aclose()
    return account


def test_the_address_for_screens_that_only_show_has_a_key_of_this_installation(
    town: Settings, run: Run
) -> None:
    code, said, _ = run("user", "wall", "--json")
    assert code == 0
    assert said["url"].endswith(f"?kiosk&key={wall_key(DataFolder(town.data).secret())}")


def test_wrong_use_says_how_to_mend_it(town: Settings, run: Run, case: dict[str, Any], typed: None) -> None:
    assert run("user", "add", "x", "--role", "king", "--scope", "all")[0] == 2
    code, _, error = run("user", "add", "x", "--role", "clerk", "--scope", "12345")
    assert (code, "jurisdiction" in error) == (2, True)
    code, _, error = run("user", "revoke", "nobody")
    assert (code, "user list" in error) == (1, True)
    code, _, error = run("command", "accept", "--case", case["id"], "--as", "nobody")
    assert (code, "user list" in error) == (1, True)
    run("user", "add", "x", "--role", "clerk", "--scope", "all")
    assert run("command", "accept", "--case", "nonsense", "--as", "x")[0] == 2
    assert run("command", "accept", "--case", case["id"], "--as", "x", "--set", "nonsense")[0] == 2
    code, said, _ = run("command", "accept", "--case", "03-00000000ff", "--as", "x", "--json")
    assert (code, said["reason"]) == (1, "unknown_case")


def test_without_a_worker_nobody_is_told_that_it_was_done(kafka: str, valkey: str, topic_prefix: str) -> None:
    from watchfloor.topics import create_topics  # noqa: PLC0415 - the other tests' fixture makes them

    settings = Settings(kafka=kafka, redis=valkey, prefix=topic_prefix)
    create_topics(settings)
    with (
        ReadModels(settings) as models,
        pytest.raises(MissingError, match="partitions \\(3\\) did not answer"),
    ):
        ask(settings, models, {"x": (3, b"{}")}, within_s=1.5)


def test_numbers_of_rights_rise_and_names_are_taken_once(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with accounts_of(settings) as one, accounts_of(settings) as other:
        first = one.add("a", PASSWORD, now_ms=1)
        numbers = [
            (one, other)[n % 2].give(first, "clerk", "990100", given=n % 3 > 0).number for n in range(6)
        ]
        assert numbers == [1, 2, 3, 4, 5, 6]
        with pytest.raises(AccountError, match="there already"):
            other.add("a", PASSWORD, now_ms=1)
        for name, password in (("", PASSWORD), ("b", "short"), ("b\n", PASSWORD[:9])):
            with pytest.raises(AccountError):
                one.add(name, password, now_ms=1)
        assert [right.given for account in other.all() for right in account.rights] == [True]


def test_another_database_can_be_named(tmp_path: Path) -> None:
    with Accounts(f"sqlite:///{tmp_path / 'own.db'}") as accounts:
        assert accounts.all() == []
    settings = Settings(data=tmp_path / "d", database=f"sqlite:///{tmp_path / 'own.db'}")
    with accounts_of(settings) as accounts:
        accounts.add("a", PASSWORD, now_ms=1)
    assert not (tmp_path / "d").exists()


def test_a_silent_database_is_a_thing_that_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WATCHFLOOR_DATABASE", "postgresql://nobody@127.0.0.1:9/none")
    code, _, error = run("user", "list", "--data", str(tmp_path), "--json")
    assert (code, error.count("\n")) == (3, 1)
    assert "start it, or mend WATCHFLOOR_DATABASE" in error
