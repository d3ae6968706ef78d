"""Names by the initials of their pinyin."""

import pytest

from dashboard.answers.initials import MOST_READINGS, initials


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("某乙", "my"),
        ("网格员甲", "wgyj"),
        ("重庆路", "cql"),
        ("东城 Team B班", "dctbb"),
        ("Water repairs", "wr"),
    ],
)
def test_a_name_is_found_by_the_initials_of_its_readings(name: str, found: str) -> None:
    assert found in initials(name).split()


def test_a_name_with_many_readings_has_a_bounded_number_of_initials() -> None:
    assert len(initials("单重乐单重乐单重乐").split()) <= MOST_READINGS
