"""Evaluation (考评): what became of the cases of a period, by desk, team or jurisdiction, from their passages.

It counts cases and time, never people; rows stand in the order of their codes, and nothing is ranked. Time in pauses
and duplicates are left out. How a case counts is in `domain.evaluation.case_record`.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from domain.evaluation.case_record import CaseFacts, OpenCase, Period, facts_of
from domain.evaluation.passages import Passage
from domain.evaluation.statistics import Rate, quantile, rate

By = Literal["jurisdiction", "desk", "team"]
BYS: tuple[By, ...] = ("jurisdiction", "desk", "team")

TOP_DIGITS = 6
"""The whole area is shown by its counties."""

BELOW = {0: TOP_DIGITS, 2: 4, 4: 6, 6: 9, 9: 12, 12: 15, 15: 15}
"""By the digits of a scope's code: those of the jurisdictions that it is shown by."""


class StepTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long visits of a step took, without pauses and in the time that the step's clock counts.

    `median_ms` and `p90_ms` are values that occurred: the smallest that at least half, or nine tenths, do not exceed.
    """

    n: int
    median_ms: int
    p90_ms: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one row."""

    accepted: int
    filed: int
    due: int
    closed: int
    close_rate: Rate
    on_time_rate: Rate
    returned: int
    reopened: int
    satisfaction: Rate
    steps: dict[str, StepTimes]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A desk, a team or a jurisdiction; without figures it is a team of fewer people than are shown.

    `for_another`: it is large enough, but one other team alone would be without figures, which would then be what this
    team's and the other rows' lack to the whole.
    """

    code: str
    figures: Figures | None
    for_another: bool = False


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The rows in the order of their codes, and all of the scope."""

    rows: list[Row]
    whole: Figures


class Tally:
    """Adds up cases row by row, partition after partition. Mutable.

    Parameters
    ----------
    period, scope, by
        What is counted: the cases of a jurisdiction, by what.

    """

    def __init__(self, period: Period, scope: str, by: By) -> None:
        self._period = period
        self._scope = scope
        self._by = by
        self._sums: dict[str, _Sum] = {}
        self._whole = _Sum()

    def add(self, passages: Iterable[Passage], opened: Iterable[OpenCase]) -> None:
        """Add the cases of a partition: its passages in order, and those of its cases that are open."""
        told: dict[str, list[Passage]] = {}
        for one in passages:
            told.setdefault(one.case, []).append(one)
        now = {one.case: one for one in opened}
        for name in told.keys() | now.keys():
            facts = facts_of(told.get(name, ()), now.get(name), self._period)
            if facts is not None and self._inside(facts):
                self._count(facts)

    def _inside(self, facts: CaseFacts) -> bool:
        return (facts.desk if self._by == "desk" else facts.grid).startswith(self._scope)

    def _count(self, facts: CaseFacts) -> None:
        row = self._row(facts.grid, facts.desk, facts.team)
        for code in () if row is None else (row,):
            self._sums.setdefault(code, _Sum()).add(facts)
        self._whole.add(facts)
        for one in facts.ended:
            took_ms = one.open_ms - one.paused_ms
            # a visit is of the desk and the team that had it, whoever had the case later
            at = row if self._by == "jurisdiction" else self._row(one.grid, one.desk, one.team)
            if at is not None:
                self._sums.setdefault(at, _Sum()).steps.setdefault(one.step, []).append(took_ms)
            self._whole.steps.setdefault(one.step, []).append(took_ms)

    def _row(self, grid: str, desk: str, team: str) -> str | None:
        """Return the row that something counts in; None: in none."""
        match self._by:
            case "jurisdiction":
                return grid[: BELOW[len(self._scope)]]
            case "desk":
                return desk if desk.startswith(self._scope) else None
            case "team":
                return team or None

    def result(self, steps: Iterable[str], sizes: Mapping[str, int], least: int) -> Evaluation:
        """Return the figures.

        Parameters
        ----------
        steps
            The steps in the order of the flow; others follow by name.
        sizes
            How many people are in a team.
        least
            Teams of fewer have no figures; where that is one team alone, neither has the next smallest.

        """
        order = {step: number for number, step in enumerate(steps)}
        small = {code for code in self._sums if self._by == "team" and sizes.get(code, 0) < least}
        others = sorted(self._sums.keys() - small, key=lambda code: (sizes.get(code, 0), code))
        with_it = set(others[:1]) if len(small) == 1 else set()
        rows = [
            Row(
                code=code,
                figures=None if code in small | with_it else total.figures(order),
                for_another=code in with_it,
            )
            for code, total in sorted(self._sums.items())
        ]
        return Evaluation(rows=rows, whole=self._whole.figures(order))


COUNTED = ("accepted", "filed", "due", "closed", "due_closed", "due_on_time", "returned", "reopened")


class _Sum:
    """What is added up for one row."""

    __slots__ = ("counts", "no", "steps", "yes")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTED, 0)
        self.yes = self.no = 0
        self.steps: dict[str, list[int]] = {}

    def add(self, facts: CaseFacts) -> None:
        for name in COUNTED:
            self.counts[name] += getattr(facts, name)
        self.yes += facts.satisfied is True
        self.no += facts.satisfied is False

    def figures(self, order: Mapping[str, int]) -> Figures:
        counts = self.counts
        return Figures(
            accepted=counts["accepted"],
            filed=counts["filed"],
            due=counts["due"],
            closed=counts["closed"],
            close_rate=rate(counts["due_closed"], counts["due"]),
            on_time_rate=rate(counts["due_on_time"], counts["due"]),
            returned=counts["returned"],
            reopened=counts["reopened"],
            satisfaction=rate(self.yes, self.yes + self.no),
            steps={
                step: _times(self.steps[step])
                for step in sorted(self.steps, key=lambda name: (order.get(name, len(order)), name))
            },
        )


def _times(took_ms: list[int]) -> StepTimes:
    ordered = sorted(took_ms)
    return StepTimes(n=len(ordered), median_ms=quantile(ordered, 50), p90_ms=quantile(ordered, 90))
