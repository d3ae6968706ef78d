"""What a screen may say to the gateway, and the way of its commands: checked, written to the journal, answered by the fold."""

from collections.abc import Callable
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from dashboard.alert_stack import Alert
from domain.records import Command

ANSWER_WITHIN_S = 5.0
"""A fold answers within a tenth of a second; after five the person is told that nobody knows yet."""
PENDING_COMMANDS = 1_000
"""Commands that wait for their answer, of all screens together."""
ASKERS_A_COMMAND = 4
"""A double click and a reconnected page ask for the same command; more are not people."""

Scope = Annotated[str, Meta(max_length=15, pattern=r"^[0-9]*$")]
CommandId = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
ReplayId = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """A screen's first words. `epoch` and `seq` say what it still has from before a break."""

    token: Annotated[str, Meta(max_length=512)]
    scope: Scope = ""
    epoch: Annotated[str, Meta(max_length=64)] | None = None
    seq: Annotated[int, Meta(ge=0)] | None = None
    replay: ReplayId = ""


class ChangeScope(msgspec.Struct, frozen=True, kw_only=True, tag="scope"):
    """The screen turns to another scope."""

    scope: Scope


class Shown(msgspec.Struct, frozen=True, kw_only=True, tag="ack"):
    """Which version the screen has painted."""

    seq: Annotated[int, Meta(ge=0)]


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="command"):
    """A command of a person, under the id that the page made for it."""

    id: CommandId
    action: Literal["acknowledge", "unacknowledge", "shelve", "unshelve"]
    alert: Name
    for_s: Annotated[int, Meta(ge=1, le=86_400)] | None = None
    reason: Annotated[str, Meta(max_length=300)] = ""
    screen: Annotated[str, Meta(max_length=64)] = ""


class AskCase(msgspec.Struct, frozen=True, kw_only=True, tag="case"):
    """A screen wants to see one case."""

    id: Name


ClientMessage = Hello | ChangeScope | Shown | Ask | AskCase
decoder = msgspec.json.Decoder(ClientMessage)


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """What became of a command; `reason` is for the person where it was not done."""

    id: str
    ok: bool
    reason: str = ""


class NotWrittenError(Exception):
    """The journal did not take a command in time."""


class Journal(Protocol):
    """Where commands go."""

    async def write(self, partition: int, command: Command) -> None:
        """Write a command to a partition of the journal, acknowledged.

        Raises
        ------
        NotWrittenError
            If the broker did not acknowledge it in time; it may still arrive.

        """


class _Pending(msgspec.Struct, kw_only=True):
    until_s: float
    reply: list[Callable[[Answer], None]]


class CommandBook:
    """Commands under way. Each asker gets exactly one answer: the fold's, or that it is not known yet.

    Parameters
    ----------
    journal
        Where they go.
    monotonic_s
        A clock that never goes back.

    """

    def __init__(self, journal: Journal, monotonic_s: Callable[[], float]) -> None:
        self._journal = journal
        self._monotonic_s = monotonic_s
        self._pending: dict[str, _Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    async def ask(self, message: Ask, alert: Alert | None, reply: Callable[[Answer], None]) -> None:
        """Send a command on its way.

        Parameters
        ----------
        message
            What the person wants.
        alert
            The alert as it is known here; None where it is not.
        reply
            Called once with the answer, now or within 5 s.

        """
        refusal = self._refusal(message, alert)
        if refusal or alert is None:
            reply(Answer(id=message.id, ok=False, reason=refusal))
            return
        under_way = self._pending.get(message.id)
        if under_way is not None:
            under_way.reply.append(reply)
            return
        pending = _Pending(until_s=self._monotonic_s() + ANSWER_WITHIN_S, reply=[reply])
        self._pending[message.id] = pending
        command = Command(
            id=message.id,
            action=message.action,
            alert=message.alert,
            for_s=message.for_s,
            reason=message.reason.strip(),
            screen=message.screen,
        )
        try:
            await self._journal.write(int(alert["partition"]), command)
        except NotWrittenError as why:
            if self._pending.get(message.id) is pending:
                self._tell(message.id, ok=False, reason=str(why))

    def answered(self, answers: dict[str, dict[str, object]]) -> None:
        """Relay the fold's answers to those of its commands that were asked here."""
        for name, answer in answers.items():
            if name in self._pending:
                self._tell(name, ok=bool(answer.get("ok")), reason=str(answer.get("reason") or ""))

    def expire(self) -> None:
        """Tell the askers of commands without an answer that it is not known what became of them."""
        now_s = self._monotonic_s()
        for name in [name for name, pending in self._pending.items() if pending.until_s <= now_s]:
            reason = "not confirmed yet: it may still be done; look at the alert before you try again"
            self._tell(name, ok=False, reason=reason)

    def _refusal(self, message: Ask, alert: Alert | None) -> str:
        if alert is None:
            return "this alert is gone"
        if message.action == "shelve" and (message.for_s is None or not message.reason.strip()):
            return "shelving needs a time and a reason"
        under_way = self._pending.get(message.id)
        if under_way is not None and len(under_way.reply) >= ASKERS_A_COMMAND:
            return "this command is under way"
        if under_way is None and len(self._pending) >= PENDING_COMMANDS:
            return "too many commands are under way; try again in a few seconds"
        return ""

    def _tell(self, name: str, *, ok: bool, reason: str) -> None:
        answer = Answer(id=name, ok=ok, reason=reason)
        for reply in self._pending.pop(name).reply:
            reply(answer)
