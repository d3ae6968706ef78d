"""Whether a flow makes sense as a whole: nothing leads nowhere, nobody judges his own work, every case can end."""

from collections.abc import Iterator
from typing import Protocol

from domain.flows.flow import CLOSED_AT_SOURCE, DUPLICATE, SUPERVISED, Action, Flow, level_after

NO_STEP = "names the step"
"""How a mistake begins that breaks a way: what cannot be reached then follows from it and is not told as well."""


class Noted(Protocol):
    """Where mistakes are noted."""

    mistakes: list[str]

    def wrong(self, field: str, sentence: str) -> None:
        """Note a mistake of a field."""

    def table(self, field: str) -> "Noted":
        """Return a table in this one."""
        ...


def check_flow(flow: Flow, page: Noted) -> None:
    """Note every mistake that shows only when the parts of a flow are held together."""
    _check_places(flow, page)
    _check_moved(flow, page)
    _check_sides(flow, page)
    for name in (CLOSED_AT_SOURCE, DUPLICATE):
        if name not in flow.outcomes:
            page.wrong("outcomes", f"must have {name}: a feed or a merge ends a case so.")
    for action in flow.actions.values():
        for field, sentence in _of_action(flow, action):
            page.table("actions").table(action.name).wrong(field, sentence)
    _check_flags(flow, page)
    _check_supervise(flow, page)
    _check_receipt(flow, page)
    broken = any(NO_STEP in one for one in page.mistakes)
    if not flow.by_feed and flow.first in flow.steps and not broken:
        _check_reach(flow, page)


def _check_places(flow: Flow, page: Noted) -> None:
    for field, name in (("first", flow.first), ("fallback", flow.fallback)):
        step = flow.steps.get(name)
        if step is None:
            page.wrong(field, f"names the step {name!r}; known are {', '.join(flow.steps)}.")
        elif step.ended or (step.assignee != "none" and not flow.by_feed):
            page.wrong(field, "must be a step in which the case is open and nobody's yet.")
    if not any(step.ended for step in flow.steps.values()):
        page.wrong("steps", "must have one that is `ended`: a case ends somewhere.")
    for step in flow.steps.values():
        own = page.table("steps").table(step.name)
        if step.ended and step.clock is not None:
            own.wrong("clock", "has no meaning where the case is closed.")
        if step.ended and step.assignee in {"needed", "kept"}:
            own.wrong("assignee", "must be any or none where the case is closed: not every case had one.")
        if step.ended and step.verifies:
            own.wrong("verifies", "has no meaning where the case is closed.")
        if not step.ended and step.assignee == "any":
            own.wrong("assignee", "must be none, needed or kept where the case is open.")


def _check_moved(flow: Flow, page: Noted) -> None:
    for old in flow.moved:
        if old in flow.steps:
            page.table("moved").wrong(old, "is a step of this file; only steps that are gone can have moved.")
        name, seen = old, {old}
        while name in flow.moved and name not in flow.steps:
            name = flow.moved[name]
            if name in seen:
                page.table("moved").wrong(old, "leads in a circle.")
                break
            seen.add(name)
        else:
            if name not in flow.steps:
                page.table("moved").wrong(old, f"ends at {name!r}, which is no step.")


def _check_sides(flow: Flow, page: Noted) -> None:
    both = set(flow.sides["supervision"]) & set(flow.sides["command"])
    for role in sorted(both):
        page.table("sides").wrong(
            "command", f"has {role}, which supervises: supervision and command are apart."
        )
    for action in flow.actions.values():
        own = page.table("actions").table(action.name)
        judged = [
            name
            for name, to in action.to.items()
            if name in flow.steps and to != name and flow.steps[name].verifies
        ]
        if not judged:
            continue
        if not action.not_by:
            own.wrong(
                "not_by", f"is missing: who handled a case may not judge it, and this leaves {judged[0]}."
            )
        for role in action.by:
            if role in flow.sides["command"]:
                own.wrong(
                    "by", f"has {role}, which commands; this leaves {judged[0]}, which is supervision's."
                )


def _of_action(flow: Flow, action: Action) -> Iterator[tuple[str, str]]:
    """Give what is wrong with one action: field and sentence."""
    for name, to in action.to.items():
        yield from _of_assignee(flow, action, name, to)
        yield from _of_end(flow, action, name, to)
        yield from _of_levels(flow, action, name, to)
    if action.extends and "amount" not in action.needs:
        yield "needs", "must have amount: by how much is it extended?"
    if action.extends and not action.before_due:
        yield "before_due", "must be true: what is due is extended no more."
    for flag in action.clears:
        if flag in action.sets:
            yield "clears", f"has {flag}, which it sets as well."
    for flag in (*action.during, *action.despite):
        if flag in action.unless:
            yield "unless", f"has {flag}, which must be there or may be."
    yield from _of_others(flow, action)
    if action.tasks and not any("departments" in one.needs for one in flow.actions.values()):
        yield "tasks", "has no meaning: no action asks for departments."


def _of_others(flow: Flow, action: Action) -> Iterator[tuple[str, str]]:
    """Give what is wrong with an action that changes more than its case, or only a part of it."""
    for need, what in (("case", "merges"), ("parts", "splits")):
        if need in action.needs and any(to != name for name, to in action.to.items()):
            yield "to", f"leads on, and an action that needs {need} {what} the case where it is: use `steps`."
    if "case" in action.needs and "parts" in action.needs:
        yield "needs", "has case and parts: a case is merged or split, and not both at once."
    waits = [flow.flags[flag].blocks and flow.flags[flag].inner for flag in action.sets]
    if "case" in action.needs and not any(waits):
        yield "sets", "must have a flag that is inner and blocks: the case waits for the other one's answer."
    if action.of_task != (action.seat == "task"):
        yield "tasks", 'and seat belong together: tasks = "one" and "back" are for the seat task.'


def _of_assignee(flow: Flow, action: Action, name: str, to: str) -> Iterator[tuple[str, str]]:
    here, there = flow.steps[name], flow.steps[to]
    gives = "assignee" in action.needs or "departments" in action.needs
    if there.assignee in {"needed", "kept"} and here.assignee in {"none", "any"} and not gives:
        yield "needs", f"must have assignee or departments: it leads from {name}, which is nobody's, to {to}."
    if gives and there.assignee == "none":
        yield "needs", f"has an assignee, and {to} is nobody's."


def _of_end(flow: Flow, action: Action, name: str, to: str) -> Iterator[tuple[str, str]]:
    closes = flow.steps[to].ended and not flow.steps[name].ended
    reopens = flow.steps[name].ended and not flow.steps[to].ended
    if closes and "code" not in action.needs:
        yield "needs", f"must have code: it closes the case ({name} to {to})."
    if not closes and "code" in action.needs:
        yield "needs", f"has code, and {name} to {to} closes nothing."
    if reopens and not action.new_round:
        yield "round", f'must be "new": it reopens the case ({name} to {to}).'
    if action.new_round and not reopens:
        yield "round", f"is new, and {name} to {to} reopens nothing."
    if action.within_ms is not None and not flow.steps[name].ended:
        yield "within", f"counts from the closing, and in {name} the case is open."


def _of_levels(flow: Flow, action: Action, name: str, to: str) -> Iterator[tuple[str, str]]:
    levels = [level for level in flow.steps[name].levels if not action.levels or level in action.levels]
    after = {level: level_after(flow, level, action) for level in levels}
    if levels and all(one is None for one in after.values()):
        yield "move", f"leads from {name} to no level at all."
    for level, then in after.items():
        if then is not None and then not in flow.steps[to].levels:
            yield "to", f"leads from {name} at the level {level} to {to}, which is not at the level {then}."


def _check_flags(flow: Flow, page: Noted) -> None:
    actions = flow.actions.values()
    for flag in flow.flags.values():
        own = page.table("flags").table(flag.name)
        if not any(flag.name in one.sets for one in actions):
            own.wrong("title", "is of a flag that no action sets.")
            continue
        if flag.inner:
            continue
        within = {to for one in actions if flag.name in one.sets for to in one.to.values()}
        ending = {step for one in actions if flag.name in one.clears for step in one.to}
        for step in sorted(within - ending) if flag.blocks or flag.pauses else ():
            own.wrong("title", f"is of a flag that nothing ends in the step {step}, where it can be set.")


def _check_supervise(flow: Flow, page: Noted) -> None:
    """Note a clock of a flag that is not supervision's, and supervision by rule that nobody could end."""
    for flag in flow.flags.values():
        if flag.clock is not None and flag.name != SUPERVISED:
            page.table("flags").table(flag.name).wrong(
                "clock", f"has no meaning: only {SUPERVISED} has a clock of its own."
            )
    if flow.supervise is None:
        return
    if SUPERVISED not in flow.flags:
        page.wrong("supervise", f"needs a flag {SUPERVISED}.")
        return
    ending = {step for one in flow.actions.values() if SUPERVISED in one.clears for step in one.to}
    for step in flow.steps.values():
        if not step.ended and step.name not in ending:
            page.wrong(
                "supervise", f"can begin in the step {step.name}, and no action there clears {SUPERVISED}."
            )


def _check_receipt(flow: Flow, page: Noted) -> None:
    """Note a receipt that nobody could give, and one without which the case would go nowhere."""
    rule = flow.receipt
    if rule is None:
        return
    table = page.table("receipt")
    action, back = flow.actions.get(rule.action), flow.steps.get(rule.back)
    given = {to for one in flow.actions.values() if one.gives for to in one.to.values()}
    if not given:
        page.wrong("receipt", "has no meaning: no action gives a case to anybody.")
    if action is not None:
        if action.seat != "assignee" or any(step != to for step, to in action.to.items()):
            table.wrong(
                "action",
                f"names {action.name}, which must be the assignee's, and let the case stay where it is.",
            )
        for step in sorted(given - set(action.to)):
            table.wrong(
                "action",
                f"names {action.name}, which cannot be taken in {step}, where cases are given to somebody.",
            )
    if back is None:
        return
    if back.ended or back.assignee != "none":
        table.wrong("back", "must be a step in which the case is open and nobody's.")
    for step in sorted(given):
        missing = [level for level in flow.steps[step].levels if level not in back.levels]
        if missing:
            table.wrong("back", f"is not at the level {missing[0]}, where {step} is.")


def _check_reach(flow: Flow, page: Noted) -> None:
    """Note steps that no case comes to, and open steps that no case leaves for an end."""
    ways = [(name, to) for one in flow.actions.values() for name, to in one.to.items()]
    reached = _spread({flow.first}, ways)
    endings = _spread(
        {name for name, step in flow.steps.items() if step.ended}, [(to, name) for name, to in ways]
    )
    last = [name for name, step in flow.steps.items() if step.ended][-1:]
    for name in flow.steps:
        if name not in reached and name not in last:  # a feed or a merge ends a case in the last one
            page.table("steps").wrong(name, "is a step that no action leads to.")
        if name not in endings:
            page.table("steps").wrong(name, "is a step from which no action leads to an end.")


def _spread(begun: set[str], ways: list[tuple[str, str]]) -> set[str]:
    known = set(begun)
    while more := {to for name, to in ways if name in known and to not in known}:
        known |= more
    return known
