"""Where a casework fold stands: the record it folds, its instant, the rules in force, and what it has sent from there.

The parts of the fold share one Position. Only `domain.casework` moves it; the parts read it and send through it.
"""

import msgspec

from domain.codes import PART_DIGITS
from domain.fold import Effect
from domain.records import encoder
from domain.rules import Rules

CASEWORK_ORIGINS = 1000
"""Origins below are of lanes; what casework writes into the journal has this and its own partition's number."""


class Position:
    """Mutable, one a partition.

    Attributes
    ----------
    partition
        The partition of `journal`, 0 to 15.
    offset
        Of the record being folded, or the last one that was; -1 before the first.
    clock_ms
        The fold's instant: that of the record, or of what falls due before it.
    n
        Effects that this record has sent so far.
    rules
        The rule set in force; None before the first.
    rules_hash
        Its hash, or an empty text.
    effects
        What was sent and not taken by the edge yet, in order.

    """

    __slots__ = ("clock_ms", "effects", "n", "offset", "partition", "rules", "rules_hash")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.offset = -1
        self.clock_ms = 0
        self.n = 0
        self.rules: Rules | None = None
        self.rules_hash = ""
        self.effects: list[Effect] = []

    def case_id(self, part: int = 0) -> str:
        """Return the id of the case that this record opens, or of a part, from 1 on: in the order of their numbers."""
        suffix = f".{PART_DIGITS[part]}" if part else ""
        return f"{self.partition:02d}-{self.offset:010x}{suffix}"

    def effect_id(self) -> str:
        """Return the id of the next effect. An alert has the id of the effect that raised it first."""
        return f"{self.partition:02d}-{self.offset:010x}-{self.n}"

    def origin(self) -> tuple[int, int, int]:
        """Return the origin of the next effect, for a record that goes into a partition of the journal.

        Who receives it drops what is not above the highest that it has seen, as of a lane.
        """
        return (CASEWORK_ORIGINS + self.partition, self.offset, self.n)

    def send(self, topic: str, effect_id: str, value: bytes, partition: int | None = None) -> None:
        """Send an effect under the id that `effect_id` gave for it: into a partition, or into that of the same number."""
        target = self.partition if partition is None else partition
        self.n += 1
        self.effects.append(Effect(topic=topic, partition=target, id=effect_id, value=value))

    def post(self, partition: int, record: msgspec.Struct) -> None:
        """Send a record into a partition of the journal; it carries the `origin` that was given for it."""
        self.send("journal", self.effect_id(), encoder.encode(record), partition)
