"""All of Sweden, and its first month at ten thousand times its speed, through the whole system: for `make prove`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracles import sweden
from tests.scenarios.running_town import RunningTown

pytestmark = pytest.mark.prove

MONTH_S = 31 * 86_400


@pytest.fixture
def town(tmp_path: Path, kafka: str, valkey: str) -> Iterator[RunningTown]:
    """A town of its own for each: its clock begins with the feed."""
    running = RunningTown(tmp_path / "data", "--clock", "feed", "--no-simulator")
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("month", "options", "least_s"),
    [
        pytest.param("", ("--speed", "max"), 0, id="whole at full speed"),
        pytest.param(
            "2024-01",
            ("--speed", "10000", "--from", "2024-01-01T00:00:00Z", "--to", "2024-02-01T00:00:00Z"),
            0.97 * MONTH_S / 10_000,
            id="2024-01 at 10,000 times its speed",
        ),
    ],
)
def test_sweden_is_counted_as_the_oracle_counts_it(
    town: RunningTown, recorded: Path, month: str, options: tuple[str, ...], least_s: float
) -> None:
    folder = recorded / "sweden-police"
    tally = sweden.count(folder, month)
    file = str(folder / "observations.jsonl.gz")
    said = dict(town.run("produce", file, "--feed", "sweden-police", "--wait", *options))
    expected = tally.outcome
    assert {name: said[name] for name in ("sent", "accepted", "revised", "repeated", "refused")} == {
        "sent": expected.sent,
        "accepted": expected.accepted,
        "revised": expected.revised,
        "repeated": expected.repeated,
        "refused": 0,
    }
    assert said["seconds"] >= least_s
    assert town.run("show", "counters")["reports_total"] == expected.accepted
    proof = town.run("digest", "--refold")
    assert proof["state"] == proof["live"]
