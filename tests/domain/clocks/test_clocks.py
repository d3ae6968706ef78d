"""What a clock promises, told by hand: each claim with dates that a reader can check in a pocket calendar."""

from decimal import Decimal

import pytest

from domain.clocks.clock import Clock, Limit, run_ms, timetable
from tests.domain.odd_offices import calendar_of
from tests.domain.shown import at, seen

HOURS_2 = Limit(kind="working_hours", ms=2 * 3_600_000)
DAY_1 = Limit(kind="working_days", days=1)


def due(clock: Clock, name: str = "china") -> str:
    due_ms = timetable(clock, calendar_of(name)).due_ms
    assert due_ms is not None
    return seen(due_ms, calendar_of(name).zone)


def test_working_hours_wait_for_the_next_day() -> None:
    assert due(Clock(start_ms=at("2026-09-16T16:30+08:00"), limit=HOURS_2)) == "2026-09-17 09:30"


def test_a_due_instant_may_be_a_closing_and_never_the_next_opening() -> None:
    assert due(Clock(start_ms=at("2026-09-18T15:30+08:00"), limit=HOURS_2)) == "2026-09-18 17:30"


def test_a_make_up_sunday_is_worked_and_a_holiday_is_not() -> None:
    assert due(Clock(start_ms=at("2026-09-19T10:00+08:00"), limit=HOURS_2)) == "2026-09-20 10:30"
    assert due(Clock(start_ms=at("2026-09-30T17:30+08:00"), limit=HOURS_2)) == "2026-10-08 10:30"


def test_the_day_of_the_start_is_never_a_counted_working_day() -> None:
    for start in ("2026-09-30T00:00+08:00", "2026-09-30T17:29+08:00", "2026-09-30T23:59+08:00"):
        assert due(Clock(start_ms=at(start), limit=DAY_1)) == "2026-10-08 17:30"


def test_half_of_a_working_day_is_half_of_the_open_time_until_its_closing() -> None:
    found = timetable(Clock(start_ms=at("2026-09-30T16:00+08:00"), limit=DAY_1), calendar_of("china"))
    assert found.budget_ms == (90 + 420) * 60_000
    assert seen(found.marks[50] or 0, "Asia/Shanghai") == "2026-10-08 11:15"


def test_a_paused_clock_does_not_run_and_one_that_stays_paused_is_never_due() -> None:
    clock = Clock(start_ms=at("2026-09-16T09:00+08:00"), limit=HOURS_2).pause(at("2026-09-16T10:00+08:00"))
    assert timetable(clock, calendar_of("china")).marks == {
        50: at("2026-09-16T10:00+08:00"), 75: None, 100: None, 300: None,
    }  # fmt: skip
    assert due(clock.resume(at("2026-09-16T15:00+08:00"))) == "2026-09-16 16:00"


def test_a_pause_at_the_due_instant_is_too_late() -> None:
    clock = Clock(start_ms=at("2026-09-16T09:00+08:00"), limit=HOURS_2)
    assert due(clock.pause(at("2026-09-16T11:00+08:00"))) == "2026-09-16 11:00"


def test_the_time_that_a_case_was_closed_does_not_count() -> None:
    clock = Clock(start_ms=at("2026-09-16T09:00+08:00"), limit=HOURS_2)
    clock = clock.exclude(at("2026-09-16T10:00+08:00"), at("2026-09-17T10:00+08:00"))
    assert due(clock) == "2026-09-17 11:00"
    assert run_ms(clock, calendar_of("china"), at("2026-09-17T10:30+08:00")) == 90 * 60_000


def test_another_class_counts_as_if_it_had_held_since_the_start() -> None:
    clock = Clock(start_ms=at("2026-09-16T09:00+08:00"), limit=DAY_1).pause(at("2026-09-16T09:30+08:00"))
    clock = clock.resume(at("2026-09-16T10:30+08:00")).reclassify(HOURS_2)
    assert due(clock) == "2026-09-16 12:00"


def test_an_extension_adds_in_the_clocks_own_kind() -> None:
    clock = Clock(start_ms=at("2026-09-30T16:00+08:00"), limit=DAY_1).extend(DAY_1)
    assert due(clock) == "2026-10-09 17:30"


def test_a_wall_clock_needs_no_calendar_and_is_never_provisional() -> None:
    clock = Clock(start_ms=at("2199-09-30T16:00Z"), limit=Limit(kind="wall_clock", ms=3_600_000))
    found = timetable(clock, None)
    assert (found.due_ms, found.provisional) == (at("2199-09-30T17:00Z"), False)


def test_a_due_instant_in_a_year_without_known_holidays_is_provisional_by_plain_weekly_hours() -> None:
    known = timetable(Clock(start_ms=at("2026-12-30T17:00+08:00"), limit=DAY_1), calendar_of("china"))
    assert not known.provisional
    clock = Clock(start_ms=at("2026-12-31T17:00+08:00"), limit=DAY_1)
    found = timetable(clock, calendar_of("china"))
    assert found.provisional
    assert seen(found.due_ms or 0, "Asia/Shanghai") == "2027-01-01 17:30"


def test_daylight_saving_lengthens_a_night_shift() -> None:
    night = Limit(kind="working_hours", ms=9 * 3_600_000)
    clock = Clock(start_ms=at("2025-10-25T22:00+02:00"), limit=night)
    assert due(clock, "nights") == "2025-10-26 06:00"


def test_a_night_shift_is_of_the_date_on_which_it_begins() -> None:
    # Friday 13:00 is the start; Saturday has no shift, Sunday's closes on Monday
    clock = Clock(start_ms=at("2025-06-06T13:00+02:00"), limit=DAY_1)
    assert due(clock, "nights") == "2025-06-09 02:00"


def test_marks_are_rounded_up_to_a_millisecond() -> None:
    found = timetable(Clock(start_ms=0, limit=Limit(kind="wall_clock", ms=3)), None)
    assert found.marks == {50: 2, 75: 3, 100: 3, 300: 9}


def test_at_the_due_instant_a_clock_is_overdue() -> None:
    found = timetable(Clock(start_ms=0, limit=Limit(kind="wall_clock", ms=10)), None)
    assert not found.overdue(9)
    assert found.overdue(10)
    assert found.reached(10, fired=(50,)) == [(75, 8), (100, 10)]


@pytest.mark.parametrize(
    ("kind", "amount"), [("working_days", "1.5"), ("wall_clock", "-1"), ("wall_clock", "NaN")]
)
def test_an_amount_that_cannot_be_meant_is_refused(kind: str, amount: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        Limit.of(kind, Decimal(amount))
