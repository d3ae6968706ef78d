"""`watchfloor produce`, `simulate` and `poll`: the sources of reports, and what became of what they sent."""

from pathlib import Path
from typing import Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Config, Data, Json, Wait

Speed = Annotated[
    str,
    typer.Option(help="Feed seconds a second, or `max`. On the wall's clock only 1; with --clock feed any."),
]


def declare(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (produce, simulate, poll):
        app.command(epilog=EXIT_CODES)(command)


def produce(  # noqa: PLR0913 - one parameter an option
    *,
    files: Annotated[
        list[Path], typer.Argument(help="Recorded files: CSV, TSV or JSON lines, also .gz.", metavar="FILE…")
    ],
    feed: Annotated[
        str, typer.Option(help="The feed that the files are of; config/feeds/NAME.toml says how.")
    ],
    speed: Speed = "1",
    begin: Annotated[
        str, typer.Option("--from", help="Only what came from then on (RFC 3339; without a zone: UTC).")
    ] = "",
    end: Annotated[str, typer.Option("--to", help="Only what came before then.")] = "",
    areas: Annotated[
        Path | None,
        typer.Option(
            help="The feed's areas file; without it, the one that its mapping names, beside the data."
        ),
    ] = None,
    wait: Wait = False,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Replay recorded files, merged by time, as a live feed."""
    from watchfloor.commands import sending
    from watchfloor.commands.live import live_settings

    asked = sending.Recorded(
        files=tuple(files),
        feed=feed,
        speed=sending.speed_of(speed),
        from_ms=sending.instant_of("--from", begin),
        to_ms=sending.instant_of("--to", end),
        areas=areas,
    )
    sending.report(sending.produce(live_settings(data, config_dir=config), asked, wait=wait), as_json=as_json)


def simulate(  # noqa: PLR0913 - one parameter an option
    *,
    grids: Annotated[int, typer.Option(help="Grids of the fictional province.", min=1, max=122_800)] = 120,
    events: Annotated[int, typer.Option(help="Reports to send; 0 goes on without end.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    speed: Speed = "1",
    per_s: Annotated[
        float,
        typer.Option("--per-s", help="Messages a second of the province's time.", min=0.001, max=10_000),
    ] = 2.0,
    truth: Annotated[Path | None, typer.Option(help="Where the planted incidents are written.")] = None,
    wait: Wait = False,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Send the reports of a fictional province."""
    from watchfloor.commands import sending
    from watchfloor.commands.live import live_settings

    asked = sending.Simulated(
        grids=grids, events=events, seed=seed, speed=sending.speed_of(speed), per_s=per_s, truth=truth
    )
    sending.report(
        sending.simulate(live_settings(data, config_dir=config), asked, wait=wait), as_json=as_json
    )


def poll(
    url: Annotated[
        str, typer.Argument(help="An Open311 GeoReport v2 endpoint: …/requests.json or …/requests.xml.")
    ],
    feed: Annotated[str, typer.Option(help="The feed that its reports are of.")],
    interval_s: Annotated[
        float, typer.Option("--interval", help="Seconds from one look to the next.", min=10)
    ] = 60.0,
    config: Config = None,
    data: Data = None,
) -> None:
    """Poll an Open311 endpoint politely until Ctrl-C, remembering where it was."""
    from watchfloor.commands import output, sending
    from watchfloor.commands.live import live_settings

    sent = sending.poll(live_settings(data, config_dir=config), url, feed, interval_s)
    output.tell(f"sent {sent:,} messages")
