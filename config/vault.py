"""The vault: what may hold a person is sealed and opened here, each look is logged, and erasing is deleting a key.

What is sealed lies in Kafka, in snapshots and in the archive; only its key is here, in the accounts' database. Every
process opens its own vault, and none keeps a key longer than it takes to seal with it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from config import vault_box, vault_keys
from config.settings import Settings
from config.sql import Store, database_of, reading, upsert
from config.vault_tables import LEAVING, META, SECRETS, VIEWS
from domain.privacy.sealed import ERASED_HASH, cipher_of, day_of_key, key_name, key_of_case
from domain.privacy.sights import PURPOSES, Purpose

ERASED_AT_ONCE = 200
"""Cases; the rest follows with the next call, so that nobody waits long for the database."""

MOST_A_DAY = 100
"""Keys of one desk and day: one more each time that its texts are erased."""


class VaultError(Exception):
    """Why something cannot be sealed or shown, in a sentence."""


class ErasedError(VaultError):
    """The key is erased: nobody can read this any more, and nothing is wrong."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked at a person's data."""

    at_ms: int
    account: str
    case: str
    purpose: str
    fields: list[str]


class Vault(Store):
    """The vault of a system; a context manager. Its tables are made when they are first used.

    Every method raises VaultError when the database does not answer.

    Parameters
    ----------
    url
        An SQLAlchemy URL: the database of the accounts.

    """

    tables = (META,)

    # -- sealing

    def seal_text(self, name: str, text: str) -> str:
        """Return a text sealed under a key, which is made where it is not there yet.

        Raises
        ------
        ErasedError
            If the key is erased: nothing more is written about this.

        """
        with self._asked():
            key = vault_keys.of(self._engine, [name])[name]
        if key is None:
            raise ErasedError("What was written about this is erased, and nothing more can be added to it.")
        return f"sealed:{name}:{vault_box.seal(key, name, text.encode(errors='replace'))[0]}"

    def seal_reports(self, contents: Sequence[tuple[str, bytes]]) -> list[str]:
        """Return reports' contents sealed, each under the key of its name, with its keyed hash; keys are made together.

        The same content under the same name is sealed to the same bytes. Of an erased name nothing is sealed.
        """
        with self._asked():
            keys = vault_keys.of(self._engine, [name for name, _ in contents])
        sealed: list[str] = []
        for name, content in contents:
            key = keys[name]
            cipher, digest = ("", ERASED_HASH) if key is None else vault_box.seal(key, name, content)
            sealed.append(f"sealed:{name}:{cipher}#{digest}")
        return sealed

    def still_writable(self, name: str) -> str:
        """Return the name of the first key of a day that is not erased: this one, else one with a number behind it.

        What was erased of a desk stays erased, and the desk goes on writing on the same day.
        """
        names = [name, *(f"{name}.{n}" for n in range(2, MOST_A_DAY + 1))]
        with self._asked(), reading(self._engine) as sql:
            keys = vault_keys.known(sql, names)
        return next((one for one in names if one not in keys or keys[one] is not None), name)

    def hashed(self, text: str) -> str:
        """Return a keyed hash of a text, in hex: the same everywhere in this system, and not to be made outside."""
        return vault_box.keyed_hash(self._secrets["hash"], text)

    # -- opening

    def open(self, sealed: str, *, account: str, case: str, purpose: Purpose, at_ms: int) -> str:
        """Return one sealed text; the look is logged.

        Raises
        ------
        ErasedError
            If its key is erased.
        VaultError
            If the purpose is none, or it was not sealed here.

        """
        look = {"account": account, "case": case, "purpose": purpose, "at_ms": at_ms, "fields": ("text",)}
        found = self.open_all([sealed], **look)  # type: ignore[arg-type]  # the same look, of one
        if not found:
            raise ErasedError("What was written here is erased: its key is deleted.")
        return found[sealed]

    def open_all(  # noqa: PLR0913 - what the log has
        self,
        sealed: Iterable[str],
        *,
        account: str,
        case: str,
        purpose: Purpose,
        at_ms: int,
        fields: Sequence[str],
    ) -> dict[str, str]:
        """Return sealed texts opened, without those that are erased. The look is logged before anything is shown.

        Parameters
        ----------
        sealed
            What is to be opened.
        account, case, purpose, at_ms
            Who looks, at what, for what, and when.
        fields
            What the person is shown, for the log.

        Raises
        ------
        VaultError
            If the purpose is none, or something was not sealed here.

        """
        if purpose not in PURPOSES:
            raise VaultError(f"A purpose is one of {', '.join(PURPOSES)}, and not {purpose!r}.")
        wanted = [one for one in dict.fromkeys(sealed) if cipher_of(one)]
        with self._asked(), self._engine.begin() as sql:
            keys = vault_keys.known(sql, {key_name(one) for one in wanted})
            if any(keys.values()):
                row = {"at_ms": at_ms, "account": account, "case_id": case, "purpose": purpose}
                sql.execute(insert(VIEWS).values(**row, fields=json.dumps(sorted(set(fields)))))
        found: dict[str, str] = {}
        for one in wanted:
            name = key_name(one)
            key = keys.get(name)
            try:
                if key is not None:
                    found[one] = vault_box.unseal(key, name, cipher_of(one)).decode()
            except vault_box.BoxError as strange:
                raise VaultError(f"What is sealed under {name} does not open: {strange}.") from strange
            if name not in keys:
                raise VaultError(
                    f"The vault has no key {name} and never had: it was sealed by another system, or with another database."
                )
        return found

    def views(self, case: str = "") -> list[View]:
        """Return who looked at what, the oldest first; of one case or of all."""
        wanted = select(VIEWS).order_by(VIEWS.c.id)
        with self._asked(), reading(self._engine) as sql:
            rows = sql.execute(wanted.where(VIEWS.c.case_id == case) if case else wanted).all()
        return [
            View(
                at_ms=row.at_ms,
                account=row.account,
                case=row.case_id,
                purpose=row.purpose,
                fields=json.loads(row.fields),
            )
            for row in rows
        ]

    # -- tracking codes

    def tracking_code(self, case_id: str) -> str:
        """Return the code by which a case is tracked: always the same, and in no topic, state or read model."""
        return vault_box.code_of(self._secrets["tracking"], case_id)

    def case_of_code(self, code: str) -> str | None:
        """Return the case of a code; None where it is none of ours, or the case is erased."""
        case_id = vault_box.case_of(self._secrets["tracking"], code)
        return None if case_id is None or self.erased([key_of_case(case_id)]) else case_id

    # -- erasing

    def erase(self, case_id: str, names: Iterable[str], *, at_ms: int) -> int:
        """Delete the key of a case and those of its reports, for good; return how many were there.

        Done again it changes nothing. The case's code leads nowhere afterwards.
        """
        there = self.erase_names({key_of_case(case_id), *names}, at_ms=at_ms)
        with self._asked(), self._engine.begin() as sql:
            sql.execute(delete(LEAVING).where(LEAVING.c.case_id == case_id))
        return there

    def erase_names(self, names: Iterable[str], *, at_ms: int) -> int:
        """Delete keys for good; return how many were there."""
        with self._asked():
            return vault_keys.erase(self._engine, set(names) - {""}, at_ms=at_ms)

    def names_of_days(self, about: str) -> list[str]:
        """Return the names of the keys that an alert or a desk (`a-ALERT`, `d-DESK`) has or had, of all days."""
        with self._asked(), reading(self._engine) as sql:
            names = [*vault_keys.known(sql, [about]), *vault_keys.beginning(sql, f"{about}.")]
        return [name for name in names if name == about or day_of_key(name)]

    def erase_days(self, last: str, *, at_ms: int) -> list[str]:
        """Erase what was written about alerts and desks up to a day; return the names of those keys."""
        with self._asked(), reading(self._engine) as sql:
            living = [
                name for kind in ("a-", "d-") for name, key in vault_keys.beginning(sql, kind).items() if key
            ]
        old = [name for name in living if "" < day_of_key(name) <= last]
        if old:
            self.erase_names(old, at_ms=at_ms)
        return old

    def erased(self, names: Iterable[str]) -> set[str]:
        """Return which of these names' keys are erased."""
        with self._asked(), reading(self._engine) as sql:
            return {name for name, key in vault_keys.known(sql, list(names)).items() if key is None}

    def retire(self, case_id: str, names: Iterable[str], *, erase_ms: int) -> None:
        """Note that a case has left the state and is to be erased at an instant; noted again it stays as it was."""
        row = {"case_id": case_id, "names": json.dumps(sorted(set(names))), "erase_ms": erase_ms}
        with self._asked(), self._engine.begin() as sql:
            sql.execute(upsert(sql, LEAVING).values(**row).on_conflict_do_nothing())

    def leaving(self, case_id: str) -> list[str]:
        """Return the names of the keys of a case that has left the state and waits to be erased."""
        with self._asked(), reading(self._engine) as sql:
            names = sql.execute(select(LEAVING.c.names).where(LEAVING.c.case_id == case_id)).scalar()
        return [] if names is None else list(json.loads(names))

    def erase_at(self, case_id: str) -> int | None:
        """Return when a case that has left the state is erased; None where that is not noted."""
        with self._asked(), reading(self._engine) as sql:
            found = sql.execute(select(LEAVING.c.erase_ms).where(LEAVING.c.case_id == case_id)).scalar()
        return None if found is None else int(found)

    def erase_due(self, now_ms: int) -> list[str]:
        """Erase cases whose time has come, some hundreds at a time; return them."""
        due = select(LEAVING).where(LEAVING.c.erase_ms <= now_ms).order_by(LEAVING.c.erase_ms)
        with self._asked(), reading(self._engine) as sql:
            rows = sql.execute(due.limit(ERASED_AT_ONCE)).all()
        for row in rows:
            self.erase(row.case_id, json.loads(row.names), at_ms=now_ms)
        return [row.case_id for row in rows]

    # -- inside

    @cached_property
    def _secrets(self) -> Mapping[str, bytes]:
        """The secrets of this system; whoever comes first makes them, once."""
        with self._asked(), self._engine.begin() as sql:
            rows = [{"name": name, "value": value} for name, value in vault_box.fresh_secrets().items()]
            sql.execute(upsert(sql, SECRETS).on_conflict_do_nothing(), rows)
            return {row.name: row.value for row in sql.execute(select(SECRETS))}

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Say in a sentence that the database does not answer."""
        try:
            yield
        except SQLAlchemyError as gone:
            raise VaultError(
                "The vault's database does not answer, so nothing can be sealed or shown; try again in a moment."
            ) from gone


def vault_of(settings: Settings) -> Vault:
    """Return the vault of a system."""
    return Vault(database_of(settings))
