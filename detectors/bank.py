"""The bank: one detector a township and category, told of reports, of interval ends and of silent feeds.

A pair's intervals are learned at its next report's close, empty ones as one run, so a quiet pair costs nothing and a
gap that turns out later to have been a feed's silence was never learned as zeros.
The counting path mutates its pairs in place, inside this module alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from detectors.catalogue import maker, memory
from detectors.pair import NEVER_MS, Pair
from domain.detection import DetectorRules, Verdict, pair_key

PLAIN_VERSION = 1
"""Of the plain form; a form of another version is refused, for the fold's version changes with it."""


class Bank:
    """`domain.detection.DetectorBank` over River detectors.

    Raises
    ------
    ValueError
        If the rules name a model that the catalogue has not.
    """

    def __init__(self, rules: DetectorRules) -> None:
        self._rules = rules
        self._interval_ms = rules.interval_ms
        self._make = maker(rules)
        self._pairs: dict[str, Pair] = {}
        self._counted: dict[tuple[str, str, str], Pair] = {}
        self._silent: set[str] = set()

    def count(self, township: str, category: str, feed: str, t_ms: int) -> int | None:
        """One report; the instant to close its pair at, if none is scheduled yet."""
        pair = self._counted.get((township, category, feed))
        if pair is not None and t_ms < pair.end_ms:
            pair.count += 1
            return None
        if pair is None:
            pair = self._attached(township, category, feed)
            if t_ms < pair.end_ms:  # another feed's report has opened this interval
                pair.count += 1
                return None
        return self._open(pair, t_ms)

    def close(self, pair: str, t_ms: int) -> tuple[Verdict, int | None]:
        """Judge and learn the pair's intervals up to ``t_ms``; the verdict, and when to close next."""
        one = self._pairs[pair]
        if not one.due_ms or t_ms < one.due_ms:
            return one.verdict, None
        one.due_ms = 0
        if one.detector is None or one.stale:
            return one.verdict, None
        if one.open and one.end_ms <= t_ms:
            interval = one.end_ms // self._interval_ms - 1
            one.judge_empty(interval, self._rules)
            one.judge(interval, self._rules)
        one.judge_empty(t_ms // self._interval_ms, self._rules)
        if one.open:
            one.due_ms = one.end_ms
        elif one.verdict.state == "anomalous":
            one.due_ms = (t_ms // self._interval_ms + 1) * self._interval_ms
        return one.verdict, one.due_ms or None

    def silence(self, feed: str, last_ms: int, now_ms: int) -> list[tuple[str, Verdict]]:
        """The feed fell silent: its detectors learn up to its last report, and become stale."""
        if feed in self._silent:
            return []
        self._silent.add(feed)
        changed = []
        for key, pair in sorted(self._pairs.items()):
            if feed in pair.feeds and pair.detector is not None and not pair.stale:
                pair.learn_empty_to(min(last_ms, now_ms) // self._interval_ms)
                pair.go_stale()
                changed.append((key, pair.verdict))
        return changed

    def resume(self, feed: str, now_ms: int) -> list[tuple[str, Verdict]]:
        """The feed is back: detectors of which no other feed is silent go on behind the present interval."""
        if feed not in self._silent:
            return []
        self._silent.remove(feed)
        changed = []
        for key, pair in sorted(self._pairs.items()):
            if feed in pair.feeds and pair.stale and self._silent.isdisjoint(pair.feeds):
                pair.go_on(now_ms // self._interval_ms + 1)
                changed.append((key, pair.verdict))
        return changed

    def verdict(self, pair: str) -> Verdict | None:
        """The last verdict of a pair, or None."""
        one = self._pairs.get(pair)
        return None if one is None else one.verdict

    def verdicts(self) -> Iterator[tuple[str, Verdict]]:
        """The last verdict of every pair, sorted."""
        for key, pair in sorted(self._pairs.items()):
            yield key, pair.verdict

    def pending(self) -> list[tuple[int, str]]:
        """The scheduled closes, sorted."""
        return sorted((pair.due_ms, key) for key, pair in self._pairs.items() if pair.due_ms)

    def plain(self) -> dict[str, Any]:
        """The state in plain values, sorted."""
        return {
            "memory": memory(self._rules),
            "pairs": {key: pair.plain() for key, pair in sorted(self._pairs.items())},
            "silent": sorted(self._silent),
            "version": PLAIN_VERSION,
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over a state; detectors whose memory was of another kind begin anew at their pair's next report.

        Raises
        ------
        ValueError
            If the state is of another version of the plain form.
        """
        if plain["version"] != PLAIN_VERSION:
            raise ValueError(
                f"The detectors' state is of version {plain['version']}, not {PLAIN_VERSION}; refold it."
            )
        make = self._make if plain["memory"] == memory(self._rules) else None
        self._pairs = {key: Pair.restored(one, make) for key, one in plain["pairs"].items()}
        self._silent = set(plain["silent"])
        self._counted = {}
        for key, pair in self._pairs.items():
            township, _, category = key.partition("|")
            for feed in pair.feeds:
                self._counted[township, category, feed] = pair

    def _attached(self, township: str, category: str, feed: str) -> Pair:
        """The pair, knowing this feed as one of its own."""
        key = pair_key(township, category)
        pair = self._pairs.get(key)
        if pair is None:
            pair = self._pairs[key] = Pair()
        pair.feeds = sorted({*pair.feeds, feed})
        self._counted[township, category, feed] = pair
        return pair

    def _open(self, pair: Pair, t_ms: int) -> int | None:
        """Begin an interval with this report, or the pair's detector, or go on waiting for one."""
        interval = t_ms // self._interval_ms
        if pair.detector is None:
            pair.seen += 1
            pair.verdict = msgspec.structs.replace(pair.verdict, observed=pair.seen)
            if pair.seen >= self._rules.begin_at:
                pair.begin(self._make(interval + 1), interval + 1, self._interval_ms)
                if not self._silent.isdisjoint(pair.feeds):
                    pair.go_stale()
            return None
        if pair.open:
            raise ValueError(f"A report of {t_ms} came before the close that was due at {pair.end_ms}.")
        if pair.stale or interval < pair.next:  # half over when the detector began or went on: thrown away
            pair.end_ms = NEVER_MS if pair.stale else pair.next * self._interval_ms
            return None
        pair.open = True
        pair.count = 1
        pair.end_ms = (interval + 1) * self._interval_ms
        if pair.due_ms:
            return None
        pair.due_ms = pair.end_ms
        return pair.due_ms
