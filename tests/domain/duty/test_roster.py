"""The duty roster: who is on duty where and when, who stands in, and which department settles what."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar_source import offsets_of
from domain.clocks.local import LocalClock
from domain.duty.roster import Roster
from domain.duty.roster_file import DepartmentRow, DutyRow, RosterError, RosterFile, Shift, read_roster_file

COUNTY, TOWNSHIP, VILLAGE, GRID = "990501", "990501001", "990501001001", "990501001001001"
SHANGHAI = [(0, 8 * 3600)]
ALL_WEEK, WEEKDAYS = "1111111", "1111100"
DAY, NIGHT, OFFICE = (
    Shift(ALL_WEEK, ((480, 1200),)),
    Shift(ALL_WEEK, ((1200, 1920),)),
    Shift(WEEKDAYS, ((510, 720), (840, 1050))),
)


def day(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1)).days  # noqa: DTZ001 - local days


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def roster(*duty: DutyRow, departments: tuple[DepartmentRow, ...] = (), **changed: Any) -> Roster:
    file = RosterFile(
        county=COUNTY, zone="Asia/Shanghai", offsets=SHANGHAI, shifts=[DAY, NIGHT, OFFICE],
        duty=list(duty), departments=list(departments),
    )  # fmt: skip
    return Roster(msgspec.json.encode(msgspec.structs.replace(file, **changed)))


def on(one: Roster, code: str, text: str) -> str:
    duty = one.on_duty(code, at(text))
    return "" if duty is None else duty.worker


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    one = roster(
        DutyRow(GRID, 0, "w-day"), DutyRow(GRID, 1, "w-night", "", day("2026-03-02"), day("2026-03-03"))
    )
    assert on(one, GRID, "2026-03-02T19:59:59") == "w-day"
    assert on(one, GRID, "2026-03-02T20:00") == on(one, GRID, "2026-03-03T07:59:59") == "w-night"
    assert on(one, GRID, "2026-03-03T08:00") == "w-day"
    assert on(one, GRID, "2026-03-03T20:00") == ""
    duty = one.on_duty(GRID, at("2026-03-03T01:00"))
    assert duty is not None
    assert (duty.from_ms, duty.until_ms) == (at("2026-03-02T20:00"), at("2026-03-03T08:00"))


def test_where_nobody_of_the_grid_is_on_duty_the_next_wider_area_answers() -> None:
    one = roster(DutyRow(GRID, 2, "w-grid"), DutyRow(TOWNSHIP, 0, "w-town"), DutyRow(COUNTY, 1, "w-county"))
    assert on(one, GRID, "2026-03-02T09:00") == "w-grid"
    assert on(one, GRID, "2026-03-02T13:00") == "w-town"  # the midday break
    assert on(one, GRID, "2026-03-01T09:00") == "w-town"  # a Sunday
    assert on(one, GRID, "2026-03-02T23:00") == "w-county"
    assert on(one, VILLAGE, "2026-03-02T09:00") == "w-town"
    assert on(one, "990501002001001", "2026-03-02T09:00") == ""


def test_a_row_of_later_validity_is_laid_over_an_older_one() -> None:
    one = roster(
        DutyRow(GRID, 0, "w-year", "", day("2026-01-01"), day("2027-01-01")),
        DutyRow(GRID, 0, "w-holiday", "", day("2026-10-01"), day("2026-10-08")),
    )
    assert on(one, GRID, "2025-12-31T12:00") == ""
    assert on(one, GRID, "2026-09-30T12:00") == on(one, GRID, "2026-10-08T12:00") == "w-year"
    assert on(one, GRID, "2026-10-01T12:00") == on(one, GRID, "2026-10-07T12:00") == "w-holiday"


def test_a_stand_in_with_shifts_of_their_own_is_skipped_outside_them() -> None:
    one = roster(DutyRow(GRID, 0, "w-a", "w-b"), DutyRow(GRID, 1, "w-b", "w-c"))
    assert one.stand_in_of("w-a", GRID, at("2026-03-02T12:00")) == ""
    assert one.stand_in_of("w-b", GRID, at("2026-03-02T22:00")) == "w-c"
    assert one.stand_in_of("w-a", GRID, at("2026-03-02T20:00")) == "w-b"  # the worker's own shift is over
    assert one.stand_in_of("w-c", GRID, at("2026-03-02T22:00")) == ""
    assert not one.on_shift("w-b", at("2026-03-02T12:00"))
    assert one.on_shift("w-c", at("2026-03-02T22:00"))
    assert not one.on_shift("w-c", at("2026-03-02T12:00"))
    assert not one.on_shift("w-nobody", at("2026-03-02T12:00"))


def test_who_works_in_several_areas_is_stood_in_for_by_the_area_s_own_stand_in() -> None:
    other = "990501001001002"
    one = roster(DutyRow(GRID, 0, "w-a", "w-here"), DutyRow(other, 0, "w-a", "w-there"))
    noon = at("2026-03-02T12:00")
    assert one.stand_in_of("w-a", GRID, noon) == "w-here"
    assert one.stand_in_of("w-a", other, noon) == "w-there"


def test_the_next_shift_is_found_where_nobody_is_on_duty() -> None:
    one = roster(DutyRow(GRID, 2, "w-office"))
    duty = one.next_on_duty(GRID, at("2026-03-06T18:00"))  # a Friday
    assert duty is not None
    assert (duty.worker, duty.from_ms) == ("w-office", at("2026-03-09T08:30"))
    assert roster().next_on_duty(GRID, at("2026-03-06T18:00")) is None


def test_a_department_is_named_by_category_first_then_by_the_more_exact_area() -> None:
    one = roster(
        departments=(
            DepartmentRow("", TOWNSHIP, "t-any"),
            DepartmentRow("waste", COUNTY, "t-waste"),
            DepartmentRow("noise", COUNTY, "t-police"),
            DepartmentRow("noise", TOWNSHIP, "t-new", day("2026-06-01")),
        )
    )
    march, june = at("2026-03-02T12:00"), at("2026-06-01T00:00")
    assert one.department_of("waste", GRID, march) == "t-waste"
    assert one.department_of("noise", GRID, march) == "t-police"
    assert one.department_of("noise", GRID, june) == "t-new"
    assert one.department_of("road-damage", GRID, march) == "t-any"
    assert one.department_of("road-damage", "990501002001001", march) == ""


@given(st.integers(at("2024-01-01T00:00"), at("2027-01-01T00:00")))
def test_every_instant_of_a_year_with_daylight_saving_has_one_of_two_shifts(at_ms: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    one = roster(
        DutyRow(GRID, 0, "w-day"),
        DutyRow(GRID, 1, "w-night"),
        zone="Europe/Berlin",
        offsets=list(offsets_of(berlin)),
    )
    shown = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(berlin)
    duty = one.on_duty(GRID, at_ms)
    assert duty is not None
    assert duty.worker == ("w-day" if 8 <= shown.hour < 20 else "w-night")
    assert duty.from_ms <= at_ms < duty.until_ms


def test_a_skipped_hour_opens_at_the_change_and_a_doubled_one_at_its_first_coming() -> None:
    clock = LocalClock(offsets_of(ZoneInfo("America/Los_Angeles")))
    los_angeles = "America/Los_Angeles"
    midnight = day("2026-03-08") * 86_400_000
    assert clock.instant_of(midnight + 150 * 60_000) == at("2026-03-08T03:00", los_angeles)
    midnight = day("2026-11-01") * 86_400_000
    assert clock.instant_of(midnight + 90 * 60_000) == at("2026-11-01T01:30", los_angeles)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"county": "99"}, "six digits"),
        ({"offsets": []}, "UTC offsets"),
        ({"shifts": [Shift("111", ((0, 60),))]}, "cannot be"),
        ({"shifts": [Shift(ALL_WEEK, ((60, 120), (90, 180)))]}, "cannot be"),
        ({"shifts": [Shift(ALL_WEEK, ((60, 3000),))]}, "does not close"),
        ({"duty": [DutyRow("990502001001001", 0, "w-a")]}, "not in 990501"),
        ({"duty": [DutyRow(GRID, 0, "w-a", "", 5, 5)]}, "end before"),
        ({"duty": [DutyRow(GRID, 7, "w-a")]}, "without a shift"),
    ],
)
def test_a_part_that_is_no_roster_is_refused_with_what_is_wrong(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(RosterError, match=said):
        roster(**changed).areas()
    with pytest.raises(RosterError, match="no roster"):
        read_roster_file(b"{}")
