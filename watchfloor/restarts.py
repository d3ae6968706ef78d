"""When a child that ended is started again, and when it is given up: a pure rule over its last exits."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

# Back at once after one accident, and no more than a start every few seconds after many.
FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
# Somebody else's KILL says nothing about the child, so it comes back quickly however often.
LONGEST_DELAY_AFTER_KILL_S = 0.5
WINDOW_S = 60.0
# Five own failures in a minute are a fault that a sixth start will not mend.
MOST_FAILURES = 5
# The kernel kills like this for want of memory: thirty in a minute are a loop too.
MOST_KILLS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """One end of a child.

    Attributes
    ----------
    at_s
        When, on a clock that never goes back.
    code
        Its exit code; minus the signal's number when a signal ended it.
    excused
        What it needs was gone at that moment, so that it counts as nobody's fault.

    """

    at_s: float
    code: int
    excused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Start it again after `delay_s` seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Do not start it again.

    Attributes
    ----------
    exits
        How many exits in the last minute were too many.

    """

    exits: int


def judge(exits: Sequence[Exit], now_s: float) -> Again | GiveUp:
    """Decide after an exit.

    Parameters
    ----------
    exits
        The child's exits, the newest last; those older than a minute do not count.
    now_s
        The same clock's time.

    Returns
    -------
    Again | GiveUp
        Delays double from 0.1 s to 5 s with the exits of the last minute, to 0.5 s after a KILL.

    """
    recent = [exit_ for exit_ in exits if now_s - exit_.at_s < WINDOW_S and not exit_.excused]
    kills = sum(1 for exit_ in recent if exit_.code == -signal.SIGKILL)
    failures = len(recent) - kills
    if failures >= MOST_FAILURES or kills >= MOST_KILLS:
        return GiveUp(exits=len(recent))
    longest = LONGEST_DELAY_S if failures else LONGEST_DELAY_AFTER_KILL_S
    return Again(delay_s=min(longest, FIRST_DELAY_S * 2.0 ** max(0, len(recent) - 1)))


def keep_recent(exits: Sequence[Exit], now_s: float) -> list[Exit]:
    """Return the exits that can still count, so that the list does not grow."""
    return [exit_ for exit_ in exits if now_s - exit_.at_s < WINDOW_S]
