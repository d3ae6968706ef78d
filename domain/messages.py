"""What somebody is told about a case: one message to one receiver, under a key that no other message has.

Who is told what is decided in `domain.cases.messages`; the courier sends it. No message holds a person's words in the open,
nor a name: a reporter is reached through what the vault alone can open.
"""

from typing import Literal

import msgspec

from domain.records import Time

Kind = Literal[
    "step", "mark", "assigned", "receipt", "supervised", "urged", "asked", "extension", "returned", "closed",
    "feedback", "left",
]  # fmt: skip
To = Literal[
    "reporter", "grid_worker", "assignee", "stand_in", "desk", "higher_desk", "supervisor", "vault"
]  # fmt: skip

LONGEST_ADDRESS = 80
"""Characters of an address in a key; teams may have longer names, and are told apart by a hash then."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message.

    Attributes
    ----------
    effect
        The id of the effect that carried it.
    key
        (case, version or clock and mark, kind, receiver, address): a message of the same key is the same message.
    kind
        `closed` says that the case has ended, `feedback` says so and asks whether it is settled; `left` is for the vault:
        the case has left the state, and `reports` names the keys of its reports.
    to, address
        A worker's or account's id, a team, a desk's code, or the name of a report's key.
    t_ms
        When it was released.
    due_ms
        What it asks for is due then; None: nothing is.
    zone, step_title
        Of the feed, and of the step in the flow's own words, by the rules that are in force when it is sent: whoever reads
        it has no rules. Empty where there are none.
    action, outcome
        What somebody did, and how the case ended.
    clock, percent
        Of a mark.
    text
        What somebody wrote, sealed; else empty.
    private
        Of a reporter: the sealed `private` of the newest report of that key.

    """

    effect: str = ""
    key: str
    kind: Kind
    case: str
    feed: str
    round: int
    version: int
    step: str
    to: To
    address: str
    t_ms: Time
    due_ms: Time | None = None
    zone: str = ""
    step_title: dict[str, str] = {}
    action: str = ""
    outcome: str = ""
    clock: str = ""
    percent: int = 0
    text: str = ""
    private: str = ""
    reports: tuple[str, ...] = ()


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits until the command which caused it cannot be taken back any more."""

    until_ms: int
    command: str
    message: Message


class KeyParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a key says of its message."""

    slot: str
    kind: str
    to: str


def parts_of(key: str) -> KeyParts | None:
    """Return what a key says; None where it is none."""
    found = key.split("/", 4)
    return KeyParts(slot=found[1], kind=found[2], to=found[3]) if len(found) > 4 else None  # noqa: PLR2004 - case, slot, kind, receiver, address
