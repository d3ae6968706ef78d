"""One scope's view with its versions: worked out once for all screens that watch it, with its last changes to resume from.

An epoch is one unbroken run of versions; a screen that has (epoch, seq) of it gets what it missed, any other a snapshot.
"""

from collections import deque
from typing import Any

import msgspec

from dashboard.gateway import views
from dashboard.gateway.frames import text_frame
from dashboard.gateway.views import Changes, View

RING_ENTRIES = 600
"""A minute at ten changes a second: longer than a screen's back-off after a gateway's hiccup."""
RING_BYTES = 1 << 20
"""What a scope may keep to resume from; a longer gap is cheaper as a snapshot."""

_encode = msgspec.json.Encoder().encode


class Channel:
    """A scope's versions.

    Parameters
    ----------
    scope
        A code.
    epoch
        A text that no other run of versions has.

    """

    __slots__ = (
        "_epoch_of",
        "_merged",
        "_ring",
        "_ring_bytes",
        "_runs",
        "_snapshot",
        "epoch",
        "scope",
        "seq",
        "view",
    )

    def __init__(self, scope: str, epoch: str) -> None:
        self.scope = scope
        self.seq = 0
        self.view: View | None = None
        self._runs = 0
        self._epoch_of = epoch
        self._snapshot: bytes | None = None
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._merged: dict[int, bytes] = {}
        self._begin()

    def publish(self, view: View) -> bool:
        """Make a view the newest version; tell whether it differs from the one before."""
        if self.view is None:
            self._take(view)
            return True
        changes = views.difference(self.view, view)
        if changes is None:
            self._begin()
            self._take(view)
            return True
        if not changes:
            return False
        self._take(view)
        body = _encode(changes)
        self._ring.append((self.seq, body))
        self._ring_bytes += len(body)
        while len(self._ring) > RING_ENTRIES or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= len(self._ring.popleft()[1])
        return True

    def lose(self) -> None:
        """Begin a new epoch: the history behind the view is gone."""
        view, self.view = self.view, None
        self._begin()
        if view is not None:
            self._take(view)

    def position(self, epoch: str | None, seq: int | None) -> int | None:
        """Return the version that a screen has, when what it missed can still be told; else None."""
        if epoch != self.epoch or seq is None or seq > self.seq:
            return None
        if seq == self.seq:
            return seq
        return seq if self._ring and self._ring[0][0] <= seq + 1 else None

    def snapshot(self, server_ms: int) -> bytes:
        """Return the frame of the whole view; the stamp is the first asker's of this version."""
        if self._snapshot is None:
            head = {"type": "snapshot", "epoch": self.epoch, "seq": self.seq, "scope": self.scope}
            self._snapshot = text_frame(_encode(head | {"server_ms": server_ms, "view": self.view}))
        return self._snapshot

    def since(self, seq: int) -> bytes | None:
        """Return the frame that takes a screen from a version to the newest, or None where only a snapshot can."""
        if self.position(self.epoch, seq) is None:
            return None
        frame = self._merged.get(seq)
        if frame is None:
            missed = [body for number, body in self._ring if number > seq]
            body = missed[0] if len(missed) == 1 else _encode(_together(missed))
            head = {
                "type": "changes",
                "epoch": self.epoch,
                "after": seq,
                "seq": self.seq,
                "scope": self.scope,
            }
            frame = text_frame(_encode(head | {"view": msgspec.Raw(body)}))
            self._merged[seq] = frame
        return frame

    def _take(self, view: View) -> None:
        self.view = view
        self.seq += 1
        self._snapshot = None
        self._merged.clear()

    def _begin(self) -> None:
        self._runs += 1
        self.epoch = f"{self._epoch_of}.{self._runs}"
        self._ring.clear()
        self._ring_bytes = 0
        self._snapshot = None
        self._merged.clear()


def _together(bodies: list[bytes]) -> Changes:
    merged: dict[str, Any] = {}
    for body in bodies:
        merged = views.merge(merged, msgspec.json.decode(body))
    return merged
