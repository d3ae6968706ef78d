"""How a child is started so that it never outlives this process: the command line that goes through the launcher."""

import os
import sys
from pathlib import Path

LAUNCHER = Path(__file__).with_name("child.py")
# Elsewhere the launcher stays and reads standard input, whose other end only this process holds.
WATCHES_PIPE = sys.platform != "linux"


def bound_to_us(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line that runs `argv` and ends with this process.

    Parameters
    ----------
    argv
        The command. On Linux its process is the one that is started, with the same pid. The kernel binds it to
        the *thread* that starts it: start children from the main thread.

    """
    # without -S the launcher would pay for site-packages' own start
    return (sys.executable, "-P", "-S", str(LAUNCHER), str(os.getpid()), "--", *argv)


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command line of one of our modules; `-P` keeps the current folder out of the imports."""
    return (sys.executable, "-P", "-m", module, *arguments)
