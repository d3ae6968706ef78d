"""Who is told what of a case: steps that the reporter may know of, assignments, urges, marks, closings.

What an assignment, an acknowledgement or a shelving causes waits until it cannot be taken back, and goes with it when it is.
"""

from hashlib import blake2b
from typing import Any, cast

import msgspec

from domain.alerts.alert import Alert
from domain.cases.case import Case
from domain.cases.story import RULES
from domain.cases.work import TASK_CLOCK, UNDO_MS, Work
from domain.deadlines import Deadlines, Due
from domain.flows.flow import LEVEL_DIGITS, Action, Flow
from domain.flows.moves import Move
from domain.messages import LONGEST_ADDRESS, Held, Kind, Message, To
from domain.position import Position
from domain.privacy.sealed import is_sealed, key_name
from domain.records import Command, encoder

PASSED_UP = frozenset({"overdue", "not_received", "supervision_overdue"})
"""Alerts of which somebody above was told: who takes them or puts them aside is told as well."""


class CaseMessages:
    """Sends the messages of a partition's cases. What is held is in the cases."""

    __slots__ = ("_at", "_deadlines")

    def __init__(self, at: Position, deadlines: Deadlines) -> None:
        self._at = at
        self._deadlines = deadlines

    def entered(self, case: Case, work: Work, tells: tuple[str, ...], *, command: str = "") -> None:
        """Tell that a case has come to a step."""
        for to in tells:
            self.tell(case, work, "step", cast("To", to), command=command)

    def closed(
        self, case: Case, work: Work, flow: Flow, tells: tuple[str, ...], supervisor: str = ""
    ) -> None:
        """Tell that a case has ended; a reporter who may say that it is not settled is asked."""
        asks = any(
            "reporter" in one.by and work.stand.step in one.to and one.within_ms is not None
            for one in flow.actions.values()
        )
        for to in tells:
            kind: Kind = "feedback" if to == "reporter" and asks else "closed"
            address = supervisor if to == "supervisor" else ""
            self.tell(case, work, kind, cast("To", to), address=address, outcome=work.stand.outcome)

    def acted(  # noqa: PLR0913 - what an action made has that many sides
        self, case: Case, work: Work, move: Move, command: Command, *, risen: bool, had: frozenset[str] = frozenset()
    ) -> None:  # fmt: skip
        """Tell what a person's action made of a case; `had` are those to whom it gives what they had."""
        flow = self._flow(case)
        if flow is None:
            return
        action = flow.actions[command.action]
        held = command.id if action.gives else ""
        # who is urged, or given the case, once more in one version is told once more
        slot = f"v{work.version}" if risen else f"v{work.version}@{self._at.offset}"
        if move.closed:
            self.closed(case, work, flow, move.tells)
        elif move.entered:
            self.entered(case, work, move.tells, command=held)
        if action.gives:
            due_ms = None if work.receipt is None else work.receipt.timer.due_ms
            for name, _ in self._addresses(case, work, "assignee"):
                if name not in had:
                    self.tell(
                        case,
                        work,
                        "assigned",
                        "assignee",
                        slot=slot,
                        command=held,
                        address=name,
                        due_ms=due_ms,
                    )
        for to, kind in action.tells.items():
            text = command.given.get(_words(action))
            self.tell(
                case,
                work,
                cast("Kind", kind),
                cast("To", to),
                slot=slot,
                action=action.name,
                text=text if isinstance(text, str) and is_sealed(text) else "",
            )

    def marked(self, case: Case, work: Work, clock: str, start_ms: int) -> None:
        """Tell the next higher desk that a clock is over: the whole case's, the step's or a department's part's."""
        due = {"resolve": case.due_ms, "step": None if work.step is None else work.step.due_ms}
        due |= {TASK_CLOCK + one.team: None if one.timer is None else one.timer.due_ms for one in work.tasks}
        slot = f"{_short(clock)}.{start_ms}.100"
        self.tell(case, work, "mark", "higher_desk", slot=slot, clock=clock, percent=100, due_ms=due[clock])

    def taken(self, case: Case, work: Work, alert: Alert, fact: str, command: str) -> None:
        """Tell who was told of an alert that somebody has it now, or has put it aside."""
        if alert.kind in PASSED_UP:
            to: To = "supervisor" if alert.kind == "supervision_overdue" else "higher_desk"
            slot = f"{_short(alert.clock)}.{fact}@{self._at.offset}"
            self.tell(case, work, "mark", to, slot=slot, clock=alert.clock, action=fact, command=command)

    def left(self, case: Case) -> None:
        """Tell the vault that a case of which something may be sealed has left the state: of reporters, or by commands."""
        if case.private or case.work is not None:
            work = case.work
            self._send(
                Message(
                    key=f"{case.id}/left/left/vault/",
                    kind="left",
                    case=case.id,
                    feed=case.feed,
                    round=0 if work is None else work.stand.round,
                    version=0 if work is None else work.version,
                    step=case.step,
                    to="vault",
                    address="",
                    t_ms=self._at.clock_ms,
                    reports=tuple(sorted({key_name(one) for one in case.private})),
                )
            )

    def tell(  # noqa: PLR0913 - a message has that many sides
        self, case: Case, work: Work, kind: Kind, to: To, *, slot: str = "", command: str = "", address: str = "", **said: Any
    ) -> None:  # fmt: skip
        """Tell somebody something, now or when `command` cannot be taken back any more.

        Parameters
        ----------
        case, work, kind, to
            About what, what, and whom; where there is nobody of that kind, nobody is told.
        slot
            What of the case it is about, once: by default its version.
        command
            The command that caused it, where it is to wait.
        address
            Of the receiver, where it does not follow from the case.
        **said
            More of the message.

        """
        now_ms = self._at.clock_ms
        for place, private in [(address, "")] if address else self._addresses(case, work, to):
            message = Message(
                key=f"{case.id}/{slot or f'v{work.version}'}/{kind}/{to}/{_short(place)}",
                kind=kind,
                case=case.id,
                feed=case.feed,
                round=work.stand.round,
                version=work.version,
                step=work.stand.step,
                to=to,
                address=place,
                t_ms=now_ms,
                private=private,
                **said,
            )
            if not command:
                self._send(message)
                continue
            held = Held(until_ms=now_ms + UNDO_MS, command=command, message=message)
            work.held = (*work.held, held)
            self._deadlines.set(held.until_ms, Due.RELEASE, case.id)

    def release(self, work: Work, at_ms: int) -> None:
        """Send what was held until an instant."""
        ready = [held.message for held in work.held if held.until_ms <= at_ms]
        work.held = tuple(held for held in work.held if held.until_ms > at_ms)
        for message in ready:
            self._send(message)

    def take_back(self, work: Work, command: str) -> bool:
        """Let what a command wanted told be forgotten. Returns whether there was something."""
        before = work.held
        work.held = tuple(held for held in before if held.command != command)
        return work.held != before

    def supervisor(self, case: Case, work: Work) -> str:
        """Return who is told as supervisor: who asked for it, and of a rule the next higher desk, at the top the case's own."""
        own = work.supervision
        if own is not None and own.by != RULES:
            return own.by
        return self._higher(case, work) or work.stand.desk

    def _send(self, message: Message) -> None:
        effect = self._at.effect_id()
        rules = self._at.rules
        feed = None if rules is None else rules.feeds.get(message.feed)
        flow = None if rules is None else rules.flow_of(message.feed)
        step = None if flow is None else flow.steps.get(message.step)
        sent = msgspec.structs.replace(
            message,
            effect=effect,
            t_ms=self._at.clock_ms,
            zone="" if feed is None else feed.zone.key,
            step_title={} if step is None else step.title,
        )
        self._at.send("messages", effect, encoder.encode(sent))

    def _addresses(self, case: Case, work: Work, to: To) -> list[tuple[str, str]]:
        """Return where a receiver is found, with a reporter's `private`; several departments and reporters are several."""
        stand = work.stand
        match to:
            case "reporter":
                newest = {key_name(one): one for one in case.private}
                return [(name, private) for name, private in sorted(newest.items()) if name]
            case "grid_worker":
                return [(self._worker(case), "")]
            case "assignee":
                names = (stand.assignee, *(name for name, _ in stand.tasks))
                return [(name, "") for name in names if name]
            case "higher_desk":
                higher = self._higher(case, work)
                return [(higher, "")] if higher else []
            case "supervisor":
                return [(self.supervisor(case, work), "")]
            case _:
                return [(stand.desk, "")]

    def _worker(self, case: Case) -> str:
        """Return who is on duty where the case lies; where the roster knows nobody, the grid itself."""
        rules = self._at.rules
        roster = None if rules is None else rules.roster_of(case.grid)
        duty = None if roster is None else roster.on_duty(case.grid, self._at.clock_ms)
        return case.grid if duty is None else duty.worker

    def _flow(self, case: Case) -> Flow | None:
        rules = self._at.rules
        return None if rules is None else rules.flow_of(case.feed)

    def _higher(self, case: Case, work: Work) -> str:
        """Return the code of the desk above the case's; empty at the top."""
        flow = self._flow(case)
        level = work.stand.level
        if flow is None or level not in flow.levels[:-1]:
            return ""
        return case.grid[: LEVEL_DIGITS[flow.levels[flow.levels.index(level) + 1]]]


def _words(action: Action) -> str:
    """Return which of what an action needs are the words that its message carries."""
    return "text" if "text" in action.needs else "reason"


def _short(address: str) -> str:
    """Return an address, or a clock that has a department's name, as it stands in a key."""
    plain = len(address) <= LONGEST_ADDRESS and "/" not in address
    return address if plain else f"#{blake2b(address.encode(), digest_size=16).hexdigest()}"
