"""One township and category in the bank: its open interval, its detector, and the hysteresis of its verdicts."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from detectors.base import CountDetector
from domain.detection import DetectorRules, Verdict

NEVER_MS = 1 << 62
"""End of an interval that is counted into and thrown away: later than any clock."""

UNJUDGED = Verdict(
    state="warming",
    score=0.0,
    observed=0,
    expected=0.0,
    low=0.0,
    high=0.0,
    interval_start_ms=0,
    since_ms=None,
)


class Pair:
    """The running state of one pair; intervals are numbered from 1970, UTC.

    Attributes
    ----------
    seen
        Reports before there is a detector.
    count, end_ms
        Reports so far and end of the interval that is counted into; reports before ``end_ms`` only add to ``count``.
    open
        Whether that interval will be judged; if not, its count is thrown away.
    due_ms
        The scheduled close; 0 for none.
    next
        The first interval that the detector has not learned.
    judged
        The first interval that has not been judged; goes on behind ``next`` only through an anomaly's empty intervals.
    calm
        Calm intervals in a row within an anomaly.
    """

    __slots__ = (
        "calm",
        "count",
        "detector",
        "due_ms",
        "end_ms",
        "feeds",
        "judged",
        "next",
        "open",
        "seen",
        "stale",
        "verdict",
    )

    def __init__(self) -> None:
        self.feeds: list[str] = []
        self.seen = 0
        self.count = 0
        self.end_ms = 0
        self.open = False
        self.due_ms = 0
        self.next = 0
        self.judged = 0
        self.calm = 0
        self.stale = False
        self.detector: CountDetector | None = None
        self.verdict = UNJUDGED

    def begin(self, detector: CountDetector, interval: int, interval_ms: int) -> None:
        """Start the detector with this interval; what is left of the one before is not counted."""
        self.detector = detector
        self.next = self.judged = interval
        self.end_ms = interval * interval_ms

    def judge(self, interval: int, rules: DetectorRules) -> None:
        """Judge the open interval, which is over, then learn it and the empty ones before it."""
        detector = self._present()
        self.learn_empty_to(interval)
        expected = detector.expected()
        observed, start_ms = self.count, interval * rules.interval_ms
        score, state, since_ms = 0.0, "warming", None
        if detector.warm:
            score = detector.score_one({"count": observed})
            state, since_ms = self._state_after(observed, expected.high, expected.calm, start_ms, rules)
        detector.learn_one({"count": observed})
        self.open, self.count, self.end_ms = False, 0, 0
        self.next = self.judged = interval + 1
        self.verdict = Verdict(
            state=state,  # type: ignore[arg-type]  # one of the two literals above
            score=score,
            observed=observed,
            expected=expected.mean,
            low=float(expected.low),
            high=float(expected.high),
            interval_start_ms=start_ms,
            since_ms=since_ms,
        )

    def judge_empty(self, end: int, rules: DetectorRules) -> None:
        """Judge the empty intervals before ``end``: they calm an anomaly and say nothing else; learned later."""
        if self.verdict.state != "anomalous" or end <= self.judged:
            return
        ends_it = self.judged + rules.leave_after - self.calm
        over = end >= ends_it
        last = min(end, ends_it) - 1
        self.calm = 0 if over else self.calm + end - self.judged
        self.judged = last + 1
        self.verdict = msgspec.structs.replace(
            self.verdict,
            state="normal" if over else "anomalous",
            score=0.0,
            observed=0,
            interval_start_ms=last * rules.interval_ms,
            since_ms=None if over else self.verdict.since_ms,
        )

    def learn_empty_to(self, end: int) -> None:
        """Learn the intervals before ``end`` as empty."""
        if end > self.next:
            self._present().learn_empty(end - self.next)
            self.next = end

    def go_stale(self) -> None:
        """Say nothing more until the feeds are back; the interval that was open is thrown away."""
        self.stale = True
        self.open, self.count, self.end_ms, self.calm = False, 0, NEVER_MS, 0
        self.verdict = msgspec.structs.replace(self.verdict, state="stale", score=0.0, since_ms=None)

    def go_on(self, interval: int) -> None:
        """Count again from this interval; those not learned by now were observed by nobody."""
        detector = self._present()
        if interval > self.next:
            detector.skip(interval - self.next)
            self.next = interval
        self.judged = self.next
        self.stale = False
        self.count = self.end_ms = 0
        state = "normal" if detector.warm else "warming"
        self.verdict = msgspec.structs.replace(self.verdict, state=state)

    def plain(self) -> dict[str, Any]:
        """The state in plain values; a count that will be thrown away is not state."""
        return {
            "calm": self.calm,
            "count": self.count if self.open else 0,
            "detector": None if self.detector is None else self.detector.plain(),
            "due_ms": self.due_ms,
            "end_ms": self.end_ms if self.open else 0,
            "feeds": list(self.feeds),
            "judged": self.judged,
            "next": self.next,
            "seen": self.seen,
            "stale": self.stale,
            "verdict": msgspec.to_builtins(self.verdict),
        }

    @classmethod
    def restored(cls, plain: Mapping[str, Any], make: Callable[[int], CountDetector] | None) -> "Pair":
        """The pair that `plain` gave; without a ``make`` for its detector, one that begins it at its next report."""
        pair = cls()
        pair.feeds = list(plain["feeds"])
        pair.seen = plain["seen"]
        if make is None or plain["detector"] is None:
            pair.verdict = msgspec.structs.replace(UNJUDGED, observed=pair.seen)
            return pair
        pair.calm = plain["calm"]
        pair.count = plain["count"]
        pair.due_ms = plain["due_ms"]
        pair.end_ms = plain["end_ms"]
        pair.judged = plain["judged"]
        pair.next = plain["next"]
        pair.open = pair.end_ms > 0
        pair.stale = plain["stale"]
        pair.verdict = msgspec.convert(plain["verdict"], Verdict)
        pair.detector = make(pair.next)
        pair.detector.restore(plain["detector"])
        return pair

    def _state_after(
        self, observed: int, high: int, calm: int, start_ms: int, rules: DetectorRules
    ) -> tuple[str, int | None]:
        if self.verdict.state != "anomalous":
            return ("anomalous", start_ms) if observed > high else ("normal", None)
        self.calm = self.calm + 1 if observed <= calm else 0
        if self.calm < rules.leave_after:
            return "anomalous", self.verdict.since_ms
        self.calm = 0
        return "normal", None

    def _present(self) -> CountDetector:
        assert self.detector is not None
        return self.detector
