"""Which keys hold what was said about a case: of the case, of its reports and of all that its story has, also when it is gone.

What was merged into a case is the same matter: it is erased with it, over as many merges as there were.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiokafka.errors import KafkaError

from config.passages import PassageArchive
from config.settings import Settings
from config.vault import Vault
from domain.privacy.sealed import is_case, is_sealed, key_name, key_of_case, key_of_report
from domain.records import Command, Opened, journal_decoder
from streams.offline import BeginningGoneError, NotGivenError, read_range
from streams.sources import Source
from watchfloor import topic_access
from watchfloor.exceptions import RefusedError
from watchfloor.read_models import ReadModels

LEFT: tuple[tuple[str, str], ...] = (
    (
        "the case's numbers, category, places and times",
        "counts, clocks and evaluation stand on them; they name nobody",
    ),
    (
        "its steps, and which account did what when",
        "the audit's lines and the journal, which cannot be changed",
    ),
    (
        "sealed texts in Kafka, snapshots and the archive",
        "nobody can open them any more: their keys are deleted",
    ),
    (
        "who looked at its data, when and for what",
        "the log of looks names accounts and the case's id, not the reporter",
    ),
)
"""What stays of an erased case, and why."""


INTO = (
    "what was written about {into}, into which it was merged",
    "it stands under that case's own key: `watchfloor privacy erase {into}` takes that, and this case with it",
)
"""What stays besides of a case that was closed as a duplicate."""

LEFT_OF_DAYS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "desk": (
        ("sealed texts in Kafka, snapshots, the archive and kept handovers", LEFT[2][1]),
        (
            "who handed over to whom, when, and the hash of the page",
            "both signatures stand on it; it names accounts only",
        ),
        ("files that somebody took from the page of a handover", "they are outside this system"),
        ("who looked at its texts, when and for what", "the log of looks names accounts and the desk"),
    ),
    "alert": (
        ("sealed texts in Kafka, snapshots and the archive", LEFT[2][1]),
        ("the alert, and which account acknowledged or shelved it when", "the audit's lines and the journal"),
    ),
}
"""What stays of what was written about a desk or an alert, and why."""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What is erased with a case.

    Attributes
    ----------
    names
        Of all keys.
    taken
        The cases that were merged into this one, or into one of those.
    into
        The case that took this one over; empty: none did.

    """

    names: frozenset[str]
    taken: tuple[str, ...] = ()
    into: str = ""

    def left(self) -> tuple[tuple[str, str], ...]:
        """Return what stays, and why."""
        if not self.into:
            return LEFT
        what, why = INTO
        return (*LEFT, (what.format(into=self.into), why.format(into=self.into)))


def matter_of(settings: Settings, models: ReadModels, vault: Vault, case_id: str) -> Matter:
    """Return the names of the keys of all that was said about a case, and about those that were merged into it.

    What is in the state says all of them. Of a case that has left it, the journal says its report, and the vault those of
    the reports that were merged into it, until it is erased; which cases those were, the passages say.

    Raises
    ------
    RefusedError
        If there never was such a case.
    MissingError
        If neither Redis nor a broker answers.

    """
    if not is_case(case_id):
        raise RefusedError(f"{case_id!r} is no case's id: see `watchfloor show cases`.")
    shown = {case["id"]: case for case in models.cases()}
    names = _keys_of(settings, shown, vault, case_id)
    if names is None:
        raise RefusedError(f"There is no case {case_id}, and never was: see `watchfloor show cases`.")
    merged = PassageArchive.of(settings).merged()
    merged |= {name: str(case["merged_into"]) for name, case in shown.items() if case.get("merged_into")}
    taken = taken_by(case_id, merged, shown)
    for other in taken:
        names |= {key_of_case(other)} | (_keys_of(settings, shown, vault, other) or set())
    return Matter(names=frozenset(names), taken=tuple(sorted(taken)), into=merged.get(case_id, ""))


def taken_by(case_id: str, merged: Mapping[str, str], shown: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the cases that were merged into a case, directly or through others.

    Parameters
    ----------
    case_id
        The case.
    merged
        Into which case others were merged, as they say themselves.
    shown
        The cases in the state: what they say that they took over counts before the other's answer is known.

    """
    taken: set[str] = set()
    ahead = {case_id}
    while ahead:
        taken |= ahead
        ahead = {name for name, into in merged.items() if into in ahead} | {
            str(name) for into in ahead for name, *_ in shown.get(into, {}).get("absorbed") or ()
        }
        ahead -= taken
    return taken - {case_id}


def _keys_of(
    settings: Settings, shown: Mapping[str, Mapping[str, Any]], vault: Vault, case_id: str
) -> set[str] | None:
    """Return the names of the keys of one case; None if there never was such a case."""
    found = shown.get(case_id)
    names = set(_names(found)) | {key_of_case(case_id)}
    if found is not None:
        parent = found.get("parent")
        return names | ({key_of_case(parent)} if parent else set())
    opening, leaving = _opening(settings, case_id), vault.leaving(case_id)
    if opening is None and not leaving:
        return None
    if isinstance(opening, Opened):
        names |= {key_of_report(opening.key), key_name(opening.private)}
    elif isinstance(
        opening, Command
    ):  # a part: what was said when it was split stands under its parent's key
        names |= {key_of_case(opening.case)}
    return (names | set(leaving)) - {""}


def keys_of_days(vault: Vault, kind: str, name: str) -> list[str]:
    """Return the names of the keys of what was written about a desk or an alert, of all days.

    Raises
    ------
    RefusedError
        If nothing was ever written under a key of its own.

    """
    found = vault.names_of_days(f"{kind[0]}-{name}")
    if not found:
        hint = (
            " What was written about an alert of a case is erased with the case." if kind == "alert" else ""
        )
        raise RefusedError(f"Nothing was ever written about the {kind} {name}.{hint}")
    return found


def _names(value: Any) -> Iterable[str]:
    """Return the names of the keys of every sealed text in some plain values."""
    if isinstance(value, str):
        if is_sealed(value):
            yield key_name(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _names(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _names(one)


def _opening(settings: Settings, case_id: str) -> Opened | Command | None:
    """Return the record that opened a case, which its id names; None where there is no such record."""
    partition, _, rest = case_id.partition("-")
    source, offset = Source("journal", int(partition)), int(rest.partition(".")[0], 16)
    if offset >= topic_access.end_offsets(settings, "journal", 16)[source.number]:
        return None
    try:
        value = asyncio.run(_record(settings, source, offset))
    except BeginningGoneError:
        return None
    except (NotGivenError, KafkaError) as gone:
        raise topic_access.no_broker(settings) from gone
    with contextlib.suppress(msgspec.DecodeError):
        record = journal_decoder.decode(value)
        return record if isinstance(record, Opened | Command) else None
    return None


async def _record(settings: Settings, source: Source, offset: int) -> bytes:
    async with contextlib.aclosing(read_range(settings, source, offset, offset)) as batches:
        async for rows in batches:
            for row in rows:
                if row.offset == offset:
                    return row.value or b""
    return b""
