"""`watchfloor areas import`: a newer file redraws the boundaries, and says what began and what ended."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Settings
from watchfloor import cli
from watchfloor.rules_publish import current

Run = Callable[..., tuple[int, str, str]]
TURN = "2026-07-01T00:00:00+08:00"
TURN_MS = 1_782_835_200_000


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Import a file of a set of its own into a data folder on which nothing runs."""
    monkeypatch.setenv("WATCHFLOOR_DATA", str(tmp_path / "data"))

    def call(text: str, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "areas.csv"
        file.write_text(text, encoding="utf-8")
        own = ("--set", "town", "--county", "990100", "--code", "code", "--name", "name", "--json")
        code = cli.run(["areas", "import", str(file), *own, *options])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_a_newer_file_redraws_the_boundaries_from_an_instant_on(run: Run, tmp_path: Path) -> None:
    assert run("code,name\na,A\nb,B\nc,C\n")[0] == 0
    newer = "code,name,after\na,A,\nb,B,d;e\nd,D,\ne,E,\n"
    code, said, error = run(newer, "--successors", "after", "--valid-from", TURN)
    assert code == 0, error
    (one,) = json.loads(said)["sets"]
    assert (one["areas"], one["began"], one["ended"], one["without_successor"]) == (5, 2, 2, 1)
    rules = current(Settings(data=tmp_path / "data"))[1]
    assert rules.successors("990100002001001") == ("990100004001001", "990100005001001")
    assert rules.holds("990100003001001", TURN_MS - 1)
    assert not rules.holds("990100003001001", TURN_MS)
    code, _, error = run(newer, "--successors", "after", "--valid-from", "2026-07-01")
    assert (code, "has no zone" in error) == (2, True)
    code, _, error = run("code,name\nz,Z\n")
    assert (code, "None of the areas in force" in error) == (1, True)
