"""To whom a case may go: who is on duty, who stands in, the department, who is on duty nearby; why, and what speaks against.

The order is the duty rule's and never a person's: on duty first, then the stand-in, then the department, then the
neighbouring areas by how far they lie from the case. Nobody is left out or moved because of what speaks against; a
dispatcher reads it and decides. Texts are the screens' business.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from domain.duty.nearby import Point, nearby
from domain.duty.roster import Duty, Roster
from domain.rules import Rules

Param = str | int

REASONS = ("on_duty", "stand_in", "next_on_duty", "wider_area", "department", "department_any", "nearby")
AGAINST = ("off_shift", "open_assignments", "no_receipt", "has_it")
"""Every key that a proposal may carry: the screens have a text for each."""

NEIGHBOURS = 3
"""As many neighbours as a dispatcher reads at a glance."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What of a case a proposal depends on: its place and point where one is known, its category, and who has it now."""

    grid: str
    category: str
    assignee: str = ""
    point: Point | None = None


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """A reason for somebody or against, as a key and what its text is filled with; instants in epoch ms."""

    key: str
    params: dict[str, Param] = {}

    def plain(self) -> dict[str, Param]:
        """Return it as one object: the key among its params."""
        return {"key": self.key, **self.params}


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to whom a case may go: a worker's or a team's id, why, and what speaks against."""

    to: str
    kind: Literal["worker", "team"]
    reasons: tuple[Remark, ...]
    against: tuple[Remark, ...] = ()

    def plain(self) -> dict[str, object]:
        """Return it as the desk's screen takes it; the name is not known here."""
        return {
            "to": self.to,
            "kind": self.kind,
            "reasons": [one.plain() for one in self.reasons],
            "against": [one.plain() for one in self.against],
        }


def propose(
    rules: Rules,
    facts: Facts,
    open_assignments: Mapping[str, int],
    unreceived: frozenset[str],
    at_ms: int,
) -> list[Proposal]:
    """Return to whom a case may go, in the order of the duty rule; none where the county has no roster.

    Parameters
    ----------
    rules
        The rule set in force.
    facts
        The case.
    open_assignments
        By worker or team: how many open cases they have now; who has none may be left out.
    unreceived
        Who was given this very case and gave no receipt for it.
    at_ms
        Now, in epoch ms.

    """
    roster = rules.roster_of(facts.grid)
    if roster is None:
        return []
    proposals: dict[str, Proposal] = {}
    for to, reasons in _workers(roster, facts.grid, at_ms):
        off = [] if roster.on_shift(to, at_ms) else [Remark(key="off_shift")]
        against = (*off, *_against(to, facts, open_assignments, unreceived))
        proposals.setdefault(to, Proposal(to=to, kind="worker", reasons=reasons, against=against))
    row = roster.department_row(facts.category, facts.grid, at_ms)
    if row is not None:
        why = (
            Remark(key="department", params={"category": row.category, "area": row.area})
            if row.category
            else Remark(key="department_any", params={"area": row.area})
        )
        against = tuple(_against(row.team, facts, open_assignments, unreceived))
        proposals.setdefault(row.team, Proposal(to=row.team, kind="team", reasons=(why,), against=against))
    if facts.point is not None:
        for near in nearby(rules, roster, facts.grid, facts.point, at_ms)[:NEIGHBOURS]:
            to, area = near.duty.worker, near.duty.area
            why = Remark(key="nearby", params={"area": area, "distance_m": near.distance_m})
            against = tuple(_against(to, facts, open_assignments, unreceived))
            proposals.setdefault(to, Proposal(to=to, kind="worker", reasons=(why,), against=against))
    return list(proposals.values())


def _workers(roster: Roster, grid: str, at_ms: int) -> Iterator[tuple[str, tuple[Remark, ...]]]:
    """Give who is on duty and who stands in; where nobody is on duty, whose shift begins next."""
    duty = roster.on_duty(grid, at_ms)
    if duty is not None:
        yield duty.worker, _why("on_duty", duty, grid, until_ms=duty.until_ms)
    else:
        duty = roster.next_on_duty(grid, at_ms)
        if duty is None:
            return
        yield duty.worker, _why("next_on_duty", duty, grid, from_ms=duty.from_ms)
    if duty.stand_in:
        yield duty.stand_in, _why("stand_in", duty, grid, worker=duty.worker)


def _why(key: str, duty: Duty, grid: str, **params: Param) -> tuple[Remark, ...]:
    first = Remark(key=key, params={"area": duty.area, **params})
    return (first,) if duty.area == grid else (first, Remark(key="wider_area", params={"area": duty.area}))


def _against(
    to: str, facts: Facts, open_assignments: Mapping[str, int], unreceived: frozenset[str]
) -> Iterator[Remark]:
    if to == facts.assignee:
        yield Remark(key="has_it")
    if open_assignments.get(to, 0):
        yield Remark(key="open_assignments", params={"count": open_assignments[to]})
    if to in unreceived:
        yield Remark(key="no_receipt")
