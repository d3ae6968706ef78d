"""Dead letters and the messages they are about, read from Kafka (or the archive) by their positions."""

import asyncio
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from aiokafka.errors import KafkaError

from config.settings import Settings
from config.vault import VaultError, vault_of
from config.wallclock import now_ms
from domain.privacy.sights import PURPOSES
from domain.records import Requeued, encoder
from streams.offline import BeginningGoneError, NotGivenError, read_range
from streams.sources import Source
from watchfloor import topic_access
from watchfloor.exceptions import RefusedError

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def read_all(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return every dead letter by its id, the oldest first; one that was sent twice is there once."""
    found: dict[str, dict[str, Any]] = {}
    for _, value in topic_access.records(settings, "deadletter", 0):
        letter = _decode(value)
        found.setdefault(letter["id"], letter)
    return found


def chosen(settings: Settings, ids: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the dead letters of these ids, or all of them.

    Raises
    ------
    RefusedError
        If there is no such dead letter.

    """
    found = read_all(settings)
    if ids is None:
        return list(found.values())
    unknown = [one for one in ids if one not in found]
    if unknown:
        raise RefusedError(
            f"There is no dead letter {', '.join(unknown)}: see the ids with `watchfloor deadletter list`."
        )
    return [found[one] for one in ids]


def originals(settings: Settings, letters: Iterable[dict[str, Any]]) -> dict[str, bytes]:
    """Return the refused messages by dead letter's id, from archive or topic; what neither has is left out.

    Raises
    ------
    MissingError
        If no broker answers.

    """
    wanted: dict[int, dict[int, str]] = {}
    for letter in letters:
        wanted.setdefault(letter["lane"], {})[letter["offset"]] = letter["id"]
    try:
        return asyncio.run(_originals(settings, wanted))
    except (NotGivenError, KafkaError) as gone:
        raise topic_access.no_broker(settings) from gone


async def _originals(settings: Settings, wanted: dict[int, dict[int, str]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for lane, ids in wanted.items():
        for begin, end in _stretches(sorted(ids)):
            at = begin
            while at < end:
                try:
                    async for rows in read_range(settings, Source("reports", lane), at, end - 1):
                        found |= {ids[row.offset]: row.value or b"" for row in rows if row.offset in ids}
                    break
                except BeginningGoneError as gone:
                    at = max(at + 1, gone.first_offset)
    return found


def original_text(settings: Settings, letter: dict[str, Any]) -> dict[str, str]:
    """Return `original` (or `original_b64`, where it is no UTF-8) of a dead letter; nothing where it is gone."""
    value = originals(settings, [letter]).get(letter["id"])
    if value is None:
        return {}
    try:
        return {"original": value.decode()}
    except UnicodeDecodeError:
        return {"original_b64": b64encode(value).decode()}


def opened(settings: Settings, name: str, original: str, purpose: str) -> dict[str, str]:
    """Return `opened`, what is sealed in a refused message; the look is logged under the dead letter's id.

    Raises
    ------
    RefusedError
        If nothing is sealed in it, it is erased, or the purpose is none.

    """
    try:
        sealed = _decode(original.encode()).get("private", "")
    except msgspec.DecodeError:
        sealed = ""
    if not sealed:
        raise RefusedError(f"Nothing is sealed in the message of {name}.")
    if purpose not in PURPOSES:
        raise RefusedError(f"--purpose is one of {', '.join(PURPOSES)}.")
    try:
        with vault_of(settings) as vault:
            text = vault.open(sealed, account="cli", case=name, purpose=purpose, at_ms=now_ms())
    except VaultError as closed:
        raise RefusedError(str(closed)) from closed
    return {"opened": text}


def requeue(settings: Settings, letters: Sequence[dict[str, Any]]) -> tuple[list[str], dict[str, str]]:
    """Send dead letters into their lanes again.

    Returns
    -------
    tuple[list[str], dict[str, str]]
        The ids sent, and why the others were not.

    """
    found = originals(settings, letters)
    values: list[tuple[int, bytes]] = []
    sent: list[str] = []
    left: dict[str, str] = {}
    for letter in letters:
        name, value = letter["id"], found.get(letter["id"])
        if value is None:
            left[name] = "its message is no longer in the topic"
            continue
        if letter["reason"] == "too_large":
            left[name] = "its message is too large and would be refused again"
            continue
        values.append((letter["lane"], _requeued(name, value)))
        sent.append(name)
    if values:
        topic_access.send(settings, "reports", values)
    return sent, left


def _requeued(name: str, value: bytes) -> bytes:
    try:
        inner = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        inner = {}
    if inner.get("type") == "requeued":  # refused a second time: what counts is the message within
        return encoder.encode(
            Requeued(dead=name, value=inner.get("value", ""), value_b64=inner.get("value_b64", ""))
        )
    try:
        return encoder.encode(Requeued(dead=name, value=value.decode()))
    except UnicodeDecodeError:
        return encoder.encode(Requeued(dead=name, value_b64=b64encode(value).decode()))


# Letters this close together are read in one go; farther apart, what lies between costs more than asking again.
NEAR = 5_000


def _stretches(offsets: Sequence[int]) -> list[tuple[int, int]]:
    """Return begin and end of stretches that hold all the offsets, near ones together."""
    stretches: list[tuple[int, int]] = []
    for offset in offsets:
        if stretches and offset - stretches[-1][1] < NEAR:
            stretches[-1] = (stretches[-1][0], offset + 1)
        else:
            stretches.append((offset, offset + 1))
    return stretches
