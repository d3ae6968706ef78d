"""What a fold promises to the edge that feeds it: one record in, effects and read-model changes out, a state that turns into plain values and back."""

from typing import Any, Protocol

import msgspec

FOLD_VERSION = 4
"""Raised whenever the same journal would fold to another state; snapshots and read models of other versions are left alone."""

_canonical = msgspec.msgpack.Encoder(order="deterministic")


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One record that a fold wants sent. Its id comes from the position, so that a second sending changes nothing.

    `topic` is `journal`, `deadletter`, `alerts`, `audit`, `messages` or `passages`, without prefix.
    """

    topic: str
    partition: int
    id: str
    value: bytes


class Changes(msgspec.Struct, kw_only=True):
    """What a fold changed in its read models since it was last asked.

    `hashes` maps a Redis hash's name (without prefix, `grids:3`) to fields and their JSON, None where a field goes;
    `body` is the JSON of the entry for the stream `changes`; `replace` names hashes that are written whole.
    """

    offset: int
    clock_ms: int
    hashes: dict[str, dict[str, bytes | None]]
    body: bytes
    replace: list[str] = []


class Fold(Protocol):
    """One partition's fold: intake of a lane or casework of a journal partition.

    A fold has no clock, no randomness, no file: the same records give the same state, effects and changes, however
    they were batched.
    """

    @property
    def offset(self) -> int:
        """Last folded offset; -1 before the first."""

    @property
    def clock_ms(self) -> int:
        """The instant that the fold has reached."""

    @property
    def rules_hash(self) -> str:
        """Hash of the rule set in force, or an empty text."""

    def fold(self, offset: int, timestamp_ms: int, value: bytes) -> None:
        """Fold one record (its broker stamp is the time with `--clock wall`). Raises nothing for bad input."""

    def take_effects(self) -> list[Effect]:
        """Return the effects of the records folded since the last call, in order, and forget them."""

    def take_changes(self) -> Changes | None:
        """Return what changed in the read models since the last call, or None when nothing did."""

    def whole(self) -> Changes:
        """Return the read models whole, with `replace` filled."""

    def due_ms(self) -> int | None:
        """Return the earliest instant at which something falls due without a new record, or None."""

    def plain(self) -> dict[str, Any]:
        """Return the state as plain values: str-keyed dicts, lists, str, int, float, bool, None. Shares nothing that is mutated later."""

    def restore(self, plain: dict[str, Any]) -> None:
        """Take over a state that `plain` gave, of an empty fold."""


def canonical(plain: dict[str, Any]) -> bytes:
    """Return the canonical bytes of a state: MessagePack with sorted keys, floats by their 8 bytes."""
    return _canonical.encode(plain)
