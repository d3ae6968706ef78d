"""`watchfloor audit verify|show`: who did what, and the proof that nothing of it was changed or left out."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import Settings
    from domain.audit import Line

MOST_LINES = 10_000


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(
        help="Who did what: one line for each command and for what timers did, in hash chains.",
        no_args_is_help=True,
    )
    group.command(epilog=EXIT_CODES)(verify)
    group.command(epilog=EXIT_CODES)(show)
    app.add_typer(group, name="audit")


def verify(data: Data = None, as_json: Json = False) -> None:
    """Check that each chain is as it was written and that every command has its line; ends with 1 at a bad one."""
    import msgspec
    from aiokafka.errors import KafkaError

    from streams.offline import BeginningGoneError, NotGivenError
    from watchfloor.audit_checks import verify as check
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError
    from watchfloor.topic_access import no_broker

    settings = live_settings(data)
    output.quiet_logs()
    try:
        found = check(settings, output.tell)
    except (BeginningGoneError, NotGivenError) as gone:
        raise MissingError(f"{gone}.") from gone
    except KafkaError as failed:
        raise no_broker(settings) from failed
    bad = found.first_bad
    if as_json:
        output.print_object(msgspec.to_builtins(found))
    elif bad is None:
        output.tell(
            f"All is well: {found.lines:,} lines, among them one for each of {found.commands:,} commands."
        )
    else:
        where = f"line {bad.line}" if bad.line is not None else "a line is missing"
        at = "" if bad.offset is None else f", offset {bad.offset} of the journal"
        output.tell(f"BAD: partition {bad.partition}, {where}{at}: {bad.sentence}.")
    raise typer.Exit(0 if found.ok else 1)


def show(
    case: Annotated[str, typer.Option("--case", help="Only what was done to this case.")] = "",
    account: Annotated[
        str, typer.Option("--account", help="Only what this account's id did, or `clock`.")
    ] = "",
    last: Annotated[
        int, typer.Option("--last", min=1, max=MOST_LINES, help="So many lines, the newest.")
    ] = 50,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show the newest lines in order of time."""
    from heapq import nlargest

    from streams.audit_chain import BadLinkError
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import RefusedError

    settings = live_settings(data, running=False)
    try:
        newest = nlargest(
            last,
            _lines(settings, case, account),
            key=lambda one: (one.t_ms, one.partition, one.offset, one.n),
        )
    except BadLinkError as bad:
        raise RefusedError(
            f"A chain is broken at its line {bad.number}: run `watchfloor audit verify`."
        ) from bad
    rows = [_row(line) for line in reversed(newest)]
    if as_json:
        output.print_list(rows)
        return
    columns = ("t_at", "account", "screen", "action", "outcome", "reason", "case", "before", "after")
    told = [[_text(row.get(name)) for name in columns] for row in rows]
    output.print_table("", ("time", *columns[1:]), told, "" if rows else "no line yet")


def _lines(settings: "Settings", case: str, account: str) -> "Iterator[Line]":
    from domain.codes import JOURNAL_PARTITIONS
    from streams.audit_chain import audit_file, read_chain

    for partition in range(JOURNAL_PARTITIONS):
        for _, line in read_chain(audit_file(settings.data, settings.topic("audit"), partition)):
            if (not case or line.case == case) and (not account or line.account == account):
                yield line


def _row(line: "Line") -> dict[str, Any]:
    import msgspec

    from watchfloor.commands.output import with_times

    return with_times(msgspec.structs.asdict(line))


def _text(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_plain(one)}" for key, one in value.items())
    return value


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
