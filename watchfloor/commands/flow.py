"""`watchfloor flow check|draw`: is a flow file right, and how does it look."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Config

if TYPE_CHECKING:
    from domain.flows.flow import Flow

NO = 1
File = Annotated[
    Path | None,
    typer.Argument(help="The flow file; without it, the one in force of the rule files.", metavar="FILE"),
]


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="The flow: the steps of a case and who may do what.", no_args_is_help=True)
    for command in (check, draw):
        group.command(epilog=EXIT_CODES)(command)
    app.add_typer(group, name="flow")


def check(file: File = None, config: Config = None) -> None:
    """Say every mistake of a flow file, each as FILE:LINE: sentence; ends with 1 when there are some."""
    from watchfloor.commands import output

    flows, mistakes = _read(file, config)
    if mistakes:
        sys.stdout.write("".join(f"{one}\n" for one in mistakes))
        raise typer.Exit(NO)
    steps = ", ".join(
        f"{name} ({len(flow.steps)} steps, {len(flow.actions)} actions)" for name, flow in flows.items()
    )
    output.tell(f"The flow is right: {steps}.")


def draw(
    file: File = None,
    name: Annotated[str, typer.Option("--flow", help="Which of the file's flows.")] = "grid",
    config: Config = None,
) -> None:
    """Write a flow as a drawing (SVG) to standard output."""
    from watchfloor.exceptions import MissingError, RefusedError
    from watchfloor.flow_drawing import drawing_of

    flows, mistakes = _read(file, config)
    if mistakes:
        raise RefusedError("\n".join(mistakes))
    if name not in flows:
        raise MissingError(f"There is no flow {name}; there are {', '.join(flows)}.")
    sys.stdout.write(drawing_of(flows[name]))


def _read(file: Path | None, config: Path | None) -> "tuple[dict[str, Flow], list[str]]":
    """Return a file's flows and its mistakes, with the feeds in force in mind."""
    from config.flow_source import USUAL_DAYS, flow_file, kept_days
    from domain.flows.file import read_flows
    from watchfloor.exceptions import MissingError

    path = flow_file(config) if file is None else file
    try:
        body = path.read_bytes()
    except OSError as wrong:
        raise MissingError(f"{path} cannot be read ({wrong.strerror}): name a flow file.") from wrong
    days = kept_days(config)
    return read_flows(body, lambda name: days.get(name, USUAL_DAYS), file=str(path))
