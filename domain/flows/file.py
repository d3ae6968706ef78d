"""Reading `flow.toml`: every mistake at once, each as `FILE:LINE: sentence`. What the fields mean is in `domain.flows.flow`."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from domain.clocks.clock import KINDS, Kind, Limit
from domain.clocks.limits import LEAST_PRIORITY
from domain.feeds.rules import DAY_MS
from domain.flows.checks import NO_STEP, check_flow
from domain.flows.flow import (
    LEVEL_DIGITS,
    RECEIVERS,
    ROLES,
    SEATS,
    TOLD_BY_ACTIONS,
    Action,
    Assigned,
    Flag,
    Flow,
    ReceiptRule,
    Seat,
    Step,
    Supervise,
)
from domain.flows.given import NEEDS
from domain.rule_page import Page
from domain.toml_lines import lines_of

NAME_LENGTH = 40
"""A step's, flag's or action's name is shown in tables and keys."""
MOST_MINUTES = 7 * 24 * 60
"""A receipt that may take longer than a week is none."""
MINUTE_MS = 60_000
FIELDS = (
    "title", "by_feed", "levels", "first", "fallback", "moved", "periods", "sides", "outcomes", "flags", "steps",
    "actions", "supervise", "receipt",
)  # fmt: skip
ACTION_FIELDS = (
    "title", "by", "seat", "steps", "to", "levels", "move", "needs", "outcomes", "sets", "clears", "during", "unless",
    "despite", "not_by", "once", "within", "before_due", "extends", "tasks", "round", "tells",
)  # fmt: skip


class FlowPage(Page):
    """A table of the flow file that knows its lines."""

    def __init__(
        self,
        file: str,
        table: Mapping[str, Any],
        mistakes: list[str],
        lines: Mapping[tuple[str, ...], int],
        path: tuple[str, ...] = (),
    ) -> None:
        super().__init__(file, table, mistakes, "".join(f"{one}." for one in path))
        self.lines = lines
        self.path = path

    def wrong(self, field: str, sentence: str) -> None:
        """Note a mistake of a field, with the line of the field or of the nearest table around it."""
        path = (*self.path, field)
        while path and path not in self.lines:
            path = path[:-1]
        self.mistakes.append(
            f"{self.file}:{self.lines.get(path, 1)}: `{'.'.join((*self.path, field))}` {sentence}"
        )

    def table(self, field: str) -> "FlowPage":
        """Return a table in this one; an empty one where it is absent."""
        value = super().table(field).values
        return FlowPage(self.file, value, self.mistakes, self.lines, (*self.path, field))

    def tables(self, field: str) -> dict[str, "FlowPage"]:
        """Return the tables by name that a table holds; each name is checked."""
        page = self.table(field)
        for name in page.values:
            if not 0 < len(name) <= NAME_LENGTH or not name.replace("_", "").isalnum() or not name.isascii():
                page.wrong(name, "must have a name of at most 40 letters, digits and _.")
        return {name: page.table(name) for name in page.values}

    def among(self, field: str, known: Sequence[str] | Mapping[str, object], what: str) -> tuple[str, ...]:
        """Return a list of names that are known here."""
        found = self.texts(field)
        for name in found:
            if name not in known:
                self.wrong(field, f"names the {what} {name!r}; known are {', '.join(known) or 'none'}.")
        if len(set(found)) < len(found):
            self.wrong(field, "names something twice.")
        return tuple(name for name in found if name in known)

    def among_keys(self, field: str, known: Sequence[str], what: str) -> tuple[str, ...]:
        """Return the keys of a table that are known here."""
        table = self.table(field)
        for name in table.values:
            if name not in known:
                table.wrong(name, f"is no {what}; known are {', '.join(known)}.")
        return tuple(name for name in table.values if name in known)


def read_flows(
    body: bytes, kept_days: Callable[[str], float], *, file: str = "flow.toml"
) -> tuple[dict[str, Flow], list[str]]:
    """Return the flows of a file, and every mistake as `FILE:LINE: sentence`; with a mistake it is refused whole.

    Parameters
    ----------
    body
        The file.
    kept_days
        For how many days the feeds of a flow keep closed cases, the least of them; infinite where for ever.
    file
        What the mistakes call it.

    """
    try:
        text = body.decode()
        table = tomllib.loads(text)
    except UnicodeDecodeError as wrong:
        line = body.count(b"\n", 0, wrong.start) + 1
        return {}, [f"{file}:{line}: is not UTF-8; save the file as UTF-8."]
    except tomllib.TOMLDecodeError as wrong:
        return {}, [f"{file}:{_line_of(wrong, text)}: is no TOML: {str(wrong).partition(' (at')[0]}."]
    mistakes: list[str] = []
    page = FlowPage(file, table, mistakes, lines_of(text))
    if not table:
        mistakes.append(f"{file}:1: has no flow; a flow is a table such as [grid].")
    flows = {name: _flow(name, page.table(name), kept_days(name)) for name in table}
    return flows, sorted(set(mistakes), key=_place)


def _line_of(wrong: tomllib.TOMLDecodeError, text: str) -> int:
    at = str(wrong).rpartition("(at line ")[2].partition(",")[0]
    return int(at) if at.isdecimal() else text.count("\n") + 1


def _place(mistake: str) -> tuple[int, str]:
    return int(mistake.split(": ", 1)[0].rpartition(":")[2]), mistake


def _flow(name: str, page: FlowPage, kept_days: float) -> Flow:
    page.only(*FIELDS)
    levels = page.among("levels", list(LEVEL_DIGITS), "level")
    if not levels or list(levels) != sorted(levels, key=lambda one: -LEVEL_DIGITS[one]):
        page.wrong("levels", "must be the levels from the lowest to the highest.")
        levels = levels or ("county",)
    outcomes = {one: page.table("outcomes").both(one) for one in page.table("outcomes").values}
    flags = {one: _flag(one, own) for one, own in page.tables("flags").items()}
    steps = {one: _step(one, own, levels) for one, own in page.tables("steps").items()}
    known = _Known(
        actions=page.table("actions").values,
        levels=levels,
        outcomes=outcomes,
        flags=flags,
        steps=steps,
        periods=_periods(page.table("periods"), kept_days),
    )
    actions = {one: _action(one, own, known) for one, own in page.tables("actions").items()}
    sides = page.table("sides")
    sides.only("supervision", "command")
    flow = Flow(
        name=name,
        title=page.both("title"),
        by_feed=page.flag("by_feed", default=False),
        levels=levels,
        first=page.text("first", needed=True),
        fallback=page.text("fallback", needed=True),
        moved={one: page.table("moved").text(one) for one in page.table("moved").values},
        steps=steps,
        flags=flags,
        actions=actions,
        outcomes=outcomes,
        sides={side: sides.among(side, ROLES, "role") for side in ("supervision", "command")},
        supervise=_supervise(page),
        receipt=_receipt(page, known),
    )
    check_flow(flow, page)
    return flow


def _periods(page: FlowPage, kept_days: float) -> dict[str, int]:
    periods = {}
    for name in page.values:
        days = page.number(name, 0.0, least=0.0) or 0.0
        if days <= 0:
            page.wrong(name, "must be a number of days above 0.")
        if days > kept_days:
            page.wrong(
                name, f"is {days:g} days, and closed cases are kept for {kept_days:g} (`keep_closed_days`)."
            )
        periods[name] = round(days * DAY_MS) if days < float("inf") else 0
    return periods


def _flag(name: str, page: FlowPage) -> Flag:
    page.only("title", "pauses", "blocks", "lasts", "inner", "clock")
    return Flag(
        name=name,
        title=page.both("title"),
        pauses=page.among("pauses", ("step", "whole", "receipt", "supervision"), "clock"),
        blocks=page.flag("blocks", default=False),
        lasts=cast("Any", page.choice("lasts", ("step", "round"), "step")),
        inner=page.flag("inner", default=False),
        clock=_clock(page),
    )


def _step(name: str, page: FlowPage, levels: tuple[str, ...]) -> Step:
    page.only("title", "levels", "clock", "ended", "assignee", "verifies", "tells")
    own = page.among("levels", levels, "level") if "levels" in page.values else levels
    return Step(
        name=name,
        title=page.both("title"),
        levels=tuple(level for level in levels if level in own) or levels,
        clock=_clock(page),
        ended=page.flag("ended", default=False),
        assignee=cast("Assigned", page.choice("assignee", ("none", "needed", "kept", "any"), "none")),
        verifies=page.flag("verifies", default=False),
        tells=page.among("tells", ("reporter", "grid_worker"), "receiver"),
    )


def _supervise(page: FlowPage) -> Supervise | None:
    """Return when a case is supervised without anybody's word; None where the file does not say."""
    if "supervise" not in page.values:
        return None
    table = page.table("supervise")
    table.only("priority", "repeats", "overdue", "dissatisfied")
    for name in ("priority", "repeats"):
        if isinstance(table.values.get(name), float):
            table.wrong(name, "must be a whole number.")
    return Supervise(
        priority=int(table.number("priority", 0, least=1, most=LEAST_PRIORITY) or 0)
        if "priority" in table.values
        else 0,
        repeats=int(table.number("repeats", 0, least=1) or 0) if "repeats" in table.values else 0,
        overdue=table.flag("overdue", default=False),
        dissatisfied=table.flag("dissatisfied", default=False),
    )


def _receipt(page: FlowPage, known: "_Known") -> ReceiptRule | None:
    """Return how long an assignment waits for its receipt; None where none is wanted."""
    if "receipt" not in page.values:
        return None
    table = page.table("receipt")
    table.only("minutes", "action", "back")
    minutes = table.number("minutes", None, most=MOST_MINUTES)
    if not minutes:
        table.wrong("minutes", "must be there, and more than 0.")
    action, back = table.text("action", needed=True), table.text("back", needed=True)
    if action and action not in known.actions:
        table.wrong("action", f"names the action {action!r}; known are {', '.join(known.actions)}.")
    if back and back not in known.steps:
        table.wrong("back", f"{NO_STEP} {back!r}; known are {', '.join(known.steps)}.")
    return ReceiptRule(ms=round((minutes or 0) * MINUTE_MS), action=action, back=back)


def _clock(page: FlowPage) -> Limit | None:
    if "clock" not in page.values:
        return None
    clock = page.table("clock")
    clock.only("kind", "amount")
    kind: Kind = cast("Kind", clock.choice("kind", KINDS, "wall_clock"))
    amount = clock.number("amount", None)
    try:
        if not amount:
            raise ValueError("0 must be more than 0.")  # noqa: TRY301 - one sentence for all that an amount can be
        return Limit.of(kind, Decimal(str(amount)))
    except ValueError as wrong:
        clock.wrong("amount", f"cannot be: {wrong}")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the actions of a flow may name."""

    actions: Mapping[str, object]
    levels: tuple[str, ...]
    outcomes: Mapping[str, object]
    flags: Mapping[str, Flag]
    steps: Mapping[str, Step]
    periods: Mapping[str, int]


def _action(name: str, page: FlowPage, known: _Known) -> Action:
    page.only(*ACTION_FIELDS)
    by = page.among("by", ROLES, "role")
    if not page.values.get("by"):
        page.wrong("by", "must name at least one role.")
    within = page.text("within")
    if within and within not in known.periods:
        page.wrong("within", f"names the period {within!r}; known are {', '.join(known.periods) or 'none'}.")
    own = page.among("outcomes", known.outcomes, "outcome")
    needs = page.among("needs", NEEDS, "need")
    if ("code" in needs) != bool(own):
        page.wrong("outcomes", 'and needs = ["code"] belong together.')
    tasks = page.text("tasks")
    if tasks not in ("", "one", "back", "all"):
        page.wrong("tasks", f"must be one, back or all, and is {tasks!r}.")
        tasks = ""
    if page.text("round") not in ("", "new"):
        page.wrong("round", f"must be new, and is {page.text('round')!r}.")
    return Action(
        name=name,
        title=page.both("title"),
        by=by,
        seat=cast("Seat", page.choice("seat", SEATS, "desk")),
        to=_to(page, known.steps),
        levels=page.among("levels", known.levels, "level"),
        shift={"": 0, "up": 1, "down": -1}[
            page.choice("move", ("up", "down"), "up") if page.text("move") else ""
        ],
        needs=needs,
        outcomes=own,
        sets=page.among("sets", known.flags, "flag"),
        clears=page.among("clears", known.flags, "flag"),
        during=page.among("during", known.flags, "flag"),
        unless=page.among("unless", known.flags, "flag"),
        despite=page.among("despite", known.flags, "flag"),
        not_by=page.among("not_by", known.actions, "action"),
        once=page.flag("once", default=False),
        within_ms=known.periods.get(within),
        before_due=page.flag("before_due", default=False),
        extends=page.among("extends", ("step", "whole"), "clock"),
        tasks=cast("Any", tasks),
        new_round=page.text("round") == "new",
        tells={
            to: page.table("tells").choice(to, TOLD_BY_ACTIONS, TOLD_BY_ACTIONS[0])
            for to in page.among_keys("tells", RECEIVERS, "receiver")
        },
    )


def _to(page: FlowPage, steps: Mapping[str, Step]) -> dict[str, str]:
    """Return where each step leads: by `to`, or staying in each of `steps`."""
    if ("to" in page.values) == ("steps" in page.values):
        page.wrong("to", "or `steps` must be there, and not both: where it leads, or where it stays.")
    to = {one: one for one in page.among("steps", steps, "step")}
    table = page.table("to")
    for step in table.values:
        target = table.text(step)
        for one in (step, target):
            if one not in steps:
                table.wrong(step, f"{NO_STEP} {one!r}; known are {', '.join(steps)}.")
        if step in steps and target in steps:
            to[step] = target
    return to
