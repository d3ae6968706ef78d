"""How a worker ends when it must not go on: at once, with a sentence, so that its supervisor starts it again.

Going on after a hole or a failed send would fold something that never was; a fresh start from the last snapshot is exact.
"""

import os
import sys
from typing import NoReturn

import structlog

ANEW = 1
"""The supervisor shall start the worker again."""
NOT_THERE = 3
"""Something that the worker needs is gone, and starting again does not bring it back."""

_log = structlog.get_logger()


def leave(sentence: str, code: int = ANEW, **facts: object) -> NoReturn:
    """End this process now, from whichever thread, without a last word to the broker.

    Parameters
    ----------
    sentence
        Why, for a person.
    code
        `ANEW` or `NOT_THERE`.
    facts
        What the log line carries beside it.

    """
    _log.error(sentence, exit_code=code, **facts)
    sys.stderr.flush()
    os._exit(code)
