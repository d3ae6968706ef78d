"""The wall clock, in the one module that may read it; everything else is handed its time."""

import time


def now_ms() -> int:
    """Return the time of this machine's clock.

    Returns
    -------
    int
        Milliseconds since 1970-01-01T00:00:00Z.

    """
    return time.time_ns() // 1_000_000


def monotonic_s() -> float:
    """Return seconds of a clock that never goes back, for measuring spans."""
    return time.monotonic()
