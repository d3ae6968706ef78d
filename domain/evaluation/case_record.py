"""What one case adds to the figures of a period, from its passages and, while it is open, its read model.

A case counts as it stood at the period's end: in its last round until then, at the place where it was closed or, open,
where it lay. What became known of it since (another due instant, a merge) holds for the past as well.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any

import msgspec

from domain.cases.case import FIRST_STEP
from domain.evaluation.passages import Passage


class Period(msgspec.Struct, frozen=True):
    """[from, to) in epoch ms."""

    from_ms: int
    to_ms: int

    def __contains__(self, at_ms: int | None) -> bool:
        """Tell whether an instant lies in it."""
        return at_ms is not None and self.from_ms <= at_ms < self.to_ms


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is open now, as its read model has it. `team` is empty where an account has it, or nobody."""

    case: str
    grid: str
    desk: str
    team: str
    arrived_ms: int
    due_ms: int | None


def open_case(shown: Mapping[str, Any], teams: Container[str]) -> OpenCase | None:
    """Return a case of the read models as it is needed here; None for one that is closed, or settled at its source."""
    if shown.get("desk") is None or shown["closed_ms"] is not None:
        return None
    return OpenCase(
        case=shown["id"],
        grid=shown["grid"],
        desk=shown["desk"],
        team=shown["assignee"] if shown["assignee"] in teams else "",
        arrived_ms=shown["arrived_ms"],
        due_ms=shown["due_ms"],
    )


class CaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a case adds to a period's figures; `ended` are the visits of its last round that ended in it."""

    grid: str
    desk: str
    team: str
    accepted: bool
    filed: bool
    due: bool
    closed: bool
    due_closed: bool
    due_on_time: bool
    returned: bool
    reopened: bool
    satisfied: bool | None
    ended: tuple[Passage, ...]


def facts_of(passages: Iterable[Passage], now: OpenCase | None, period: Period) -> CaseFacts | None:
    """Return what one case adds to a period's figures.

    Parameters
    ----------
    passages
        All of the case, in the order of the topic.
    now
        The case as it is, if it is open.
    period
        The period.

    Returns
    -------
    CaseFacts or None
        None where it adds nothing: it came later, it is a duplicate, or too little of it is known.

    """
    told = _valid(passages)
    arrived_ms = told[0].arrived_ms if told else now.arrived_ms if now is not None else period.to_ms
    until = [one for one in told if one.t_ms < period.to_ms]
    last = next((one for one in reversed(told) if one.kind == "closed" or one.reopened), None)
    if arrived_ms >= period.to_ms or (last is not None and last.duplicate):
        return None
    # a part that was split from a case begins in the round of that one
    round_ = max((one.round + one.reopened for one in until), default=0)
    closing = next((one for one in reversed(until) if one.kind == "closed" and one.round == round_), None)
    where = closing or next((one for one in told if one.t_ms >= period.to_ms), None) or now
    if where is None:
        return None
    closed_ms = None if closing is None else closing.end_ms
    due_ms = where.due_ms if isinstance(where, OpenCase) else where.whole_due_ms
    due = due_ms in period
    ended = tuple(one for one in until if one.kind == "step" and one.t_ms in period and one.round == round_)
    filings = [one for one in until if _files(one)]
    answers = [one for one in until if one.kind == "answer" and one.round == round_ and one.t_ms in period]
    facts = CaseFacts(
        grid=where.grid,
        desk=where.desk,
        team=where.team,
        accepted=arrived_ms in period,
        filed=bool(filings) and filings[-1].t_ms in period,
        due=due,
        closed=closed_ms in period,
        due_closed=due and closed_ms is not None and closed_ms < period.to_ms,
        due_on_time=due and closed_ms is not None and due_ms is not None and closed_ms < due_ms,
        returned=any(one.back for one in ended),
        reopened=any(one.reopened and one.t_ms in period for one in until),
        satisfied=answers[-1].satisfied if answers else None,
        ended=ended,
    )
    return facts if _adds(facts) else None


def _adds(facts: CaseFacts) -> bool:
    """Tell whether anything of a case counts in the period: what lay still or was over before makes no row of zeros."""
    happened = facts.accepted or facts.filed or facts.closed or facts.reopened or bool(facts.ended)
    return happened or facts.due or facts.satisfied is not None


def _valid(passages: Iterable[Passage]) -> list[Passage]:
    """Return the passages that hold: each once, and nothing that was taken back."""
    told: list[Passage] = []
    seen: set[str] = set()
    for one in passages:
        if one.effect in seen:
            continue
        seen.add(one.effect)
        if one.kind == "undone":
            told = [kept for kept in told if not _takes_back(one, kept)]
        else:
            told.append(one)
    return told


def _takes_back(undone: Passage, kept: Passage) -> bool:
    ends = kept.kind in {"step", "closed"}
    return kept.visit > undone.visit or (kept.visit == undone.visit and ends)


def _files(one: Passage) -> bool:
    """Tell whether a case was filed (立案): it left that step onwards, neither closed, nor returned, nor handed up or down."""
    return one.kind == "step" and one.step == FIRST_STEP != one.to and not one.back and not one.closing
