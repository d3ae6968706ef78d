import socket
from pathlib import Path

import pytest

from watchfloor.doctor import Finding, _clock, examine


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_every_problem_says_how_to_mend_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("WATCHFLOOR_WALL_PORT", str(port))
        monkeypatch.setenv("WATCHFLOOR_JARS", str(tmp_path / "nothing"))
        monkeypatch.setenv("WATCHFLOOR_REDIS", f"unix://{tmp_path}/nobody.sock")
        found = by_name(examine(tmp_path))
    problems = {name for name, finding in found.items() if finding.state == "problem"}
    assert {"kafka jars", "redis", "wall's port"} <= problems
    assert all(found[name].mend for name in problems)
    assert "make install" in found["kafka jars"].mend


def test_a_named_cluster_is_asked_for_its_clock(
    kafka: str, valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFLOOR_KAFKA", kafka)
    monkeypatch.setenv("WATCHFLOOR_REDIS", valkey)
    monkeypatch.setenv("WATCHFLOOR_PREFIX", topic_prefix)
    monkeypatch.setenv("WATCHFLOOR_WALL_PORT", "0")
    found = by_name(examine(tmp_path))
    assert found["broker"].state == "ok"
    assert found["broker's clock"].state == "ok"
    assert found["redis's clock"].state == "ok"
    assert "within" in found["broker's clock"].said


def test_a_clock_two_seconds_off_is_a_problem() -> None:
    assert _clock("theirs", 8_000, 10_000, 10_010).state == "problem"
    assert _clock("theirs", 12_011, 10_000, 10_010).state == "problem"
    assert _clock("theirs", 10_005, 10_000, 10_010).state == "ok"
