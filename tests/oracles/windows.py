"""What is counted of any feed: outcomes, and per area what arrived lately, what is open, what is overdue, and all."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

FIVE_MINUTES_MS, HOUR_MS, DAY_MS = 300_000, 3_600_000, 86_400_000


@dataclass(kw_only=True)
class Outcome:
    """What became of a run's messages."""

    rows: int = 0
    sent: int = 0
    accepted: int = 0
    revised: int = 0
    repeated: int = 0


@dataclass(kw_only=True)
class Matter:
    """One matter at the end of a run: where it is, when it came, whether it is still open and late."""

    area: Hashable
    category: str
    arrived_ms: int
    is_open: bool = True
    is_overdue: bool = False


@dataclass(kw_only=True)
class Tally:
    """A whole run: outcomes, matters by their ids, and the time of its last message."""

    outcome: Outcome = field(default_factory=Outcome)
    matters: dict[str, Matter] = field(default_factory=dict)
    end_ms: int = 0

    def counters(self) -> dict[tuple[Hashable, str], tuple[int, ...]]:
        """Per area and category: reports in 5 minutes, an hour and a day, open, overdue, total."""
        counts: Counter[tuple[tuple[Hashable, str], int]] = Counter()
        for matter in self.matters.values():
            for n, counted in enumerate(self._counted(matter)):
                counts[(matter.area, matter.category), n] += counted
        cells = {cell for cell, _ in counts}
        return {cell: tuple(counts[cell, n] for n in range(6)) for cell in cells}

    def _counted(self, matter: Matter) -> Iterable[bool]:
        for window_ms in (FIVE_MINUTES_MS, HOUR_MS, DAY_MS):
            yield matter.arrived_ms > self.end_ms - window_ms
        yield matter.is_open
        yield matter.is_open and matter.is_overdue
        yield True
