"""Calendars as a town writes them, expanded into dates, hours and UTC offsets for a rule set.

Only here are the holidays library and the zone table asked: what is published is written out, and no later version of
either changes it. The expanded form is `domain.clocks.calendars.CalendarFile`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from config.holiday_years import HolidayYears, Place, PlaceError, holiday_years
from domain.clocks.calendars import (
    HOURS_CODES,
    CalendarError,
    CalendarFile,
    Hours,
    overlapping,
    read_calendar,
)
from domain.rule_page import Page

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""What is expanded: a margin before the oldest recorded feed, and as far as the library goes."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHIFT = re.compile(r"([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")
DAY_MIN = 1440
ZONES_KEPT = 16
"""Zones whose changes are remembered: finding them asks the zone table for every day of a century."""


class CalendarsError(ValueError):
    """Calendar or desk files with mistakes; `mistakes` has a sentence for each of them."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def calendar_files(config_dir: Path | None) -> dict[str, bytes]:
    """Return the calendar files in force by path: the shipped ones, with a town's own laid over them.

    `calendars/NAME.toml` is a calendar, `calendars/NAME/YEAR.toml` the dates of one year that differ.
    """
    files: dict[str, bytes] = {}
    for folder in (Path(str(resources.files("config"))), config_dir):
        if folder is not None:
            found = [*folder.glob("calendars/*.toml"), *folder.glob("calendars/*/*.toml")]
            files |= {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}
    return files


def expanded(files: Mapping[str, bytes], kept: Path | None = None) -> dict[str, bytes]:
    """Return the rule set's part `calendars/NAME.json` of each calendar.

    Parameters
    ----------
    files
        What `calendar_files` gave.
    kept
        A folder in which what the holidays library said is kept: asking it takes a second.

    Raises
    ------
    CalendarsError
        With every mistake of every file.

    """
    mistakes: list[str] = []
    parts: dict[str, bytes] = {}
    for name in sorted(path[10:-5] for path in files if path.count("/") == 1):
        own = {
            path: files[path]
            for path in sorted(files)
            if path == f"calendars/{name}.toml" or path.startswith(f"calendars/{name}/")
        }
        before = len(mistakes)
        body = msgspec.json.encode(expand(name, own, mistakes, kept), order="deterministic")
        try:
            read_calendar(body)
        except CalendarError as wrong:
            if len(mistakes) == before:
                mistakes.append(f"calendars/{name}.toml: {wrong}")
        parts[f"calendars/{name}.json"] = body
    mistakes += [
        f"{path}: there is no calendar {path.rpartition('/')[0]}.toml whose year it could be."
        for path in sorted(files)
        if path.count("/") > 1 and f"{path.rpartition('/')[0]}.toml" not in files
    ]
    if mistakes:
        raise CalendarsError(mistakes)
    return parts


def expand(
    name: str, files: Mapping[str, bytes], mistakes: list[str], kept: Path | None = None
) -> CalendarFile:
    """Expand one calendar; mistakes are noted, each with its file and field.

    Parameters
    ----------
    name
        The calendar's name.
    files
        `calendars/NAME.toml` and the years that differ.
    mistakes
        What is wrong is added here.
    kept
        As `expanded`'s.

    """
    page = _page(f"calendars/{name}.toml", files, mistakes)
    page.only("title", "zone", "hours", "holidays")
    week = [hours_of(page.table("hours"), weekday) for weekday in WEEKDAYS]
    page.table("hours").only(*WEEKDAYS)
    if not any(week):
        page.wrong("hours", 'must have a shift on at least one day, as mon = ["08:30-12:00"].')
    zone = zone_of(page)
    years, make_up = _library(page.table("holidays"), kept)
    own, complete = _differing(name, files, mistakes)
    used: dict[Hours, str] = {(): HOURS_CODES[0]}

    def code(hours: Hours) -> str:
        return used.setdefault(hours, HOURS_CODES[min(len(used), len(HOURS_CODES) - 1)])

    def hours_on(day: date) -> Hours:
        if day in own:
            return own[day]
        if day.year in years.known and day.year not in complete:
            if day in years.worked:
                return make_up
            if day in years.free:
                return ()
        return week[day.weekday()]

    dates = [
        "".join(code(hours_on(day)) for day in _days_of(year)) for year in range(FIRST_YEAR, LAST_YEAR + 1)
    ]
    plain = "".join(code(hours) for hours in week)
    if len(used) >= len(HOURS_CODES):
        page.wrong("hours", f"has more than {len(HOURS_CODES) - 2} sorts of days; make fewer.")
    return CalendarFile(
        title=page.both("title"),
        zone=str(zone),
        first_year=FIRST_YEAR,
        dates=dates,
        hours=list(used),
        week=plain,
        offsets=list(offsets_of(zone)),
        known=list(_stretches(years.known | complete)),
    )


def _page(path: str, files: Mapping[str, bytes], mistakes: list[str]) -> Page:
    try:
        table = tomllib.loads(files[path].decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        mistakes.append(f"{path}: is no TOML in UTF-8: {wrong}.")
        table = {}
    return Page(path, table, mistakes)


def hours_of(page: Page, field: str) -> Hours:
    """Return the shifts of a day, in minutes; one that closes before it opens closes on the next date."""
    shifts: list[tuple[int, int]] = []
    for text in page.texts(field):
        found = SHIFT.fullmatch(text)
        hour, minute, to_hour, to_minute = (int(part) for part in found.groups()) if found else (24, 1, 24, 1)
        opens, closes = hour * 60 + minute, to_hour * 60 + to_minute
        if opens >= DAY_MIN or closes > DAY_MIN or opens == closes:
            page.wrong(field, f'has the shift {text!r}; write it as "08:30-12:00", a night as "22:00-06:00".')
            continue
        shifts.append((opens, closes if closes > opens else closes + DAY_MIN))
    if overlapping(tuple(shifts)):
        page.wrong(field, "has shifts that overlap or are not in order.")
        return ()
    return tuple(shifts)


def zone_of(page: Page) -> ZoneInfo:
    """Return the zone that a page names; UTC where it names none that there is."""
    name = page.text("zone", "UTC", needed=True)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        page.wrong("zone", f"must be a zone such as Asia/Shanghai, and is {name!r}.")
        return ZoneInfo("UTC")


def _library(page: Page, kept: Path | None) -> tuple[HolidayYears, Hours]:
    """Return the holidays of a place, and the hours of a make-up working day."""
    page.only("country", "subdivision", "except", "make_up")
    make_up = hours_of(page, "make_up")
    country = page.text("country")
    nothing = HolidayYears(
        free=frozenset(), worked=frozenset(), known=frozenset(range(FIRST_YEAR, LAST_YEAR + 1))
    )
    if not country:
        return nothing, make_up
    place = Place(
        country=country,
        subdivision=page.text("subdivision"),
        years=(FIRST_YEAR, LAST_YEAR),
        announced="make_up" in page.values,
        without=tuple(page.texts("except")),
    )
    try:
        years = holiday_years(place, kept)
    except PlaceError as wrong:
        page.wrong("country", str(wrong))
        return nothing, make_up
    return years, make_up


def _differing(
    name: str, files: Mapping[str, bytes], mistakes: list[str]
) -> tuple[dict[date, Hours], frozenset[int]]:
    """Return the dates with hours of their own, and the years whose file has all of them."""
    own: dict[date, Hours] = {}
    complete: set[int] = set()
    for path in files:
        if path == f"calendars/{name}.toml":
            continue
        page = _page(path, files, mistakes)
        page.only("complete", "days")
        year = path.rpartition("/")[2].removesuffix(".toml")
        if not year.isdecimal() or not FIRST_YEAR <= int(year) <= LAST_YEAR:
            mistakes.append(f"{path}: must be named by its year, {FIRST_YEAR} to {LAST_YEAR}, as 2027.toml.")
            continue
        if page.flag("complete", default=False):
            complete.add(int(year))
        days = page.table("days")
        for field in days.values:
            try:
                day = date.fromisoformat(field)
            except ValueError:
                days.wrong(field, f"is no date; write it as {year}-01-31.")
                continue
            if day.year != int(year):
                days.wrong(field, f"is not of the year {year}.")
            own[day] = hours_of(days, field)
    return own, frozenset(complete)


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days))


@lru_cache(maxsize=ZONES_KEPT)
def offsets_of(zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """Return a zone's offsets from UTC, as `domain.clocks.calendars.CalendarFile.offsets` has them."""
    return tuple(_offsets(zone))


def _offsets(zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Give each change of a zone's offset from UTC within the years, to the second."""
    at = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - timedelta(days=8)
    end = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) + timedelta(days=8)
    ahead = _ahead_s(at, zone)
    yield int(at.timestamp()), ahead
    while at < end:
        then = at + timedelta(days=1)  # no zone has ever changed its offset twice within a day and back
        if _ahead_s(then, zone) != ahead:
            low, high = int(at.timestamp()), int(then.timestamp())
            while high - low > 1:
                middle = (low + high) // 2
                if _ahead_s(datetime.fromtimestamp(middle, UTC), zone) == ahead:
                    low = middle
                else:
                    high = middle
            ahead = _ahead_s(then, zone)
            yield high, ahead
        at = then


def _ahead_s(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _stretches(years: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Give first and last of each run of years."""
    for year in sorted(years):
        if year - 1 not in years:
            last = year
            while last + 1 in years:
                last += 1
            yield year, last
