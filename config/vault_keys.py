"""The keys of the vault, one for each report, case, day of an alert or a desk: made once, and erased for good."""

import os
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, Engine, func, select

from config.sql import reading, upsert
from config.vault_box import KEY_BYTES
from config.vault_tables import KEYS

AT_ONCE = 500
"""Names in one statement; more than 999 are too many for older databases."""

Known = dict[str, bytes | None]
"""Keys by name, None of those that are erased."""


def known(sql: Connection, names: Collection[str]) -> Known:
    """Return the keys of those names that have or had one."""
    found: Known = {}
    wanted = list(names)
    for begin in range(0, len(wanted), AT_ONCE):
        some = select(KEYS.c.name, KEYS.c.key).where(KEYS.c.name.in_(wanted[begin : begin + AT_ONCE]))
        found |= {row.name: row.key for row in sql.execute(some)}
    return found


def beginning(sql: Connection, text: str) -> Known:
    """Return the keys whose names begin with a text."""
    some = select(KEYS.c.name, KEYS.c.key).where(KEYS.c.name.startswith(text, autoescape=True))
    return {row.name: row.key for row in sql.execute(some.order_by(KEYS.c.name)) if row.name.startswith(text)}


def of(engine: Engine, names: Iterable[str]) -> Known:
    """Return keys by name, made where there was none. Processes that make the same one at once get the same."""
    wanted = list(dict.fromkeys(names))
    with reading(engine) as sql:
        found = known(sql, wanted)
    missing = [name for name in wanted if name not in found]
    if missing:
        with engine.begin() as sql:
            sql.execute(upsert(sql, KEYS).on_conflict_do_nothing(), _fresh(missing))
            found |= known(sql, missing)
    return found


def erase(engine: Engine, names: Iterable[str], *, at_ms: int) -> int:
    """Delete keys and return how many were there. A name without a key cannot have one afterwards either."""
    wanted = sorted(set(names))
    with engine.begin() as sql:
        there = sum(key is not None for key in known(sql, wanted).values())
        into = upsert(sql, KEYS)
        first_ms = func.coalesce(KEYS.c.erased_ms, into.excluded.erased_ms)
        sql.execute(
            into.on_conflict_do_update(index_elements=["name"], set_={"key": None, "erased_ms": first_ms}),
            [{"name": name, "key": None, "erased_ms": at_ms} for name in wanted],
        )
    if engine.dialect.name == "sqlite":
        _empty_journal(engine)
    return there


def _fresh(names: Sequence[str]) -> list[dict[str, str | bytes]]:
    noise = os.urandom(KEY_BYTES * len(names))
    return [{"name": name, "key": noise[n * KEY_BYTES : (n + 1) * KEY_BYTES]} for n, name in enumerate(names)]


def _empty_journal(engine: Engine) -> None:
    """Empty SQLite's journal, in which deleted keys still stand; the file itself is overwritten where they stood."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
