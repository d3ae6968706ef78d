"""A timetable in virtual time: put this in at an instant, want that at another; instants are ms after the beginning."""

from typing import Any

import msgspec

from domain.cases.case import Case
from domain.casework import Casework
from domain.records import Command, Report, Tick
from tests.domain.memory_floor import Floor
from tests.domain.small_town import T0, partition, rules_of

Fact = tuple[int, str, str, str]
"""When it happened, what, the alert's kind, and its clock or feed or scope."""


class Timetable:
    """A floor on the wall's clock, with the first rule set in force."""

    def __init__(self, rules: str = "first") -> None:
        self.floor = Floor(rules_of, shared=False)
        self.floor.now_ms = T0
        self.floor.publish(rules)
        self._n = 0

    def at(self, ms: int) -> "Timetable":
        """Let it be so many ms after the beginning."""
        assert T0 + ms >= self.floor.now_ms, "a timetable goes forward"
        self.floor.now_ms = T0 + ms
        return self

    def report(self, id: str = "1", feed: str = "promises", name: str = "Well", **fields: Any) -> None:  # noqa: A002 - the field's own name
        for field in ("opened_ms", "closed_ms", "promised"):
            if isinstance(fields.get(field), int):
                fields[field] += T0
        fields = {"category": "road"} | fields
        self.floor.send(Report(feed=feed, id=id, place=[name], **fields))

    def tick(self, name: int | None = None) -> None:
        """An owner's tick in a partition, or in every one."""
        for number in range(16) if name is None else (name,):
            self.floor.into_journal(number, Tick())

    def tick_lanes(self) -> None:
        for lane in range(4):
            self.floor.into_lane(lane, msgspec.json.encode(Tick()))

    def command(self, action: str, alert: str, *, id: str = "", **fields: Any) -> dict[str, Any]:  # noqa: A002 - the field's own name
        """Send a command, and return its answer as a screen would get it."""
        self._n += 1
        name = id or f"command {self._n}"
        work = self.floor.casework[int(alert[:2])]
        work.take_changes()
        command = Command(id=name, action=action, alert=alert, **fields)
        self.floor.into_journal(work.partition, command)
        changes = work.take_changes()
        assert changes is not None
        answer: dict[str, Any] = msgspec.json.decode(changes.body)["answers"][name]
        return answer

    def facts(self) -> list[Fact]:
        """All that was told of alerts since the last call."""
        told = []
        for effect in self.floor.alerts:
            fact = msgspec.json.decode(effect.value)
            alert = fact["alert"]
            told.append(
                (
                    fact["t_ms"] - T0,
                    fact["fact"],
                    alert["kind"],
                    alert["clock"] or alert["feed"] or alert["scope"],
                )
            )
        self.floor.alerts.clear()
        return told

    def work(self, grid: str) -> Casework:
        return self.floor.casework[partition(grid)]

    def case(self, id: str = "1") -> Case:  # noqa: A002 - the field's own name
        (found,) = [c for w in self.floor.casework for c in w.cases.values() if c.source_id == id]
        return found

    def alerts(self) -> list[str]:
        return [name for work in self.floor.casework for name in work.alerts]

    def counts(self, grid: str, category: str = "road") -> list[int]:
        """The six counts of a grid and category, all partitions added up."""
        found = [
            cells.get(grid, {}).get(category, [0] * 6)
            for work in self.floor.casework
            for cells in work.counters.cells.values()
        ]
        return [sum(column) for column in zip(*found, strict=True)] if found else [0] * 6
