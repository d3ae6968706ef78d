"""The log file of each child: bounded, turned over at a start and at 10 MB, and its last lines for a person."""

import os
import shutil
from pathlib import Path

# Ten processes with two files each stay under 200 MB.
LARGEST_LOG_BYTES = 10_000_000
# Enough for a traceback's end.
LAST_LINES = 8
TAIL_BYTES = 8192


def turn_over(log: Path) -> None:
    """Begin a new file and keep the one before as `NAME.log.1`; for the time before its writer starts."""
    if log.is_file() and log.stat().st_size > 0:
        log.replace(log.with_name(log.name + ".1"))


def bound(log: Path) -> bool:
    """Copy a log that has grown too long aside and empty it, under its writer's hands.

    Parameters
    ----------
    log
        A file that its writer appends to (`O_APPEND`), so that it goes on at the new end.

    Returns
    -------
    bool
        Whether it was too long.

    """
    if not log.is_file() or log.stat().st_size <= LARGEST_LOG_BYTES:
        return False
    shutil.copyfile(log, log.with_name(log.name + ".1"))
    os.truncate(log, 0)
    return True


def last_lines(log: Path) -> str:
    """Return the last few lines of a log, joined by line ends; empty when there is none."""
    if not log.is_file():
        return ""
    with log.open("rb") as opened:
        opened.seek(max(0, log.stat().st_size - TAIL_BYTES))
        text = opened.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-LAST_LINES:])
