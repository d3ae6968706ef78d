"""A data folder with a worker at work on it, and commands run in this process."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from tests.streams.town import Worker
from watchfloor import cli
from watchfloor.topics import create_topics

Run = Callable[..., tuple[int, Any, str]]
PASSWORD = "correct horse battery"


@pytest.fixture
def worker(
    kafka: str, valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Worker]:
    """One worker at work on a data folder with the feed's clock; the environment names it."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "clock").write_text("feed\n", encoding="utf-8")
    settings = Settings(kafka=kafka, redis=valkey, prefix=topic_prefix, data=data, clock="feed")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    create_topics(settings)
    process = Worker(settings, "streams.worker", {})
    yield process
    process.end()


@pytest.fixture
def town(worker: Worker) -> Settings:
    """The settings of the worker's data folder."""
    return worker.settings


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit code, its JSON or text, standard error."""

    def call(*arguments: str) -> tuple[int, Any, str]:
        code = cli.run(arguments)
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out[:1] in {"{", "["} else said.out, said.err

    return call


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password on standard input, for each account that is made."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n" * 9))


@pytest.fixture
def case(town: Settings, run: Run, tmp_path: Path) -> dict[str, Any]:
    """A case that waits at its desk."""
    file = tmp_path / "reports.jsonl"
    rows = [
        {
            "id": str(n),
            "t": f"2026-01-05T0{n}:00:00Z",
            "opened": f"2026-01-05T0{n}:00:00Z",
            "category": "noise",
        }
        for n in (1, 2)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    code, said, error = run(
        "produce", str(file), "--feed", "grid-reports", "--speed", "max", "--wait", "--json"
    )
    assert code == 0, error
    assert said["accepted"] == 2
    code, cases, _ = run("show", "cases", "--json")
    assert code == 0
    return dict(cases[1])
