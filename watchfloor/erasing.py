"""Which keys hold what was said about a case: of the case, of its reports and of all that its story has, also when it is gone."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiokafka.errors import KafkaError

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


def keys_of(settings: Settings, models: ReadModels, vault: Vault, case_id: str) -> set[str]:
    """Return the names of the keys of all that was said about a case.

    What is in the state says all of them. Of a case that has left it, the journal says its report, and the vault those of
    the reports that were merged into it, until it is erased.

    Raises
    ------
    RefusedError
        If there never was such a case.
    MissingError
        If neither Redis nor a broker answers.

    """
    if not is_case(case_id):
        raise RefusedError(f"{case_id!r} is no case's id: see `watchfloor show cases`.")
    found = next((case for case in models.cases() if case["id"] == case_id), None)
    names = set(_names(found)) | {key_of_case(case_id)}
    if found is not None:
        parent = found.get("parent")
        return names | ({key_of_case(parent)} if parent else set())
    opening = _opening(settings, case_id)
    if opening is None and not vault.leaving(case_id):
        raise RefusedError(f"There is no case {case_id}, and never was: see `watchfloor show cases`.")
    if isinstance(opening, Opened):
        names |= {key_of_report(opening.key), key_name(opening.private)}
    elif isinstance(
        opening, Command
    ):  # a part: what was said when it was split stands under its parent's key
        names |= {key_of_case(opening.case)}
    return (names | set(vault.leaving(case_id))) - {""}


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
