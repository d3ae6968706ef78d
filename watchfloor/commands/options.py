"""Options that several commands share, and the exit codes that all of them keep."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

EXIT_CODES = "Exit codes: 0 done; 1 no; 2 wrong use; 3 something that it needs is not there."

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="The data folder; without it, the same as `watchfloor up`'s.", file_okay=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table for people.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return only when all that was sent has been folded.")]
Scope = Annotated[
    str,
    typer.Option(
        "--scope",
        help="A code of 2 to 15 digits, or a source's own code or name (`la311:47`); without it, the whole area.",
    ),
]

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The town's own rule files, laid over the shipped ones; without it, what `up` was given.",
    ),
]


def instant(option: str, text: str) -> int:
    """Return the instant of an option's text in epoch ms.

    Raises
    ------
    watchfloor.exceptions.WrongUseError
        If it is no time with its zone.

    """
    from watchfloor.exceptions import WrongUseError

    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise WrongUseError(f"{option} {text} is no time: write one as 2026-09-30T16:00:00+08:00.") from wrong
    if at.tzinfo is None:
        raise WrongUseError(f"{option} {text} has no zone: write +08:00 or Z behind it.")
    return int(at.timestamp() * 1000)
