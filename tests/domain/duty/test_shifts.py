"""When shifts end: in the desk's own zone, by day, by night and when the clocks change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from config.calendar_source import CalendarsError
from config.desk_source import desk_file, expanded_desks
from domain.duty.shifts import DeskPlan, DesksError, read_desks

BERLIN = """
["089911"]
title = {en = "South", zh = "南"}
zone = "Europe/Berlin"
shifts = ["06:00-14:00", "14:00-22:00", "22:00-06:00"]
"""


def plan(text: str = BERLIN) -> DeskPlan:
    return next(iter(read_desks(expanded_desks(text.encode())["desks.json"]).values()))


def ms(text: str, zone: str = "Europe/Berlin") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-05-04T06:00", "2026-05-04T06:00", "2026-05-04T14:00"),
        ("2026-05-04T13:59", "2026-05-04T06:00", "2026-05-04T14:00"),
        ("2026-05-04T23:00", "2026-05-04T22:00", "2026-05-05T06:00"),
        ("2026-05-05T02:00", "2026-05-04T22:00", "2026-05-05T06:00"),
        ("2026-03-28T23:00", "2026-03-28T22:00", "2026-03-29T06:00"),  # seven hours: the clock goes forward
        ("2026-10-24T23:00", "2026-10-24T22:00", "2026-10-25T06:00"),  # nine hours
    ],
)
def test_a_shift_ends_when_its_desks_clock_says_so(at: str, start: str, end: str) -> None:
    shift = plan().after(ms(at))
    assert (shift.start_ms, shift.end_ms) == (ms(start), ms(end))


def test_what_is_handed_over_is_the_shift_whose_end_is_nearest() -> None:
    desk = plan()
    assert desk.nearest(ms("2026-05-04T13:40")).end_ms == ms("2026-05-04T14:00")
    assert desk.nearest(ms("2026-05-04T14:20")).end_ms == ms("2026-05-04T14:00")
    assert desk.nearest(ms("2026-05-04T18:01")).end_ms == ms("2026-05-04T22:00")


def test_an_end_that_the_clock_leaves_out_is_the_change_itself() -> None:
    desk = plan(BERLIN.replace('"22:00-06:00"', '"22:00-02:30"'))
    assert desk.after(ms("2026-03-29T00:00")).end_ms == ms("2026-03-29T03:00")


def test_every_shift_ends_once_and_in_order_through_a_whole_year() -> None:
    desk, at_ms, ends = plan(), ms("2026-01-01T00:00"), []
    while at_ms < ms("2027-01-01T00:00"):
        at_ms = desk.after(at_ms).end_ms
        ends.append(at_ms)
    assert ends == sorted(set(ends))
    assert len(ends) == 365 * 3 + 1
    assert all(desk.ends_at(one) and not desk.ends_at(one + 1) for one in ends)


def test_the_shipped_desks_are_whole() -> None:
    desks = read_desks(expanded_desks(desk_file(None))["desks.json"])
    assert set(desks) == {"990501", "990501001"}
    assert desks["990501"].title["zh"]


def test_every_mistake_of_a_desk_has_its_sentence() -> None:
    bad = '["99x"]\n["990501"]\ntitle = {en = "a"}\nzone = "Mars"\nshifts = ["8-16"]\nroom = 4\n'
    with pytest.raises(CalendarsError) as wrong:
        expanded_desks(bad.encode())
    text = "\n".join(wrong.value.mistakes)
    assert len(wrong.value.mistakes) >= 6
    for word in ("99x", "Mars", "8-16", "`990501.room`", "both languages"):
        assert word in text


def test_a_part_that_no_publisher_wrote_is_refused() -> None:
    with pytest.raises(DesksError):
        read_desks(b'{"desks":{"99":{"title":{},"zone":"X","shifts":[[0,60]]}},"zones":{}}')


def test_a_desk_may_have_its_own_number_and_never_a_mobile_one() -> None:
    assert plan().phone == ""
    assert plan(BERLIN + 'phone = "+49 30 555-0100"').phone == "+49 30 555-0100"
    for wrong in ("ask Anna", "13812345678", "+86 138-1234-5678", "1"):
        with pytest.raises(CalendarsError, match=r"089911\.phone"):
            plan(BERLIN + f'phone = "{wrong}"')


def test_a_rule_set_without_numbers_has_the_bytes_that_it_had() -> None:
    assert b"phone" not in expanded_desks(BERLIN.encode())["desks.json"]
