"""`watchfloor topics create`: the topics of a cluster that is not started by `up`."""

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="The topics in Kafka.", no_args_is_help=True)
    group.command(epilog=EXIT_CODES)(create)
    group.callback()(_group)
    app.add_typer(group, name="topics")


def _group() -> None:
    """The topics in Kafka."""


def create(data: Data = None, as_json: Json = False) -> None:
    """Create the topics that are missing, with endless retention, and check those that are there."""
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError
    from watchfloor.topics import create_topics

    settings = live_settings(data, running=False)
    if not settings.kafka:
        raise MissingError(
            "No broker is named: start one with `watchfloor up`, or name it in WATCHFLOOR_KAFKA."
        )
    created = create_topics(settings)
    if as_json:
        output.print_object({"created": created})
    else:
        output.tell(f"created {', '.join(created)}" if created else "all topics are there already")
