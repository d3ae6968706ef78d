"""Which partition is meant, said the same way everywhere: a topic's word of the design and a number."""

from typing import NamedTuple

from domain.codes import JOURNAL_PARTITIONS, LANES


class Source(NamedTuple):
    """A partition: of `reports` (a lane) or `journal`, which are folded, or of `passages`, which is only kept."""

    word: str
    number: int

    @property
    def label(self) -> str:
        """The name on screens, in logs and in Redis: `journal:3`."""
        return f"{self.word}:{self.number}"


EVERY_SOURCE = tuple(Source("reports", lane) for lane in range(LANES)) + tuple(
    Source("journal", partition) for partition in range(JOURNAL_PARTITIONS)
)
"""All partitions that are folded, in the order in which the state's hash takes them."""

KEPT = EVERY_SOURCE + tuple(Source("passages", partition) for partition in range(JOURNAL_PARTITIONS))
"""All partitions that the archive writes as Parquet: what is folded, and what evaluation reads."""
