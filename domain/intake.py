"""The first fold: a lane of `reports` is judged, deduplicated and placed, and goes to the journal or to the dead letters.

What it forwards carries its origin (lane, offset, n), so that a second sending changes nothing. It reads rules from its
lane alone and time from the record alone.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from domain.codes import JOURNAL_PARTITIONS, is_unplaced, partition_of
from domain.feeds import judge
from domain.feeds.judge import Refusal
from domain.feeds.known_reports import KnownReports, fields_of, key_of
from domain.feeds.states import FeedState, FeedStates
from domain.fold import Changes, Effect
from domain.records import (
    FeedSilence,
    Opened,
    Repeated,
    Report,
    Requeued,
    Revised,
    RulesNotice,
    Tick,
    encoder,
)
from domain.rules import Rules

UNCATEGORISED = "uncategorised"
DAY_MS = 86_400_000


class Intake:
    """The fold of one lane; see `domain.fold.Fold`.

    Parameters
    ----------
    lane
        The partition of `reports`.
    rules_of
        Gives the rule set of a hash; the same hash gives the same rules for ever.
    shared
        True with the feed's clock: time is the `t_ms` of the records, and ticks go on to the journal.

    """

    def __init__(self, lane: int, *, rules_of: Callable[[str], Rules], shared: bool) -> None:
        self.lane = lane
        self.offset = -1
        self.clock_ms = 0
        self.rules_hash = ""
        self._rules: Rules | None = None
        self._rules_of = rules_of
        self._shared = shared
        self._feeds = FeedStates(lane)
        self._known = KnownReports()
        self._requeued: dict[str, int] = {}
        self._dead: dict[str, int] = {}
        self._effects: list[Effect] = []
        self._n = 0
        self._taken = -1

    # -- folding

    def fold(self, offset: int, timestamp_ms: int, value: bytes) -> None:
        """Fold one record; see `domain.fold.Fold.fold`."""
        self.offset = offset
        self._n = 0
        try:
            record = judge.read(value)
        except Refusal as refusal:
            self._advance(None if self._shared else timestamp_ms)
            self._refuse(refusal, value, judge.claimed_feed(value))
            return
        try:
            self._advance(self._time(record, timestamp_ms))
            self._fold(record)
        except Refusal as refusal:
            self._refuse(refusal, value, getattr(record, "feed", ""))

    def _fold(self, record: object) -> None:
        match record:
            case Report():
                self._report(record)
            case Tick():
                if self._shared:
                    self._forward_all(lambda origin: Tick(t_ms=self.clock_ms, origin=origin))
            case RulesNotice():
                self._take_rules(record)
            case Requeued():
                self._requeue(record)

    def _time(self, record: object, timestamp_ms: int) -> int | None:
        """Return the record's time: the broker's stamp, or with the feed's clock its own."""
        if not self._shared:
            return timestamp_ms
        t_ms: int | None = getattr(record, "t_ms", None)
        if t_ms is not None and not judge.EARLIEST_MS <= t_ms < judge.LATEST_MS:
            raise Refusal("bad_time", f"t_ms lies outside the years 2000 to 2099: {t_ms}.")
        return t_ms

    def _advance(self, to_ms: int | None) -> None:
        """Move the clock, and say which feeds fell silent on the way, each at its own instant, in order."""
        if to_ms is None or to_ms <= self.clock_ms:
            return
        if self._rules is not None and to_ms // DAY_MS != self.clock_ms // DAY_MS:
            self._known.forget(self._rules.feeds, to_ms)
        for at_ms, feed in self._feeds.fall_silent(to_ms):
            self.clock_ms = max(self.clock_ms, at_ms)
            self._forward_silence(feed)
        self.clock_ms = to_ms

    def _report(self, report: Report) -> None:
        if self._rules is None:
            raise Refusal(
                "no_rules", "No rule set is in force yet; start with `watchfloor up`, or publish one."
            )
        rules = self._rules.feeds.get(report.feed)
        if rules is None:
            raise Refusal(
                "unknown_feed",
                f"No feed is called {report.feed[:80]!r}; config/feeds/ has none of that name.",
            )
        believed = judge.times(report, rules, self.clock_ms)
        private = judge.sealed(report)
        feed = self._sighted(report.feed)
        key, fields = key_of(report), fields_of(report)
        known = self._known.find(report.feed, key, rules, self.clock_ms)
        if known is not None and known[0] == fields:
            feed.repeated += 1
            self._known.note(report.feed, key, (fields, known[1], self.clock_ms))
            repeated = Repeated(origin=self._origin(), key=key, feed=report.feed, t_ms=self._stamp())
            self._forward(known[1], repeated)
            return
        grid, area = rules.place(report.lon, report.lat, report.place, self.clock_ms)
        partition = partition_of(grid) if known is None else known[1]
        self._known.note(report.feed, key, (fields, partition, self.clock_ms))
        if known is None:
            feed.accepted += 1
            feed.unplaced += is_unplaced(grid)
            kind = Opened
        else:
            feed.revised += 1
            kind = Revised
        self._forward(
            partition,
            kind(
                origin=self._origin(),
                key=key,
                feed=report.feed,
                source_id=report.id,
                grid=grid,
                area=area,
                category=report.category.strip() or UNCATEGORISED,
                t_ms=self._stamp(),
                clocks=rules.clocks,
                step=report.step,
                channel=report.channel,
                lon=report.lon,
                lat=report.lat,
                attributes=report.attributes if rules.public else {},
                private=private,
                **believed,
            ),
        )

    def _sighted(self, name: str) -> FeedState:
        """Note that a feed is alive; a silent one is back, which every partition is told."""
        feed = self._feeds.of(name)
        if feed.silent:
            self._feeds.back(feed)
            self._forward_silence(feed)
        self._feeds.heard(feed, self.clock_ms)
        return feed

    def _refuse(self, refusal: Refusal, value: bytes, name: str) -> None:
        """Send a dead letter: where the record lies and why it was refused, not the record itself."""
        self._dead[refusal.reason] = self._dead.get(refusal.reason, 0) + 1
        if self._rules is not None and name in self._rules.feeds:
            self._sighted(name).refused += 1
        dead_id = f"{self.lane}-{self.offset}"
        letter = {
            "id": dead_id,
            "lane": self.lane,
            "offset": self.offset,
            "feed": name[:80],
            "reason": refusal.reason,
            "sentence": refusal.sentence,
            "t_ms": self.clock_ms,
            "size_bytes": len(value),
            "sha256": sha256(value).hexdigest(),
        }
        self._effects.append(
            Effect(topic="deadletter", partition=0, id=dead_id, value=encoder.encode(letter))
        )

    def _requeue(self, record: Requeued) -> None:
        """Judge a dead letter again, once; sent twice it counts once."""
        if record.dead in self._requeued:
            self._requeued[record.dead] += 1
            return
        self._requeued[record.dead] = 1
        try:
            original = b64decode(record.value_b64) if record.value_b64 else record.value.encode()
        except ValueError as error:
            raise Refusal("malformed", "The dead letter's value is not base64.") from error
        inner = judge.read(original)
        if not isinstance(inner, Report):
            raise Refusal("wrong_type", "Only reports can be sent again.")
        self._report(inner)

    def _take_rules(self, notice: RulesNotice) -> None:
        """Let a rule set come into force, when it follows the one that is."""
        if notice.hash != self.rules_hash and notice.follows == self.rules_hash:
            self._rules = self._rules_of(notice.hash)
            self.rules_hash = notice.hash
            self._feeds.take_rules(self._rules.feeds)

    # -- forwarding

    def _origin(self) -> tuple[int, int, int]:
        return (self.lane, self.offset, self._n)

    def _stamp(self) -> int | None:
        return self.clock_ms if self._shared else None

    def _forward(self, partition: int, record: msgspec.Struct) -> None:
        name = f"{self.lane}-{self.offset}-{self._n}"
        self._effects.append(
            Effect(topic="journal", partition=partition, id=name, value=encoder.encode(record))
        )
        self._n += 1

    def _forward_all(self, make: Callable[[tuple[int, int, int]], msgspec.Struct]) -> None:
        for partition in range(JOURNAL_PARTITIONS):
            self._forward(partition, make(self._origin()))

    def _forward_silence(self, feed: FeedState) -> None:
        self._forward_all(
            lambda origin: FeedSilence(
                origin=origin, feed=feed.feed, silent=feed.silent, last_ms=feed.last_ms, t_ms=self._stamp()
            )
        )

    # -- what the edge takes

    def take_effects(self) -> list[Effect]:
        """Return and forget the effects since the last call."""
        effects, self._effects = self._effects, []
        return effects

    def take_changes(self) -> Changes | None:
        """Return the read models that changed since the last call, or None."""
        if self._taken == self.offset:
            return None
        return self._read_models(self._feeds.take_changed())

    def whole(self) -> Changes:
        """Return the read models whole. Feeds of other lanes share the hash, so nothing is replaced."""
        return self._read_models(self._feeds.take_all())

    def _read_models(self, feeds: Mapping[str, Any]) -> Changes:
        self._taken = self.offset
        lane = {
            "offset": self.offset,
            "clock_ms": self.clock_ms,
            "rules": self.rules_hash,
            "refused": sum(self._dead.values()),
            "dead": dict(sorted(self._dead.items())),
            "requeued": len(self._requeued),
        }
        hashes: dict[str, dict[str, bytes | None]] = {
            "feeds": {name: encoder.encode(feed) for name, feed in feeds.items()},
            "lanes": {str(self.lane): encoder.encode(lane)},
        }
        body = encoder.encode({"feeds": feeds, "lanes": {str(self.lane): lane}})
        return Changes(offset=self.offset, clock_ms=self.clock_ms, hashes=hashes, body=body)

    def due_ms(self) -> int | None:
        """Return the instant at which the next feed falls silent, or None."""
        return self._feeds.next_silence_ms()

    # -- state

    def plain(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {
            "offset": self.offset,
            "clock_ms": self.clock_ms,
            "rules": self.rules_hash,
            "feeds": self._feeds.plain(),
            "ids": self._known.plain(),
            "requeued": dict(self._requeued),
            "dead": dict(self._dead),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take over a state that `plain` gave."""
        self.offset = plain["offset"]
        self.clock_ms = plain["clock_ms"]
        self.rules_hash = plain["rules"]
        self._rules = self._rules_of(self.rules_hash) if self.rules_hash else None
        if self._rules is not None:
            self._feeds.take_rules(self._rules.feeds)
        self._feeds.restore(plain["feeds"])
        self._known.restore(plain["ids"])
        self._requeued = dict(plain["requeued"])
        self._dead = dict(plain["dead"])
