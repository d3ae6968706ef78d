"""The watching of a partition: reports counted by township and category, surges found, and feeds that fell silent."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.alerts.book import AlertBook
from domain.codes import TOWNSHIP_DIGITS, partition_of_name
from domain.deadlines import Deadlines, Due, Entry
from domain.detection import DetectorBank, DetectorRules, Verdict, pair_key
from domain.position import Position
from domain.records import FeedSilence, Opened, encoder

FEED_SILENT = "feed_silent"
"""A kind of alert, and the rule by which it suppresses those of surges: where nobody reports, nothing can be said of them."""


class Watch:
    """The detectors of one partition, and the alerts of surges and silent feeds.

    Parameters
    ----------
    bank_of
        Makes the partition's detectors from their rules.

    """

    __slots__ = ("_alerts", "_at", "_bank", "_bank_of", "_counted", "_deadlines", "_dirty", "_silent")

    def __init__(
        self,
        at: Position,
        deadlines: Deadlines,
        alerts: AlertBook,
        bank_of: Callable[[DetectorRules], DetectorBank],
    ) -> None:
        self._at = at
        self._deadlines = deadlines
        self._alerts = alerts
        self._bank_of = bank_of
        self._bank: DetectorBank | None = None
        self._silent: set[str] = set()
        self._counted: set[str] = set()
        self._dirty: dict[str, Verdict | None] = {}

    def renew(self, rules: DetectorRules) -> None:
        """Begin with new detectors, warming; the old ones' surges end. Their deadlines are nobody's any more."""
        for pair, _ in self._bank.verdicts() if self._bank else ():
            self._dirty[pair] = None
        self._bank = self._bank_of(rules)
        self._counted = set()
        self._alerts.clear_all("surge:")

    def count(self, record: Opened) -> None:
        """Count a new report for its township and category."""
        if self._bank is None:
            return
        township = record.grid[:TOWNSHIP_DIGITS]
        pair = pair_key(township, record.category)
        close_ms = self._bank.count(township, record.category, record.feed, self._at.clock_ms)
        if close_ms is not None:
            self._deadlines.set(close_ms, Due.INTERVAL, pair)
        self._counted.add(pair)

    def close_interval(self, pair: str, at_ms: int) -> None:
        """Judge a pair's interval at its end."""
        if self._bank is None:
            return
        verdict, next_ms = self._bank.close(pair, at_ms)
        if next_ms is not None:
            self._deadlines.set(next_ms, Due.INTERVAL, pair)
        self._judged(pair, verdict)

    def _judged(self, pair: str, verdict: Verdict) -> None:
        """Raise, follow or end a pair's surge alert. What is stale says nothing: its alert is suppressed until it says more."""
        self._dirty[pair] = verdict
        key = f"surge:{pair}"
        alert = self._alerts.by_key(key)
        if verdict.state == "anomalous":
            if alert is None or not alert.active or alert.suppressed_by:
                township, _, category = pair.partition("|")
                alert = self._alerts.raised("surge", key, scope=township, category=category)
            alert.seen, alert.expected = verdict.observed, verdict.expected
            alert.low, alert.high, alert.score = verdict.low, verdict.high, verdict.score
            alert.since_ms = verdict.since_ms
            self._alerts.changed(alert)
        elif alert is not None and verdict.state == "stale":
            self._alerts.suppressed(alert, FEED_SILENT)
        else:
            self._alerts.clear(key)

    def feed_silence(self, record: FeedSilence) -> None:
        """Make a silent feed's detectors stale; the partition that its name hashes to raises the one alert."""
        now_ms = self._at.clock_ms
        key = f"feed:{record.feed}"
        mine = partition_of_name(record.feed) == self._at.partition
        if record.silent:
            self._silent.add(record.feed)
            changed = self._bank.silence(record.feed, record.last_ms, now_ms) if self._bank else []
            alert = self._alerts.by_key(key)  # one that was shelved when the feed was back may still be here
            if mine and (alert is None or not alert.active):
                self._alerts.raised(FEED_SILENT, key, scope="", feed=record.feed, since_ms=record.last_ms)
        else:
            self._silent.discard(record.feed)
            changed = self._bank.resume(record.feed, now_ms) if self._bank else []
            if mine:
                self._alerts.clear(key)
        for pair, verdict in changed:
            self._judged(pair, verdict)

    def take_changed(self) -> dict[str, Verdict | None]:
        """Return and forget the verdicts that changed since the last call, None for a pair that is gone."""
        changed = self._dirty
        if self._bank is not None:
            for pair in sorted(self._counted):
                verdict = self._bank.verdict(pair)
                if verdict is not None and not verdict.interval_start_ms:  # a count changes what is unjudged
                    changed[pair] = verdict
        self._dirty, self._counted = {}, set()
        return changed

    def take_all(self) -> dict[str, Verdict | None]:
        """Return the last verdict of every pair, and forget which of them changed."""
        self._dirty, self._counted = {}, set()
        return dict(self._bank.verdicts()) if self._bank else {}

    @staticmethod
    def shown(verdicts: Mapping[str, Verdict | None]) -> dict[str, bytes | None]:
        """Return what screens read of these pairs, None for one that is gone."""
        return {pair: None if v is None else encoder.encode(v) for pair, v in verdicts.items()}

    def running(self) -> list[Entry]:
        """Return the ends of intervals that may fall due."""
        if self._bank is None:
            return []
        return [(at_ms, Due.INTERVAL, pair, 0) for at_ms, pair in self._bank.pending()]

    def silent(self) -> list[str]:
        """Return the feeds that are silent, sorted."""
        return sorted(self._silent)

    def plain(self) -> dict[str, Any] | None:
        """Return the detectors' state as plain values; None before the first rule set."""
        return self._bank.plain() if self._bank else None

    def restore(self, silent: list[str], rules: DetectorRules | None, bank: Mapping[str, Any] | None) -> None:
        """Take over the silent feeds, and detectors that `plain` gave under these rules."""
        self._silent = set(silent)
        if rules is not None:
            self._bank = self._bank_of(rules)
            if bank is not None:
                self._bank.restore(bank)
