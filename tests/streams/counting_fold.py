"""Two small honest folds of the real protocol: lanes forward reports with their origin, partitions count them by key.

Every tenth report of a key is an alert; a report with `due_ms` is an alert when the partition's clock has passed it.
"""

from typing import Any

import msgspec

from domain.codes import JOURNAL_PARTITIONS
from domain.fold import Changes, Effect, Fold
from streams.sources import Source

ALERT_EVERY = 10


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A report, and what is forwarded of it. A tick has no key."""

    key: str = ""
    due_ms: int = 0
    origin: tuple[int, int] | None = None


_decoder = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


def read(value: bytes) -> Line:
    """Return a line; what is not one counts as a tick."""
    try:
        return _decoder.decode(value)
    except msgspec.DecodeError:
        return Line()


def partition_of_key(key: str) -> int:
    """Return the journal partition of a key, which ends with its number."""
    return int(key.rpartition("-")[2]) % JOURNAL_PARTITIONS


class Lane:
    """Forwards each report to its key's partition."""

    def __init__(self, lane: int) -> None:
        self.lane = lane
        self.offset = -1
        self.clock_ms = 0
        self.rules_hash = ""
        self.taken = 0
        self._effects: list[Effect] = []
        self._dirty = False

    def fold(self, offset: int, timestamp_ms: int, value: bytes) -> None:
        self.offset = offset
        self.clock_ms = max(self.clock_ms, timestamp_ms)
        line = read(value)
        if not line.key:
            return
        self.taken += 1
        self._dirty = True
        forwarded = _encoder.encode(Line(key=line.key, due_ms=line.due_ms, origin=(self.lane, offset)))
        self._effects.append(
            Effect(
                topic="journal",
                partition=partition_of_key(line.key),
                id=f"{self.lane}-{offset}",
                value=forwarded,
            )
        )

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def take_changes(self) -> Changes | None:
        if not self._dirty:
            return None
        self._dirty = False
        return Changes(offset=self.offset, clock_ms=self.clock_ms, hashes=self._hashes(), body=b"{}")

    def whole(self) -> Changes:
        return Changes(
            offset=self.offset,
            clock_ms=self.clock_ms,
            hashes=self._hashes(),
            body=b'{"whole":true}',
            replace=[],
        )

    def _hashes(self) -> dict[str, dict[str, bytes | None]]:
        return {"lanes": {str(self.lane): _encoder.encode({"offset": self.offset, "taken": self.taken})}}

    def due_ms(self) -> int | None:
        return None

    def plain(self) -> dict[str, Any]:
        return {"offset": self.offset, "clock_ms": self.clock_ms, "taken": self.taken}

    def restore(self, plain: dict[str, Any]) -> None:
        self.offset, self.clock_ms, self.taken = plain["offset"], plain["clock_ms"], plain["taken"]


class Counts:
    """Counts reports by key, once each, and raises alerts."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.offset = -1
        self.clock_ms = 0
        self.rules_hash = ""
        self.counts: dict[str, int] = {}
        self.dues: dict[str, int] = {}
        self.origins: dict[str, int] = {}
        self._effects: list[Effect] = []
        self._changed: set[str] = set()

    def fold(self, offset: int, timestamp_ms: int, value: bytes) -> None:
        self.offset = offset
        self.clock_ms = max(self.clock_ms, timestamp_ms)
        for key in [key for key, due_ms in self.dues.items() if due_ms <= self.clock_ms]:
            self._alert(offset, f"{key} was due at {self.dues.pop(key)}")
        line = read(value)
        if not line.key or line.origin is None:
            return
        lane, place = str(line.origin[0]), line.origin[1]
        if place <= self.origins.get(lane, -1):
            return
        self.origins[lane] = place
        count = self.counts[line.key] = self.counts.get(line.key, 0) + 1
        self._changed.add(line.key)
        if line.due_ms:
            self.dues[line.key] = line.due_ms
        if count % ALERT_EVERY == 0:
            self._alert(offset, f"{line.key} reached {count}")

    def _alert(self, offset: int, text: str) -> None:
        number = f"{self.partition}-{offset}-{len(self._effects)}"
        self._effects.append(
            Effect(
                topic="alerts",
                partition=self.partition,
                id=number,
                value=_encoder.encode({"effect": f"{self.partition}-{offset}", "text": text}),
            )
        )

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def take_changes(self) -> Changes | None:
        if not self._changed:
            return None
        changed, self._changed = self._changed, set()
        fields: dict[str, bytes | None] = {key: b"%d" % self.counts[key] for key in changed}
        body = _encoder.encode({"counts": {key: self.counts[key] for key in changed}})
        return Changes(
            offset=self.offset,
            clock_ms=self.clock_ms,
            hashes={f"cases:{self.partition}": fields, "partitions": self._own()},
            body=body,
        )

    def whole(self) -> Changes:
        fields: dict[str, bytes | None] = {key: b"%d" % count for key, count in self.counts.items()}
        name = f"cases:{self.partition}"
        return Changes(
            offset=self.offset,
            clock_ms=self.clock_ms,
            hashes={name: fields, "partitions": self._own()},
            body=b'{"whole":true}',
            replace=[name],
        )

    def _own(self) -> dict[str, bytes | None]:
        return {str(self.partition): _encoder.encode({"offset": self.offset})}

    def due_ms(self) -> int | None:
        return min(self.dues.values(), default=None)

    def plain(self) -> dict[str, Any]:
        return {
            "offset": self.offset,
            "clock_ms": self.clock_ms,
            "counts": dict(self.counts),
            "dues": dict(self.dues),
            "origins": dict(self.origins),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        self.offset, self.clock_ms = plain["offset"], plain["clock_ms"]
        self.counts, self.dues, self.origins = (
            dict(plain["counts"]),
            dict(plain["dues"]),
            dict(plain["origins"]),
        )


def new_fold(source: Source) -> Fold:
    """Make the empty fold of a partition."""
    return Lane(source.number) if source.word == "reports" else Counts(source.number)
