"""A calendar of open time: the shifts of every date as instants, and before and behind its years the plain week.

It reads the expanded form that a rule set carries: dates, hours and UTC offsets, all written out, so that neither a
new holidays library nor a new zone table changes an instant that was once given. Making that form is the business of
`config.calendar_source`. What a clock does with the open time is in `domain.clocks.clock`.
"""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

MINUTE_MS = 60_000
DAY_MS = 86_400_000
WEEK_DAYS = 7
WEEK_MS = WEEK_DAYS * DAY_MS
EPOCH = date(1970, 1, 1).toordinal()
EPOCH_WEEKDAY = 3
"""1970 began on a Thursday."""
HOURS_CODES = "0123456789abcdefghijklmnopqrstuvwxyz"
"""One character a date keeps a calendar of a century under 40 kB."""
CALENDARS_KEPT = 64
"""Calendars kept compiled: the same bytes come again in every rule set that did not change them."""

Hours = tuple[tuple[int, int], ...]
"""A date's shifts in minutes of its local day, [open, close); a night shift closes after 1440."""


class CalendarError(ValueError):
    """A calendar that cannot be: the message says what of it, in one sentence."""


class CalendarFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The expanded form, `calendars/NAME.json` in a rule set.

    Attributes
    ----------
    title
        Its name for people, `en` and `zh`.
    zone
        The zone that the offsets were taken from; only to be shown.
    first_year
        The year of the first text in `dates`.
    dates
        A text for each year with a character for each date: which of `hours` it has, 0-9 and then a-z.
    hours
        What the characters stand for.
    week
        The hours of a plain Monday to Sunday, for dates outside the years.
    offsets
        `[from_s, offset_s]` in UTC seconds, ascending: what the local clock is ahead of UTC from then on. The first
        holds before as well.
    known
        First and last year of each stretch of years whose holidays were known. Outside, a due instant is provisional.

    """

    title: dict[str, str]
    zone: str
    first_year: int
    dates: list[str]
    hours: list[Hours]
    week: str
    offsets: list[tuple[int, int]]
    known: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Endless:
    """A sorted sequence of integers without ends: `body`, and on either side of it a week that is repeated.

    Index 0 is the body's first; `step` is what each further week adds.
    """

    body: "array[int]"
    head: "array[int]"
    tail: "array[int]"
    step: int

    def at(self, index: int) -> int:
        """Return the value of an index, which may be negative."""
        here = len(self.body)
        if 0 <= index < here:
            return self.body[index]
        if index >= here:
            weeks, rest = divmod(index - here, len(self.tail))
            return self.tail[rest] + weeks * self.step
        weeks, rest = divmod(index, len(self.head))
        return self.head[rest] + (weeks + 1) * self.step

    def below(self, value: int) -> int:
        """Return the index of the first element that is not below a value."""
        body = self.body
        if body[0] < value <= body[-1]:
            return bisect_left(body, value)
        if value > body[-1]:
            weeks = max((value - 1 - self.tail[0]) // self.step, 0)
            return len(body) + weeks * len(self.tail) + bisect_left(self.tail, value - weeks * self.step)
        weeks = (value - 1 - self.head[0]) // self.step
        return (weeks - 1) * len(self.head) + bisect_left(self.head, value - weeks * self.step)


class Calendar:
    """Open time and working days; every answer is a pure function of the file. All instants in epoch milliseconds.

    Open time is counted from an instant of the calendar's own, so only differences say anything.
    """

    def __init__(self, file: CalendarFile) -> None:
        self.title = file.title
        self.zone = file.zone
        self._offset_from = array("q", [from_s * 1000 for from_s, _ in file.offsets])
        self._offset = array("q", [offset_s * 1000 for _, offset_s in file.offsets])
        self._opens, self._before, self._days, self._closings = _shifts_of(file)
        self._known = [
            (self.day_start_ms(_day(year)), self.day_start_ms(_day(last + 1))) for year, last in file.known
        ]

    def open_ms(self, at_ms: int) -> int:
        """Return the open time up to an instant."""
        opens, before = self._opens.body, self._before.body
        if opens[0] <= at_ms < opens[-1]:  # nearly always; the general way takes three times as long
            index = bisect_right(opens, at_ms) - 1
            return min(before[index] + at_ms - opens[index], before[index + 1])
        index = self._opens.below(at_ms + 1) - 1
        return min(self._before.at(index) + at_ms - self._opens.at(index), self._before.at(index + 1))

    def reached_ms(self, open_ms: int) -> int:
        """Return the first instant up to which the open time is so much: it may be a closing, never an opening."""
        before = self._before.body
        if before[0] < open_ms <= before[-1]:
            index = bisect_left(before, open_ms) - 1
            return self._opens.body[index] + open_ms - before[index]
        index = self._before.below(open_ms) - 1
        return self._opens.at(index) + open_ms - self._before.at(index)

    def day_of(self, at_ms: int) -> int:
        """Return the local date of an instant, in days after 1970-01-01."""
        index = max(bisect_right(self._offset_from, at_ms) - 1, 0)
        return (at_ms + self._offset[index]) // DAY_MS

    def day_start_ms(self, day: int) -> int:
        """Return the first instant of a local date, in days after 1970-01-01."""
        return self.instant_of(day * DAY_MS)

    def instant_of(self, local_ms: int) -> int:
        """Return the first instant at which the local clock shows a time or a later one.

        Parameters
        ----------
        local_ms
            The shown time, in ms after 1970-01-01T00:00 shown.

        """
        return int(_instants(self._offset_from, self._offset, np.array([local_ms], dtype=np.int64))[0])

    def closing_ms(self, start_ms: int, days: int) -> int:
        """Return the last closing of the N-th working day after an instant's local date, which is never counted.

        A working day is a date with a shift; a night shift belongs to the date on which it begins.

        Parameters
        ----------
        start_ms
            The instant.
        days
            N, at least 1.

        """
        return self._closings.at(self._days.below(self.day_of(start_ms) + 1) + days - 1)

    def knows(self, from_ms: int, to_ms: int) -> bool:
        """Tell whether the holidays of all dates between two instants were known when the calendar was expanded."""
        return any(first <= from_ms and to_ms <= end for first, end in self._known)


@lru_cache(maxsize=CALENDARS_KEPT)
def read_calendar(body: bytes) -> Calendar:
    """Return the calendar of an expanded file; the same bytes give the same object.

    Raises
    ------
    CalendarError
        If it is not such a file, or if two of its shifts overlap.

    """
    try:
        file = msgspec.json.decode(body, type=CalendarFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise CalendarError(f"is no expanded calendar: {wrong}.") from wrong
    years = enumerate(file.dates, start=file.first_year)
    if not file.dates or any(len(text) != _day(year + 1) - _day(year) for year, text in years):
        raise CalendarError("must have a character for each date of its years.")
    used = set("".join(file.dates) + file.week)
    if len(file.week) != WEEK_DAYS or not used <= set(HOURS_CODES[: len(file.hours)]):
        raise CalendarError("has dates whose hours are not in `hours`.")
    if not any(file.hours[HOURS_CODES.index(code)] for code in file.week):
        raise CalendarError("needs a shift on at least one day of the week.")
    if not file.offsets or [one[0] for one in file.offsets] != sorted({one[0] for one in file.offsets}):
        raise CalendarError("must have its UTC offsets, ascending.")
    return Calendar(file)


def day_name(day: int) -> str:
    """Return a date as 2026-01-31."""
    return date.fromordinal(EPOCH + day).isoformat()


def _day(year: int) -> int:
    return date(year, 1, 1).toordinal() - EPOCH


def _instants(offset_from: "array[int]", offset: "array[int]", local: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first instants at which the local clock shows so much or more, all in ms.

    So a time that is skipped in spring is the instant of the change, and one that comes twice is the first; what is
    ascending stays ascending.
    """
    starts, ahead = np.array(offset_from, dtype=np.int64), np.array(offset, dtype=np.int64)
    ends = starts[1:] + ahead[:-1]
    stretch = np.searchsorted(ends, local, side="right")
    found: NDArray[np.int64] = local - ahead[stretch]
    return np.where(stretch > 0, np.maximum(found, starts[stretch]), found)


def _shifts_of(file: CalendarFile) -> tuple[Endless, Endless, Endless, Endless]:
    """Return the shifts' openings and the open time before each, the working dates and the last closing of each."""
    first = _day(file.first_year)
    codes = np.frombuffer("".join(file.dates).encode(), dtype=np.uint8)
    weekday = (np.arange(-WEEK_DAYS, len(codes) + WEEK_DAYS) + first + EPOCH_WEEKDAY) % WEEK_DAYS
    plain = np.frombuffer(file.week.encode(), dtype=np.uint8)[weekday]
    codes = np.concatenate((plain[:WEEK_DAYS], codes, plain[-WEEK_DAYS:]))
    days = np.arange(first - WEEK_DAYS, first - WEEK_DAYS + len(codes), dtype=np.int64)
    local: list[NDArray[np.int64]] = []
    for code, hours in zip(HOURS_CODES, file.hours, strict=False):
        dates = days[codes == ord(code)]
        local += [
            np.stack((dates, dates * DAY_MS + open_min * MINUTE_MS, dates * DAY_MS + close_min * MINUTE_MS))
            for open_min, close_min in hours
        ]
    table = np.concatenate(local, axis=1)
    table = table[:, np.lexsort((table[1], table[0]))]
    starts, ahead = (
        array("q", [one[0] * 1000 for one in file.offsets]),
        array("q", [one[1] * 1000 for one in file.offsets]),
    )
    opens, closes = _instants(starts, ahead, table[1]), _instants(starts, ahead, table[2])
    kept = closes > opens  # a shift inside an hour that is skipped is none
    of_day, opens, closes = table[0][kept], opens[kept], closes[kept]
    for number in np.flatnonzero(opens[1:] < closes[:-1]):
        raise CalendarError(f"has shifts that overlap after {day_name(int(of_day[number]))}.")
    before = np.concatenate(([0], np.cumsum(closes - opens)))
    last = np.flatnonzero(np.append(of_day[1:] != of_day[:-1], True))
    end = first + len(codes) - 2 * WEEK_DAYS

    def parted(values: NDArray[np.int64], of: NDArray[np.int64], step: int) -> Endless:
        here, there = np.searchsorted(of, (first, end))
        head, body, tail = (array("q", part.tolist()) for part in np.split(values, (here, there)))
        return Endless(body, head, tail, step)

    week_ms = int(before[np.searchsorted(of_day, first)])
    return (
        parted(opens, of_day, WEEK_MS),
        parted(before[:-1], of_day, week_ms),
        parted(of_day[last], of_day[last], WEEK_DAYS),
        parted(closes[last], of_day[last], WEEK_MS),
    )


def overlapping(hours: Hours) -> bool:
    """Tell whether shifts of one date overlap or are not in order."""
    return any(after[0] < before[1] for before, after in pairwise(hours))
