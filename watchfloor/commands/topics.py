"""`watchfloor topics create|rights`: the topics of a cluster that is not started by `up`, and who may use them."""

from typing import TYPE_CHECKING, Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
    from config.settings import Settings


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="The topics in Kafka.", no_args_is_help=True)
    group.command(epilog=EXIT_CODES)(create)
    group.command(epilog=EXIT_CODES)(rights)
    group.callback()(_group)
    app.add_typer(group, name="topics")


def _group() -> None:
    """The topics in Kafka."""


def create(data: Data = None, as_json: Json = False) -> None:
    """Create the topics that are missing, with endless retention, and check those that are there."""
    from watchfloor.commands import output
    from watchfloor.topics import create_topics

    settings = _settings(data)
    created = create_topics(settings)
    if as_json:
        output.print_object({"created": created})
    else:
        output.tell(f"created {', '.join(created)}" if created else "all topics are there already")


def rights(
    *,
    give: Annotated[
        bool, typer.Option("--give", help="Give them at the broker; without it they are only shown.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show which process's user may read and write which topic, or give these rights at the broker."""
    from dataclasses import asdict

    from watchfloor import broker_rights
    from watchfloor.commands import output

    settings = _settings(data)
    found = broker_rights.give_rights(settings) if give else broker_rights.rights(settings)
    if as_json:
        output.print_list([asdict(right) for right in found])
        return
    columns = ("user", "verb", "kind", "name")
    output.print_table("rights", columns, [(r.user, r.verb, r.kind, r.name) for r in found])


def _settings(data: Data) -> "Settings":
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError

    settings = live_settings(data, running=False)
    if not settings.kafka:
        raise MissingError(
            "No broker is named: start one with `watchfloor up`, or name it in WATCHFLOOR_KAFKA."
        )
    return settings
