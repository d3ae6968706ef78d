"""The three ways in which the front door says no, each with the exit code that scripts rely on."""

from typing import ClassVar


class FrontDoorError(Exception):
    """What a person reads instead of a traceback: one sentence that says how to mend it.

    Attributes
    ----------
    exit_code
        What the command ends with: 1 (no), 2 (wrong use) or 3 (something that it needs is not there).

    """

    exit_code: ClassVar[int] = 1


class RefusedError(FrontDoorError):
    """It was understood, and the answer is no."""


class WrongUseError(FrontDoorError):
    """It was asked for in a way that cannot be meant."""

    exit_code: ClassVar[int] = 2


class MissingError(FrontDoorError):
    """Something that it needs is not there."""

    exit_code: ClassVar[int] = 3
