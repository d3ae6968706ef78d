"""Options that several commands share, and the exit codes that all of them keep."""

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
