"""What scripts rely on from `watchfloor due`."""

import json
from collections.abc import Callable

import pytest

from watchfloor import cli

Run = Callable[..., tuple[int, str, str]]
NIGHT = ("--calendar", "china", "--from", "2026-09-30T16:00:00+08:00")


@pytest.fixture
def due(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(("due", *arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_due_gives_the_instants_of_four_marks_and_says_whether_they_are_provisional(due: Run) -> None:
    code, out, _ = due(*NIGHT, "--kind", "working_days", "--amount", "1", "--json")
    assert code == 0
    assert json.loads(out) == {
        "marks": {
            "50": "2026-10-08T03:15:00Z",
            "75": "2026-10-08T07:22:30Z",
            "100": "2026-10-08T09:30:00Z",
            "300": "2026-10-12T03:30:00Z",
        },
        "provisional": False,
    }


def test_due_takes_pauses_in_any_order_and_one_that_still_lasts(due: Run) -> None:
    wall = (*NIGHT, "--kind", "wall_clock", "--amount", "2", "--json")
    second, first = "2026-09-30T08:40:00Z/2026-09-30T08:50:00Z", "2026-09-30T08:10:00Z/2026-09-30T08:20:00Z"
    _, out, _ = due(*wall, "--pause", second, "--pause", first)
    assert json.loads(out)["marks"]["100"] == "2026-09-30T10:20:00Z"
    _, out, _ = due(*wall, "--pause", "2026-09-30T09:00:00Z/")
    assert json.loads(out)["marks"] == {"50": "2026-09-30T09:00:00Z", "75": None, "100": None, "300": None}


def test_due_takes_a_time_without_a_zone_as_the_calendars_own(due: Run) -> None:
    _, out, _ = due(
        "--calendar", "stuttgart", "--kind", "wall_clock", "--amount", "0", "--from", "2026-07-01T12:00:00", "--json"
    )  # fmt: skip
    assert json.loads(out)["marks"]["100"] == "2026-07-01T10:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--kind", "hours", "--amount", "1"), 2, "--kind hours must be one of"),
        (("--kind", "wall_clock", "--amount", "one"), 2, "--amount one is no number."),
        (("--kind", "working_days", "--amount", "1.5"), 2, "--amount 1.5 must be a whole number"),
        (("--kind", "wall_clock", "--amount", "1", "--pause", "now"), 2, "--pause now must be FROM/TO"),
        (("--kind", "wall_clock", "--amount", "1", "--pause", "now/"), 2, "--pause now is no time"),
        (("--kind", "wall_clock", "--amount", "1", "--calendar", "mars"), 3, "There is no calendar mars"),
    ],
)
def test_due_says_how_to_mend_what_cannot_be_meant(
    due: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    answer, _, err = due(*NIGHT, *arguments)
    assert (answer, err.startswith(said)) == (code, True), err
