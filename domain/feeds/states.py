"""What a lane knows of its feeds: how many of their reports came to what, when each was last heard, and which are silent."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.feeds.rules import FeedRules

NEVER_MS = 1 << 62


class FeedState(msgspec.Struct, kw_only=True):
    """What a lane knows of one feed. The four outcomes add up to the records that came in."""

    feed: str
    lane: int
    accepted: int = 0
    revised: int = 0
    repeated: int = 0
    refused: int = 0
    unplaced: int = 0
    last_ms: int = 0
    silent: bool = False
    silent_since_ms: int | None = None


class FeedStates:
    """The feeds of one lane, as they are heard and fall silent.

    Of a feed without rules nothing is known but what came; it never falls silent.
    """

    __slots__ = ("_changed", "_feeds", "_heard_until_ms", "_lane", "_rules")

    def __init__(self, lane: int) -> None:
        self._lane = lane
        self._feeds: dict[str, FeedState] = {}
        self._rules: Mapping[str, FeedRules] = {}
        self._heard_until_ms = 0  # no feed falls silent before: a bound, for a record of a feed moves its end
        self._changed: set[str] = set()

    def take_rules(self, rules: Mapping[str, FeedRules]) -> None:
        """Let these limits of silence hold from now on."""
        self._rules = rules
        self._heard_until_ms = 0

    def of(self, name: str) -> FeedState:
        """Return a feed's state, that of a feed which was never heard included."""
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = FeedState(feed=name, lane=self._lane)
        return feed

    def back(self, feed: FeedState) -> None:
        """Note that a silent feed is back."""
        feed.silent, feed.silent_since_ms = False, None
        self._heard_until_ms = 0

    def heard(self, feed: FeedState, at_ms: int) -> None:
        """Note that a record of a feed came in."""
        if not feed.last_ms:
            self._heard_until_ms = 0
        feed.last_ms = at_ms
        self._changed.add(feed.feed)

    def fall_silent(self, to_ms: int) -> list[tuple[int, FeedState]]:
        """Let those fall silent that were not heard for longer than their rule says.

        Returns
        -------
        list
            The instant in ms of each, with its state, in order.

        """
        if to_ms < self._heard_until_ms:
            return []
        silences = self._silences()
        fallen = sorted((at_ms, name) for name, at_ms in silences.items() if at_ms <= to_ms)
        for _, name in fallen:
            feed = self._feeds[name]
            feed.silent, feed.silent_since_ms = True, feed.last_ms
            self._changed.add(name)
            del silences[name]
        self._heard_until_ms = min(silences.values(), default=NEVER_MS)
        return [(at_ms, self._feeds[name]) for at_ms, name in fallen]

    def next_silence_ms(self) -> int | None:
        """Return the instant at which the next feed falls silent, or None."""
        return min(self._silences().values(), default=None)

    def _silences(self) -> dict[str, int]:
        """Return feeds that are not silent yet, with the instant from which they are."""
        return {
            name: feed.last_ms + rules.silent_after_ms + 1
            for name, feed in self._feeds.items()
            if not feed.silent and (rules := self._rules.get(name)) and rules.silent_after_ms and feed.last_ms
        }

    def take_changed(self) -> dict[str, Any]:
        """Return the feeds that changed since the last call as screens read them, sorted by name."""
        names, self._changed = self._changed, set()
        return {name: msgspec.to_builtins(self._feeds[name]) for name in sorted(names)}

    def take_all(self) -> dict[str, Any]:
        """Return every feed as screens read it, sorted by name, and forget which of them changed."""
        self._changed = set(self._feeds)
        return self.take_changed()

    def plain(self) -> dict[str, Any]:
        """Return the feeds as plain values, by name."""
        return {name: msgspec.to_builtins(feed) for name, feed in self._feeds.items()}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over feeds that `plain` gave."""
        self._feeds = {name: msgspec.convert(feed, FeedState) for name, feed in plain.items()}
