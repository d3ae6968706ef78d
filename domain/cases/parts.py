"""Splitting a case: each part but the first becomes a case of its own, beside its parent and as far on as it."""

from collections.abc import Callable, Sequence

import msgspec

from domain.cases.case import Case
from domain.cases.moves import CaseMoves
from domain.cases.work import Visit, Work
from domain.records import Command


class CaseParts:
    """Opens the parts of a partition's cases.

    Parameters
    ----------
    moves
        The parts of a move.
    add
        Takes a new case into the partition.

    """

    __slots__ = ("_add", "_moves")

    def __init__(self, moves: CaseMoves, add: Callable[[Case], None]) -> None:
        self._moves = moves
        self._add = add

    def split(self, case: Case, work: Work, texts: Sequence[str], command: Command) -> list[str]:
        """Open a case for each part but the first, which stays with the parent; return their ids.

        A part stands where its parent stands, with its reporter, its clocks and their pauses; its marks fire for
        themselves, and no feed knows it.
        """
        at = self._moves.at
        ids = [at.case_id(number) for number in range(1, len(texts))]
        work.about = texts[0]
        work.parts = (*work.parts, *ids)
        for name, text in zip(ids, texts[1:], strict=True):
            self._open(case, work, name, text, command)
        return ids

    def _open(self, parent: Case, of: Work, name: str, text: str, command: Command) -> None:
        moves = self._moves
        part = msgspec.structs.replace(
            parent,
            id=name,
            key="",
            arrived_ms=moves.at.clock_ms,
            overdue=False,
            repeats=0,
            revisions=0,
            lay="",
            work=None,
        )
        part.work = Work(
            flow=of.flow,
            stand=of.stand,
            fed_category=of.fed_category,
            whole=moves.clocks.timer(part, of.whole.clock),
            step=of.step and moves.clocks.timer(part, of.step.clock),
            visit=Visit(number=1, since_ms=moves.at.clock_ms, returned=of.visit.returned),
            by=("split", command.account),
            parent=parent.id,
            about=text,
            supervision=of.supervision,
            ruled=of.ruled,
        )
        self._add(part)
        part.work.tell(
            moves.at,
            "split",
            "split",
            command.account,
            given={"text": text},
            what={"parent": parent.id},
        )
        moves.settle(part, part.work)
        flow = moves.flow(part)
        if flow is not None:
            moves.messages.entered(part, part.work, flow.steps[part.work.stand.step].tells)
