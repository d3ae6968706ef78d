"""A deadline's clock as pure functions: from a start, pauses, a limit, a calendar and extensions to its marks.

All in integer milliseconds. Nothing here runs: the fold asks for the marks whenever one of these changes, and keeps
what it was told. What a calendar is, is in `domain.clocks.calendars`.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Literal

import msgspec

from domain.clocks.calendars import Calendar

Kind = Literal["wall_clock", "working_hours", "working_days"]
KINDS: tuple[Kind, ...] = ("wall_clock", "working_hours", "working_days")

DUE = 100
PERCENTS = (50, 75, DUE, 300)
"""The marks of a full clock: an event, an alert, the due instant, and three times the budget."""

HOUR_MS = 3_600_000
MOST_DAYS = 36_500
"""A limit of more than a century is a slip of the pen."""

Pause = tuple[int, int | None]
"""[from, to) in epoch ms; None while it lasts."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How long a clock may run: `ms` of wall-clock or open time, or `days`, which are working days."""

    kind: Kind
    ms: int = 0
    days: int = 0

    @classmethod
    def of(cls, kind: Kind, amount: Decimal) -> "Limit":
        """Return the limit of N hours, or of N working days.

        Raises
        ------
        ValueError
            If N is no number of at least 0, more than a century, or a part of a working day.

        """
        if not amount.is_finite() or not 0 <= amount <= (
            MOST_DAYS if kind == "working_days" else MOST_DAYS * 24
        ):
            raise ValueError(f"{amount} must be a number from 0 to a century's.")
        if kind != "working_days":
            return cls(kind=kind, ms=round(amount * HOUR_MS))
        if amount != int(amount):
            raise ValueError(f"{amount} must be a whole number: there are no parts of working days.")
        return cls(kind=kind, days=int(amount))


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What a clock's marks follow from, with the calendar of its name.

    Attributes
    ----------
    start_ms
        Its start S.
    limit
        Its kind and N.
    calendar
        The name of its calendar.
    pauses
        In the order of their begin; they may overlap, and what is before the start does nothing.
    extensions
        What was granted.
    percents
        Its marks, ascending, 100 among them.

    """

    start_ms: int
    limit: Limit
    calendar: str = ""
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Limit, ...] = ()
    percents: tuple[int, ...] = PERCENTS

    @property
    def paused(self) -> bool:
        """Whether a pause lasts."""
        return any(end is None for _, end in self.pauses)

    def pause(self, at_ms: int) -> "Clock":
        """Return the clock paused from an instant on; one that is paused already stays so since then."""
        if self.paused:
            return self
        return msgspec.structs.replace(self, pauses=(*self.pauses, (at_ms, None)))

    def resume(self, at_ms: int) -> "Clock":
        """Return the clock running again from an instant on."""
        pauses = tuple((begin, max(begin, at_ms) if end is None else end) for begin, end in self.pauses)
        return msgspec.structs.replace(self, pauses=pauses)

    def exclude(self, from_ms: int, to_ms: int) -> "Clock":
        """Return the clock as if it had not run in a span that is over, such as the time a case was closed."""
        return msgspec.structs.replace(
            self, pauses=tuple(sorted((*self.pauses, (from_ms, to_ms)), key=itemgetter(0)))
        )

    def reclassify(self, limit: Limit) -> "Clock":
        """Return the clock as if this limit had held since its start, with the same pauses and extensions."""
        return msgspec.structs.replace(self, limit=limit)

    def extend(self, extension: Limit) -> "Clock":
        """Return the clock with more budget. That it is granted before due is for the caller to see to."""
        return msgspec.structs.replace(self, extensions=(*self.extensions, extension))


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """When a clock reaches its marks, as far as is known now.

    Attributes
    ----------
    budget_ms
        B: the time in which the clock is used up.
    marks
        The instant of each mark by its percentage; None where a pause that still lasts comes first.
    provisional
        The due instant, or the way to it, lies in years whose holidays were not known.

    """

    budget_ms: int
    marks: dict[int, int | None]
    provisional: bool

    @property
    def due_ms(self) -> int | None:
        """The instant of 100 %."""
        return self.marks[DUE]

    def overdue(self, now_ms: int) -> bool:
        """Tell whether the clock is overdue: at the due instant it already is."""
        due_ms = self.marks[DUE]
        return due_ms is not None and due_ms <= now_ms

    def reached(self, now_ms: int, fired: Sequence[int] = ()) -> list[tuple[int, int]]:
        """Return the marks reached until an instant that have not fired: each with its own instant, ascending."""
        return [
            (percent, at_ms)
            for percent, at_ms in self.marks.items()
            if at_ms is not None and at_ms <= now_ms and percent not in fired
        ]


def budget_ms(clock: Clock, calendar: Calendar | None) -> int:
    """Return the budget B of a clock.

    N working days are the open time from the start to the last closing of the N-th working day after the start's local
    date. Extensions add in their own unit: further days to N, further time to B. One that was granted while the clock
    was of another kind keeps its unit, and is measured in the open time of the present kind.

    Raises
    ------
    ValueError
        If working days are counted without a calendar.

    """
    span_ms, days = clock.limit.ms, clock.limit.days
    for extension in clock.extensions:
        span_ms += extension.ms
        days += extension.days
    if days == 0:
        return span_ms
    if calendar is None:
        raise ValueError("Working days need a calendar.")
    closing_ms = calendar.closing_ms(clock.start_ms, days)
    if clock.limit.kind == "wall_clock":
        return span_ms + closing_ms - clock.start_ms
    return span_ms + calendar.open_ms(closing_ms) - calendar.open_ms(clock.start_ms)


def timetable(clock: Clock, calendar: Calendar | None) -> Timetable:
    """Return when a clock reaches its marks.

    Mark p is the first instant at which the open time since the start outside the pauses reaches ceil(p * B / 100);
    so it may be a closing time, never the next opening. Of a budget of 0 it is the start.

    Parameters
    ----------
    clock
        The clock.
    calendar
        That of its name; a wall clock without working days in it needs none.

    Raises
    ------
    ValueError
        If a calendar is needed and there is none.

    """
    budget = budget_ms(clock, calendar)
    working = None if clock.limit.kind == "wall_clock" else calendar
    if working is None and clock.limit.kind != "wall_clock":
        raise ValueError("Working time needs a calendar.")
    marks: dict[int, int | None] = dict.fromkeys(clock.percents)
    ahead = [(percent, -(-percent * budget // 100)) for percent in reversed(clock.percents)]
    while ahead and ahead[-1][1] <= 0:
        marks[ahead.pop()[0]] = clock.start_ms
    run_ms = 0
    for from_ms, to_ms in _running(clock.start_ms, clock.pauses):
        begin = (from_ms if working is None else working.open_ms(from_ms)) - run_ms
        if to_ms is not None:
            run_ms = (to_ms if working is None else working.open_ms(to_ms)) - begin
        while ahead and (to_ms is None or ahead[-1][1] <= run_ms):
            percent, need_ms = ahead.pop()
            marks[percent] = begin + need_ms if working is None else working.reached_ms(begin + need_ms)
        if not ahead:
            break
    asked = working is not None or clock.limit.days or any(one.days for one in clock.extensions)
    due_ms = marks[DUE]
    known = not asked or calendar is None or calendar.knows(clock.start_ms, due_ms or clock.start_ms)
    return Timetable(budget_ms=budget, marks=marks, provisional=not known)


def run_ms(clock: Clock, calendar: Calendar | None, now_ms: int) -> int:
    """Return the time that a clock has run until an instant, of its own kind and outside its pauses."""
    working = None if clock.limit.kind == "wall_clock" else calendar
    run = 0
    for from_ms, to_ms in _running(clock.start_ms, clock.pauses):
        if from_ms >= now_ms:
            break
        end_ms = now_ms if to_ms is None else min(to_ms, now_ms)
        run += end_ms - from_ms if working is None else working.open_ms(end_ms) - working.open_ms(from_ms)
    return run


def _running(start_ms: int, pauses: Sequence[Pause]) -> Iterator[tuple[int, int | None]]:
    """Give the stretches between the pauses; the last has no end, unless a pause has none."""
    from_ms = start_ms
    for begin_ms, end_ms in pauses:
        if begin_ms > from_ms:
            yield from_ms, begin_ms
        if end_ms is None:
            return
        from_ms = max(from_ms, end_ms)
    yield from_ms, None
