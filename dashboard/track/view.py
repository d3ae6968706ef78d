"""What whoever reported a matter may know of its case: its steps, deadlines, answer and outcome, and no person."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from domain.flows.flow import Flow, Step
from domain.rules import Rules

REPORTER = "reporter"
NOT_SETTLED = "not_settled"
ANSWERED_BY, ASKED_BY, WAITING = "feed_back", "ask", "waiting"
"""Actions whose words are for the reporter, and the flag that waits for theirs."""
REOPENED_BY = frozenset({NOT_SETTLED, "reopen"})

Both = dict[str, str]
Stage = Literal["done", "now", "ahead"]


class TrackView(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the tracking page shows it.

    Attributes
    ----------
    steps
        Those that the reporter may know of, each with whether it is done.
    paused
        Why the clock stands, empty where it runs.
    question, answer
        What was asked and what was answered, as it is sealed; empty where there is nothing.
    no_until_ms
        Until when "not settled" can be said; None where it cannot.

    """

    category: Both
    zone: str
    opened_ms: int
    steps: tuple[tuple[Both, Stage], ...]
    due_ms: int | None = None
    step_due_ms: int | None = None
    provisional: bool = False
    overdue: bool = False
    paused: tuple[Both, ...] = ()
    question: str = ""
    answer: str = ""
    outcome: Both | None = None
    closed_ms: int | None = None
    rounds: int = 1
    merged: bool = False
    version: int = 0
    no_until_ms: int | None = None


def view(case: Mapping[str, Any], rules: Rules, now_ms: int, *, merged: bool = False) -> TrackView:
    """Return what is shown of a case.

    Parameters
    ----------
    case
        The case's read model.
    rules
        The rule set in force.
    now_ms
        The journal's instant.
    merged
        Whether the code was that of another case, which was merged into this one.

    """
    feed = rules.feeds.get(case["feed"])
    flow = rules.flows.get(feed.flow) if feed is not None else None
    step = flow.steps.get(case["step"]) if flow is not None else None
    story: Sequence[Mapping[str, Any]] = case.get("story") or ()
    closed_ms = case.get("closed_ms")
    known = step is not None and step in _visible(flow)
    return TrackView(
        category={
            "en": rules.category_name(case["category"], "en"),
            "zh": rules.category_name(case["category"], "zh"),
        },
        zone="UTC" if feed is None else feed.zone.key,
        opened_ms=int(case.get("opened_ms") or case["arrived_ms"]),
        steps=_steps(flow, case["step"], closed=closed_ms is not None),
        due_ms=None if closed_ms is not None else case.get("due_ms"),
        step_due_ms=case.get("step_due_ms") if known and closed_ms is None else None,
        provisional=bool(case.get("provisional")),
        overdue=bool(case.get("overdue")),
        paused=_paused(flow, case) if closed_ms is None else (),
        question=_last_text(story, ASKED_BY) if WAITING in (case.get("is") or ()) else "",
        answer=_last_text(story, ANSWERED_BY),
        outcome=None if flow is None or closed_ms is None else flow.outcomes.get(case.get("outcome") or ""),
        closed_ms=closed_ms,
        rounds=int(case.get("round") or 1),
        merged=merged,
        version=int(case.get("version") or 0),
        no_until_ms=_no_until(flow, case, now_ms),
    )


def _visible(flow: Flow | None) -> list[Step]:
    """Return the steps that a reporter may know of: those that tell them; where none does, all."""
    steps = [] if flow is None else list(flow.steps.values())
    return [step for step in steps if REPORTER in step.tells] or steps


def _steps(flow: Flow | None, name: str, *, closed: bool) -> tuple[tuple[Both, Stage], ...]:
    """Return the way of a case: the steps before the end, and one for the end, however many the flow has."""
    shown = _visible(flow)
    if flow is None or not shown:
        return ()
    open_, ends = [one for one in shown if not one.ended], [one for one in shown if one.ended]
    way = [*open_, *ends[-1:]]
    if closed:
        return tuple((step.title, "done") for step in way)
    order = list(flow.steps)
    at = order.index(name) if name in order else 0
    reached = max(sum(order.index(step.name) <= at for step in open_) - 1, 0)
    return tuple(
        (step.title, "done" if index < reached else "now" if index == reached else "ahead")
        for index, step in enumerate(way)
    )


def _paused(flow: Flow | None, case: Mapping[str, Any]) -> tuple[Both, ...]:
    if flow is None or not case.get("paused"):
        return ()
    flags = [flow.flags[name] for name in case.get("is") or () if name in flow.flags]
    return tuple(flag.title for flag in flags if "whole" in flag.pauses)


def _last_text(story: Sequence[Mapping[str, Any]], action: str) -> str:
    """Return what was last written with an action in this round; empty where nothing was."""
    for entry in reversed(story):
        if entry.get("action") in REOPENED_BY and entry.get("kind") == "act":
            return ""
        if entry.get("action") == action and entry.get("kind") == "act":
            return str((entry.get("given") or {}).get("text") or "")
    return ""


def _no_until(flow: Flow | None, case: Mapping[str, Any], now_ms: int) -> int | None:
    """Return until when the reporter may say that it is not settled."""
    action = None if flow is None or flow.by_feed else flow.actions.get(NOT_SETTLED)
    closed_ms = case.get("closed_ms")
    if action is None or closed_ms is None or REPORTER not in action.by or case["step"] not in action.to:
        return None
    if action.within_ms is None:
        return None
    until_ms = int(closed_ms + action.within_ms)
    return until_ms if now_ms < until_ms else None
