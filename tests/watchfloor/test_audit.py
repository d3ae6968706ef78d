"""Every command has its line, through kills of who writes and who folds; and `audit verify` finds whatever was changed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from domain.codes import JOURNAL_PARTITIONS
from domain.records import Command, encoder
from streams.audit_chain import AuditChain, audit_file, read_chain
from tests.streams.town import Worker
from tests.watchfloor.conftest import Run
from watchfloor.asking import ask
from watchfloor.read_models import ReadModels


@pytest.fixture
def archive(town: Settings) -> Iterator[Worker]:
    """An archive process, started again when it is killed."""
    process = Worker(town.model_copy(update={"worker": "archive"}), "streams.archive", {})
    yield process
    process.end()


def file_of(town: Settings, case: dict[str, Any]) -> Path:
    return audit_file(town.data, town.topic("audit"), int(case["id"][:2]))


def test_every_command_has_its_line_and_what_is_changed_is_found(
    town: Settings, archive: Worker, run: Run, case: dict[str, Any], typed: None
) -> None:
    run("user", "add", "front desk", "--role", "clerk", "--scope", "990599", "--json")
    as_clerk = ("--case", case["id"], "--as", "front desk", "--json")
    _, done, _ = run("command", "accept", *as_clerk)
    run("command", "accept", *as_clerk, "--version", "1")
    archive.kill()
    run("command", "undo", *as_clerk, "--undoes", done["command"])
    again = Command(id=done["command"], action="accept", case=case["id"], account="a-0")
    with ReadModels(town) as models:
        ask(town, models, {again.id: (int(case["id"][:2]), encoder.encode(again))})

    code, found, _ = run("audit", "verify", "--json")
    assert code == 0
    assert found == {
        "lines": found["lines"],
        "commands": JOURNAL_PARTITIONS + 4,
        "ok": True,
        "first_bad": None,
    }
    code, lines, _ = run("audit", "show", "--case", case["id"], "--json")
    told = [(line["action"], line["outcome"], line["reason"], line["screen"]) for line in lines]
    assert [one for one in told if one[0] != "mark"] == [
        ("accept", "accepted", "", "cli"),
        ("accept", "refused", "stale", "cli"),
        ("undo", "accepted", "", "cli"),
        ("accept", "repeated", "", ""),
    ]
    accepted = next(line for line in lines if line["outcome"] == "accepted")
    assert accepted["before"] == {"version": 1, "step": "file"}
    assert accepted["after"]["step"] == "dispatch"

    archive.end()
    file = file_of(town, case)
    whole = file.read_bytes()
    rows = whole.splitlines(keepends=True)
    for changed, line in (
        (whole.replace(b'"cli"', b'"web"', 1), True),
        (b"".join(rows[:-2] + rows[-1:]), True),
        (b"".join([*rows[:-2], rows[-1], rows[-2]]), True),
        (b"".join(rows[1:]), True),
    ):
        file.write_bytes(changed)
        code, found, _ = run("audit", "verify", "--json")
        assert (code, found["ok"]) == (1, False)
        assert found["first_bad"]["partition"] == int(case["id"][:2])
        assert (found["first_bad"]["line"] is not None) == line
    assert run("audit", "show")[0] == 1
    file.write_bytes(whole)
    assert run("audit", "verify")[0] == 0


def test_a_chain_made_anew_without_a_command_is_found_by_the_journal(
    town: Settings, archive: Worker, run: Run, case: dict[str, Any], typed: None
) -> None:
    run("user", "add", "front desk", "--role", "clerk", "--scope", "990599", "--json")
    for _ in range(3):
        assert (
            run(
                "command", "note", "--case", case["id"], "--as", "front desk", "--set", "text=seen", "--json"
            )[0]
            == 0
        )
    assert run("audit", "verify")[0] == 0
    archive.end()
    file = file_of(town, case)
    values = [encoder.encode(line) for _, line in read_chain(file)]

    def forge(keep: Callable[[int], bool], *more: bytes) -> dict[str, Any]:
        file.unlink()
        kept = [one for n, one in enumerate(values) if keep(n)]
        AuditChain(file).append(enumerate([*kept, *more]))
        code, found, _ = run("audit", "verify", "--json")
        assert code == 1
        bad: dict[str, Any] = found["first_bad"]
        return bad

    last = next(line for line in [line for _, line in read_chain(file)][::-1])
    bad = forge(lambda n: n != len(values) - 2)
    assert "has no line" in bad["sentence"]
    later = encoder.encode(
        {**__import__("msgspec").structs.asdict(last), "offset": last.offset + 1_000, "n": 0}
    )
    assert "no command for it" in forge(lambda _: True, later)["sentence"]
    other = values[-1].replace(last.account.encode(), b"a-somebody-else")
    assert "journal says" in forge(lambda n: n != len(values) - 1, other)["sentence"]


def test_a_chain_that_was_cut_off_is_found_by_the_newest_snapshot(
    worker: Worker, archive: Worker, run: Run, case: dict[str, Any], typed: None
) -> None:
    town = worker.settings
    run("user", "add", "front desk", "--role", "clerk", "--scope", "990599", "--json")
    run("command", "note", "--case", case["id"], "--as", "front desk", "--set", "text=seen", "--json")
    worker.end()  # with TERM, it leaves a snapshot
    assert run("audit", "verify")[0] == 0
    archive.end()
    file = file_of(town, case)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    code, found, _ = run("audit", "verify", "--json")
    assert (code, found["first_bad"]["line"]) == (1, None)
    assert found["first_bad"]["offset"] is not None
