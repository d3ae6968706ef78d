"""An estimate of the broker's time, for deciding when a tick is due; no state depends on it."""

from collections import deque

from config.wallclock import monotonic_s, now_ms

# As many recent stamps are remembered: enough to find one that came without delay.
SAMPLES = 64


class BrokerTime:
    """The broker's clock as its stamps show it, carried on by this machine's monotonic clock.

    A record is at least as old as its way here, so the estimate is never ahead of the broker by more than the clocks
    drift in between. Before the first stamp it is this machine's own clock; a tick that comes too early does no harm.
    """

    def __init__(self) -> None:
        self._ahead_ms: deque[float] = deque(maxlen=SAMPLES)

    def heard(self, stamp_ms: int) -> None:
        """Take the stamp of a record that has just come, at the end of its partition."""
        self._ahead_ms.append(stamp_ms - monotonic_s() * 1000)

    def estimate_ms(self) -> int:
        """Return about what the broker's clock says now, epoch milliseconds."""
        if not self._ahead_ms:
            return now_ms()
        return int(max(self._ahead_ms) + monotonic_s() * 1000)
