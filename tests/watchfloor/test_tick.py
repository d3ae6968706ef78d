"""Moving the feed's clock from the command line, over a real broker and a real worker."""

from typing import Any

from config.settings import Settings
from tests.watchfloor.conftest import Run
from watchfloor import topic_access
from watchfloor.commands.sending import holding_lane
from watchfloor.read_models import ReadModels


def test_a_tick_moves_every_partition_and_lets_fall_due_what_is_due(
    town: Settings, run: Run, case: dict[str, Any]
) -> None:
    assert case["step_due_at"] == "2026-01-05T02:15:00Z"
    assert ("overdue", case["id"]) not in alerts(run)
    code, said, error = run("tick", "--to", "2026-01-05T10:16:00+08:00", "--json")
    assert (code, said) == (0, {"before_at": "2026-01-05T02:00:00Z", "clock_at": "2026-01-05T02:16:00Z"}), (
        error
    )
    with ReadModels(town) as models:
        assert {one["clock_ms"] for one in models.partitions().values()} == {1_767_579_360_000}
    assert ("overdue", case["id"]) in alerts(run)

    ends = topic_access.end_offsets(town, "reports", 1)
    code, _, error = run("tick", "--to", "2026-01-05T02:15:59Z")
    assert (code, "2026-01-05T02:16:00Z" in error) == (1, True)
    with holding_lane(town):
        code, _, error = run("tick", "--to", "2026-01-05T03:00:00Z")
        assert (code, "Another producer" in error) == (1, True)
    assert topic_access.end_offsets(town, "reports", 1) == ends
    code, said, _ = run("tick", "--to", "1767582000000", "--json")
    assert (code, said["clock_at"]) == (0, "2026-01-05T03:00:00Z")


def alerts(run: Run) -> set[tuple[str, str]]:
    return {(one["kind"], one["case"]) for one in run("show", "alerts", "--json")[1]}


def test_time_cannot_be_moved_on_the_wall_s_clock(town: Settings, run: Run, monkeypatch: Any) -> None:
    (town.data / "clock").write_text("wall\n", encoding="utf-8")
    monkeypatch.setenv("WATCHFLOOR_CLOCK", "wall")
    code, _, error = run("tick", "--to", "2026-01-05T03:00:00Z")
    assert (code, "--clock feed" in error) == (1, True)


def test_a_time_that_cannot_be_meant_is_wrong_use(run: Run) -> None:
    for wrong in ("", "soon", "1999-12-31T00:00:00Z", "99999999999999"):
        assert run("tick", "--to", wrong)[0] == 2
