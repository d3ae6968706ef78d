"""`watchfloor replay`: a stretch of the past on a wall of its own; live is untouched."""

from typing import Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Data


def declare(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=EXIT_CODES)(replay)


def replay(
    begin: Annotated[
        str, typer.Option("--from", help="Where the replay begins (RFC 3339; without a zone: UTC).")
    ],
    end: Annotated[str, typer.Option("--to", help="Where it ends.")],
    speed: Annotated[str, typer.Option(help="Journal seconds a second, or `max`.")] = "1",
    keep: Annotated[bool, typer.Option("--keep", help="Leave its read models in Redis at the end.")] = False,
    data: Data = None,
) -> None:
    """Fold a stretch of the journal again at a pace, and print the address of its wall."""
    import math
    import sys

    from watchfloor.commands import output, sending
    from watchfloor.commands.live import live_settings, wall_address
    from watchfloor.exceptions import WrongUseError

    from_ms, to_ms = sending.instant_of("--from", begin), sending.instant_of("--to", end)
    if from_ms is None or to_ms is None or from_ms >= to_ms:
        raise WrongUseError("--to must be after --from.")
    pace = sending.speed_of(speed)
    settings = live_settings(data)
    from streams.replay import Window
    from watchfloor.commands import replaying

    window = Window(from_ms=from_ms, to_ms=to_ms, speed=None if math.isinf(pace) else pace)

    def say(line: str) -> None:
        if line.startswith("http"):  # what scripts wait for
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        else:
            output.tell(line)

    replaying.run(settings, window, wall_address(settings), keep=keep, say=say)
