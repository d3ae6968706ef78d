"""The town's detectors.toml: what is right is taken, what is wrong is named."""

from pathlib import Path

import pytest

from domain.detection import DetectorRules, detector_rules

SHIPPED = Path(__file__).parents[2] / "config" / "detectors.toml"


def test_the_shipped_file_states_the_defaults() -> None:
    assert detector_rules(SHIPPED.read_bytes()) == DetectorRules()


def test_what_is_left_out_has_its_default() -> None:
    assert detector_rules(b"min_count = 7\n") == DetectorRules(min_count=7)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("begin_at = 0", "line 1, begin_at: 0 is out of range; give 1 or more"),
        ("\ninterval_s = 700", "line 2, interval_s: 700 is out of range; give a divisor of 3600"),
        ('model = "surge"\nmin_count = "4"', "line 2, min_count: '4' is of the wrong type"),
        ("enter_probability = nan", "line 1, enter_probability: nan is out of range"),
        ("leave_probability = 1e-7", "line 1, leave_probability: 1e-07 is out of range; give more than"),
        ("[surge]\nx = 1", "line 1, surge: there is no such field; the fields are interval_s"),
        ("a = \n", "not TOML: Invalid value (at line 1"),
        ("ä = 1\n".encode("latin-1"), "line 1: not UTF-8"),
    ],
)
def test_a_mistake_is_named_by_line_and_field(toml: str | bytes, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is compared below
        detector_rules(toml if isinstance(toml, bytes) else toml.encode())
    assert said in str(caught.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(ValueError, match="begin_at") as caught:
        detector_rules(b"begin_at = 0\nmin_count = 1\ncolour = 3\n")
    assert len(str(caught.value).splitlines()) == 3
