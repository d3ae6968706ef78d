"""What a case tells evaluation: each ended step, each closing, each change of place or team, and what was taken back."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.cases.case import Case
from domain.cases.facts import Facts
from domain.cases.work import Work
from domain.clocks.clock import Clock, run_ms
from domain.evaluation.passages import Kind, Passage
from domain.flows import moves as flow_moves
from domain.flows.flow import DUPLICATE, Action, Flow
from domain.grants import REPORTER, Grants
from domain.position import Position
from domain.records import encoder

UNDO = "undo"


class Passages:
    """Sends a partition's passages. Its whole state is in the cases."""

    __slots__ = ("_at", "_grants")

    def __init__(self, at: Position, grants: Grants) -> None:
        self._at = at
        self._grants = grants

    def moved(self, case: Case, work: Work, before: Facts, after: Facts, by: str) -> None:
        """Tell what a move ended; the clocks' marks have not been set anew yet."""
        old, now = before.stand, work.stand
        if by == UNDO and work.visit.number < before.visit.number:
            self._send(case, before, "undone", visit=work.visit.number)
        elif work.visit.number != before.visit.number:
            rules = self._at.rules
            flow = None if rules is None else rules.flow_of(case.feed)
            back = flow is not None and _back(flow, old, now)
            round_over = now.round != old.round
            closing = now.closed_ms is not None and old.closed_ms is None
            returned = 0 if round_over else before.visit.returned + back
            work.visit = msgspec.structs.replace(work.visit, returned=returned)
            self._send(
                case, before, "step",
                **self._spans(case, None if before.step is None else before.step.clock, before.visit.since_ms),
                due_ms=None if before.step is None else before.step.due_ms,
                by=by, to=now.step, back=back, reopened=round_over, closing=closing, returned=returned,
            )  # fmt: skip
            if closing:
                self._closed(case, work, before, by)
        elif now.closed_ms is not None and now.outcome != old.outcome:
            self._closed(
                case, work, before, by
            )  # its feed had closed it before it was found to be a duplicate
        elif self._place(before) != self._place(after):
            self._send(case, before, "moved", by=by, to=now.step)

    def answered(self, case: Case, before: Facts, action: Action, given: Mapping[str, Any]) -> None:
        """Tell what a reporter said of a round that has ended, if an action is that."""
        if "satisfied" in action.needs:
            self._send(case, before, "answer", by=action.name, satisfied=bool(given["satisfied"]))
        elif action.new_round and REPORTER in action.by:
            self._send(case, before, "answer", by=action.name, satisfied=False)

    def _closed(self, case: Case, work: Work, before: Facts, by: str) -> None:
        stand = work.stand
        assert stand.closed_ms is not None
        self._send(
            case, before, "closed",
            **self._spans(case, work.whole.clock, case.arrived_ms) | {"end_ms": stand.closed_ms},
            by=by, to=stand.step, outcome=stand.outcome, returned=work.visit.returned,
            duplicate=stand.outcome == DUPLICATE, merged_into=work.merged_into,
        )  # fmt: skip

    def _spans(self, case: Case, clock: Clock | None, start_ms: int) -> dict[str, Any]:
        now_ms, rules = self._at.clock_ms, self._at.rules
        if clock is None:
            return {"start_ms": start_ms, "open_ms": now_ms - start_ms}
        calendar = None if rules is None else rules.calendar_of(case.feed)
        # measured from the visit's own begin: a clock that was replaced or moved may have begun elsewhere
        whole = msgspec.structs.replace(clock, start_ms=start_ms, pauses=())
        ran = msgspec.structs.replace(clock, start_ms=start_ms)
        open_ms = run_ms(whole, calendar, now_ms)
        return {
            "start_ms": start_ms,
            "open_ms": open_ms,
            "paused_ms": open_ms - run_ms(ran, calendar, now_ms),
        }

    def _place(self, of: Facts) -> tuple[str, ...]:
        return (of.grid, of.category, of.stand.desk, self._team(of.stand.assignee))

    def _team(self, assignee: str) -> str:
        """Return who had it if that is a team; a person is nobody here."""
        return assignee if self._grants.is_team(assignee) else ""

    def _send(self, case: Case, before: Facts, kind: Kind, **more: Any) -> None:
        stand, at = before.stand, self._at
        effect = at.effect_id()
        known: dict[str, Any] = {
            "visit": before.visit.number,
            "start_ms": before.visit.since_ms,
            "end_ms": at.clock_ms,
            "whole_due_ms": before.due_ms,
        }
        passage = Passage(
            effect=effect, kind=kind, t_ms=at.clock_ms, case=case.id, feed=case.feed, round=stand.round,
            step=stand.step, level=stand.level, desk=stand.desk, team=self._team(stand.assignee), grid=before.grid,
            category=before.category, arrived_ms=case.arrived_ms, **known | more,
        )  # fmt: skip
        at.send("passages", effect, encoder.encode(passage))


def _back(flow: Flow, old: flow_moves.Case, now: flow_moves.Case) -> bool:
    """Tell whether a case went to an earlier step; up, down and into a new round is no return."""
    order = list(flow.steps)
    if (old.level, old.round) != (now.level, now.round) or not {old.step, now.step} <= set(order):
        return False
    return order.index(now.step) < order.index(old.step)
