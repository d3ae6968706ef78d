"""Names and numbers of workers, and what teams are called, in SQL: the rule set knows them by their ids alone.

A worker's id is drawn at random when their key is first seen, and stays with the key. Forgetting deletes the row, so
that nothing leads from the id to a person any more; who comes again under the key is somebody new.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Column, MetaData, String, Table, bindparam, delete, insert, or_, select, update

from config.settings import Settings
from config.sql import Store, answering, database_of, reading, upsert
from config.vault_tables import META as VAULT_META
from config.vault_tables import VIEWS

AT_ONCE = 50_000
"""Rows a transaction: a second of writing, so that no other process waits long for the database."""
ASKED_AT_ONCE = 500
"""Ids in one question; SQLite takes no more than some thousand."""

META = MetaData()
_people = Table(
    "people",
    META,
    Column("id", String(40), primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("phone", String(40), nullable=False),
)
_teams = Table(
    "teams",
    META,
    Column("id", String(64), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("name_zh", String(120), nullable=False),
)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as a town knows them. Never part of a topic, a state, a read model or a log."""

    id: str
    name: str
    phone: str


class People(Store):
    """Who is behind the ids of a roster. Its tables are made when they are first used.

    Every method raises SilentDatabaseError when the database does not answer.

    Parameters
    ----------
    url
        The database of the accounts.

    """

    tables = (META, VAULT_META)

    def ids(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the worker's id of each key; who is new gets one, and has no name yet."""
        known = self._known()
        ids = {key: known[key][0] if key in known else f"w-{secrets.token_hex(8)}" for key in keys}
        new = ({"id": ids[key], "key": key, "name": "", "phone": ""} for key in ids if key not in known)
        self._insert(_people, new)
        return ids

    def put(self, people: Iterable[tuple[str, str, str]]) -> int:
        """Keep names and numbers by (key, name, phone); return how many were new or other than before."""
        known = self._known()
        changed = {
            key: (name, phone) for key, name, phone in people if known.get(key, ("",))[1:] != (name, phone)
        }
        new = (
            {"id": f"w-{secrets.token_hex(8)}", "key": key, "name": name, "phone": phone}
            for key, (name, phone) in changed.items()
            if key not in known
        )
        self._insert(_people, new)
        statement = (
            update(_people)
            .where(_people.c.key == bindparam("of"))
            .values(name=bindparam("called"), phone=bindparam("number"))
        )
        others = (
            {"of": key, "called": name, "number": phone}
            for key, (name, phone) in changed.items()
            if key in known
        )
        for rows in _portions(others, AT_ONCE):
            with answering(), self._engine.begin() as sql:
                sql.execute(statement, rows)
        return len(changed)

    def put_teams(self, teams: Mapping[str, tuple[str, str]]) -> None:
        """Keep what teams are called, in English (or as the town calls it) and in Chinese."""
        rows = [{"id": one, "name": name, "name_zh": name_zh} for one, (name, name_zh) in teams.items()]
        with answering(), self._engine.begin() as sql:
            put = upsert(sql, _teams)
            put = put.on_conflict_do_update(
                index_elements=["id"], set_={"name": put.excluded.name, "name_zh": put.excluded.name_zh}
            )
            for portion in _portions(rows, ASKED_AT_ONCE):
                sql.execute(put, portion)

    def of(self, workers: Sequence[str]) -> dict[str, Person]:
        """Return who is behind ids, of those who are known and have a name."""
        return {
            row.id: Person(id=row.id, name=row.name, phone=row.phone)
            for row in self._asked(_people, workers)
            if row.name
        }

    def look(self, workers: Sequence[str], *, account: str, about: str, at_ms: int) -> dict[str, Person]:
        """Return who is behind ids, as `of` does, and log the look where those at reporters' data are logged.

        Parameters
        ----------
        workers
            Their ids.
        account, about, at_ms
            Who looks, at whose duty (the code of a place), and when.

        """
        row = {"at_ms": at_ms, "account": account, "case_id": about, "purpose": "handling"}
        with answering(), self._engine.begin() as sql:
            sql.execute(insert(VIEWS).values(**row, fields=json.dumps(["worker"])))
        return self.of(workers)

    def team_names(self, teams: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return what teams are called, `en` and `zh`, of those that are known."""
        return {row.id: {"en": row.name, "zh": row.name_zh or row.name} for row in self._asked(_teams, teams)}

    def forget(self, worker: str) -> str:
        """Delete a worker's key, name and number, by the id or the key; return the id, "" where there is none."""
        who = or_(_people.c.id == worker, _people.c.key == worker)
        with answering(), self._engine.begin() as sql:
            found = sql.execute(select(_people.c.id).where(who)).scalar()
            if found is None:
                return ""
            sql.execute(delete(_people).where(_people.c.id == found))
        return str(found)

    def _known(self) -> dict[str, tuple[str, str, str]]:
        """Return id, name and number by key."""
        columns = (_people.c.key, _people.c.id, _people.c.name, _people.c.phone)
        with answering(), reading(self._engine) as sql:
            return {key: (one, name, phone) for key, one, name, phone in sql.execute(select(*columns))}

    def _asked(self, table: Table, ids: Sequence[str]) -> Iterator[Any]:
        for wanted in _portions(ids, ASKED_AT_ONCE):
            with answering(), reading(self._engine) as sql:
                yield from sql.execute(select(table).where(table.c.id.in_(wanted))).all()

    def _insert(self, table: Table, rows: Iterable[dict[str, str]]) -> None:
        for portion in _portions(rows, AT_ONCE):
            with answering(), self._engine.begin() as sql:
                sql.execute(insert(table), portion)


def people_of(settings: Settings) -> People:
    """Return the people of a system: they are kept where its accounts are."""
    return People(database_of(settings))


def _portions(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(rows)
    while portion := list(islice(left, size)):
        yield portion
