"""`watchfloor messages list`: what people were told, and what has become of it."""

from typing import Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

COLUMNS = ("at", "state", "case", "kind", "to", "channel", "key")


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="What people were told: sent, unsure, failed.", no_args_is_help=True)
    group.command("list", epilog=EXIT_CODES)(listed)
    app.add_typer(group, name="messages")


def listed(
    state: Annotated[
        str, typer.Option("--state", help="Only one state: sending, sent, unsure, erased or failed.")
    ] = "",
    case: Annotated[str, typer.Option("--case", help="Only messages about this case.")] = "",
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="At most so many.")] = 50,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List messages by their last change, the newest first, and count all by state."""
    from config.outbox import STATES, Outbox
    from config.sql import SilentDatabaseError, database_of
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError, WrongUseError

    if state and state not in STATES:
        raise WrongUseError(f"A state is one of {', '.join(STATES)}, and not {state!r}.")
    try:
        with Outbox(database_of(live_settings(data, running=False))) as outbox:
            counts = outbox.counts()
            rows = [
                {
                    "at": output.rfc3339(one.at_ms),
                    "state": one.state,
                    "case": one.case,
                    "kind": one.kind,
                    "to": one.receiver,
                    "channel": one.channel,
                    "key": one.key,
                }
                for one in outbox.newest(most, state=state, case=case)
            ]
    except SilentDatabaseError as gone:
        raise MissingError(str(gone)) from gone
    if as_json:
        output.print_object({"counts": counts, "messages": rows})
        return
    summary = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none yet"
    output.print_table("", COLUMNS, [[row[name] for name in COLUMNS] for row in rows], summary)
