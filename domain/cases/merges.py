"""Merging one case into another, in whatever partition: asked for, taken or refused, answered, and what comes later passed on.

The one that asks is `merging` until the answer has come: nobody may act on it, its clocks go on. The one that is asked
decides by its own state and the grants folded in its own partition. Both write into the journal alone, also where they
lie in the same partition.
"""

import msgspec

from domain.cases.case import Case
from domain.cases.facts import facts
from domain.cases.moves import CaseMoves
from domain.cases.work import Merging, Work
from domain.codes import partition_of_case
from domain.flows.flow import DUPLICATE, Action
from domain.flows.moves import Refusal
from domain.grants import Grants
from domain.records import Absorb, Absorbed, Command, PassedOn

KEPT = 200
"""Of how many reports a case knows that it took them over: more are a flood, whose cases point here themselves."""


class CaseMerges:
    """The merges of a partition's cases. Its whole state is in the cases and the grants."""

    __slots__ = ("_grants", "_moves")

    def __init__(self, moves: CaseMoves, grants: Grants) -> None:
        self._moves = moves
        self._grants = grants

    @staticmethod
    def refused(case: Case, target: str) -> Refusal | None:
        """Return why a case cannot even ask to be merged into another."""
        if target == case.id:
            return Refusal(reason="same_case", sentence="A case cannot be merged into itself.")
        if partition_of_case(target) is None:
            return Refusal(reason="unknown_case", sentence="`case` is no case's number.")
        return None

    def ask(self, case: Case, work: Work, action: Action, command: Command) -> None:
        """Ask the other case to take this one over."""
        into = command.given["case"]
        work.merging = Merging(
            into=into,
            action=action.name,
            account=command.account,
            flags=action.sets,
            repeats=case.repeats,
            revisions=case.revisions,
        )
        partition = partition_of_case(into)
        assert partition is not None
        self._moves.at.post(
            partition,
            Absorb(
                origin=self._moves.at.origin(),
                case=into,
                source=case.id,
                reports=[*work.absorbed, (case.id, case.feed, case.source_id)],
                repeats=case.repeats,
                action=action.name,
                account=command.account,
                private=list(case.private),
            ),
        )

    def absorb(self, case: Case | None, record: Absorb) -> str:
        """Take another case over, or not; answer it. Returns why not, in a word, or an empty text."""
        at = self._moves.at
        reason = self._why_not(case, record)
        if case is not None and case.work is not None and not reason:
            case.repeats += 1 + record.repeats
            for sealed in record.private:
                case.keep_private(sealed)
            case.work.absorbed = (*case.work.absorbed, *record.reports)[-KEPT:]
            case.work.tell(
                at,
                "merge",
                "absorbed",
                record.account,
                what={"from": record.source, "repeats": record.repeats},
            )
        partition = partition_of_case(record.source)
        assert partition is not None
        at.post(partition, Absorbed(origin=at.origin(), case=record.source, into=record.case, reason=reason))
        return reason

    def _why_not(self, case: Case | None, record: Absorb) -> str:
        if case is None:
            return "gone"
        flow = self._moves.flow(case)
        if case.work is None or flow is None or record.action not in flow.actions:
            return "no_flow"
        by = frozenset(flow.actions[record.action].by)
        if not self._grants.may(record.account, by, case.work.stand.desk):
            return "out_of_scope"
        if case.work.merging is not None:
            return "merging"
        return "closed" if case.closed_ms is not None else ""

    def answered(self, case: Case, record: Absorbed) -> bool:
        """End a case as a duplicate of the one that took it over, or let it go on. Returns whether it had asked."""
        work, moves = case.work, self._moves
        asked = None if work is None else work.merging
        if work is None or asked is None or asked.into != record.into:
            return False
        flow, before, tell = moves.flow(case), facts(case, work), None
        flags = tuple(flag for flag in work.stand.flags if flag not in asked.flags)
        work.stand = msgspec.structs.replace(work.stand, flags=flags)
        work.merging = None
        if not record.reason:
            work.merged_into = record.into
            if case.closed_ms is not None:  # its feed was quicker
                work.stand = msgspec.structs.replace(work.stand, outcome=DUPLICATE)
            elif flow is not None:
                tell = moves.close_at_source(case, work, flow, moves.at.clock_ms, DUPLICATE)
        moves.changed(case, work, before, (asked.action, asked.account), surely=True)
        if tell is not None:
            tell()
        said = {"into": record.into} | ({"reason": record.reason} if record.reason else {})
        work.tell(moves.at, "merge", "not_merged" if record.reason else "merged", asked.account, what=said)
        repeats, revisions = case.repeats - asked.repeats, case.revisions - asked.revisions
        self.came(case, repeats=repeats, revisions=revisions)
        return True

    def came(self, case: Case, *, repeats: int = 0, revisions: int = 0) -> None:
        """Pass on what came for a case, where another one has taken it over."""
        into = "" if case.work is None else case.work.merged_into
        if not into or not (repeats or revisions):
            return
        at = self._moves.at
        partition = partition_of_case(into)
        assert partition is not None
        at.post(
            partition,
            PassedOn(
                origin=at.origin(),
                case=into,
                source=case.id,
                repeats=repeats,
                revisions=revisions,
                private=list(case.private) if revisions else [],
            ),
        )

    def passed_on(self, case: Case, record: PassedOn) -> None:
        """Count what came for a case that this one took over, or pass it on in turn."""
        work = case.work
        if work is None:
            return
        case.repeats += record.repeats
        case.revisions += record.revisions
        for sealed in record.private:
            case.keep_private(sealed)
        if record.revisions:
            work.tell(self._moves.at, "report", what={"from": record.source, "revisions": record.revisions})
        self.came(case, repeats=record.repeats, revisions=record.revisions)
