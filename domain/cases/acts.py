"""What people do to cases: a command is checked against rights, version and flow, carried out, or taken back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from domain.alerts.alert import service_of
from domain.cases.case import Case
from domain.cases.claims import CLAIMS, LAPSED, claim, may_claim
from domain.cases.facts import facts
from domain.cases.merges import CaseMerges
from domain.cases.moves import CaseMoves
from domain.cases.parts import CaseParts
from domain.cases.tasks import CaseTasks, since
from domain.cases.work import UNDO_MS, Undo, Work
from domain.clocks.clock import Limit
from domain.deadlines import Due
from domain.flows import moves as flow_moves
from domain.flows.flow import ROLES, URGED, Action, Flow
from domain.flows.moves import Move, Refusal, Request
from domain.grants import REPORTER, Grants
from domain.records import Command

PEOPLE = frozenset(ROLES) - {REPORTER}
"""Who may take back. All reporters act under one name, so that none of them can say which command was his."""

NO_RIGHT = frozenset({"no_role", "out_of_scope", "not_assignee", "separated"})
"""Refusals that come before everything else: who may not act learns nothing of the case."""

FOR_GOOD = frozenset({"parts", "case"})
"""What actions need that change more than one case: they cannot be taken back."""


class CaseActs:
    """Carries out commands on a partition's cases. Its whole state is in the cases and the grants."""

    __slots__ = ("_grants", "_merges", "_moves", "_parts", "_tasks")

    def __init__(self, moves: CaseMoves, grants: Grants, parts: CaseParts, merges: CaseMerges) -> None:
        self._moves = moves
        self._grants = grants
        self._parts = parts
        self._merges = merges
        self._tasks = CaseTasks(moves)

    def act(self, case: Case, command: Command) -> Refusal | None:
        """Carry out a command on a case, or return why not; a refused one changes nothing."""
        work, flow = case.work, self._moves.flow(case)
        if work is None or flow is None:
            return Refusal(reason="no_flow", sentence="What becomes of this case is settled at its source.")
        if command.action == "undo":
            refusal = self._refused_undo(case, work, command)
            if refusal is None:
                self._undo(case, work, flow, command)
            return refusal
        if command.action in CLAIMS:
            return self._claim(case, work, flow, command)
        return self._do(case, work, flow, command)

    def _claim(self, case: Case, work: Work, flow: Flow, command: Command) -> Refusal | None:
        refusal = may_claim(flow, case.grid, command, self._grants)
        refusal = refusal or (None if command.action == LAPSED else _merging(work))
        refusal = refusal or claim(work, command, self._moves.at.clock_ms)
        if refusal is None:
            work.tell(self._moves.at, "claim", command.action, command.account, given=command.given)
        return refusal

    def _do(self, case: Case, work: Work, flow: Flow, command: Command) -> Refusal | None:
        """Carry out an action of the flow."""
        request = self._request(command)
        made = flow_moves.next_step(flow, self._moves.stand(case, work), request)
        if isinstance(made, Refusal) and made.reason in NO_RIGHT:
            return made
        action = flow.actions.get(command.action)
        of_task = action is not None and action.of_task
        stale = self._tasks.stale(work, request, command) if of_task else _stale(work, command)
        refusal = _merging(work) or stale
        if isinstance(made, Refusal):
            return refusal or made
        return refusal or self._apply(case, flow, made, command)

    def _request(self, command: Command) -> Request:
        return Request(
            action=command.action,
            account=command.account,
            grants=self._grants.of(command.account),
            teams=self._grants.teams(command.account),
            given=command.given,
            at_ms=self._moves.at.clock_ms,
        )

    def _apply(self, case: Case, flow: Flow, move: Move, command: Command) -> Refusal | None:
        """Make a move that the flow allows."""
        work, action, moves = _worked(case), flow.actions[command.action], self._moves
        if "case" in action.needs and (wrong := self._merges.refused(case, command.given["case"])):
            return wrong
        if work.merged_into and move.reopened:
            return Refusal(reason="merged", sentence=f"The case has been merged into {work.merged_into}.")
        extensions = _extensions(work, move, command.given)
        if isinstance(extensions, Refusal):
            return extensions
        before, stood, undo = facts(case, work), work.stand, self._undo_of(case, work, command)
        work.stand = msgspec.structs.replace(move.case, due_ms=None, step_due_ms=None)
        self._enter(case, work, flow, move)
        if "category" in action.needs and command.given["category"] != case.category:
            moves.move(case, case.grid, command.given["category"])
            moves.reclassify(case, work)
        for name, limit in extensions.items():
            moves.extend(case, work, name, limit)
        had = _had(stood, move, action)
        self._receipt(case, work, flow, action, had)
        if command.given.get("satisfied") is False or (action.new_round and "reporter" in action.by):
            work.dissatisfied = True
        rule = moves.supervision.by_rule(case, work, flow)
        moves.pause(case, work, flow)
        for_good = bool(FOR_GOOD & set(action.needs))
        surely = bool(extensions) or for_good
        risen = moves.changed(case, work, before, (action.name, command.account), surely=surely)
        if risen and not for_good:
            work.undo = msgspec.structs.replace(undo, version=work.version)
            moves.deadlines.set(undo.until_ms, Due.UNDO, case.id)
        moves.passages.answered(case, before, action, command.given)
        if URGED in action.sets:
            moves.supervision.urged(work)
        moves.messages.acted(case, work, move, command, risen=risen, had=had)
        what = self._of_others(case, work, action, stood, command)
        work.tell(moves.at, "act", command.action, command.account, given=command.given, what=what)
        if rule:
            moves.supervision.told_by_rule(case, work, rule)
        return None

    def _enter(self, case: Case, work: Work, flow: Flow, move: Move) -> None:
        if move.closed:
            self._moves.ends.close(case, self._moves.at.clock_ms)
        elif move.reopened:
            self._moves.ends.reopen(case)
        if move.entered:
            self._moves.enter(case, work, flow)

    def _receipt(self, case: Case, work: Work, flow: Flow, action: Action, had: frozenset[str]) -> None:
        """Ask for a receipt where the case is given to somebody, and take it where that is what is done."""
        if action.gives and work.stand.assignee not in had:
            self._moves.receipts.want(case, work, flow)
        elif not action.gives and flow.receipt is not None and action.name == flow.receipt.action:
            self._moves.receipts.given(case, work)

    def _of_others(
        self, case: Case, work: Work, action: Action, stood: flow_moves.Case, command: Command
    ) -> dict[str, object]:
        """Let follow what an action makes of other cases and of tasks; return what the story says of it."""
        if action.tasks == "one":
            return {"task": self._tasks.done(case, work, action, stood, command)}
        if action.tasks == "back":
            left = {name for name, _ in work.stand.tasks}
            return {"task": next(name for name, _ in stood.tasks if name not in left)}
        if "parts" in action.needs:
            return {"parts": self._parts.split(case, work, command.given["parts"], command)}
        if "case" in action.needs:
            self._merges.ask(case, work, action, command)
        return {}

    # -- taking back

    def _undo_of(self, case: Case, work: Work, command: Command) -> Undo:
        return Undo(
            command=command.id,
            account=command.account,
            action=command.action,
            until_ms=self._moves.at.clock_ms + UNDO_MS,
            version=work.version,
            stand=work.stand,
            category=case.category,
            whole=work.whole.clock,
            step=work.step,
            tasks=work.tasks,
            alerts=tuple(msgspec.structs.replace(alert) for alert in self._moves.alerts.of_case(case.id)),
            visit=work.visit,
            supervision=work.supervision,
            receipt=work.receipt,
            missed=work.missed,
            ruled=work.ruled,
            dissatisfied=work.dissatisfied,
        )

    def _refused_undo(self, case: Case, work: Work, command: Command) -> Refusal | None:
        undo = work.undo
        if not self._grants.may(command.account, PEOPLE, case.grid):
            return Refusal(reason="out_of_scope", sentence="The case is outside the account's scope.")
        if work.merging is not None:
            return _merging(work)
        if self._tasks.undoable(work, command) is not None:
            return None
        if undo is None or (undo.command, undo.account) != (command.undoes, command.account):
            return Refusal(
                reason="too_late", sentence="Only one's own last command can be undone, within 5 seconds."
            )
        return None

    def _undo(self, case: Case, work: Work, flow: Flow, command: Command) -> None:
        """Take a command on the case, or on a task of it, back."""
        task = self._tasks.undoable(work, command)
        if task is not None:
            before = facts(case, work)
            undone = self._tasks.undo(work, task)
            self._moves.changed(case, work, before, ("undo", command.account))
        else:
            undone = self._put_back(case, work, flow, command)
        work.tell(self._moves.at, "act", "undo", command.account, what={"undone": undone})

    def _put_back(self, case: Case, work: Work, flow: Flow, command: Command) -> str:
        """Put step, desk, assignee, class, clocks and alerts back; marks that have fired stay so."""
        moves, undo = self._moves, work.undo
        assert undo is not None
        before, step = facts(case, work), work.stand.step
        if case.category != undo.category:
            moves.move(case, case.grid, undo.category)
        closed = case.closed_ms is not None
        if closed and undo.stand.closed_ms is None:
            moves.ends.reopen(case)
        elif not closed and undo.stand.closed_ms is not None:
            moves.ends.close(case, undo.stand.closed_ms)
        work.stand, work.visit = since(work.stand, undo), undo.visit
        self._tasks.put_back(case, work, undo)
        work.supervision, work.receipt, work.missed = undo.supervision, undo.receipt, undo.missed
        work.ruled, work.dissatisfied = undo.ruled, undo.dissatisfied
        work.whole = moves.clocks.timer(case, undo.whole, work.whole.fired)
        work.step = undo.step and moves.clocks.timer(case, undo.step.clock, _fired_in(undo, work))
        for alert in undo.alerts:
            then = msgspec.structs.replace(alert)
            service_of(moves.alerts.by_key(alert.key), then)  # which no action on a case changes
            if moves.alerts.alerts.get(alert.id) != then:
                moves.alerts.put_back(then)
        moves.pause(case, work, flow)
        moves.changed(case, work, before, ("undo", command.account), surely=True)
        if not moves.messages.take_back(work, command.undoes) and step != work.stand.step:
            moves.messages.entered(
                case, work, flow.steps[step].tells
            )  # they were told of a step that was none
        return undo.action


def _worked(case: Case) -> Work:
    assert case.work is not None
    return case.work


def _fired_in(undo: Undo, work: Work) -> tuple[int, ...]:
    """Return the marks that have fired in the visit that goes on."""
    same = (
        work.step is not None
        and undo.step is not None
        and work.step.clock.start_ms == undo.step.clock.start_ms
    )
    now = work.step.fired if same and work.step is not None else ()
    return tuple(sorted({*(undo.step.fired if undo.step is not None else ()), *now}))


def _had(stood: flow_moves.Case, move: Move, action: Action) -> frozenset[str]:
    """Return the departments to whom a joint handling gives what they had before: the same part, or the lead."""
    if "departments" not in action.needs or move.entered:
        return frozenset()
    now, parts = move.case, {name for name, _ in stood.tasks}
    return frozenset({stood.assignee} & {now.assignee} | parts & {name for name, _ in now.tasks})


def _merging(work: Work) -> Refusal | None:
    """Return why nothing is done with a case that waits for another one's answer."""
    if work.merging is None:
        return None
    return Refusal(
        reason="is_merging",
        sentence=f"The case is being merged into {work.merging.into}: that must be answered first.",
    )


def _stale(work: Work, command: Command) -> Refusal | None:
    """Return why a command is not about the case as it is now."""
    if command.version == work.version:
        return None
    if command.version is None:
        return Refusal(reason="no_version", sentence="Say which version of the case this is about.")
    action, account = work.by
    who = f"{action} by {account}" if account else "what its feed or the rules say"
    return Refusal(
        reason="stale",
        sentence=f"The case has changed since: it is in version {work.version}, in the step {work.stand.step}, "
        f"after {who}.",
    )


def _extensions(work: Work, move: Move, given: Mapping[str, Any]) -> dict[str, Limit] | Refusal:
    """Return by how much each clock is extended, in its own kind."""
    clocks = {"whole": work.whole.clock} | ({} if work.step is None else {"step": work.step.clock})
    try:
        return {
            name: Limit.of(clocks[name].limit.kind, Decimal(str(given["amount"])))
            for name in move.extends
            if name in clocks
        }
    except ValueError as wrong:
        return Refusal(reason="missing", sentence=f"The extension cannot be of that length: {wrong}")
