"""The queue of one desk, or of an account's parts of it, with its versions: joined once for all screens that follow it.

Nothing is kept for a screen: it gets the newest value of each row that changed since the version that it has. A screen
that is too far behind, or new, gets the queue whole, in pieces that a slow line can take.
"""

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from dashboard.gateway.alert_stack import Alert
from dashboard.gateway.frames import text_frame
from dashboard.gateway.rights import Reach
from domain.desks.held import within

MOST_ROWS = 5_000
"""Rows of one queue, the most urgent ones; nobody works down a longer list, and a page holds it in memory."""
PIECE_ROWS = 400
"""Rows of one message: some 300 kB."""
GONE_KEPT = 2_000
"""Rows that left the queue and are remembered, for screens that are behind."""

_encode = msgspec.json.Encoder().encode
Urgency = Callable[[str], tuple[bool, int, int, str]]


class QueueChannel:
    """A queue's versions.

    Parameters
    ----------
    desk
        A code, as the screens asked for it.
    reach
        Where its cases lie, and what it is to say of scopes that are moved.
    urgency
        Gives a row's place among more rows than are shown.

    """

    def __init__(self, desk: str, reach: Reach, urgency: Urgency) -> None:
        self.desk, self.reach = desk, reach
        self.seq = 0
        self.ready = False
        self._urgency = urgency
        self._rows: dict[str, bytes] = {}
        self._hidden: dict[str, bytes] = {}
        self._changed: dict[str, int] = {}  # the version of each shown row's newest value, ascending
        self._gone: deque[tuple[int, str]] = deque()
        self._knows_from = 0
        self._frames: dict[int, bytes | None] = {}
        self._moved = _moved(reach)
        self._alerts: list[Alert] = []
        self._alerts_seq = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def total(self) -> int:
        """How many cases the queue has, with those that are not shown."""
        return len(self._rows) + len(self._hidden)

    def holds(self, grid: str) -> bool:
        """Tell whether a grid's cases are in this queue."""
        return bool(grid) and within(self.reach.pieces, grid)

    def has(self, name: str) -> bool:
        """Tell whether a case is in this queue as far as was published."""
        return name in self._rows or name in self._hidden

    def publish(self, changed: Iterable[tuple[str, bytes | None]]) -> bool:
        """Make a version of rows that may have changed, None for one that has left; tell whether any is another."""
        seq, moved, total = self.seq + 1, False, self.total
        for name, body in changed:
            if body is None:
                moved |= self._hidden.pop(name, None) is not None
                moved |= self._leave(name, seq)
            elif name in self._hidden:
                self._hidden[name] = body
                moved = True
            elif self._rows.get(name) != body:
                self._set(name, body, seq)
                moved = True
        if moved and (len(self._rows) > MOST_ROWS or self._hidden):
            self._choose(seq)
        if moved or total != self.total:
            self.seq = seq
            self._frames.clear()
        return moved

    def tell_alerts(self, alerts: list[Alert]) -> bool:
        """Make a version of the alerts that the view of this desk does not have, if they are others; tell whether they are."""
        if alerts == self._alerts:
            return False
        self._alerts = alerts
        self.seq += 1
        self._alerts_seq = self.seq
        self._frames.clear()
        return True

    def whole(self, server_ms: int) -> tuple[bytes, list[str]]:
        """Return the frame of the queue's first rows, and the cases of the others, which `piece` gives."""
        names = list(self._rows)
        head = (
            self._head(server_ms)
            | {"whole": True, "rows": self._of(names[:PIECE_ROWS])}
            | self._told_alerts(-1)
        )
        return text_frame(_encode(head)), names[PIECE_ROWS:]

    def piece(self, seq: int, names: list[str], server_ms: int) -> bytes:
        """Return the frame of further rows of a whole queue, for a screen that has its first ones of a version."""
        head = self._head(server_ms) | {"seq": seq, "after": seq, "set": self._of(names), "gone": []}
        return text_frame(_encode(head))

    def since(self, seq: int, server_ms: int) -> bytes | None:
        """Return the frame that takes a screen from a version to the newest; None where it must get the queue whole."""
        if seq not in self._frames:
            self._frames[seq] = self._since(seq, server_ms)
        return self._frames[seq]

    def _since(self, seq: int, server_ms: int) -> bytes | None:
        if not self._knows_from <= seq <= self.seq:
            return None
        names: list[str] = []
        for name in reversed(self._changed):
            if self._changed[name] <= seq:
                break
            names.append(name)
            if len(names) > PIECE_ROWS:
                return None
        gone = {name for at, name in self._gone if at > seq and name not in self._rows}
        head = (
            self._head(server_ms)
            | {"after": seq, "set": self._of(names), "gone": sorted(gone)}
            | self._told_alerts(seq)
        )
        return text_frame(_encode(head))

    def _head(self, server_ms: int) -> dict[str, object]:
        return {
            "type": "queue",
            "desk": self.desk,
            "seq": self.seq,
            "server_ms": server_ms,
            "total": self.total,
            **self._moved,
        }

    def _told_alerts(self, seq: int) -> dict[str, object]:
        """Return the alerts of scopes that other desks have given, where they are others than in a version."""
        return {"alerts": self._alerts} if self.reach.outside and self._alerts_seq > seq else {}

    def _of(self, names: Iterable[str]) -> list[msgspec.Raw]:
        return [msgspec.Raw(body) for name in names if (body := self._rows.get(name)) is not None]

    def _set(self, name: str, body: bytes, seq: int) -> None:
        self._rows[name] = body
        self._changed.pop(name, None)
        self._changed[name] = seq

    def _leave(self, name: str, seq: int) -> bool:
        if self._rows.pop(name, None) is None:
            return False
        del self._changed[name]
        self._gone.append((seq, name))
        while len(self._gone) > GONE_KEPT:
            self._knows_from = self._gone.popleft()[0]
        return True

    def _choose(self, seq: int) -> None:
        """Show the most urgent rows, where there are more than are shown."""
        everybody = self._rows | self._hidden
        shown = set(sorted(everybody, key=self._urgency)[:MOST_ROWS])
        for name in [name for name in self._rows if name not in shown]:
            self._leave(name, seq)
        for name in shown - self._rows.keys():
            self._set(name, everybody[name], seq)
        self._hidden = {name: body for name, body in everybody.items() if name not in shown}


def _moved(reach: Reach) -> dict[str, object]:
    """Return what a queue says of scopes that are moved; nothing where none is."""
    said = {"given": reach.given, "taken": reach.taken, "beyond": reach.beyond}
    named = {
        name: [{"scope": scope, "desk": desk} for scope, desk in one] for name, one in said.items() if one
    }
    return {"moved": named} if named else {}
