"""A worker with the counting folds; `WATCHFLOOR_TEST_DIE_AT=aside:3` ends it at the third time a snapshot is so far."""

import os
import signal

from config.settings import Settings
from streams import snapshotting
from streams.worker import start
from tests.streams.counting_fold import new_fold

# A test is over before a real interval is.
snapshotting.EVERY_S = float(os.environ.get("WATCHFLOOR_TEST_SNAPSHOT_S", "1.0"))
snapshotting.RECORDS = 1
snapshotting.LOOK_S = 0.1

_die_at, _, _times = os.environ.get("WATCHFLOOR_TEST_DIE_AT", "").partition(":")
_reached = [0]


def stage(name: str) -> None:
    """End this process hard where the test said so."""
    if name == _die_at:
        _reached[0] += 1
        if _reached[0] == int(_times):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    start(Settings(), new_fold, stage)
