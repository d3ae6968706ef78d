"""The way of a case as data: steps, flags, and the actions that lead from one to another.

It is read and checked in `domain.flows.file`; what an action makes of a case is in `domain.flows.moves`.
"""

from typing import Literal

import msgspec

from domain.clocks.clock import Limit

LEVEL_DIGITS = {"grid": 15, "village": 12, "township": 9, "county": 6, "city": 4, "province": 2}
"""A desk is named by the code of its jurisdiction."""

ROLES = (
    "grid_worker", "clerk", "dispatcher", "handling_unit", "verifier", "duty_officer", "supervisor", "reporter",
)  # fmt: skip
"""Who may act on a case. Ops and administrators do not; a reporter acts through the gateway, which has checked the code."""

CLOSED_AT_SOURCE, DUPLICATE = "closed_at_source", "duplicate"
"""Outcomes that no person gives, and that every flow has."""

SUPERVISED, URGED = "supervised", "urged"
"""The flags of a case that a higher desk follows, which alone may have a clock of its own, and of one that it urged."""

RECEIVERS = ("reporter", "grid_worker", "assignee", "desk", "higher_desk", "supervisor")
"""Who an action may tell. A step tells the first two alone: they are who the case is for."""

TOLD_BY_ACTIONS = ("asked", "supervised", "urged", "extension", "returned")
"""What an action's message may be about; steps, assignments, marks and closings have theirs without a word in the file."""

Texts = dict[str, str]
Seat = Literal["desk", "higher", "grid", "assignee", "task"]
SEATS: tuple[Seat, ...] = ("desk", "higher", "grid", "assignee", "task")
Assigned = Literal["none", "needed", "kept", "any"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case may stand.

    Attributes
    ----------
    clock
        The limit of a visit; None: no step clock.
    ended
        The case is closed here, and its clocks stand.
    assignee
        `none`: nobody has the case; `needed` and `kept`: somebody does; `any`: as it was.
    verifies
        Leaving it is a judgement on the handling.
    tells
        Who is sent a message when it is entered.

    """

    name: str
    title: Texts
    levels: tuple[str, ...]
    clock: Limit | None = None
    ended: bool = False
    assignee: Assigned = "none"
    verifies: bool = False
    tells: tuple[str, ...] = ()


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """What a case may be besides its step: which clocks it pauses, whether it blocks actions, and how long it lasts.

    `clock` is the limit of supervision, which runs while the flag is there.
    """

    name: str
    title: Texts
    pauses: tuple[str, ...] = ()
    blocks: bool = False
    lasts: Literal["step", "round"] = "step"
    inner: bool = False
    clock: Limit | None = None


class Supervise(msgspec.Struct, frozen=True, kw_only=True):
    """When a case is supervised without anybody's word; each reason once a round.

    `priority` is of its category: at most so many (1 is critical; 0: none). `repeats`: so many and more (0: never).
    """

    priority: int = 0
    repeats: int = 0
    overdue: bool = False
    dissatisfied: bool = False


class ReceiptRule(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment wants a receipt within so many ms, by an action; without one the case goes back to a step of the desk's."""

    ms: int
    action: str
    back: str


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may do: by whom, from which seat, in which steps, with what, and where it leads.

    Attributes
    ----------
    to
        The step that each step leads to; the same step where the case stays.
    shift
        By how many levels the case goes up.
    during, unless, despite
        Flags that must be there, that must not be, and blocking ones that do not block this.
    not_by
        Actions whose takers of this round may not take this one.
    within_ms
        How long after closing; None: any time.
    extends
        Clocks that the given amount is added to.
    tells
        By receiver, what its message is about.

    """

    name: str
    title: Texts
    by: tuple[str, ...]
    seat: Seat = "desk"
    to: dict[str, str]
    levels: tuple[str, ...] = ()
    shift: int = 0
    needs: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    despite: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    once: bool = False
    within_ms: int | None = None
    before_due: bool = False
    extends: tuple[str, ...] = ()
    tasks: Literal["", "one", "back", "all"] = ""
    new_round: bool = False
    tells: dict[str, str] = {}

    @property
    def of_task(self) -> bool:
        """It is about one department's part of a joint handling, and about the version of that part."""
        return self.tasks in {"one", "back"}

    @property
    def gives(self) -> bool:
        """Whether it says who is to handle the case."""
        return "assignee" in self.needs or "departments" in self.needs


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One way of a case. `moved` leads from names of older files to names of this one, each followed to its end."""

    name: str
    title: Texts
    by_feed: bool
    levels: tuple[str, ...]
    first: str
    fallback: str
    moved: dict[str, str]
    steps: dict[str, Step]
    flags: dict[str, Flag]
    actions: dict[str, Action]
    outcomes: dict[str, Texts]
    sides: dict[str, tuple[str, ...]]
    supervise: Supervise | None = None
    receipt: ReceiptRule | None = None

    @property
    def remembered(self) -> frozenset[str]:
        """The actions whose takers a round must remember."""
        actions = self.actions.values()
        return frozenset(
            {name for one in actions for name in one.not_by} | {one.name for one in actions if one.once}
        )


def level_after(flow: Flow, level: str, action: Action) -> str | None:
    """Return the level that an action leads to from a level; None where there is none."""
    number = flow.levels.index(level) + action.shift
    return flow.levels[number] if 0 <= number < len(flow.levels) else None
