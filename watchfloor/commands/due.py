"""`watchfloor due`: when a clock reaches its marks, for checks from outside; nothing need be running."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Config, Json

if TYPE_CHECKING:
    from domain.clocks.calendars import Calendar
    from domain.clocks.clock import Limit, Pause


def declare(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=EXIT_CODES)(due)


def due(  # noqa: PLR0913 - one parameter an option
    *,
    calendar: Annotated[str, typer.Option(help="The calendar's name, as `china`.")],
    kind: Annotated[str, typer.Option(help="wall_clock, working_hours or working_days.")],
    amount: Annotated[str, typer.Option(help="Hours, or working days.", metavar="N")],
    start: Annotated[
        str,
        typer.Option("--from", help="When the clock starts, as 2026-09-30T16:00:00+08:00.", metavar="TIME"),
    ],
    pause: Annotated[
        list[str] | None,
        typer.Option(help="A pause; without TO it still lasts. May be given again.", metavar="FROM/TO"),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say when a clock reaches 50, 75, 100 (due) and 300 % of its time.

    A time without a zone is the calendar's local time.
    """
    from domain.clocks.clock import Clock, timetable
    from watchfloor.commands import output

    limit = _limit(kind, amount)
    chosen = _calendar(calendar, config)
    start_ms = _instant(chosen, "--from", start)
    pauses = sorted((_pause(chosen, text) for text in pause or ()), key=lambda one: one[0])
    found = timetable(Clock(start_ms=start_ms, limit=limit, calendar=calendar, pauses=tuple(pauses)), chosen)
    try:
        marks = {str(percent): output.rfc3339(at_ms) for percent, at_ms in found.marks.items()}
    except (OverflowError, ValueError) as wrong:
        from watchfloor.exceptions import WrongUseError

        raise WrongUseError(
            "The marks lie after the year 9999: give a smaller --amount or an earlier --from."
        ) from wrong
    if as_json:
        output.print_object({"marks": marks, "provisional": found.provisional})
        return
    note = "provisional: the holidays of a year on the way are not known yet" if found.provisional else ""
    output.print_table("", ("%", "reached"), list(marks.items()), note)


def _limit(kind: str, amount: str) -> "Limit":
    from domain.clocks.clock import KINDS, Limit
    from watchfloor.exceptions import WrongUseError

    known = next((one for one in KINDS if one == kind), None)
    if known is None:
        raise WrongUseError(f"--kind {kind} must be one of {', '.join(KINDS)}.")
    try:
        return Limit.of(known, Decimal(amount))
    except InvalidOperation as wrong:
        raise WrongUseError(f"--amount {amount} is no number.") from wrong
    except ValueError as wrong:
        raise WrongUseError(f"--amount {wrong}") from wrong


def _calendar(name: str, config: Config) -> "Calendar":
    from config.calendar_source import CalendarsError, calendar_files, expanded
    from domain.clocks.calendars import read_calendar
    from watchfloor.exceptions import MissingError, RefusedError

    files = calendar_files(config)
    names = sorted(path[10:-5] for path in files if path.count("/") == 1)
    if name not in names:
        raise MissingError(f"There is no calendar {name}; there are {', '.join(names)}.")
    own = {path: body for path, body in files.items() if path.removesuffix(".toml").split("/")[1] == name}
    try:
        return read_calendar(expanded(own)[f"calendars/{name}.json"])
    except CalendarsError as wrong:
        raise RefusedError(str(wrong)) from wrong


def _pause(calendar: "Calendar", text: str) -> "Pause":
    from watchfloor.exceptions import WrongUseError

    begin, slash, end = text.partition("/")
    if not slash:
        raise WrongUseError(f"--pause {text} must be FROM/TO, as 2026-09-30T10:00:00Z/2026-09-30T11:00:00Z.")
    begin_ms = _instant(calendar, "--pause", begin)
    end_ms = _instant(calendar, "--pause", end) if end else None
    if end_ms is not None and end_ms < begin_ms:
        raise WrongUseError(f"--pause {text} ends before it begins.")
    return begin_ms, end_ms


def _instant(calendar: "Calendar", option: str, text: str) -> int:
    """Return an instant in ms, rounded down; without a zone it is the calendar's local time."""
    from datetime import UTC, datetime, timedelta

    from watchfloor.exceptions import WrongUseError

    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise WrongUseError(f"{option} {text} is no time: write it as 2026-09-30T16:00:00+08:00.") from wrong
    local = at.tzinfo is None
    since = (at.replace(tzinfo=UTC) if local else at) - datetime(1970, 1, 1, tzinfo=UTC)
    at_ms = since // timedelta(milliseconds=1)
    return calendar.instant_of(at_ms) if local else at_ms
