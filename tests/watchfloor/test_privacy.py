"""Persons' data from the command line: who looked, erasing for good, and what a row that cannot be read leaves behind."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from config.vault import ErasedError, Vault, vault_of
from domain.privacy.sealed import key_name
from tests.watchfloor.conftest import Run
from watchfloor.erasing import taken_by

PERSON = {"reporter": "某某甲", "phone": "13800138000", "text": "三号楼前的灯坏了，请打13800138000"}


@pytest.fixture
def reported(town: Settings, run: Run, tmp_path: Path) -> dict[str, Any]:
    """Return a case whose reporter is known to the vault, and a row beside it that cannot be read."""
    file = tmp_path / "reports.jsonl"
    row = {"id": "1", "t": "2026-01-05T01:00:00Z", "category": "noise", **PERSON}
    file.write_text(json.dumps(row) + "\n" + '{"id": 某某甲' + "\n", encoding="utf-8")
    code, said, error = run(
        "produce", str(file), "--feed", "grid-reports", "--speed", "max", "--wait", "--json"
    )
    assert (code, said["accepted"], said["refused"]) == (0, 1, 1), error
    code, cases, _ = run("show", "cases", "--json")
    assert code == 0
    return dict(cases[0])


def look(vault: Vault, sealed: str, case: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(
        vault.open(sealed, account="a-1", case=case, purpose="call_back", at_ms=1_767_600_000_000)
    )
    return said


def test_a_case_is_erased_with_its_reports_its_texts_and_its_code(
    town: Settings, run: Run, reported: dict[str, Any], typed: None
) -> None:
    case = reported["id"]
    run("user", "add", "desk", "--role", "clerk", "--scope", "990599", "--json")
    code, said, error = run(
        "command", "note", "--case", case, "--as", "desk", "--set", "text=某某甲 called", "--json"
    )
    assert code == 0, (said, error)
    code, said, _ = run(
        "command", "note", "--case", case, "--as", "desk", "--set", f"text={'x' * 2001}", "--json"
    )
    assert code == 1
    _, (shown, *_), _ = run("show", "cases", "--json")
    assert "王" not in str(shown)
    (noted,) = [one["given"]["text"] for one in shown["story"] if one["action"] == "note"]
    with vault_of(town) as vault:
        assert vault.case_of_code(reported["tracking"]) == case
        assert look(vault, reported["private"][0], case) == PERSON
        assert vault.open(noted, account="a-1", case=case, purpose="audit", at_ms=1) == "某某甲 called"

    code, views, _ = run("privacy", "views", "--case", case, "--json")
    assert [(one["account"], one["purpose"], one["at"]) for one in views] == [
        ("a-1", "call_back", "2026-01-05T08:00:00Z"),
        ("a-1", "audit", "1970-01-01T00:00:00.001Z"),
    ]
    code, said, error = run("privacy", "erase", case, "--json")
    assert (code, said["deleted"]) == (0, 2), error
    assert set(said["keys"]) == {f"c-{case}", key_name(reported["private"][0])}
    assert any("log of looks" in one["why"] for one in said["left"])
    code, again, _ = run("privacy", "erase", case, "--json")
    assert (code, again["deleted"], again["keys"]) == (0, 0, said["keys"])
    with vault_of(town) as vault:
        assert vault.case_of_code(reported["tracking"]) is None
        for sealed in (reported["private"][0], noted):
            with pytest.raises(ErasedError):
                vault.open(sealed, account="a-1", case=case, purpose="audit", at_ms=1)
    _, (shown, *_), _ = run("show", "cases", "--json")
    assert shown["tracking"] is None
    code, _, error = run("command", "note", "--case", case, "--as", "desk", "--set", "text=more", "--json")
    assert (code, "erased" in error) == (1, True)

    check_unreadable_row(run)
    check_desk_and_alert(town, run)
    for name in ("99-nonsense", "03-00000fffff"):
        code, _, error = run("privacy", "erase", name)
        assert (code, "show cases" in error) == (1, True)


def check_unreadable_row(run: Run) -> None:
    """A row that cannot be read is opened for a purpose, and that is logged."""
    _, (letter,), _ = run("deadletter", "list", "--json")
    assert letter["reason"] == "malformed"
    code, shown, _ = run("deadletter", "show", letter["id"], "--json")
    assert (code, "王" in str(shown)) == (0, False)
    code, shown, _ = run("deadletter", "show", letter["id"], "--purpose", "handling", "--json")
    assert (code, shown["opened"]) == (0, '{"id": 某某甲')
    code, _, error = run("deadletter", "show", letter["id"], "--purpose", "curiosity")
    assert (code, "one of feedback" in error) == (1, True)
    _, views, _ = run("privacy", "views", "--json")
    assert (views[-1]["account"], views[-1]["case"], views[-1]["purpose"]) == (
        "cli",
        letter["id"],
        "handling",
    )


def check_desk_and_alert(town: Settings, run: Run) -> None:
    """What was written about a desk or an alert is erased over all days, and it is said what stays."""
    look: dict[str, Any] = {"account": "a", "case": "x", "purpose": "audit", "at_ms": 1}
    with vault_of(town) as vault:
        for kind, name in (("desk", "990599001"), ("alert", "03-1a2b-0")):
            days = [f"{kind[0]}-{name}.2026010{day}" for day in (4, 5)]
            texts = [vault.seal_text(day, "who it was") for day in days]
            code, said, error = run("privacy", "erase", f"--{kind}", name, "--json")
            assert (code, said[kind], said["keys"], said["deleted"]) == (0, name, days, 2), error
            assert any("nobody can open" in one["why"] for one in said["left"])
            for one in texts:
                with pytest.raises(ErasedError):
                    vault.open(one, **look)
            code, _, told = run("privacy", "erase", f"--{kind}", name)
            assert (code, f"{kind} {name}: 0 of 2 keys" in told) == (0, True)
    code, _, error = run("privacy", "erase", "--desk", "990599002")
    assert (code, "Nothing was ever written about the desk 990599002" in error) == (1, True)
    for none in ((), ("03-0000000001", "--desk", "990599001")):
        code, _, error = run("privacy", "erase", *none)
        assert (code, "one thing to erase" in error) == (2, True)


def test_what_was_merged_is_followed_over_several_cases_and_never_round_for_ever() -> None:
    merged = {"a": "b", "b": "c", "d": "c", "x": "y"}
    assert taken_by("c", merged, {}) == {"a", "b", "d"}
    assert taken_by("b", merged, {}) == {"a"}
    assert taken_by("a", merged, {}) == set()
    shown = {"b": {"absorbed": [["e", "feed", "1"]]}, "e": {"absorbed": []}}
    assert taken_by("c", merged, shown) == {"a", "b", "d", "e"}
    assert taken_by("a", {"a": "b", "b": "a"}, {}) == {"b"}


def test_what_leaves_the_vault_is_printed_with_its_reason(run: Run) -> None:
    code, rows, _ = run("privacy", "show", "--json")
    assert code == 0
    of = {row["field"]: row for row in rows}
    assert of["Opened.private"]["kind"] == of["Command.given"]["kind"] == "sealed"
    assert all(row["why"] and row["where"] for row in rows)
    code, text, _ = run("privacy", "show")
    assert (code, "topic journal" in text) == (0, True)
