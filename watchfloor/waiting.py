"""Waiting until what was sent has been folded: bounded, and patient only while something moves."""

import time
from collections.abc import Callable, Mapping

from config.settings import Settings
from config.wallclock import monotonic_s
from domain.codes import JOURNAL_PARTITIONS
from watchfloor import topic_access
from watchfloor.exceptions import MissingError
from watchfloor.read_models import ReadModels

# A worker that was killed folds again within 4 s, a broker within 30 s; after twice that nobody is at work.
QUIET_S = 60.0
# Read models are written every 50 ms; looking more often shows nothing new.
LOOK_EVERY_S = 0.05
# For a person who watches, a line a second is enough.
TELL_EVERY_S = 1.0

Say = Callable[[str], None]


def silent(line: str) -> None:
    """Say nothing: for callers who have nobody watching."""


def wait_folded(
    models: ReadModels, targets: Mapping[str, int], *, say: Say = silent, quiet_s: float = QUIET_S
) -> None:
    """Return when each partition has been folded up to its offset.

    Parameters
    ----------
    models
        Where the workers write how far they are.
    targets
        Offsets by partition (`reports:0`, `journal:3`); -1 asks for nothing.
    say
        Takes a line on how far it is, about once a second.
    quiet_s
        Seconds without any movement after which it gives up.

    Raises
    ------
    MissingError
        If nothing moved for `quiet_s` seconds; the sentence names what is behind.

    """
    wanted = {name: offset for name, offset in targets.items() if offset >= 0}
    told = 0
    last: dict[str, int] = {}
    moved_s = told_s = monotonic_s()
    while True:
        now_s = monotonic_s()
        fault = ""
        try:
            here = models.positions()
        except MissingError as gone:
            here, fault = last, f" {gone}"
        behind = {name: offset for name, offset in wanted.items() if here.get(name, -1) < offset}
        if not behind:
            return
        if here != last:
            last, moved_s = here, now_s
        elif now_s - moved_s > quiet_s:
            raise MissingError(
                f"Nothing was folded for {quiet_s:.0f} s, and {_named(behind)} is still behind: "
                f"see whether a worker runs with `watchfloor status`, then with `watchfloor doctor`.{fault}"
            )
        missing = sum(offset - here.get(name, -1) for name, offset in behind.items())
        if now_s - told_s >= TELL_EVERY_S and missing != told:
            told_s, told = now_s, missing
            say(f"folding: {missing:,} records to go")
        time.sleep(LOOK_EVERY_S)


def wait_journal(
    settings: Settings, models: ReadModels, *, say: Say = silent, quiet_s: float = QUIET_S
) -> None:
    """Return when the whole journal as it is now has been folded.

    Raises
    ------
    MissingError
        If nothing moved for `quiet_s` seconds.

    """
    ends = topic_access.end_offsets(settings, "journal", JOURNAL_PARTITIONS)
    wait_folded(models, {f"journal:{p}": end - 1 for p, end in ends.items()}, say=say, quiet_s=quiet_s)


def _named(behind: Mapping[str, int]) -> str:
    names = sorted(behind)
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"


def wait_for_reports(
    settings: Settings,
    models: ReadModels,
    last_offset: Mapping[int, int],
    *,
    say: Say = silent,
    quiet_s: float = QUIET_S,
) -> None:
    """Return when reports that were sent are folded by intake, and what it forwarded by casework.

    Intake has folded a report before the broker has acknowledged all that it forwards; only when a worker says that
    everything up to the last one is acknowledged is the journal's end behind it.

    Parameters
    ----------
    settings, models
        The brokers, and where the workers write how far they are.
    last_offset
        The last offset that was sent, by lane.
    say
        Takes a line on how far it is, about once a second.
    quiet_s
        Seconds without any movement after which it gives up.

    Raises
    ------
    MissingError
        If nothing moved for `quiet_s` seconds.

    """
    targets = {f"reports:{lane}": offset for lane, offset in last_offset.items()}
    wait_folded(models, targets, say=say, quiet_s=quiet_s)
    begun_s = monotonic_s()
    while any(models.forwarded(name) < offset for name, offset in targets.items()):
        if monotonic_s() - begun_s > quiet_s:
            raise MissingError(
                f"Intake has folded what was sent, and {quiet_s:.0f} s later the journal still lacks some of it: "
                "see whether a worker runs with `watchfloor status`, then with `watchfloor doctor`."
            )
        time.sleep(LOOK_EVERY_S)
    wait_journal(settings, models, say=say, quiet_s=quiet_s)
