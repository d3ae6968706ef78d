"""A county's roster as it stands in a rule set: areas, shifts, workers and departments, by ids alone.

What is asked of it is in `domain.duty.roster`; making it is `watchfloor roster import`.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from domain.clocks.calendars import WEEK_DAYS, Hours, overlapping
from domain.codes import COUNTY_DIGITS, LEVELS, is_jurisdiction

FOREVER = 1_000_000
"""The day before which a row without a last day ends: in the year 4707."""
MOST_MINUTES = 2880
"""A shift ends on the day after it began at the latest."""


class RosterError(ValueError):
    """A part that is no roster: the message says what of it, in one sentence."""


class Shift(msgspec.Struct, frozen=True, array_like=True):
    """Weekdays, a `1` for each of Monday to Sunday that has it, and its hours in minutes of the local day on which it begins."""

    days: str
    hours: Hours


class DutyRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A worker of an area in a shift, from a local day up to one (excluded), in days after 1970-01-01."""

    area: str
    shift: int
    worker: str
    stand_in: str = ""
    from_day: int = 0
    to_day: int = FOREVER


class DepartmentRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The team that settles a category ("" is every one) in an area, from a local day up to one (excluded)."""

    category: str
    area: str
    team: str
    from_day: int = 0
    to_day: int = FOREVER


class RosterFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in `roster/COUNTY.json`. `offsets` is as in `domain.clocks.local`; `zone` is only to be shown."""

    county: str
    zone: str
    offsets: list[tuple[int, int]]
    shifts: list[Shift] = []
    duty: list[DutyRow] = []
    departments: list[DepartmentRow] = []


def read_roster_file(body: bytes) -> RosterFile:
    """Return what a part says.

    Raises
    ------
    RosterError
        If it is no roster; `watchfloor roster import` writes none that is not.

    """
    try:
        file = msgspec.json.decode(body, type=RosterFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise RosterError(f"is no roster: {wrong}. Make it with `watchfloor roster import`.") from wrong
    if len(file.county) != COUNTY_DIGITS or not is_jurisdiction(file.county):
        raise RosterError(f"has the county {file.county!r}, which has no six digits.")
    starts = [from_s for from_s, _ in file.offsets]
    if not starts or any(before >= after for before, after in pairwise(starts)):
        raise RosterError("must have its UTC offsets, ascending.")
    for shift in file.shifts:
        _check_shift(shift)
    for area, from_day, to_day in _extents(file):
        if not area.startswith(file.county) or len(area) not in LEVELS:
            raise RosterError(f"has rows of the area {area!r}, which is not in {file.county}.")
        if from_day >= to_day:
            raise RosterError(f"has rows of {area} that end before they begin.")
    if any(not 0 <= row.shift < len(file.shifts) or not row.worker for row in file.duty):
        raise RosterError("has rows of duty without a shift or a worker.")
    return file


def _extents(file: RosterFile) -> Iterator[tuple[str, int, int]]:
    yield from ((row.area, row.from_day, row.to_day) for row in file.duty)
    yield from ((row.area, row.from_day, row.to_day) for row in file.departments)


def _check_shift(shift: Shift) -> None:
    weekdays = len(shift.days) == WEEK_DAYS and not set(shift.days) - {"0", "1"}
    if not weekdays or not shift.hours or overlapping(shift.hours):
        raise RosterError(f"has a shift that cannot be: {shift.days} {shift.hours}.")
    if any(not 0 <= opens < closes <= MOST_MINUTES for opens, closes in shift.hours):
        raise RosterError(f"has a shift that does not close after it opens: {shift.hours}.")
