"""Who is on duty: a county's roster of areas, shifts, workers and departments, compiled from its part of a rule set.

It holds ids alone; names and numbers are in SQL. The hours are local, with the offsets from UTC written out when the
roster was imported, so that no later zone table changes who was on duty.
"""

from collections.abc import Iterator
from functools import cached_property, lru_cache

import msgspec

from domain.clocks.calendars import EPOCH_WEEKDAY, MINUTE_MS, WEEK_DAYS
from domain.clocks.local import DAY_MS, LocalClock
from domain.codes import COUNTY_DIGITS, LEVELS
from domain.duty.roster_file import DepartmentRow, DutyRow, RosterFile, read_roster_file

ROSTERS_KEPT = 1024
"""Counties whose roster is kept by its bytes, so that rule sets share what did not change; a province has some hundred."""
DAYS_AHEAD = 8
"""How far the next shift is looked for: every weekday comes within."""


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for a place at an instant: by which area's roster, since and until when, and who stands in."""

    worker: str
    stand_in: str
    area: str
    from_ms: int
    until_ms: int


class Roster:
    """A county's roster. Every answer is a pure function of its bytes; they are read at the first question.

    Of several rows that hold at one instant the one of the more exact area goes before, then the one that is valid since
    a later day, then the one whose shift began later: so a holiday's row is laid over the year's. Nothing else orders
    persons.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body

    @cached_property
    def _file(self) -> RosterFile:
        return read_roster_file(self._body)

    @cached_property
    def _clock(self) -> LocalClock:
        return LocalClock(self._file.offsets)

    @cached_property
    def _by_area(self) -> dict[str, list[DutyRow]]:
        rows: dict[str, list[DutyRow]] = {}
        for row in self._file.duty:
            rows.setdefault(row.area, []).append(row)
        return rows

    @cached_property
    def _by_worker(self) -> dict[str, list[DutyRow]]:
        rows: dict[str, list[DutyRow]] = {}
        for row in self._file.duty:
            rows.setdefault(row.worker, []).append(row)
        return rows

    @cached_property
    def _by_stand_in(self) -> dict[str, list[DutyRow]]:
        rows: dict[str, list[DutyRow]] = {}
        for row in self._file.duty:
            if row.stand_in:
                rows.setdefault(row.stand_in, []).append(row)
        return rows

    @cached_property
    def _by_category(self) -> dict[tuple[str, str], list[DepartmentRow]]:
        rows: dict[tuple[str, str], list[DepartmentRow]] = {}
        for row in self._file.departments:
            rows.setdefault((row.category, row.area), []).append(row)
        return rows

    def areas(self) -> list[str]:
        """Return the codes that have rows of duty, sorted."""
        return sorted(self._by_area)

    def on_duty(self, code: str, at_ms: int) -> Duty | None:
        """Return who is on duty in an area, or in the next wider one where nobody is; None: nobody up to the county.

        Parameters
        ----------
        code
            A grid or a jurisdiction.
        at_ms
            The instant, epoch ms.

        """
        for area in _wider(code):
            found = [duty for row in self._by_area.get(area, ()) for duty in self._holding(row, at_ms)]
            if found:
                return max(found, key=lambda one: one[0])[1]
        return None

    def next_on_duty(self, code: str, at_ms: int) -> Duty | None:
        """Return whose shift begins next in an area, or in the next wider one, within 8 days; None: nobody's does."""
        for area in _wider(code):
            coming = [
                (opens_ms, (-row.from_day, row.worker), closes_ms, row)
                for row in self._by_area.get(area, ())
                for opens_ms, closes_ms in self._spans(row, at_ms, DAYS_AHEAD)
                if opens_ms > at_ms
            ]
            if coming:
                opens_ms, _, closes_ms, row = min(coming)
                return _duty(row, opens_ms, closes_ms)
        return None

    def on_shift(self, worker: str, at_ms: int) -> bool:
        """Tell whether a worker has a shift at an instant.

        Who has shifts of their own in these days is on shift in them alone; who only stands in for others, in theirs.
        """
        day = self._clock.day_of(at_ms)
        own = [row for row in self._by_worker.get(worker, []) if row.from_day <= day < row.to_day]
        rows = own or self._by_stand_in.get(worker, [])
        return any(True for row in rows for _ in self._holding(row, at_ms))

    def stand_in_of(self, worker: str, code: str, at_ms: int) -> str:
        """Return who stands in for a worker of a place; "" where nobody does, or who would is off shift.

        The row of the shift that holds goes before one of these days whose shift is over, then the one of the more exact
        area.
        """
        day = self._clock.day_of(at_ms)
        rows = [
            (
                any(True for _ in self._holding(row, at_ms)),
                code.startswith(row.area),
                len(row.area),
                row.from_day,
                n,
            )
            for n, row in enumerate(self._by_worker.get(worker, ()))
            if row.from_day <= day < row.to_day
        ]
        if not rows:
            return ""
        stand_in = self._by_worker[worker][max(rows)[-1]].stand_in
        return stand_in if stand_in != worker and stand_in and self.on_shift(stand_in, at_ms) else ""

    def department_of(self, category: str, code: str, at_ms: int) -> str:
        """Return the team that settles a category in a place; "" where the roster names none."""
        row = self.department_row(category, code, at_ms)
        return "" if row is None else row.team

    def department_row(self, category: str, code: str, at_ms: int) -> DepartmentRow | None:
        """Return by which row a team settles a category: one of this very category first, then the more exact area."""
        day = self._clock.day_of(at_ms)
        for wanted in (category, "") if category else ("",):
            for area in _wider(code):
                rows = [
                    row
                    for row in self._by_category.get((wanted, area), ())
                    if row.from_day <= day < row.to_day
                ]
                if rows:
                    return max(rows, key=lambda row: row.from_day)
        return None

    def _holding(self, row: DutyRow, at_ms: int) -> Iterator[tuple[tuple[int, int, str], Duty]]:
        """Give the span of a row that holds an instant, with what orders it among others of the same area."""
        for opens_ms, closes_ms in self._spans(row, at_ms, 1):
            if opens_ms <= at_ms < closes_ms:
                yield (row.from_day, opens_ms, row.worker), _duty(row, opens_ms, closes_ms)

    def _spans(self, row: DutyRow, at_ms: int, ahead: int) -> Iterator[tuple[int, int]]:
        """Give opening and closing of a row's shifts from the day before an instant's to so many days after it.

        A shift belongs to the day on which it begins, also as to weekday and validity.
        """
        shift = self._file.shifts[row.shift]
        today = self._clock.day_of(at_ms)
        for day in range(max(today - 1, row.from_day), min(today + ahead + 1, row.to_day)):
            if shift.days[(day + EPOCH_WEEKDAY) % WEEK_DAYS] == "1":
                for open_min, close_min in shift.hours:
                    yield (
                        self._clock.instant_of(day * DAY_MS + open_min * MINUTE_MS),
                        self._clock.instant_of(day * DAY_MS + close_min * MINUTE_MS),
                    )


@lru_cache(maxsize=ROSTERS_KEPT)
def roster_of(body: bytes) -> Roster:
    """Return the roster of a part; the same bytes give the same object, and nothing is read before it is asked."""
    return Roster(body)


def _wider(code: str) -> list[str]:
    """Return a code and the wider areas around it, up to its county."""
    return [code[:digits] for digits in sorted(LEVELS, reverse=True) if COUNTY_DIGITS <= digits <= len(code)]


def _duty(row: DutyRow, from_ms: int, until_ms: int) -> Duty:
    return Duty(worker=row.worker, stand_in=row.stand_in, area=row.area, from_ms=from_ms, until_ms=until_ms)
