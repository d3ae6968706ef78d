"""Engines of the one SQL database of a system: SQLite in its data folder, PostgreSQL in production.

Several processes write at once, none waits for ever, and in SQLite what is deleted is overwritten on the disk.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Self

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from config.settings import Settings

BUSY_S = 10
"""Writing takes milliseconds; who waits longer for the database waits for one that is stuck."""

CONNECT_S = 5
"""A server that is there answers at once."""

_MAKING = 0x77660A7C
"""A lock's number, by which PostgreSQL lets one process at a time make tables."""

READING = "reading"
"""The execution option of a connection that only reads: it takes no lock."""


class SilentDatabaseError(ConnectionError):
    """The database does not answer; the sentence says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "The database of the accounts does not answer: start it, or mend WATCHFLOOR_DATABASE, then try again."
        )


@contextmanager
def answering() -> Iterator[None]:
    """Say in a sentence that the database does not answer.

    Raises
    ------
    SilentDatabaseError
        If it does not.

    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as gone:
        raise SilentDatabaseError from gone


def database_of(settings: Settings) -> str:
    """Return the URL of a system's database: by default a file of its data folder that only its owner reads."""
    if settings.database.get_secret_value():
        return settings.database.get_secret_value()
    file = settings.data / "accounts.sqlite3"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    return f"sqlite:///{file}"


def engine_of(url: str) -> Engine:
    """Return an engine of a database.

    Parameters
    ----------
    url
        An SQLAlchemy URL. PostgreSQL is spoken to by psycopg, also where the URL does not say so.

    """
    if not url.startswith("sqlite"):
        scheme, colon, rest = url.partition(":")
        patience = f"-c lock_timeout={BUSY_S}s -c statement_timeout={3 * BUSY_S}s"
        return create_engine(
            f"{'postgresql+psycopg' if scheme in {'postgres', 'postgresql'} else scheme}{colon}{rest}",
            connect_args={"connect_timeout": CONNECT_S, "options": patience},
            pool_pre_ping=True,
            pool_timeout=BUSY_S,
        )
    engine = create_engine(url, connect_args={"timeout": BUSY_S}, pool_timeout=BUSY_S)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        # the driver's own transactions begin too late: a number read outside of one would be given twice
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


class Store:
    """What a system keeps in its database; a context manager. The tables are made when they are first used.

    Its processes open one each, and a database that is down when they start stops none of them.

    Parameters
    ----------
    url
        An SQLAlchemy URL: the database of the accounts.

    """

    tables: ClassVar[tuple[MetaData, ...]]

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the next question opens one."""
        engine: Engine | None = vars(self).pop("_engine", None)
        if engine is not None:
            engine.dispose()

    @cached_property
    def _engine(self) -> Engine:
        engine = engine_of(self._url)
        for tables in self.tables:
            make(engine, tables)
        return engine


def make(engine: Engine, tables: MetaData) -> None:
    """Make tables where they are absent; processes that start together make them once."""
    with engine.begin() as sql:  # in SQLite this alone keeps the others out
        if sql.dialect.name == "postgresql":
            sql.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
        tables.create_all(sql)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read from a database without a lock."""
    with engine.connect() as sql:
        yield sql.execution_options(**{READING: True})


def upsert(sql: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that knows `on_conflict_do_nothing` and `on_conflict_do_update` in both databases."""
    return postgresql.insert(table) if sql.dialect.name == "postgresql" else sqlite.insert(table)
