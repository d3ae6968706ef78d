"""Accounts and their rights in SQL: names and password hashes, which the journal never holds, and what it has been told.

One database for all processes: SQLite in the data folder, or any that SQLAlchemy reaches by `WATCHFLOOR_DATABASE`.
"""

import secrets
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from config.settings import Settings
from config.sql import Store, answering, database_of, reading
from domain.flows.flow import ROLES
from domain.records import Grant

ROLES_OF_ACCOUNTS = (*(role for role in ROLES if role != "reporter"), "ops", "administrator")
"""What an account can be; a reporter has none."""

LEAST_PASSWORD = 10
"""Characters: long is what makes a password hard to guess."""


def _nobody_s_hash() -> str:
    """Return a hash of no known password, with the costs of a real one, without the quarter of a second to make it."""
    made = PasswordHasher()
    costs = f"m={made.memory_cost},t={made.time_cost},p={made.parallelism}"
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (made.salt_len, made.hash_len)
    )
    return f"$argon2id$v=19${costs}${salt}${digest}"


_NO_PASSWORD = _nobody_s_hash()
"""What a password is compared with where the name is nobody's: it takes as long."""

_meta = MetaData()
_accounts = Table(
    "accounts",
    _meta,
    Column("id", String(40), primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("password", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
_rights = Table(
    "rights",
    _meta,
    Column("account", ForeignKey("accounts.id"), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("scope", String(15), primary_key=True),
    Column("team", String(64), primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("number", Integer, nullable=False),
)
_subjects = Table(
    "subjects",
    _meta,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False),
)
_told = Table(
    # up to which number the journal has answered for a right; what is above it is told again
    "told",
    _meta,
    Column("account", ForeignKey("accounts.id"), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("scope", String(15), primary_key=True),
    Column("team", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
)


class AccountError(Exception):
    """Why not, in a sentence that says how to mend it."""


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """A role of an account for a jurisdiction; `number` rises with every change of any right."""

    account: str
    role: str
    scope: str
    team: str
    given: bool
    number: int

    def grant(self) -> Grant:
        """Return the record that tells the journal of it."""
        return Grant(
            id=f"{self.account}.{self.number}",
            number=self.number,
            account=self.account,
            role=self.role,
            scope=self.scope,
            team=self.team,
            on=self.given,
        )


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account: `id` is what the journal knows, `name` what a person signs in with."""

    id: str
    name: str
    rights: tuple[Right, ...]


class Accounts(Store):
    """The accounts of a system; a context manager. The tables are made when they are first used.

    Every method raises SilentDatabaseError, a ConnectionError, when the database does not answer.

    Parameters
    ----------
    url
        An SQLAlchemy URL.

    """

    tables = (_meta,)

    def add(self, name: str, password: str, *, now_ms: int) -> str:
        """Make an account and return its id.

        Raises
        ------
        AccountError
            If the name is taken or no name, or the password is too short.

        """
        if len(password) < LEAST_PASSWORD:
            raise AccountError(
                f"A password has at least {LEAST_PASSWORD} characters; give it on standard input."
            )
        with self._writing() as sql:
            return _added(sql, name, PasswordHasher().hash(password), now_ms)

    def add_subject(self, issuer: str, subject: str, name: str, *, now_ms: int) -> str:
        """Make an account that a provider answers for, without a password, and return its id.

        Raises
        ------
        AccountError
            If the name is taken or no name, or the subject has an account.

        """
        with self._writing() as sql:
            account = _added(sql, name, "", now_ms)
            sql.execute(insert(_subjects).values(issuer=issuer, subject=subject, account=account))
        return account

    def of_subject(self, issuer: str, subject: str) -> str:
        """Return the id of the account of a provider's subject; empty when it has none."""
        wanted = select(_subjects.c.account).where(
            _subjects.c.issuer == issuer, _subjects.c.subject == subject
        )
        with self._reading() as sql:
            return str(sql.execute(wanted).scalar() or "")

    def untold(self) -> list[Right]:
        """Return the rights of which the journal has not answered for all of its partitions, in the order of their change."""
        same = [_told.c[field] == _rights.c[field] for field in ("account", "role", "scope", "team")]
        wanted = (
            select(_rights)
            .outerjoin(_told, and_(*same))
            .where(func.coalesce(_told.c.number, -1) < _rights.c.number)
            .order_by(_rights.c.number)
        )
        with self._reading() as sql:
            return [Right(**row) for row in sql.execute(wanted).mappings()]

    def told(self, right: Right) -> None:
        """Note that every partition of the journal has folded a right."""
        key = {field: getattr(right, field) for field in ("account", "role", "scope", "team")}
        where = [_told.c[field] == value for field, value in key.items()]
        with self._writing() as sql:
            changed = sql.execute(
                update(_told).where(*where, _told.c.number < right.number).values(number=right.number)
            )
            if not changed.rowcount and sql.execute(select(_told.c.number).where(*where)).first() is None:
                sql.execute(insert(_told).values(**key, number=right.number))

    def give(self, account: str, role: str, scope: str, team: str = "", *, given: bool = True) -> Right:
        """Let an account have a role for a jurisdiction, or no more; return the right with its new number."""
        key = {"account": account, "role": role, "scope": scope, "team": team}
        with self._writing() as sql:
            number = (sql.execute(select(func.max(_rights.c.number))).scalar() or 0) + 1
            where = [_rights.c[field] == value for field, value in key.items()]
            changed = sql.execute(update(_rights).where(*where).values(given=given, number=number))
            if not changed.rowcount:
                sql.execute(insert(_rights).values(**key, given=given, number=number))
        return Right(**key, given=given, number=number)

    def named(self, name: str) -> Account:
        """Return the account of a name.

        Raises
        ------
        AccountError
            If there is none.

        """
        found = self._found(_accounts.c.name == _name(name))
        if not found:
            raise AccountError(f"No account is called {name!r}: see `watchfloor user list`.")
        return found[0]

    def any(self) -> bool:
        """Tell whether there is an account at all."""
        with self._reading() as sql:
            return sql.execute(select(_accounts.c.id).limit(1)).first() is not None

    def signed_in(self, name: str, password: str) -> str:
        """Return the id of the account of this name and password; empty when they are wrong, after the same time."""
        with self._reading() as sql:
            found = sql.execute(
                select(_accounts.c.id, _accounts.c.password).where(_accounts.c.name == name.strip())
            ).first()
        try:
            PasswordHasher().verify(_NO_PASSWORD if found is None else found.password, password)
        except (VerifyMismatchError, InvalidHashError):
            return ""
        return "" if found is None else str(found.id)

    def of_id(self, account: str) -> Account | None:
        """Return an account by its id, or None."""
        return next(iter(self._found(_accounts.c.id == account)), None)

    def names(self, accounts: Sequence[str]) -> dict[str, str]:
        """Return the names of accounts by their ids, of those that there are."""
        wanted = select(_accounts.c.id, _accounts.c.name).where(_accounts.c.id.in_(accounts))
        with self._reading() as sql:
            return {row.id: row.name for row in sql.execute(wanted)}

    def team_sizes(self) -> dict[str, int]:
        """Return how many accounts act for each team now."""
        wanted = (
            select(_rights.c.team, func.count(_rights.c.account.distinct()))
            .where(_rights.c.given, _rights.c.team != "")
            .group_by(_rights.c.team)
        )
        with reading(self._engine) as sql:
            return {str(row[0]): int(row[1]) for row in sql.execute(wanted)}

    def all(self) -> list[Account]:
        """Return all accounts by name, each with the rights that it has or had."""
        return self._found(true())

    def _found(self, which: ColumnElement[bool]) -> list[Account]:
        with self._reading() as sql:
            accounts = sql.execute(
                select(_accounts.c.id, _accounts.c.name).where(which).order_by(_accounts.c.name)
            ).all()
            rights = (
                sql.execute(select(_rights).join(_accounts).where(which).order_by(_rights.c.number))
                .mappings()
                .all()
            )
        of: dict[str, list[Right]] = {}
        for right in rights:
            of.setdefault(right["account"], []).append(Right(**right))
        return [Account(id=one.id, name=one.name, rights=tuple(of.get(one.id, ()))) for one in accounts]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with answering(), reading(self._engine) as sql:
            yield sql

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One writer at a time: numbers rise in the order in which they are given."""
        with answering(), self._engine.begin() as sql:
            if sql.dialect.name == "postgresql":
                sql.exec_driver_sql("LOCK TABLE rights IN SHARE ROW EXCLUSIVE MODE")
            yield sql


def accounts_of(settings: Settings) -> Accounts:
    """Return the accounts of a system: by default in a file of its data folder that only its owner reads."""
    return Accounts(database_of(settings))


def _added(sql: Connection, name: str, password: str, now_ms: int) -> str:
    name = _name(name)
    account = "a-" + secrets.token_hex(8)
    try:
        sql.execute(insert(_accounts).values(id=account, name=name, password=password, created_ms=now_ms))
    except IntegrityError as taken:
        raise AccountError(f"An account {name!r} is there already; it can be given another role.") from taken
    return account


def _name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 120 or not name.isprintable():  # noqa: PLR2004 - the column's length
        raise AccountError("An account's name has 1 to 120 characters.")
    return name
