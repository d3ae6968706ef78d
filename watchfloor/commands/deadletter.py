"""`watchfloor deadletter list|show|requeue`: what intake refused, why, and sending it again once it is mended."""

from typing import Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

COLUMNS = ("id", "feed", "reason", "sentence", "t_at", "size_bytes")


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="What was refused, why, and sending it again.", no_args_is_help=True)
    group.command("list", epilog=EXIT_CODES)(list_letters)
    for command in (show, requeue):
        group.command(epilog=EXIT_CODES)(command)
    app.add_typer(group, name="deadletter")


def list_letters(
    feed: Annotated[str, typer.Option(help="Only this feed's.")] = "",
    reason: Annotated[str, typer.Option(help="Only those refused for this reason, as `too_early`.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say what was refused, the oldest first, each with the reason."""
    from watchfloor.commands import letters, output
    from watchfloor.commands.live import live_settings

    found = letters.read_all(live_settings(data))
    chosen = [one for one in found.values() if feed in {"", one["feed"]} and reason in {"", one["reason"]}]
    rows = [output.with_times(one) for one in chosen]
    if as_json:
        output.print_list(rows)
        return
    output.print_table(
        "", COLUMNS, [[row.get(name) for name in COLUMNS] for row in rows], f"{len(rows):,} dead letters"
    )


def show(
    dead: Annotated[
        str, typer.Argument(help="A dead letter's id, as `deadletter list` prints it.", metavar="ID")
    ],
    purpose: Annotated[
        str,
        typer.Option(help="Open what is sealed in it, for this purpose, as `handling`; the look is logged."),
    ] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show a dead letter with the message that was refused; what may name somebody is sealed in it."""
    from watchfloor.commands import letters, output
    from watchfloor.commands.live import live_settings

    settings = live_settings(data)
    (letter,) = letters.chosen(settings, [dead])
    row = output.with_times(letter) | letters.original_text(settings, letter)
    if purpose:
        row |= letters.opened(settings, letter["id"], row.get("original", ""), purpose)
    if as_json:
        output.print_object(row)
        return
    output.print_table("", ("", "value"), [(name, str(value)) for name, value in row.items()])


def requeue(
    dead: Annotated[list[str] | None, typer.Argument(help="Dead letters' ids.", metavar="ID…")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Send dead letters again, to be judged anew; one that was sent again before counts once all the same."""
    from watchfloor.commands import letters, output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import WrongUseError

    if bool(dead) == every:
        raise WrongUseError("Name the dead letters to send again, or all of them with --all.")
    settings = live_settings(data)
    sent, left = letters.requeue(settings, letters.chosen(settings, None if every else dead))
    if as_json:
        output.print_object({"requeued": sent, "left": left})
    else:
        output.tell(f"sent again: {len(sent):,}")
        for name, why in left.items():
            output.tell(f"left: {name}: {why}")
    raise typer.Exit(1 if left else 0)
