"""What a screen may say to the gateway, and the way of its commands: checked, written to the journal, answered by the fold."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta

from dashboard.gateway.alert_stack import Alert
from domain.alerts.alert import OUT_LONGEST_S
from domain.codes import partition_of_case
from domain.flows.given import LONGEST_TEXT, MOST_PARTS
from domain.records import Command, Grant

ANSWER_WITHIN_S = 5.0
"""A fold answers within a tenth of a second; after five the person is told that nobody knows yet."""
PENDING_COMMANDS = 1_000
"""Commands that wait for their answer, of all screens together."""
MOST_GIVEN = 12
"""What one action needs, and one more for good measure."""
MOST_CLAIMED = 20
"""Nobody works on more cases at once."""
ASKERS_A_COMMAND = 4
"""A double click and a reconnected page ask for the same command; more are not people."""

Scope = Annotated[str, Meta(max_length=15, pattern=r"^[0-9]*$")]
CommandId = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Given = Text | int | float | bool | Annotated[list[Text], Meta(max_length=MOST_PARTS)]
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
    action: Literal[
        "acknowledge", "unacknowledge", "shelve", "unshelve", "out_of_service", "return_to_service", "undo"
    ]
    alert: Name
    for_s: Annotated[int, Meta(ge=1, le=OUT_LONGEST_S)] | None = None
    reason: Annotated[str, Meta(max_length=300)] = ""
    reference: Annotated[str, Meta(max_length=100)] = ""
    undoes: Annotated[str, Meta(max_length=64)] = ""
    screen: Annotated[str, Meta(max_length=64)] = ""


class Act(msgspec.Struct, frozen=True, kw_only=True, tag="act"):
    """A command on a case: an action of its flow, with the version that the page showed and what the action needs."""

    id: CommandId
    action: Name
    case: Name
    version: Annotated[int, Meta(ge=0)] | None = None
    given: Annotated[dict[Name, Given], Meta(max_length=MOST_GIVEN)] = {}
    undoes: Annotated[str, Meta(max_length=64)] = ""
    screen: Annotated[str, Meta(max_length=64)] = ""


class AskCase(msgspec.Struct, frozen=True, kw_only=True, tag="case"):
    """A screen wants to see one case."""

    id: Name


class OpenQueue(msgspec.Struct, frozen=True, kw_only=True, tag="queue"):
    """A screen wants to follow the queue of a desk, in place of the one that it follows."""

    desk: Scope


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat"):
    """Somebody is still at work on the cases that they have claimed."""

    cases: Annotated[list[Name], Meta(max_length=MOST_CLAIMED)]


class DeskAct(msgspec.Struct, frozen=True, kw_only=True, tag="desk"):
    """A command on a desk: a signature over a page that is kept, a note of the shift, or a scope for another desk."""

    id: CommandId
    action: Literal["hand_over", "take_post", "note_shift", "move_scope"]
    desk: Scope
    sha256: Annotated[str, Meta(pattern=r"^(|[0-9a-f]{64})$")] = ""
    shift: Annotated[int, Meta(ge=0)] = 0
    critical: Annotated[list[Name], Meta(max_length=MOST_PARTS)] = []
    ticked: Annotated[list[Name], Meta(max_length=MOST_PARTS)] = []
    text: Text = ""
    scope: Scope = ""
    to: Scope = ""
    screen: Annotated[str, Meta(max_length=64)] = ""


class Reported(msgspec.Struct, frozen=True, kw_only=True, tag="reported"):
    """Whoever has a case's tracking code says that it is not settled. The code goes no further than the gateway."""

    id: CommandId
    code: Annotated[str, Meta(max_length=256)]
    version: Annotated[int, Meta(ge=0)]
    text: Text = ""


ClientMessage = Hello | ChangeScope | Shown | Ask | Act | AskCase | DeskAct | Reported | OpenQueue | Beat
decoder = msgspec.json.Decoder(ClientMessage)


class Winner(msgspec.Struct, frozen=True, kw_only=True):
    """Who was faster, and what they did: what a command met that was about an older version, or a claimed case."""

    action: str
    account: str
    name: str
    t_ms: int
    step: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer", omit_defaults=True):
    """What became of a command; `reason` is for the person where it was not done.

    Of a command on a case or a desk `code` is the refusal's name; of a case `version` and `step` are the case's as they are now.
    """

    id: str
    ok: bool
    reason: str
    code: str = ""
    version: int | None = None
    step: str | None = None
    winner: Winner | None = None


class NotWrittenError(Exception):
    """The journal did not take a command in time."""


class Journal(Protocol):
    """Where commands go."""

    async def write(self, partition: int, command: Command | Grant) -> None:
        """Write a command, or a right, to a partition of the journal, acknowledged.

        Raises
        ------
        NotWrittenError
            If the broker did not acknowledge it in time; it may still arrive.

        """


class RefusedError(Exception):
    """A command is not even written; the sentence is for the person."""


def for_alert(message: Ask, alert: Alert | None, account: str) -> tuple[int, Command]:
    """Return the partition and the command that a person's words about an alert mean.

    Parameters
    ----------
    message
        What the person wants.
    alert
        The alert as it is known here; None where it is not.
    account
        Who wants it.

    Raises
    ------
    RefusedError
        If it cannot be done.

    """
    # what was acknowledged when it was over is gone from here, and yet it can be taken back for a moment
    partition = partition_of_case(message.alert) if alert is None and message.action == "undo" else None
    if alert is not None:
        partition = int(alert["partition"])
    if partition is None:
        raise RefusedError("this alert is gone")
    if message.action == "shelve" and (message.for_s is None or not message.reason.strip()):
        raise RefusedError("shelving needs a time and a reason")
    if message.action == "out_of_service" and not message.reason.strip():
        raise RefusedError("taking an alert out of service needs a reason")
    reference = message.reference.strip()
    command = Command(
        id=message.id,
        action=message.action,
        alert=message.alert,
        for_s=message.for_s,
        reason=message.reason.strip(),
        given={"reference": reference} if reference else {},
        undoes=message.undoes,
        account=account,
        screen=message.screen,
    )
    return partition, command


def for_case(message: Act, account: str) -> tuple[int, Command]:
    """Return the partition, which the case's id names, and the command that a person's words about a case mean.

    Raises
    ------
    RefusedError
        If there can be no such case.

    """
    partition = partition_of_case(message.case)
    if partition is None:
        raise RefusedError("there is no such case")
    command = Command(
        id=message.id,
        action=message.action,
        case=message.case,
        version=message.version,
        given=message.given,
        undoes=message.undoes,
        account=account,
        screen=message.screen,
    )
    return partition, command


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

    async def ask(
        self, partition: int, command: Command | Grant, reply: Callable[[Answer], None], *, name: str = ""
    ) -> None:
        """Send a command on its way.

        Parameters
        ----------
        partition, command
            What is to be written, and where.
        reply
            Called once with the answer, now or within 5 s.
        name
            Under which it is answered, where that is not its own id.

        """
        name = name or command.id
        under_way = self._pending.get(name)
        if refusal := self._refusal(under_way):
            reply(Answer(id=name, ok=False, reason=refusal))
            return
        if under_way is not None:
            under_way.reply.append(reply)
            return
        pending = _Pending(until_s=self._monotonic_s() + ANSWER_WITHIN_S, reply=[reply])
        self._pending[name] = pending
        try:
            await self._journal.write(partition, command)
        except NotWrittenError as why:
            if self._pending.get(name) is pending:
                self._tell(Answer(id=name, ok=False, reason=str(why)))

    def answered(self, answers: dict[str, dict[str, Any]]) -> None:
        """Relay the fold's answers to those of its commands that were asked here."""
        for name, answer in answers.items():
            if name in self._pending:
                self._tell(
                    Answer(
                        id=name,
                        ok=bool(answer.get("ok")),
                        reason=str(answer.get("sentence") or answer.get("reason") or ""),
                        code=str(answer.get("reason") or "") if "sentence" in answer else "",
                        version=answer.get("version"),
                        step=answer.get("step"),
                    )
                )

    def expire(self) -> None:
        """Tell the askers of commands without an answer that it is not known what became of them."""
        now_s = self._monotonic_s()
        for name in [name for name, pending in self._pending.items() if pending.until_s <= now_s]:
            reason = "not confirmed yet: it may still be done; look at it before you try again"
            self._tell(Answer(id=name, ok=False, reason=reason))

    def _refusal(self, under_way: _Pending | None) -> str:
        if under_way is not None and len(under_way.reply) >= ASKERS_A_COMMAND:
            return "this command is under way"
        if under_way is None and len(self._pending) >= PENDING_COMMANDS:
            return "too many commands are under way; try again in a few seconds"
        return ""

    def _tell(self, answer: Answer) -> None:
        for reply in self._pending.pop(answer.id).reply:
            reply(answer)
