"""The command `watchfloor`: every group of commands, and one sentence with an exit code where something goes wrong."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from watchfloor.commands import (
    areas,
    audit,
    command,
    deadletter,
    digest,
    due,
    duty,
    feeds,
    flow,
    messages,
    privacy,
    replay,
    roster,
    rules,
    running,
    show,
    tick,
    topics,
    user,
)
from watchfloor.commands.options import EXIT_CODES
from watchfloor.exceptions import FrontDoorError, MissingError

DONE, NO, WRONG_USE = 0, 1, 2
DEBUG = "WATCHFLOOR_DEBUG"
"""Set to 1, it shows where an error comes from."""
GROUPS = (
    running,
    feeds,
    tick,
    areas,
    show,
    digest,
    replay,
    roster,
    deadletter,
    topics,
    rules,
    due,
    duty,
    flow,
    messages,
    user,
    command,
    audit,
    privacy,
)

HELP = """A live command centre for grid-based community service.

`watchfloor up` starts everything and prints the wall's address; every other command finds it by the data folder.
"""


def application() -> typer.Typer:
    """Return the command with all its groups; nothing is started or read."""
    app = typer.Typer(
        help=HELP,
        epilog=f"{EXIT_CODES} {DEBUG}=1 shows where an error comes from.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for group in GROUPS:
        group.declare(app)
    return app


def main() -> NoReturn:
    """Run the command that this process was started with, and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        Without the program's name.

    Returns
    -------
    int
        0 done, 1 no, 2 wrong use, 3 something that it needs is not there.

    """
    quiet_clients()
    try:
        code = application()(args=list(arguments), prog_name="watchfloor", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read the answer has seen enough; the interpreter must not try to write the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO
    except Exception as wrong:  # noqa: BLE001 - the outermost: a person gets a sentence, a developer asks for more
        sentence, code = _said(wrong)
        if os.environ.get(DEBUG, "0") not in {"", "0"}:
            traceback.print_exc()
        sys.stderr.write(sentence.rstrip() + "\n")
        return code
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return NO
    return _exit_code(code)


def quiet_clients() -> None:
    """Keep the clients' own log lines from the terminal: what matters of them becomes a sentence."""
    if os.environ.get(DEBUG, "0") in {"", "0"}:
        for name in ("aiokafka", "kafka"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _said(wrong: Exception) -> tuple[str, int]:
    """Return the sentence and the exit code of what went wrong."""
    if isinstance(wrong, FrontDoorError):
        return str(wrong), wrong.exit_code
    if isinstance(wrong, TyperException):
        return _usage(wrong), WRONG_USE
    if isinstance(wrong, typer.Abort):
        return "Interrupted.", NO
    if isinstance(wrong, ConnectionError) and _is_silent_database(wrong):
        return str(wrong), MissingError.exit_code
    if mistakes := _settings_mistakes(wrong):
        return mistakes, WRONG_USE
    return _unexpected(wrong), NO


def _is_silent_database(wrong: ConnectionError) -> bool:
    from config.sql import SilentDatabaseError

    return isinstance(wrong, SilentDatabaseError)


def _exit_code(code: object) -> int:
    """Return a command's own answer; one that was interrupted said no."""
    return (code if code <= 3 else NO) if isinstance(code, int) else DONE  # noqa: PLR2004 - the codes are 0 to 3


def _usage(wrong: TyperException) -> str:
    """Say what was wrong with the options, and where they are explained."""
    context = getattr(wrong, "ctx", None)
    said = wrong.format_message()
    if context is None:
        return said
    if not said or type(wrong).__name__ == "NoArgsIsHelpError":
        return str(context.get_help())
    return f"{said.rstrip('.')}: see `{context.command_path} --help`."


def _settings_mistakes(wrong: Exception) -> str:
    """Say which variables of the environment have values that their settings do not take."""
    from pydantic import ValidationError

    if not isinstance(wrong, ValidationError) or wrong.title != "Settings":
        return ""
    said = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong.errors()]
    return f"Mend the settings (environment, WATCHFLOOR_…): {'; '.join(said)}."


def _unexpected(bug: Exception) -> str:
    return (
        f"This is a fault of watchfloor's own ({type(bug).__name__}: {bug}): "
        f"run the command again with {DEBUG}=1 and report what it shows."
    )
