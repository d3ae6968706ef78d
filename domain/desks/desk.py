"""What is known of a partition's desks: pages that wait for a second signature, the last handovers, notes, moved scopes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.audit import Facts
from domain.codes import partition_of_name
from domain.duty.shifts import DeskPlan
from domain.position import Position
from domain.records import encoder


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A page that the outgoing shift has signed. `shift` is the shift's end in ms, 0 where the desk has no shifts."""

    sha256: str
    shift: int
    critical: tuple[str, ...]
    by: str
    at_ms: int
    late: bool = False


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A handover that both have signed; `ticked` are the critical items that the incoming shift ticked."""

    sha256: str
    shift: int
    prepared_by: str
    prepared_ms: int
    accepted_by: str
    accepted_ms: int
    ticked: tuple[str, ...]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note of the shift; `text` may be sealed, and is never read here."""

    n: str
    t_ms: int
    account: str
    text: str


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A scope that another desk has for the time being."""

    to: str
    by: str
    since_ms: int


class Desk(msgspec.Struct, kw_only=True):
    """What is known of a desk. Mutated by its partition's fold alone.

    Attributes
    ----------
    watched_ms
        Since when its handovers are watched; None: it is in no file, or nobody has a right to sign.
    checked_ms
        End of the last shift that was judged.

    """

    code: str
    watched_ms: int | None = None
    checked_ms: int = 0
    open: Prepared | None = None
    last: Accepted | None = None
    notes: tuple[Note, ...] = ()
    moved: dict[str, Moved] = {}


class DeskBook:
    """The desks that lie in one partition, which their codes hash to.

    Attributes
    ----------
    desks
        By code; there from the first signature, note or watching on.
    dirty
        Codes of those that changed since the edge last took the read models, in order.

    """

    __slots__ = ("_at", "desks", "dirty")

    def __init__(self, at: Position) -> None:
        self._at = at
        self.desks: dict[str, Desk] = {}
        self.dirty: dict[str, None] = {}

    def mine(self, code: str) -> bool:
        """Tell whether a desk lies here."""
        return partition_of_name(code) == self._at.partition

    def of(self, code: str) -> Desk:
        """Return a desk, new where nothing is known of it; it is kept when it is touched."""
        return self.desks.get(code) or Desk(code=code)

    def touch(self, desk: Desk) -> None:
        """Keep a desk that changed."""
        self.desks[desk.code] = desk
        self.dirty[desk.code] = None

    def listed(self) -> list[str]:
        """Return the codes of the rule set's desks that lie here, sorted."""
        return [] if self._at.rules is None else sorted(filter(self.mine, self._at.rules.desks))

    def plan(self, code: str) -> DeskPlan | None:
        """Return a desk's shifts; None where the rule set has none for it."""
        return None if self._at.rules is None else self._at.rules.desks.get(code)

    def shown(self, *, whole: bool) -> dict[str, bytes | None]:
        """Return what screens read of the desks that changed, or of all."""
        return {code: encoder.encode(self.desks[code]) for code in (self.desks if whole else self.dirty)}

    def plain(self) -> dict[str, Any]:
        """Return the desks as plain values, by code."""
        return {code: msgspec.to_builtins(desk) for code, desk in sorted(self.desks.items())}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over desks that `plain` gave."""
        self.desks = msgspec.convert(plain, dict[str, Desk])


def facts_of_desk(desk: Desk | None) -> Facts:
    """Return what a command may change of a desk."""
    if desk is None:
        return {}
    return {
        "prepared": None if desk.open is None else desk.open.sha256,
        "accepted": None if desk.last is None else desk.last.sha256,
        "shift": None if desk.last is None else desk.last.shift,
        "notes": len(desk.notes),
        "moved": {scope: one.to for scope, one in sorted(desk.moved.items())},
    }
