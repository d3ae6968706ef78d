"""What an action makes of a case: pure, complete, and never silent about a refusal.

What becomes of clocks, alerts and messages follows from the case before and after, and is the fold's business.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from domain.flows.flow import CLOSED_AT_SOURCE, LEVEL_DIGITS, Action, Flow, Step, level_after
from domain.flows.given import MOST_PARTS, given_wrong


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow knows of a case.

    Attributes
    ----------
    grid
        Its grid; a desk is a prefix of it.
    desk
        The code of the desk that has it, as long as its level's codes are.
    assignee
        The team or account that handles it; of a joint handling the lead.
    tasks
        The other departments of a joint handling, and whether each is done.
    flags
        Sorted.
    round
        1, and one more after each reopening.
    taken
        (action, account) of this round, for the actions that are remembered.

    """

    grid: str
    step: str
    level: str
    desk: str
    assignee: str = ""
    tasks: tuple[tuple[str, bool], ...] = ()
    flags: tuple[str, ...] = ()
    round: int = 1
    taken: tuple[tuple[str, str], ...] = ()
    outcome: str = ""
    closed_ms: int | None = None
    due_ms: int | None = None
    step_due_ms: int | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An action that somebody asks for: with which grants (role, scope), for which teams, and what was given."""

    action: str
    account: str
    grants: tuple[tuple[str, str], ...]
    teams: frozenset[str] = frozenset()
    given: Mapping[str, Any] = {}
    at_ms: int = 0


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why not: `reason` is the word for log, metric and screen, `sentence` what a person reads."""

    reason: str
    sentence: str


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What an action made of a case; `entered` says that a visit of a step began, so that its clock starts."""

    case: Case
    entered: bool = False
    closed: bool = False
    reopened: bool = False
    extends: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()


def open_case(flow: Flow, grid: str, step: str = "") -> Case:
    """Return a new case: at the first step, or at one that its report names, on the lowest level's desk."""
    known = flow.steps.get(step) or flow.steps[flow.first]
    if known.assignee in {"needed", "kept"} and not flow.by_feed:
        known = flow.steps[flow.first]  # nobody has it yet
    level = next(level for level in flow.levels if level in known.levels)
    return Case(grid=grid, step=known.name, level=level, desk=grid[: LEVEL_DIGITS[level]])


def paused(flow: Flow, case: Case) -> frozenset[str]:
    """Return which clocks stand, `step` and `whole`, because of a flag or because the case is closed."""
    if case.closed_ms is not None:
        return frozenset({"step", "whole"})
    return frozenset(clock for name in case.flags for clock in flow.flags[name].pauses)


def possible(flow: Flow, case: Case, who: Request) -> list[str]:
    """Return the actions that somebody may take now, in the file's order; what is given is left out of account."""
    return [name for name, action in flow.actions.items() if _may_not(flow, case, action, who) is None]


def next_step(flow: Flow, case: Case, request: Request) -> Move | Refusal:
    """Return what becomes of a case by an action, or why it is refused. Nothing else is changed.

    Rights are looked at first, so that who may not act learns nothing of the case.
    """
    action = flow.actions.get(request.action)
    if action is None:
        return Refusal(reason="unknown_action", sentence=f"No action is called {request.action[:40]!r}.")
    refusal = _may_not(flow, case, action, request)
    if refusal is not None:
        return refusal
    wrong = given_wrong(action.needs, request.given, outcomes=action.outcomes)
    if wrong:
        return Refusal(reason="missing", sentence=wrong)
    move = _made(flow, case, action, request)
    if len(move.case.tasks) >= MOST_PARTS:  # the lead is one more
        return Refusal(reason="too_many", sentence=f"At most {MOST_PARTS} departments handle a case jointly.")
    return move


def task_of(case: Case, who: Request) -> str:
    """Return whose open task somebody acts on: what `department` in `given` names, else the first of theirs; or nothing."""
    mine, named = who.teams | {who.account}, who.given.get("department")
    return next(
        (name for name, done in case.tasks if name in mine and not done and named in {None, name}), ""
    )


def close_at_source(flow: Flow, case: Case, at_ms: int, outcome: str = CLOSED_AT_SOURCE) -> Move:
    """Return a case that its feed, or a merge, has ended: from any step, whatever its flags."""
    last = [step for step in flow.steps.values() if step.ended][-1]
    tells = (*last.tells, "supervisor") if "supervised" in case.flags else last.tells
    level = case.level if case.level in last.levels else last.levels[0]
    ended = msgspec.structs.replace(
        case,
        step=last.name, level=level, desk=case.grid[: LEVEL_DIGITS[level]], flags=(), outcome=outcome, closed_ms=at_ms,
    )  # fmt: skip
    return Move(case=ended, entered=True, closed=True, tells=tells)


def flagged(flow: Flow, case: Case, flags: Iterable[str]) -> Case:
    """Return a case with flags that do not end with its step, as far as the flow has them."""
    known = {flag for flag in flags if flag in flow.flags}
    return msgspec.structs.replace(case, flags=tuple(sorted({*case.flags, *known})))


def placed(flow: Flow, case: Case) -> Case:
    """Return a case as it stands under another flow: the step of the same name, else where `moved` leads, else fallback.

    Level, desk and assignee stay where they are legal. A closed case stays closed.
    """
    name = case.step
    while name not in flow.steps and name in flow.moved:
        name = flow.moved[name]
    step = flow.steps.get(name) or flow.steps[flow.fallback]
    if step.ended != (case.closed_ms is not None):
        step = (
            flow.steps[flow.fallback] if step.ended else [one for one in flow.steps.values() if one.ended][-1]
        )
    if step.assignee in {"needed", "kept"} and not case.assignee:
        step = flow.steps[flow.fallback]
    stays = case.level in step.levels
    level = case.level if stays else next(level for level in flow.levels if level in step.levels)
    flags = tuple(
        flag
        for flag in case.flags
        if flag in flow.flags and (step.name == case.step or flow.flags[flag].lasts != "step")
    )
    return msgspec.structs.replace(
        case,
        step=step.name,
        level=level,
        desk=case.desk if stays else case.grid[: LEVEL_DIGITS[level]],
        assignee="" if step.assignee == "none" else case.assignee,
        tasks=() if step.assignee == "none" else case.tasks,
        flags=flags,
    )


def _may_not(flow: Flow, case: Case, action: Action, who: Request) -> Refusal | None:
    """Return why somebody may not take an action now, whatever is given."""
    return _no_right(case, action, who) or _not_now(flow, case, action, who)


def _no_right(case: Case, action: Action, who: Request) -> Refusal | None:
    scopes = [scope for role, scope in who.grants if role in action.by]
    if not scopes:
        return Refusal(reason="no_role", sentence=f"This takes one of the roles {', '.join(action.by)}.")
    code = case.grid if action.seat == "grid" else case.desk
    if not any(
        code.startswith(scope) and (action.seat != "higher" or len(scope) < len(code)) for scope in scopes
    ):
        return Refusal(reason="out_of_scope", sentence=f"{code} is outside the account's scope.")
    mine = who.teams | {who.account}
    if action.seat == "assignee" and case.assignee not in mine:
        return Refusal(
            reason="not_assignee", sentence="The case is not assigned to this account or its teams."
        )
    if action.seat == "task" and not task_of(case, who):
        return Refusal(
            reason="not_assignee", sentence="No open task of the case is this account's or its teams'."
        )
    if any((name, who.account) in case.taken for name in action.not_by):
        return Refusal(reason="separated", sentence="Who took part in handling a case may not verify it.")
    return None


def _not_now(flow: Flow, case: Case, action: Action, who: Request) -> Refusal | None:
    stages = (_of_place(flow, case, action), _of_flags(flow, case, action), _of_time(case, action, who.at_ms))
    return next((refusal for stage in stages for refusal in stage), None)


def _of_place(flow: Flow, case: Case, action: Action) -> Iterator[Refusal]:
    if case.step not in action.to:
        steps = ", ".join(action.to)
        yield Refusal(
            reason="wrong_step", sentence=f"The case is in the step {case.step}; this is for {steps}."
        )
    if action.levels and case.level not in action.levels:
        yield Refusal(
            reason="wrong_level", sentence=f"It is for the levels {', '.join(action.levels)} alone."
        )
    level = level_after(flow, case.level, action)
    if level is None:
        where = "above" if action.shift > 0 else "below"
        yield Refusal(reason="no_level", sentence=f"There is no level {where} {case.level}.")
    elif action.shift < 0 and not case.grid[len(case.desk) : LEVEL_DIGITS[level]].strip("0"):
        yield Refusal(
            reason="no_place", sentence="The case has no place on the level below; give it one first."
        )


def _of_flags(flow: Flow, case: Case, action: Action) -> Iterator[Refusal]:
    for flag in case.flags:
        if flag in action.unless:
            yield Refusal(reason=f"is_{flag}", sentence=f"The case is {flag}.")
        elif flow.flags[flag].blocks and flag not in action.during and flag not in action.despite:
            yield Refusal(reason=f"is_{flag}", sentence=f"The case is {flag}: that must end first.")
    for flag in action.during:
        if flag not in case.flags:
            yield Refusal(reason=f"not_{flag}", sentence=f"The case is not {flag}.")
    if action.tasks == "all" and not all(done for _, done in case.tasks):
        yield Refusal(reason="tasks_open", sentence="Other departments have not done their parts.")
    if action.once and any(name == action.name for name, _ in case.taken):
        yield Refusal(reason="once", sentence="It has been done in this round.")


def _of_time(case: Case, action: Action, at_ms: int) -> Iterator[Refusal]:
    if action.within_ms is not None and (
        case.closed_ms is None or at_ms >= case.closed_ms + action.within_ms
    ):
        yield Refusal(reason="too_late", sentence="The period after closing is over.")
    if action.before_due and any(
        due_ms is not None and due_ms <= at_ms for due_ms in (case.due_ms, case.step_due_ms)
    ):
        yield Refusal(reason="too_late", sentence="The case is due already.")


def _made(flow: Flow, case: Case, action: Action, request: Request) -> Move:
    step = flow.steps[action.to[case.step]]
    level = level_after(flow, case.level, action) or case.level
    left = step.name != case.step
    entered = left or level != case.level
    reopened = action.new_round
    flags = set(case.flags) - set(action.clears) | set(action.sets)
    flags = {
        flag
        for flag in flags
        if not (left and flow.flags[flag].lasts == "step" and flag not in action.sets)
        and not (step.ended or reopened)
    }
    assignee, tasks = _assigned(case, step, action, request)
    kept = () if reopened else case.taken  # what reopens a case belongs to the round that it ends
    if action.name in flow.remembered and not reopened:
        kept = tuple(sorted({*kept, (action.name, request.account)}))
    closes = step.ended and case.closed_ms is None
    after = msgspec.structs.replace(
        case,
        step=step.name,
        level=level,
        desk=case.desk if level == case.level else case.grid[: LEVEL_DIGITS[level]],
        assignee=assignee,
        tasks=tasks,
        flags=tuple(sorted(flags)),
        round=case.round + (1 if reopened else 0),
        taken=kept,
        outcome=str(request.given["code"]) if closes else "" if reopened else case.outcome,
        closed_ms=request.at_ms if closes else None if reopened else case.closed_ms,
    )
    return Move(
        case=after,
        entered=entered,
        closed=closes,
        reopened=reopened,
        extends=action.extends,
        tells=step.tells if entered else (),
    )


def _assigned(
    case: Case, step: Step, action: Action, request: Request
) -> tuple[str, tuple[tuple[str, bool], ...]]:
    """Return who handles the case afterwards, and the tasks of the others."""
    if step.assignee == "none":
        return "", ()
    if "departments" in action.needs:
        lead, *others = request.given["departments"]
        # within a visit the parts that there are go on; whose part is not among the named ones keeps it
        known = dict(case.tasks) if step.name == case.step else {}
        parts = known | {name: False for name in others if name not in known}
        return lead, tuple((name, done) for name, done in parts.items() if name != lead)
    if "assignee" in action.needs:
        return request.given["assignee"], ()
    if action.tasks == "one":
        mine = task_of(case, request)
        return case.assignee, tuple((name, done or name == mine) for name, done in case.tasks)
    if action.tasks == "back":
        mine = task_of(case, request)
        return case.assignee, tuple((name, done) for name, done in case.tasks if name != mine)
    return case.assignee, case.tasks
