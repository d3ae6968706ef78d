"""What scripts rely on from `watchfloor flow`."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from watchfloor import cli

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "config" / "flow.toml"


@pytest.fixture
def flow(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(("flow", *arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_a_right_flow_ends_with_0_and_a_wrong_one_with_1_and_a_line_a_mistake(
    flow: Run, tmp_path: Path
) -> None:
    assert flow("check", str(SHIPPED))[:2] == (0, "")
    assert flow("check")[:2] == (0, "")
    bad = tmp_path / "bad.toml"
    bad.write_text(
        SHIPPED.read_text(encoding="utf-8").replace('by = ["reporter"]', 'by = ["mayor"]'), encoding="utf-8"
    )
    code, out, _ = flow("check", str(bad))
    assert code == 1
    line = bad.read_text(encoding="utf-8").split('by = ["mayor"]')[0].count("\n") + 1
    assert out.startswith(f"{bad}:{line}: `grid.actions.not_settled.by` names the role 'mayor'; known are ")
    assert out.count("\n") == 1


def test_the_periods_are_held_against_the_feeds_of_the_town(flow: Run, tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "calls.toml").write_text('flow = "grid"\nkeep_closed_days = 10\n', encoding="utf-8")
    code, out, _ = flow("check", str(SHIPPED), "--config", str(tmp_path))
    assert code == 1
    assert "`grid.periods.reopen_days` is 15 days, and closed cases are kept for 10" in out


def test_a_file_that_is_not_there_ends_with_3(flow: Run, tmp_path: Path) -> None:
    assert flow("check", str(tmp_path / "none.toml"))[0] == 3
    assert flow("draw", "--flow", "none")[0] == 3


def test_the_drawing_in_the_documentation_is_that_of_the_shipped_flow(flow: Run) -> None:
    code, out, _ = flow("draw")
    assert code == 0
    assert out == (ROOT / "docs" / "user" / "flow.svg").read_text(encoding="utf-8"), (
        "the flow has changed: watchfloor flow draw > docs/user/flow.svg"
    )
    words = "".join(ET.fromstring(out).itertext())
    assert "任务派遣" in words
    assert "挂账 Park" in words
