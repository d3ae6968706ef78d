"""What the fold keeps of a case that people work on: where it stands in its flow, its clocks, and its version."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.alerts.alert import Alert
from domain.cases.story import Entry, Kind, with_entry
from domain.clocks.calendars import Calendar
from domain.clocks.clock import DUE, Clock, timetable
from domain.flows import moves as flow_moves
from domain.messages import Held
from domain.position import Position


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A clock, and when it reaches its marks by the calendar in force.

    Attributes
    ----------
    marks
        (percent, instant in ms), ascending; None where a pause that still lasts comes first.
    fired
        The percentages that have fired: none fires twice.
    provisional
        The due instant lies in years whose holidays are not known yet.

    """

    clock: Clock
    marks: tuple[tuple[int, int | None], ...]
    fired: tuple[int, ...] = ()
    provisional: bool = False

    @classmethod
    def of(cls, clock: Clock, calendar: Calendar | None, fired: tuple[int, ...] = ()) -> "Timer":
        """Return a clock with its marks."""
        table = timetable(clock, calendar)
        return cls(clock=clock, marks=tuple(table.marks.items()), fired=fired, provisional=table.provisional)

    def mark_ms(self, percent: int) -> int | None:
        """Return the instant of a mark."""
        return dict(self.marks)[percent]

    @property
    def due_ms(self) -> int | None:
        """The instant of 100 %."""
        return self.mark_ms(DUE)

    def with_fired(self, percent: int) -> "Timer":
        """Return the timer with one more mark fired."""
        return msgspec.structs.replace(self, fired=tuple(sorted({*self.fired, percent})))


class TaskUndo(msgspec.Struct, frozen=True, kw_only=True):
    """How a command on a task is taken back: while the task and its case are in the versions that it left.

    `taken` says that the command added its taker to those whom the round remembers.
    """

    command: str
    account: str
    action: str
    until_ms: int
    version: int
    taken: bool


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A department's part of a joint handling: its version, and its clock, which stands when the visit's stands.

    Whether it is done is in the case's `stand`. Versions are numbers of one count a case, so that none comes twice.
    """

    team: str
    version: int
    timer: Timer | None = None
    undo: TaskUndo | None = None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """The present visit of a step: the how manieth of the case, since when, and how often its round has gone back."""

    number: int = 0
    since_ms: int = 0
    returned: int = 0

    def next(self, at_ms: int) -> "Visit":
        """Return the visit that follows."""
        return Visit(number=self.number + 1, since_ms=at_ms, returned=self.returned)


TASK_CLOCK = "task:"
"""Before a department's name in what the clock of its part is called."""

UNDO_MS = 5_000
"""A slip is noticed at once or not at all; after this a command stands."""


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """That a higher desk follows a case: since when, by which account or by `rules`, until when, and how often it urged."""

    since_ms: int
    by: str
    timer: Timer | None
    urges: int = 0


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """That an assignment is not confirmed yet: by whom it is to be, until when, and whether that is a stand-in already."""

    to: str
    timer: Timer
    stood_in: bool = False


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What a command replaced, for as long as it may be taken back: by the same account, while the version is its own."""

    command: str
    account: str
    action: str
    until_ms: int
    version: int
    stand: flow_moves.Case
    category: str
    whole: Clock
    step: Timer | None
    tasks: tuple[Task, ...]
    alerts: tuple[Alert, ...]
    visit: Visit
    supervision: Supervision | None = None
    receipt: Receipt | None = None
    missed: tuple[str, str] | None = None
    ruled: tuple[tuple[int, str], ...] = ()
    dissatisfied: bool = False


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at work on a case, since when, and at which screen."""

    account: str
    since_ms: int
    screen: str = ""


class Merging(msgspec.Struct, frozen=True, kw_only=True):
    """A merge that was asked for and not answered: with which case, by whom, and what had come until then.

    `flags` are what the action set; they end with the answer.
    """

    into: str
    action: str
    account: str
    flags: tuple[str, ...]
    repeats: int
    revisions: int


class Work(msgspec.Struct, kw_only=True):
    """The part of a case that is there only when people work on it here. Mutated by its partition's fold alone.

    Attributes
    ----------
    flow
        The name of its flow.
    stand
        Where it stands: step, level, desk, assignee, flags, round.
    fed_category
        The category that its feed told last; people may have given it another.
    version
        Rises with whatever a desk must know of before it acts.
    by
        What changed the version last: (action, account); of the feed and of rule sets the account is empty.
    story
        What has happened, the newest last; the oldest entries have gone, so many as `story_cut` says.
    claim
        Who is at work on it, where somebody said so.
    tasks, task_changes
        The departments' parts, in the order of the flow's case, and the count that their versions come from.
    parent, parts
        The case that this one was split from, and those that were split from this one.
    about
        Which part of the matter is this one's, since a split: a person's words, as they came.
    merging, merged_into
        The merge that is under way; the case that has taken this one over.
    absorbed
        What this one has taken over: (case, feed, source id), the newest.
    supervision, receipt
        There while a higher desk follows it, and while an assignment is not confirmed.
    missed
        Step and assignee as they were left when nobody confirmed: until somebody does something about it.
    ruled, dissatisfied
        Which rules have had it supervised, with the round; and that the reporter has said it is not settled.
    held
        Messages that wait until what caused them cannot be taken back.
    delivered
        What became of the newest messages: key and state.

    """

    flow: str
    stand: flow_moves.Case
    fed_category: str
    whole: Timer
    step: Timer | None = None
    visit: Visit = Visit()
    version: int = 1
    by: tuple[str, str] = ("", "")
    undo: Undo | None = None
    claim: Claim | None = None
    supervision: Supervision | None = None
    receipt: Receipt | None = None
    missed: tuple[str, str] | None = None
    ruled: tuple[tuple[int, str], ...] = ()
    dissatisfied: bool = False
    held: tuple[Held, ...] = ()
    delivered: tuple[tuple[str, str], ...] = ()
    story: tuple[Entry, ...] = ()
    story_cut: int = 0
    tasks: tuple[Task, ...] = ()
    task_changes: int = 0
    parent: str = ""
    parts: tuple[str, ...] = ()
    about: str = ""
    merging: Merging | None = None
    merged_into: str = ""
    absorbed: tuple[tuple[str, str, str], ...] = ()

    def tell(  # noqa: PLR0913 - an entry has that many sides
        self,
        at: Position,
        kind: Kind,
        action: str = "",
        account: str = "",
        *,
        given: Mapping[str, Any] | None = None,
        what: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry to the story, with where the case stands now: call it when all else is done.

        Parameters
        ----------
        at
            Where the fold stands: the entry's instant and record.
        kind, action, account
            See `domain.cases.story.Entry`.
        given
            What a command brought, as it came.
        what
            Small facts for a screen, never a person's words.

        """
        entry = Entry(
            t_ms=at.clock_ms,
            n=f"{at.partition}:{at.offset:x}",
            kind=kind,
            action=action,
            account=account,
            step=self.stand.step,
            level=self.stand.level,
            desk=self.stand.desk,
            version=self.version,
            given=given or {},
            what=what or {},
        )
        self.story, cut = with_entry(self.story, entry)
        self.story_cut += cut

    def shown(self) -> dict[str, object]:
        """Return what screens and the command line show."""
        stand = self.stand
        return {
            "flow": self.flow,
            "level": stand.level,
            "desk": stand.desk,
            "assignee": stand.assignee,
            "tasks": self._tasks_shown(),
            "is": stand.flags,
            "round": stand.round,
            "outcome": stand.outcome,
            "version": self.version,
            "step_due_ms": None if self.step is None else self.step.due_ms,
            "paused": self.whole.clock.paused,
            "provisional": self.whole.provisional,
            "supervised": "supervised" in stand.flags,
            "story": self.story,
            "story_cut": self.story_cut,
            "taken": stand.taken,
            "claim": self.claim,
            "supervision": self._supervision_shown(),
            "receipt": None
            if self.receipt is None
            else {"due_ms": self.receipt.timer.due_ms, "to": self.receipt.to},
            "parent": self.parent,
            "parts": self.parts,
            "about": self.about,
            "merging": "" if self.merging is None else self.merging.into,
            "merged_into": self.merged_into,
            "absorbed": self.absorbed,
        }

    def _supervision_shown(self) -> dict[str, object] | None:
        own = self.supervision
        if own is None:
            return None
        due_ms = None if own.timer is None else own.timer.due_ms
        return {"since_ms": own.since_ms, "due_ms": due_ms, "by": own.by, "urges": own.urges}

    def _tasks_shown(self) -> list[dict[str, object]]:
        own = {task.team: task for task in self.tasks}
        return [
            {
                "team": team,
                "done": done,
                "version": own[team].version,
                "due_ms": timer.due_ms if (timer := own[team].timer) is not None else None,
            }
            for team, done in self.stand.tasks
        ]
