"""What the screens read of a partition: hashes of Redis with their JSON, and the entry of the stream `changes`."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from domain.counters import Counters
from domain.fold import Changes
from domain.position import Position
from domain.records import encoder

Fields = Mapping[str, bytes | None]
"""The fields of a hash and their JSON, None where a field goes."""

WHOLE = ("grids", "cases", "queue", "alerts", "pairs", "grants")
"""Hashes of a partition that are replaced when they are written whole."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What of a partition is shown, or shown anew; `partition` is the partition itself, in figures."""

    grids: Fields
    cases: Fields
    queue: Fields
    alerts: Fields
    pairs: Fields
    desks: Fields
    grants: Fields
    rule_changes: bytes | None
    answers: Mapping[str, Any]
    partition: Mapping[str, Any]


def blocks(counters: Counters, townships: Iterable[str]) -> dict[str, bytes | None]:
    """Return what screens read of these townships."""
    return {township: encoder.encode(counters.block(township)) for township in townships}


def changed(at: Position, shown: Shown) -> Changes:
    """Return the read models that changed. The stream's entry has all of it but the cases, which screens ask for."""
    body = {
        "grids": _raw(shown.grids),
        "queue": _raw(shown.queue),
        "alerts": _raw(shown.alerts),
        "pairs": _raw(shown.pairs),
        "desks": _raw(shown.desks),
        "grants": _raw(shown.grants),
        "answers": shown.answers,
        "partition": shown.partition,
    }
    return Changes(
        offset=at.offset,
        clock_ms=at.clock_ms,
        hashes=_hashes(at, shown),
        body=encoder.encode({name: part for name, part in body.items() if part}),
    )


def whole(at: Position, shown: Shown) -> Changes:
    """Return the read models whole. The stream's entry says so, and has the answers that nobody took."""
    answers = {"answers": shown.answers} if shown.answers else {}
    queue = {name: row for name, row in shown.queue.items() if row is not None}
    return Changes(
        offset=at.offset,
        clock_ms=at.clock_ms,
        hashes=_hashes(at, msgspec.structs.replace(shown, queue=queue)),
        body=encoder.encode({"whole": True, **answers}),
        replace=[f"{name}:{at.partition}" for name in WHOLE],
    )


def _hashes(at: Position, shown: Shown) -> dict[str, dict[str, bytes | None]]:
    p = at.partition
    hashes: dict[str, dict[str, bytes | None]] = {
        f"grids:{p}": dict(shown.grids),
        f"alerts:{p}": dict(shown.alerts),
        f"pairs:{p}": dict(shown.pairs),
        f"cases:{p}": dict(shown.cases),
        f"queue:{p}": dict(shown.queue),
        f"grants:{p}": dict(shown.grants),
        "desks": dict(shown.desks),
        "rule_changes": {} if shown.rule_changes is None else {str(p): shown.rule_changes},
        "partitions": {str(p): encoder.encode(shown.partition)},
    }
    return {name: fields for name, fields in hashes.items() if fields}


def _raw(fields: Fields) -> dict[str, msgspec.Raw | None]:
    return {name: None if json is None else msgspec.Raw(json) for name, json in fields.items()}
