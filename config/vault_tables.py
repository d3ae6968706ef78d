"""The vault's tables, in the database of the accounts."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text

LONGEST_NAME = 96
"""Characters of a key's name."""

META = MetaData()

KEYS = Table(
    "vault_keys",
    META,
    Column("name", String(LONGEST_NAME), primary_key=True),
    Column("key", LargeBinary),  # empty once it is erased: the row stays, so that no key is made anew
    Column("erased_ms", BigInteger),
)

VIEWS = Table(
    "vault_views",
    META,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("account", String(64), nullable=False),
    Column("case_id", String(64), nullable=False, index=True),
    Column("purpose", String(16), nullable=False),
    Column("fields", Text, nullable=False),
)

SECRETS = Table(
    "vault_secrets",
    META,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

LEAVING = Table(
    "vault_leaving",
    META,
    Column("case_id", String(64), primary_key=True),
    Column("names", Text, nullable=False),
    Column("erase_ms", BigInteger, nullable=False, index=True),
)
