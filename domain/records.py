"""What stands in the topics: one class a record, told apart by its field `type`, encoded as JSON.

`reports` holds Report, TooLarge, Unreadable, Requeued, Tick and RulesNotice; nothing in a Report is trusted before intake has judged it.
`journal` holds Opened, Revised, Repeated, FeedSilence, Tick, RulesNotice, Grant, Command and Delivered, and what casework
writes itself: Absorb, Absorbed and PassedOn.
Instants are integer epoch milliseconds. Unknown fields are left aside, so that a newer writer stops no older reader.
"""

from typing import Any, Literal

import msgspec

Time = int
"""Epoch milliseconds."""


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="report"):
    """One message of a feed about one matter, as a producer maps it.

    `id` is the source's own id, or for a feed without ids the identifying columns joined by U+001F.
    `t_ms` is the feed's own time of this message (only with `--clock feed`).
    Times that the producer could not read stay as they stood, as text, and are refused by intake with that text.
    `promised` is an ISO day (`2018-01-05`, ends with the first instant after it in the feed's zone) or an instant in ms.
    `place` is the source's area code or its names, the most exact first; tried only when there is no point.
    `private` is encrypted by the producer and opened by no fold.
    """

    feed: str
    id: str
    t_ms: Time | None = None
    opened_ms: Time | str | None = None
    closed_ms: Time | str | None = None
    promised: Time | str | None = None
    category: str = ""
    lon: float | None = None
    lat: float | None = None
    place: list[str] = []
    step: str = ""
    channel: str = ""
    attributes: dict[str, str] = {}
    private: str = ""


class TooLarge(msgspec.Struct, frozen=True, kw_only=True, tag="too_large"):
    """What a producer sends instead of a report over 512 kB: never the report itself."""

    feed: str
    reason: str
    size_bytes: int
    sha256: str
    t_ms: Time | None = None


class Unreadable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="unreadable"):
    """What a producer sends instead of a row that is none, of a feed that is not public: the row is sealed in `private`."""

    feed: str
    reason: Literal["bad_utf8", "malformed", "wrong_type"]
    size_bytes: int
    private: str
    t_ms: Time | None = None


class Requeued(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="requeued"):
    """A dead letter sent again: judged anew, once, however often it is sent. `dead` is the dead letter's id.

    `value` is the refused record as text, `value_b64` when it was not UTF-8.
    """

    dead: str
    value: str = ""
    value_b64: str = ""
    t_ms: Time | None = None


class Tick(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="tick"):
    """Time, as a message. An owner's tick is empty: its time is the broker's stamp."""

    t_ms: Time | None = None
    origin: tuple[int, int, int] | None = None


class RulesNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="rules"):
    """A rule set comes into force here; `follows` is the hash that it replaces (empty: the first)."""

    hash: str
    follows: str = ""


class Opened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="opened"):
    """A new matter, judged and placed by intake. `origin` is (lane, offset, n).

    `key` names the matter for its feed (hex of a 16-byte BLAKE2b); `clocks` says what runs; `due_ms` is the instant
    that a promise ends, for clocks `promised`; `flags` names what intake put right.
    """

    origin: tuple[int, int, int]
    key: str
    feed: str
    source_id: str
    grid: str
    area: str = ""
    category: str
    t_ms: Time | None = None
    opened_ms: Time | None = None
    closed_ms: Time | None = None
    due_ms: Time | None = None
    clocks: Literal["none", "sla", "promised"] = "none"
    step: str = ""
    channel: str = ""
    lon: float | None = None
    lat: float | None = None
    flags: list[str] = []
    attributes: dict[str, str] = {}
    private: str = ""


class Revised(Opened, frozen=True, kw_only=True, omit_defaults=True, tag="revised"):
    """A later version of a matter that is known: the whole of it, not the difference. A closing is a revision."""


class Repeated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="repeated"):
    """The same version again, as a count."""

    origin: tuple[int, int, int]
    key: str
    feed: str
    t_ms: Time | None = None


class FeedSilence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="silence"):
    """A feed fell silent for longer than its limit (`silent`), or is back; sent to every partition."""

    origin: tuple[int, int, int]
    feed: str
    silent: bool
    last_ms: Time
    t_ms: Time | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="grant"):
    """A role of an account for a jurisdiction begins (`on`) or ends. Sent to every partition; it holds no name.

    `number` rises with every change of an account's rights: one that is not above the last known changes nothing, so
    that it may be sent until every partition has answered. `scope` is a code prefix ("" is everywhere); `team` is the
    department or team for which the account acts in this role.
    """

    id: str
    number: int
    account: str
    role: str
    scope: str = ""
    team: str = ""
    on: bool = True


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="command"):
    """What a person at a desk or a wall wants done, under the id that the page made for it.

    On an alert, which `alert` names: `acknowledge`, `unacknowledge`, `shelve` (needs `for_s` and `reason`), `unshelve`,
    `out_of_service` (needs `reason`; may have `for_s`, and the number of a ticket as `given.reference`), `return_to_service`.
    On a case, which `case` names: an action of its flow with what it needs in `given`, and the `version` that the page
    showed; `undo` names the command that it takes back in `undoes`.
    On a desk, whose code `desk` is: what `domain.desks.handovers` knows, with what it needs in `given`.
    """

    id: str
    action: str
    alert: str = ""
    case: str = ""
    desk: str = ""
    version: int | None = None
    given: dict[str, Any] = {}
    undoes: str = ""
    for_s: int | None = None
    reason: str = ""
    account: str = "local"
    screen: str = ""


class Absorb(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="absorb"):
    """A case asks another one, in whatever partition, to take it over. Answered by Absorbed.

    `case` is the one that is asked, `source` the one that asks, `reports` what it stands for: (case, feed, source id) of
    itself and of those that it took over before. `action` and `account` are those of the command,
    `private` what its reports have sealed.
    """

    origin: tuple[int, int, int]
    case: str
    source: str
    reports: list[tuple[str, str, str]]
    repeats: int
    action: str
    account: str
    private: list[str] = []
    t_ms: Time | None = None


class Absorbed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="absorbed"):
    """The answer to Absorb, for the case that asked: taken over by `into`, or not, for a `reason`."""

    origin: tuple[int, int, int]
    case: str
    into: str
    reason: str = ""
    t_ms: Time | None = None


class PassedOn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="passed_on"):
    """What came for a case that was taken over (`source`) goes on to the one that took it, as counts, and what it sealed."""

    origin: tuple[int, int, int]
    case: str
    source: str
    repeats: int = 0
    revisions: int = 0
    private: list[str] = []
    t_ms: Time | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="delivered"):
    """What became of a message, which `key` names: the courier's word, and no more than that when it comes twice.

    `unsure`: it may have been sent, and this channel cannot be asked. `erased`: who was to be told is erased.
    """

    key: str
    case: str
    state: Literal["sent", "unsure", "erased", "failed"]


ReportsRecord = Report | TooLarge | Unreadable | Requeued | Tick | RulesNotice
JournalRecord = (
    Opened
    | Revised
    | Repeated
    | FeedSilence
    | Tick
    | RulesNotice
    | Grant
    | Command
    | Delivered
    | Absorb
    | Absorbed
    | PassedOn
)

reports_decoder = msgspec.json.Decoder(ReportsRecord)
journal_decoder = msgspec.json.Decoder(JournalRecord)
encoder = msgspec.json.Encoder()
