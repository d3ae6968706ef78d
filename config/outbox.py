"""The outbox: what has become of each message, by its key, in the database of the accounts.

A key is `sending` from before its channel is asked until the channel has answered. So a `sending` found later says that
a process died in between; what is done about it depends on the channel. No person's data is here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, cast

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
    update,
)

from config.sql import Store, answering, reading, upsert

State = Literal["sending", "sent", "unsure", "erased", "failed"]
STATES: tuple[State, ...] = ("sending", "sent", "unsure", "erased", "failed")

LONGEST_KEY = 255
"""Case, slot, kind, receiver and an address of at most 80 characters."""

ASKED_AT_ONCE = 500
"""Keys in one question; SQLite takes no more than some thousand."""

_meta = MetaData()
_outbox = Table(
    "outbox",
    _meta,
    Column("key", String(LONGEST_KEY), primary_key=True),
    Column("case_id", String(64), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("receiver", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("said", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
)


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the outbox. `said`: the journal has acknowledged what became of it. `at_ms`: of its last change."""

    key: str
    case: str
    kind: str
    receiver: str
    channel: str
    state: State
    said: bool
    at_ms: int


class Outbox(Store):
    """The outbox of a system; a context manager. Its table is made when it is first used.

    Every method raises SilentDatabaseError when the database does not answer.

    Parameters
    ----------
    url
        An SQLAlchemy URL: the database of the accounts.

    """

    tables = (_meta,)

    def begin(self, posts: Sequence[Post]) -> dict[str, Post]:
        """Put messages in as they are given, and return those of them that were there before, as they stood."""
        with answering(), self._engine.begin() as sql:
            there = {
                one.key: one
                for part in _parts([post.key for post in posts])
                for one in map(_post, sql.execute(select(_outbox).where(_outbox.c.key.in_(part))))
            }
            fresh = [_row(post) for post in posts if post.key not in there]
            if fresh:
                sql.execute(upsert(sql, _outbox).on_conflict_do_nothing(), fresh)
        return there

    def settle(self, states: Mapping[str, State], *, at_ms: int) -> None:
        """Note what has become of messages."""
        change = (
            update(_outbox)
            .where(_outbox.c.key == bindparam("which"))
            .values(state=bindparam("now"), at_ms=at_ms, said=False)
        )
        if states:
            with answering(), self._engine.begin() as sql:
                sql.execute(change, [{"which": key, "now": state} for key, state in states.items()])

    def said(self, keys: Sequence[str]) -> None:
        """Note that the journal has what became of these."""
        if keys:
            with answering(), self._engine.begin() as sql:
                for part in _parts(keys):
                    sql.execute(update(_outbox).where(_outbox.c.key.in_(part)).values(said=True))

    def forget(self, keys: Sequence[str]) -> None:
        """Take out what has surely not been sent: it is begun anew."""
        with answering(), self._engine.begin() as sql:
            for part in _parts(keys):
                sql.execute(delete(_outbox).where(_outbox.c.key.in_(part)))

    def clear(self, before_ms: int) -> int:
        """Take out what has been settled, and said, for long; return how many were."""
        old = _outbox.c.at_ms < before_ms
        with answering(), self._engine.begin() as sql:
            return sql.execute(delete(_outbox).where(old, _outbox.c.said)).rowcount

    def counts(self) -> dict[str, int]:
        """Return how many messages are in each state."""
        with answering(), reading(self._engine) as sql:
            rows = sql.execute(select(_outbox.c.state, func.count()).group_by(_outbox.c.state)).all()
        return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in rows}

    def newest(self, most: int, *, state: str = "", case: str = "") -> list[Post]:
        """Return the messages that changed last, the newest first; of one state or case, or of all."""
        wanted = select(_outbox).order_by(_outbox.c.at_ms.desc(), _outbox.c.key).limit(most)
        if state:
            wanted = wanted.where(_outbox.c.state == state)
        if case:
            wanted = wanted.where(_outbox.c.case_id == case)
        with answering(), reading(self._engine) as sql:
            return [_post(row) for row in sql.execute(wanted)]


def _row(post: Post) -> dict[str, object]:
    fields = msgspec.structs.asdict(post)
    return {**fields, "case_id": fields.pop("case")}


def _post(row: object) -> Post:
    fields = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's own way to a row's fields
    return Post(case=cast("str", fields.pop("case_id")), **fields)


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    for begin in range(0, len(keys), ASKED_AT_ONCE):
        yield keys[begin : begin + ASKED_AT_ONCE]
