"""Roster files as a town writes them: CSV with a header, read whole, and every mistake told with its line.

A file with a mistake gives nothing: half a roster would be taken for the whole one.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import msgspec

from config.calendar_source import WEEKDAYS, hours_of
from domain.codes import COUNTY_DIGITS
from domain.duty.roster_file import FOREVER, Shift
from domain.flows.given import ID
from domain.rule_page import Page
from producers.unpacking import open_text

MOST_TOLD = 1_000
"""Mistakes that are told: more of them are one mistake, made in every line."""
EPOCH = date(1970, 1, 1).toordinal()
DAILY = "1" * len(WEEKDAYS)
LONGEST_KEY, LONGEST_NAME, LONGEST_NUMBER = 64, 120, 40
TEXTS_KEPT = 65_536
"""Different hours, days and dates that are remembered; a roster has a few of each, in very many lines."""

Key = TypeVar("Key")

COLUMNS = {
    "people": ("worker", "name", "phone"),
    "duty": ("area", "worker", "stand_in", "days", "hours", "from", "to"),
    "departments": ("department", "name", "name_zh", "category", "area", "from", "to"),
}
"""The columns of each kind of file, in any order; the header names them all."""


class RosterFileError(ValueError):
    """A file that is not taken; `mistakes` has `FILE:LINE: sentence` for each of its mistakes."""

    def __init__(self, mistakes: list[str]) -> None:
        more = [f"… and {len(mistakes) - MOST_TOLD} more."] if len(mistakes) > MOST_TOLD else []
        self.mistakes = mistakes[:MOST_TOLD] + more
        super().__init__("\n".join(self.mistakes))


class PersonLine(msgspec.Struct, frozen=True, gc=False):
    """A worker by the key that the town knows them by."""

    key: str
    name: str
    phone: str


class DutyLine(msgspec.Struct, frozen=True, gc=False):
    """A worker and a stand-in, by the town's keys, of an area in a shift on some days."""

    area: str
    worker: str
    stand_in: str
    shift: Shift
    from_day: int
    to_day: int


class DepartmentLine(msgspec.Struct, frozen=True, gc=False):
    """A team, what it is called, and what it settles where ("" is every category)."""

    team: str
    name: str
    name_zh: str
    category: str
    area: str
    from_day: int
    to_day: int


class _Mistakes:
    """What is wrong with a file, line by line."""

    def __init__(self, path: Path) -> None:
        self.found: list[str] = []
        self._path = path
        self.line = 1

    def add(self, sentence: str) -> None:
        self.found.append(f"{self._path}:{self.line}: {sentence}")

    def ensure_none(self) -> None:
        if self.found:
            raise RosterFileError(self.found)


def read_people(path: Path) -> list[PersonLine]:
    """Return the workers of a file.

    Raises
    ------
    RosterFileError
        With every mistake.

    """
    wrong = _Mistakes(path)
    people: list[PersonLine] = []
    seen: dict[str, int] = {}
    for key, name, phone in _rows(path, "people", wrong):
        _check_text(wrong, "worker", key, LONGEST_KEY)
        _check_text(wrong, "name", name, LONGEST_NAME)
        if phone:
            _check_text(wrong, "phone", phone, LONGEST_NUMBER)
        _check_new(wrong, seen, key, "worker")
        people.append(PersonLine(key, name, phone))
    wrong.ensure_none()
    return people


def read_duty(path: Path, codes_of: Callable[[str], list[str]]) -> list[DutyLine]:
    """Return the lines of a duty roster.

    Parameters
    ----------
    path
        The file.
    codes_of
        Gives the codes that a text may mean: none where there is no such area.

    Raises
    ------
    RosterFileError
        With every mistake.

    """
    wrong = _Mistakes(path)
    places = _Places(codes_of)
    duty: list[DutyLine] = []
    begun: dict[tuple[str, int, int], list[tuple[str, int]]] = {}
    for area, worker, stand_in, days, hours, first, last in _rows(path, "duty", wrong):
        code = places.code(area, wrong)
        _check_text(wrong, "worker", worker, LONGEST_KEY)
        if stand_in:
            _check_text(wrong, "stand_in", stand_in, LONGEST_KEY)
        if stand_in and stand_in == worker:
            wrong.add("`stand_in` is the worker: name somebody else, or leave it empty.")
        shift, said = _shift(days, hours)
        from_day, to_day = _validity(first, last, wrong)
        if said:
            wrong.add(said)
            continue
        for opens, _ in shift.hours:
            others = begun.setdefault((code, from_day, opens), [])
            for weekdays, line in others:
                if code and any(a == b == "1" for a, b in zip(weekdays, shift.days, strict=True)):
                    wrong.add(
                        f"gives {area} a second worker in the shift of line {line}: "
                        "let one begin at another time or be valid from another day."
                    )
            others.append((shift.days, wrong.line))
        duty.append(DutyLine(code, worker, stand_in, shift, from_day, to_day))
    wrong.ensure_none()
    return duty


def read_departments(path: Path, codes_of: Callable[[str], list[str]]) -> list[DepartmentLine]:
    """Return the lines of a file of departments; parameters and errors as of `read_duty`."""
    wrong = _Mistakes(path)
    places = _Places(codes_of)
    lines: list[DepartmentLine] = []
    names: dict[str, tuple[str, str]] = {}
    seen: dict[tuple[str, str, int], int] = {}
    for team, name, name_zh, category, area, first, last in _rows(path, "departments", wrong):
        if not ID.fullmatch(team):
            wrong.add("`department` must have 1 to 64 letters, digits or any of _ . : - without spaces.")
        _check_text(wrong, "name", name, LONGEST_NAME)
        if name_zh:
            _check_text(wrong, "name_zh", name_zh, LONGEST_NAME)
        if category:
            _check_text(wrong, "category", category, LONGEST_NAME)
        code = places.code(area, wrong)
        from_day, to_day = _validity(first, last, wrong)
        if names.setdefault(team, (name, name_zh)) != (name, name_zh):
            wrong.add(f"calls {team} other than a line before: give it one name.")
        _check_new(wrong, seen, (category, code, from_day), "category, area and first day")
        lines.append(DepartmentLine(team, name, name_zh, category, code, from_day, to_day))
    wrong.ensure_none()
    return lines


def _rows(path: Path, kind: str, wrong: _Mistakes) -> Iterator[list[str]]:
    """Give the fields of each line in the kind's own order; what is no table is a mistake."""
    columns = COLUMNS[kind]
    try:
        with open_text(path) as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in columns if name not in header]
            unknown = [name for name in header if name not in columns]
            if missing or unknown or len(header) != len(columns):
                wrong.add(
                    f"the header must name {', '.join(columns)} once each; "
                    f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}."
                )
                return
            order = [header.index(name) for name in columns]
            for row in reader:
                wrong.line = reader.line_num
                if len(row) == len(columns):
                    yield [row[index].strip() for index in order]
                elif row:
                    wrong.add(
                        f"has {len(row)} fields, and the header {len(columns)}: quote what has a comma in it."
                    )
    except OSError as gone:
        wrong.add(f"cannot be read ({gone.strerror or gone}).")
    except UnicodeDecodeError as bad:
        wrong.add(f"is not in UTF-8 ({bad.reason}): save it as UTF-8.")
    except csv.Error as bad:
        wrong.line += 1
        wrong.add(f"is no CSV: {bad}.")


class _Places:
    """The codes of the areas that a file names."""

    def __init__(self, codes_of: Callable[[str], list[str]]) -> None:
        self._codes_of = codes_of
        self._known: dict[str, tuple[str, str]] = {}

    def code(self, text: str, wrong: _Mistakes) -> str:
        """Return an area's code; "" where the text names none, or several, which is a mistake."""
        if text not in self._known:
            self._known[text] = self._find(text)
        code, said = self._known[text]
        if said:
            wrong.add(said)
        return code

    def _find(self, text: str) -> tuple[str, str]:
        codes = self._codes_of(text) if text else []
        if len(codes) > 1:
            return "", f"`area` {text!r} may be {', '.join(codes[:5])}: write the code."
        if not codes:
            return "", f"`area` {text!r} is no area of the rule set: import the areas first, or mend it."
        if len(codes[0]) < COUNTY_DIGITS:
            return "", f"`area` {text!r} is wider than a county: write a line for each county."
        return codes[0], ""


@lru_cache(maxsize=TEXTS_KEPT)
def _shift(days: str, hours: str) -> tuple[Shift, str]:
    """Return a shift, and a sentence where the texts are none."""
    weekdays = _weekdays(days)
    if not weekdays:
        return Shift(
            DAILY, ()
        ), f"`days` is {days!r}; write mon-fri, or sat,sun, or leave it empty for every day."
    said: list[str] = []
    spans = hours_of(Page("", {"hours": hours.split() or ["00:00-24:00"]}, said), "hours")
    return Shift(weekdays, spans), said[0].removeprefix(": ") if said else ""


def _weekdays(text: str) -> str:
    """Return `1` and `0` for Monday to Sunday; "" where the text names no days."""
    if text.casefold() in {"", "daily"}:
        return DAILY
    days: set[int] = set()
    for part in text.casefold().split(","):
        first, _, last = (one.strip() for one in part.partition("-"))
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            return ""
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days |= {
            day % len(WEEKDAYS) for day in range(start, (end if end >= start else end + len(WEEKDAYS)) + 1)
        }
    return "".join("1" if day in days else "0" for day in range(len(WEEKDAYS)))


def _validity(first: str, last: str, wrong: _Mistakes) -> tuple[int, int]:
    """Return the first day and the one after the last; without them a line has always been valid, and stays so."""
    from_day, to_day = _day(first), _day(last)
    for field, text, day in (("from", first, from_day), ("to", last, to_day)):
        if text and day is None:
            wrong.add(f"`{field}` is {text!r}; write a day as 2026-01-31, or leave it empty.")
    start, end = from_day or 0, FOREVER if to_day is None else to_day + 1
    if start >= end:
        wrong.add(f"`to` {last} lies before `from` {first}.")
    return start, end


@lru_cache(maxsize=TEXTS_KEPT)
def _day(text: str) -> int | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return max(day.toordinal() - EPOCH, 0)


def _check_text(wrong: _Mistakes, field: str, text: str, most: int) -> None:
    if not text or len(text) > most or not text.isprintable():
        wrong.add(f"`{field}` must have 1 to {most} characters.")


def _check_new(wrong: _Mistakes, seen: dict[Key, int], key: Key, what: str) -> None:
    line = seen.setdefault(key, wrong.line)
    if line != wrong.line:
        wrong.add(f"has the same {what} as line {line}: keep one of them.")
