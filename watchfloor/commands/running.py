"""`watchfloor up`, `status` and `doctor`: starting everything, and saying how it is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from watchfloor.commands.options import EXIT_CODES, Config, Data, Json

if TYPE_CHECKING:
    from config.settings import Settings

NO = 1


def declare(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (up, status, doctor):
        app.command(epilog=EXIT_CODES)(command)


def up(  # noqa: PLR0913 - one parameter an option
    *,
    data: Data = None,
    port: Annotated[
        int | None, typer.Option(help="The wall's port; 0 takes a free one.", min=0, max=65535)
    ] = None,
    simulator: Annotated[
        bool, typer.Option("--simulator/--no-simulator", help="Let a fictional province send reports.")
    ] = True,
    clock: Annotated[
        Literal["wall", "feed"] | None,
        typer.Option(
            help="Whose time it is, fixed when the folder is made: the broker's, or the feed's own."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="How many workers share the partitions.", min=1, max=16)] = 1,
    config: Config = None,
) -> None:
    """Start everything and keep it running; prints `ready URL` when the wall is alive. Ctrl-C stops it."""
    from watchfloor.up import up as run

    if config is not None:
        _check_folder(config)
    raise typer.Exit(
        run(
            data=data,
            port=port,
            simulator=simulator,
            clock=clock,
            workers=workers,
            config_dir=config,
            publish=_publish_with_province if simulator else None,
        )
    )


def status(data: Data = None, as_json: Json = False) -> None:
    """Say what runs on a data folder; ends with 1 when nothing does."""
    from watchfloor.commands import output
    from watchfloor.datafolder import chosen_folder
    from watchfloor.runfile import status as status_of

    folder = chosen_folder(data)
    found = status_of(folder)
    if as_json:
        output.print_object(found)
    elif not found["running"]:
        output.tell(f"Nothing runs on {folder}: start it with `watchfloor up`.")
    else:
        output.print_table(
            "", ("", "address"), [(name, found[name]) for name in ("wall", "gateway", "kafka", "redis")]
        )
        rows = [
            (one["name"], str(one["pid"] or ""), one["state"], one["restarts"]) for one in found["processes"]
        ]
        output.print_table("", ("process", "pid", "state", "restarts"), rows)
    raise typer.Exit(0 if found["running"] else NO)


def doctor(data: Data = None, as_json: Json = False) -> None:
    """Check ports, versions, clocks, disk, memory, broker and Redis; ends with 1 when something is wrong."""
    from dataclasses import asdict

    from watchfloor.commands import output
    from watchfloor.doctor import examine

    findings = examine(data)
    if as_json:
        output.print_list([asdict(one) for one in findings])
    else:
        output.print_table(
            "",
            ("", "", "", "how to mend it"),
            [(one.name, one.state, one.said, one.mend) for one in findings],
        )
    raise typer.Exit(NO if any(one.state == "problem" for one in findings) else 0)


def _publish_with_province(settings: "Settings") -> str:
    """Bring the rule set into force, with the simulator's areas and their roster where it is going to run."""
    from config.people import people_of
    from producers.province import ensure_area_set
    from producers.province_roster import ensure_rosters
    from producers.simulate import SimulatorSettings
    from watchfloor.rules_publish import areas_folder, publish_rules, roster_folder

    if settings.clock == "wall":
        own = SimulatorSettings()
        ensure_area_set(areas_folder(settings), own.grids, own.seed)
        teams = ensure_rosters(roster_folder(settings), own.grids)
        if teams:
            with people_of(settings) as people:
                people.put_teams(teams)
    return publish_rules(settings)


def _check_folder(config: Path) -> None:
    from watchfloor.exceptions import WrongUseError

    if not config.is_dir():
        raise WrongUseError(f"--config {config} is no folder: name the folder of the town's own rule files.")
