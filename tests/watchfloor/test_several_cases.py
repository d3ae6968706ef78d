"""Splits, merges and joint handling from the command line, over a real broker: partitions write to each other."""

import time
from typing import Any

import pytest

from config.settings import Settings
from config.vault import ErasedError, vault_of
from tests.watchfloor.conftest import Run

ARRIVES_S = 20


def shown(run: Run, case: str) -> dict[str, Any]:
    _, cases, _ = run("show", "cases", "--json")
    return next(dict(one) for one in cases if one["id"] == case)


def test_a_case_is_split_merged_back_and_handled_jointly(
    town: Settings, run: Run, case: dict[str, Any], typed: None
) -> None:
    for name, role, *team in (
        ("desk", "clerk"),
        ("sender", "dispatcher"),
        ("roads", "handling_unit", "--team", "r"),
    ):
        code, _, error = run("user", "add", name, "--role", role, "--scope", "990599", *team, "--json")
        assert code == 0, error

    def act(action: str, name: str, of: str, *given: str) -> dict[str, Any]:
        pairs = [part for one in given for part in ("--set", one)]
        code, said, error = run("command", action, "--case", of, "--as", name, *pairs, "--json")
        assert code == 0, (said, error)
        return dict(said)

    act("split", "desk", case["id"], 'parts=["the lamp", "the hole"]')
    parent = shown(run, case["id"])
    (part,) = parent["parts"]
    assert (part[:13], part[13:], shown(run, part)["parent"]) == (part[:13], ".1", case["id"])
    act("accept", "desk", part)
    act("note", "desk", part, "text=who it was")
    act("merge", "desk", part, f"case={case['id']}")
    until_s = time.monotonic() + ARRIVES_S
    while shown(run, part)["merging"] and time.monotonic() < until_s:
        time.sleep(0.1)
    merged = shown(run, part)
    assert (merged["merged_into"], merged["outcome"], merged["step"]) == (case["id"], "duplicate", "closed")
    assert shown(run, case["id"])["repeats"] == 1

    act("accept", "desk", case["id"])
    act("joint", "sender", case["id"], 'departments=["lead", "r"]')
    assert [(one["team"], one["done"]) for one in shown(run, case["id"])["tasks"]] == [("r", False)]
    said = act("task_done", "roads", case["id"], "text=filled")
    tasks = shown(run, case["id"])["tasks"]
    assert ([one["done"] for one in tasks], said["version"]) == ([True], shown(run, case["id"])["version"])
    code, proof, _ = run("digest", "--refold", "--json")
    assert (code, proof["state"]) == (0, proof["live"])
    check_erased_with_what_was_merged(town, run, case["id"], part)


def check_erased_with_what_was_merged(town: Settings, run: Run, case: str, part: str) -> None:
    """What was written about a case that was merged into another one is erased with that one."""
    (noted,) = [one["given"]["text"] for one in shown(run, part)["story"] if one["action"] == "note"]
    look: dict[str, Any] = {"account": "a", "case": part, "purpose": "audit", "at_ms": 1}
    with vault_of(town) as vault:
        assert vault.open(noted, **look) == "who it was"
        code, said, error = run("privacy", "erase", case, "--json")
        assert (code, said["merged"], said["merged_into"]) == (0, [part], None), error
        assert {f"c-{case}", f"c-{part}"} <= set(said["keys"])
        with pytest.raises(ErasedError):
            vault.open(noted, **look)
        assert vault.case_of_code(vault.tracking_code(part)) is None
    code, said, _ = run("privacy", "erase", part, "--json")
    assert (code, said["merged"], said["merged_into"]) == (0, [], case)
    assert case in said["left"][-1]["what"]
    code, _, told = run("privacy", "erase", part)
    assert (code, f"closed as a duplicate of {case}" in told) == (0, True)
