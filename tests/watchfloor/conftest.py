"""A data folder with a worker at work on it, and commands run in this process."""

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


@pytest.fixture
def town(
    kafka: str, valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """A data folder with the feed's clock and one worker at work on it; the environment names it."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "clock").write_text("feed\n", encoding="utf-8")
    settings = Settings(kafka=kafka, redis=valkey, prefix=topic_prefix, data=data, clock="feed")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    create_topics(settings)
    worker = Worker(settings, "streams.worker", {})
    yield settings
    worker.end()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit code, its JSON or text, standard error."""

    def call(*arguments: str) -> tuple[int, Any, str]:
        code = cli.run(arguments)
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out[:1] in {"{", "["} else said.out, said.err

    return call
