"""What a lane remembers of reports, to tell a new matter from a later version of a known one and from the same again."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from domain.feeds.rules import FeedRules
from domain.privacy.sealed import told_apart
from domain.records import Report, encoder

Known = tuple[str, int, int]
"""What is kept of an id: a hash of its last fields, its case's partition, and its last sighting in ms."""


class KnownReports:
    """The ids of one lane, by feed and by key."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, Known]] = {}

    def find(self, feed: str, key: str, rules: FeedRules, at_ms: int) -> Known | None:
        """Return what is known of a key, unless its last sighting is further back than the feed's memory goes."""
        ids = self._ids.get(feed)
        known = None if ids is None else ids.get(key)
        if known is None:
            return None
        limit_ms = _memory_ms(rules)
        return known if limit_ms is None or at_ms - known[2] <= limit_ms else None

    def note(self, feed: str, key: str, known: Known) -> None:
        """Remember a sighting."""
        self._ids.setdefault(feed, {})[key] = known

    def forget(self, feeds: Mapping[str, FeedRules], at_ms: int) -> None:
        """Drop the ids that were not seen for as long as their feed's rule says; a feed without rules keeps its own."""
        for name, ids in self._ids.items():
            rules = feeds.get(name)
            limit_ms = None if rules is None else _memory_ms(rules)
            if limit_ms is not None:
                gone = [key for key, known in ids.items() if at_ms - known[2] > limit_ms]
                for key in gone:
                    del ids[key]

    def plain(self) -> dict[str, Any]:
        """Return the ids as plain values."""
        return {name: dict(ids) for name, ids in self._ids.items()}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over ids that `plain` gave."""
        self._ids = {name: {k: (v[0], v[1], v[2]) for k, v in ids.items()} for name, ids in plain.items()}


def key_of(report: Report) -> str:
    """Return the name of a report's matter: the same for all its versions, and of no other feed."""
    return matter_of(report.feed, report.id)


def matter_of(feed: str, id_: str) -> str:
    """Return the name of the matter of a feed's id; bytes that are no UTF-8 count as they came."""
    return blake2b(f"{feed}\x1f{id_}".encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def fields_of(report: Report) -> str:
    """Return a hash of what a report says; the feed's own time of the message is not part of it.

    What is sealed counts by its keyed hash: the same content may have been sealed to other bytes.
    """
    bare = report if report.t_ms is None else msgspec.structs.replace(report, t_ms=None)
    if bare.private:
        bare = msgspec.structs.replace(bare, private=told_apart(bare.private))
    return blake2b(encoder.encode(bare), digest_size=8).hexdigest()


def _memory_ms(rules: FeedRules) -> int | None:
    return rules.within_ms or rules.remember_ms
