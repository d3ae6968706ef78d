"""A case as it stands at one instant: what a move is judged by is the case before it and after it."""

from typing import NamedTuple

import msgspec

from domain.cases.case import Case
from domain.cases.work import Timer, Visit, Work
from domain.flows import moves as flow_moves


class Facts(NamedTuple):
    """A case as it stands before or after a move; the first three are what a version stands for."""

    stand: flow_moves.Case
    grid: str
    category: str
    step: Timer | None
    due_ms: int | None
    visit: Visit

    @property
    def versioned(self) -> tuple[flow_moves.Case, str, str]:
        """What a desk must know of before it acts."""
        return (self.stand, self.grid, self.category)


def facts(case: Case, work: Work) -> Facts:
    """Return a case as it stands. What is remembered for later checks, and who noted what, is no part of it.

    A joint handling is one by its departments; what each has done is in the version of its task.
    """
    tasks = tuple((team, False) for team, _ in work.stand.tasks)
    stand = msgspec.structs.replace(work.stand, taken=(), tasks=tasks)
    return Facts(stand, case.grid, case.category, work.step, case.due_ms, work.visit)
