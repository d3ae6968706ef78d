"""The running state of one partition: its fold, how far it is, and what was last heard of its topic.

A state's own offset is the truth. What lies at or below it is skipped, and a hole above it is never folded over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from config.wallclock import monotonic_s
from domain.fold import Effect, Fold
from streams.sources import Source

# So long may a slice hold the event loop: heartbeats of screens and Redis writes wait behind it.
SLICE_S = 0.02
# The clock is read once in so many records, which costs nothing beside folding them.
RECORDS_A_LOOK = 64


class Record(Protocol):
    """What is needed of a fetched record; aiokafka's `ConsumerRecord` is one."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        ...

    @property
    def timestamp(self) -> int:
        """The broker's stamp, epoch milliseconds."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its bytes."""
        ...


class HoleError(Exception):
    """The topic gave a record that does not follow the last folded one."""


@dataclass(slots=True, kw_only=True)
class Partition:
    """One partition that this worker owns, and folds.

    Attributes
    ----------
    source
        Which partition.
    fold
        Its state.
    owned
        False once the partition was taken away; whoever holds it then lets go.
    end
        The topic's end as last heard: one more than its last offset.
    last_stamp_ms
        The broker's stamp of the last folded record; 0 before the first.
    folded
        Records folded since it was loaded.
    loaded_offset
        The offset that it was loaded at; -1 for an empty state.
    """

    source: Source
    fold: Fold
    owned: bool = True
    end: int = 0
    last_stamp_ms: int = 0
    folded: int = 0
    loaded_offset: int = -1

    @property
    def offset(self) -> int:
        """The last folded offset; -1 before the first."""
        return self.fold.offset

    @property
    def caught_up(self) -> bool:
        """True when nothing that was heard of is unfolded."""
        return self.fold.offset + 1 >= self.end

    def fold_slice(self, records: Sequence[Record], begin: int) -> tuple[int, list[Effect]]:
        """Fold records from `begin` on until the slice's time is up.

        Returns
        -------
        tuple[int, list[Effect]]
            Where to go on, and what is to be sent, in order.

        Raises
        ------
        HoleError
            If a record does not follow the last folded one.

        """
        fold = self.fold.fold
        expected = self.fold.offset + 1
        until_s = monotonic_s() + SLICE_S
        index = begin
        count = len(records)
        while index < count:
            for record in records[index : index + RECORDS_A_LOOK]:
                offset = record.offset
                index += 1
                if offset != expected:
                    if offset < expected:
                        continue
                    raise HoleError(
                        f"{self.source.label} is folded up to {expected - 1} and the topic gave {offset} next"
                    )
                fold(offset, record.timestamp, record.value or b"")
                self.last_stamp_ms = record.timestamp
                self.folded += 1
                expected += 1
            if monotonic_s() >= until_s:
                break
        return index, self.fold.take_effects()
