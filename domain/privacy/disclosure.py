"""What leaves the vault: every field of every record, of the state and of the read models, with what it is and why.

The fields are read from the classes themselves, so that a new one without an entry here is found by a test. What is
called `sealed` is opened by the vault alone; everything else must say nothing of a person.
"""

from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec

from domain.alerts.alert import Alert
from domain.audit import Line
from domain.cases.case import Case
from domain.desks.desk import Desk
from domain.detection import Verdict
from domain.evaluation.passages import Passage
from domain.feeds.states import FeedState
from domain.messages import Message
from domain.records import JournalRecord, ReportsRecord

Kind = Literal[
    "place", "time", "figure", "state", "id", "account", "rules", "sealed", "public", "original", "?"
]

WHERE: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("topic reports", get_args(ReportsRecord)),
    ("topic journal", get_args(JournalRecord)),
    ("topic alerts, wall", (Alert,)),
    ("topic audit", (Line,)),
    ("state and read models of cases", (Case,)),
    ("state and read models of desks", (Desk,)),
    ("state and read models of feeds", (FeedState,)),
    ("wall, from detectors", (Verdict,)),
    ("topic passages, evaluation", (Passage,)),
    ("topic messages", (Message,)),
)
"""What is written where."""

_WHY: dict[Kind, tuple[str, str]] = {
    "place": (
        "where it lies, as a code or a point; what a desk must know to send somebody",
        "area grid lat lay lon place scope scopes county zone",
    ),
    "time": (
        "an instant or a span",
        "accept_due_ms accepted_ms ack_until_ms out_since_ms out_until_ms acked_ms checked_ms prepared_ms watched_ms arrived_ms changed_ms closed_ms due_ms end_ms for_s interval_start_ms last_ms leaves_ms ms opened_ms paused_ms pauses promised raised_ms shelved_until_ms since_ms start_ms step_due_ms t_ms until_ms whole_due_ms silent_since_ms at_ms shift_start_ms alarm_ms signed_ms",
    ),
    "figure": (
        "a count or a measure; scores are of places and queues",
        "accepted days visit returned open_ms percent urges expected high low n number observed ack_version offset partition percents priority repeats revised revisions round score seen size_bytes story_cut task_changes unplaced version refused repeated lane extensions",
    ),
    "state": (
        "a step, a class or a word of the system's own",
        "acked action active category channel clock clocks fed_category fired flags flow kind level limit marks on outcome overdue provisional reason silent stand state status step step_title steps suppressed_by taken clock_kind feed timer whole undo claim work story tasks merging held supervision receipt message satisfied duplicate back reopened closing answered slot stood_in missed ruled dissatisfied delivered by role screen calendar desk notes moved shift prepared last late open",
    ),
    "id": (
        "names a thing of the system, never a person",
        "absorbed alert alerts case cases command dead effect id into key merged_into origin parent parts reports source source_id team teams undoes assignee to worker code critical ticked address",
    ),
    "account": (
        "an account's id: who acted at work; its name is in SQL alone",
        "account accepted_by acked_by accounts out_by prepared_by shelved_by",
    ),
    "rules": ("the hash of rules or of a kept page", "follows hash sha256 page"),
    "sealed": (
        "sealed under a key of the vault: nothing else opens it",
        "about out_reference out_why private shelved_why text",
    ),
}
"""By kind: why it may leave, and the fields."""

_OWN: dict[str, tuple[Kind, str]] = {
    "Command.given": ("sealed", "texts are sealed, the rest are codes (config.sealing.CODES)"),
    "Command.reason": (
        "sealed",
        "why an alert was shelved or taken out of service: sealed under the key of its case",
    ),
    "Entry.given": ("sealed", "as the command brought it: texts are sealed"),
    "Entry.what": ("state", "small facts for a screen: codes, figures and instants, never a person's words"),
    "Line.before": ("state", "facts that a command changed: codes, figures and instants"),
    "Line.after": ("state", "facts that a command changed: codes, figures and instants"),
    "Report.attributes": ("public", "columns of public feeds; of others they are left out"),
    "Opened.attributes": ("public", "columns of public feeds; of others they are left out"),
    "Revised.attributes": ("public", "columns of public feeds; of others they are left out"),
    "Requeued.value": (
        "original",
        "a refused record, sent again as it stands in reports: sealed where it may name somebody",
    ),
    "Requeued.value_b64": ("original", "as value, where it is no UTF-8"),
    "Report.id": ("id", "the source's id; of a feed without ids that is not public, a keyed hash"),
}
"""Fields that are not what others of their name are, by class."""


class Disclosed(msgspec.Struct, frozen=True, kw_only=True):
    """A field that leaves the vault. Its kind is `?` where nobody has said what it is."""

    where: str
    field: str
    kind: Kind
    why: str


def disclosed() -> list[Disclosed]:
    """Return every field that leaves the vault, in the order of the places and of the classes' own."""
    of = {name: (kind, why) for kind, (why, names) in _WHY.items() for name in names.split()}
    unknown: tuple[Kind, str] = (
        "?",
        "say in domain/privacy/disclosure.py what it is, and why it may leave the vault",
    )
    found: list[Disclosed] = []
    for where, classes in WHERE:
        for name in _fields(classes):
            kind, why = _OWN.get(name) or of.get(name.partition(".")[2]) or unknown
            found.append(Disclosed(where=where, field=name, kind=kind, why=why))
    return found


def _fields(classes: tuple[Any, ...]) -> Iterator[str]:
    """Yield the fields of some classes and of those within them, each once, as `Class.field`."""
    seen: dict[str, None] = {}
    line = [msgspec.inspect.type_info(one) for one in classes]
    known: set[Any] = set()
    while line:
        kind = line.pop(0)
        if isinstance(kind, msgspec.inspect.StructType) and kind.cls not in known:
            known.add(kind.cls)
            for field in kind.fields:
                seen[f"{kind.cls.__name__}.{field.name}"] = None
                line.append(field.type)
        line += [
            inner
            for name in ("item_type", "key_type", "value_type")
            if isinstance(inner := getattr(kind, name, None), msgspec.inspect.Type)
        ]
        line += [*getattr(kind, "item_types", ()), *getattr(kind, "types", ())]
    yield from seen
