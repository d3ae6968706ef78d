"""How people have arranged their desks, by account or desk: small JSON texts in the database of the accounts."""

from collections.abc import Callable

from sqlalchemy import Column, MetaData, String, Table, Text, select

from config.settings import Settings
from config.sql import Store, answering, database_of, reading, upsert

_meta = MetaData()
_arrangements = Table(
    "arrangements",
    _meta,
    Column("owner", String(48), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("body", Text, nullable=False),
)


class Arrangements(Store):
    """The arrangements of a system; a context manager. The table is made when it is first used.

    An owner is an account, by its id, or a desk. Every method raises SilentDatabaseError when the database does not answer.

    Parameters
    ----------
    url
        An SQLAlchemy URL: the database of the accounts.

    """

    tables = (_meta,)

    def of(self, owner: str) -> dict[str, str]:
        """Return what an owner has, by kind."""
        own = select(_arrangements.c.kind, _arrangements.c.body).where(_arrangements.c.owner == owner)
        with answering(), reading(self._engine) as sql:
            return {str(row.kind): str(row.body) for row in sql.execute(own)}

    def put(self, owner: str, kind: str, body: str) -> None:
        """Keep something in the place of what was there."""
        self.change(owner, kind, lambda _: body)

    def change(self, owner: str, kind: str, how: Callable[[str], str]) -> str:
        """Keep what is made of what was there, "" at first, and return it; of two at once none is lost."""
        table = _arrangements
        with answering(), self._engine.begin() as sql:
            # the row is there and ours before it is read
            row = {"owner": owner, "kind": kind, "body": ""}
            sql.execute(upsert(sql, table).on_conflict_do_nothing(), row)
            this = (table.c.owner == owner) & (table.c.kind == kind)
            body = how(str(sql.execute(select(table.c.body).where(this).with_for_update()).scalar_one()))
            sql.execute(table.update().where(this).values(body=body))
            return body


def arrangements_of(settings: Settings) -> Arrangements:
    """Return the arrangements of a system."""
    return Arrangements(database_of(settings))
