"""What the casework fold asks of surge detection: verdicts, the bank it calls, and the rules it is built from.

It is not the detection itself: that is River's side and lives in ``detectors``, so that the rules need no River.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

import msgspec

SECONDS_AN_HOUR = 3600
WIDEST_OFFSET_S = 14 * SECONDS_AN_HOUR
"""No place on earth is further than UTC+14 from Greenwich's clock."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a pair's detector says about the last interval that it judged.

    Attributes
    ----------
    state
        ``warming``: no verdict yet. ``stale``: a feed of the pair is silent, so its counts say nothing.
    score
        -log10 of the chance of a count this high or higher in a normal interval; 0 … 16, 0 at or under the mean.
    observed
        Reports in the interval; while there is no detector yet, the reports seen so far.
    expected, low, high
        Mean of a normal interval, and the counts between which a normal interval stays; reports an interval.
    interval_start_ms
        Start of the judged interval; 0 where none has been judged.
    since_ms
        Start of the interval in which the present anomaly began; None unless anomalous.
    """

    state: Literal["warming", "normal", "anomalous", "stale"]
    score: float
    observed: int
    expected: float
    low: float
    high: float
    interval_start_ms: int
    since_ms: int | None


def pair_key(township: str, category: str) -> str:
    """Name of a pair: the township's code, a bar, the category."""
    return f"{township}|{category}"


class DetectorBank(Protocol):
    """One detector a township and category; a deterministic function of the calls, which come at a partition's clock.

    A report at exactly the end of an interval belongs to the next one: the clock fires what is due first.
    Each pair has at most one close scheduled at a time, so the caller's heap holds at most one entry a pair.
    """

    def count(self, township: str, category: str, feed: str, t_ms: int) -> int | None:
        """One report of clock time ``t_ms``, which never decreases.

        Returns
        -------
        The instant, a multiple of the interval, at which `close` must be called for this pair, if none is scheduled
        for it yet; else None.
        """
        ...

    def close(self, pair: str, t_ms: int) -> tuple[Verdict, int | None]:
        """Judge and learn all of the pair's intervals up to their end ``t_ms``, runs of empty ones in one call.

        Returns
        -------
        The verdict, and the next instant to close at: only while the pair is anomalous, so that it can return to
        normal. A quiet pair costs nothing. A call that was not scheduled changes nothing.
        """
        ...

    def silence(self, feed: str, last_ms: int, now_ms: int) -> list[tuple[str, Verdict]]:
        """The feed has been silent since its last report at ``last_ms``: its pairs' detectors become stale.

        Returns
        -------
        The pairs that changed, sorted. What lies after ``last_ms`` is never learned as zeros.
        """
        ...

    def resume(self, feed: str, now_ms: int) -> list[tuple[str, Verdict]]:
        """The feed is back, called before its first report is counted; the pairs that changed, sorted.

        The interval in which it comes back is neither judged nor learned.
        """
        ...

    def verdict(self, pair: str) -> Verdict | None:
        """The last verdict of a pair; None if it was never counted."""
        ...

    def verdicts(self) -> Iterable[tuple[str, Verdict]]:
        """The last verdict of every pair ever counted, sorted by pair."""
        ...

    def pending(self) -> list[tuple[int, str]]:
        """The scheduled closes (instant, pair), sorted: what a heap is rebuilt from after `restore`."""
        ...

    def plain(self) -> dict[str, Any]:
        """The whole state in plain values, equal for equal calls byte for byte; at most 4 kB a pair in msgpack."""
        ...

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over what `plain` gave in place of the present state.

        If the interval, the model or its memory was another one then, the detectors begin anew, warming. The caller
        rebuilds its heap from `pending` afterwards.
        """
        ...


class DetectorRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The town's ``detectors.toml``, checked.

    Attributes
    ----------
    interval_s
        Length of the counted interval; a divisor of an hour, 60 … 3600.
    begin_at
        The pair's report, 1 …, at which its detector begins.
    model
        Name in the catalogue of detectors.
    warmup_intervals
        Intervals learned before the first verdict; 1 ….
    half_life_days
        Days, 1 … 365, after which an interval weighs half in what is expected.
    utc_offset_s
        The town's standard time against UTC, for hours and weekdays.
    enter_probability
        A normal interval would reach the alarming count with less than this chance; 1e-12 … 0.05.
    leave_probability
        An interval with at least this chance is calm; over ``enter_probability``, at most 0.5.
    leave_after
        Calm intervals in a row that end an anomaly; 1 … 288.
    min_count
        No interval with fewer reports is ever anomalous; 3 ….
    """

    interval_s: int = 300
    begin_at: int = 20
    model: str = "surge"
    warmup_intervals: int = 288
    half_life_days: int = 14
    utc_offset_s: int = 0
    enter_probability: float = 1e-6
    leave_probability: float = 1e-2
    leave_after: int = 3
    min_count: int = 4

    @property
    def interval_ms(self) -> int:
        """Length of the counted interval in milliseconds."""
        return self.interval_s * 1000


def detector_rules(toml: bytes) -> DetectorRules:
    """The rules that a ``detectors.toml`` states; what it leaves out has its default.

    Raises
    ------
    ValueError
        With one sentence a mistake, all of them at once, each naming line and field.
    """
    try:
        text = toml.decode()
        table = tomllib.loads(text)
    except UnicodeDecodeError as bad:
        line = toml.count(b"\n", 0, bad.start) + 1
        raise ValueError(f"detectors.toml, line {line}: not UTF-8 text; save the file as UTF-8.") from bad
    except tomllib.TOMLDecodeError as bad:
        raise ValueError(f"detectors.toml is not TOML: {bad}.") from bad
    types = {field.name: field.type for field in msgspec.structs.fields(DetectorRules)}
    good: dict[str, Any] = {}
    mistakes: dict[str, str] = {}
    for name, value in table.items():
        if name not in types:
            mistakes[name] = f"there is no such field; the fields are {', '.join(types)}"
            continue
        try:
            good[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError as bad:
            mistakes[name] = f"{value!r} is of the wrong type ({bad})"
    rules = DetectorRules(**good)
    for name, wish in _out_of_range(rules):
        mistakes.setdefault(name, f"{getattr(rules, name)!r} is out of range; {wish}")
    if mistakes:
        raise ValueError(
            "\n".join(
                f"detectors.toml, {_line_of(name, text)}{name}: {said}." for name, said in mistakes.items()
            )
        )
    return rules


def _out_of_range(rules: DetectorRules) -> Iterator[tuple[str, str]]:
    shortest_s = 60  # under a minute a count says nothing, and a close costs more than its reports
    if not shortest_s <= rules.interval_s <= SECONDS_AN_HOUR or SECONDS_AN_HOUR % rules.interval_s:
        yield "interval_s", "give a divisor of 3600 from 60 to 3600"
    if rules.begin_at < 1:
        yield "begin_at", "give 1 or more"
    if rules.warmup_intervals < 1:
        yield "warmup_intervals", "give 1 or more"
    if not 1 <= rules.half_life_days <= 365:  # noqa: PLR2004 - a year, said in the sentence
        yield "half_life_days", "give 1 to 365"
    if abs(rules.utc_offset_s) > WIDEST_OFFSET_S:
        yield "utc_offset_s", "give seconds from -50400 to 50400"
    if not 1e-12 <= rules.enter_probability <= 0.05:  # noqa: PLR2004 - said in the sentence
        yield "enter_probability", "give 1e-12 to 0.05"
    if not rules.enter_probability < rules.leave_probability <= 0.5:  # noqa: PLR2004 - said in the sentence
        yield "leave_probability", "give more than enter_probability and at most 0.5"
    if not 1 <= rules.leave_after <= 288:  # noqa: PLR2004 - a day of five minutes, said in the sentence
        yield "leave_after", "give 1 to 288"
    if rules.min_count < 3:  # noqa: PLR2004 - two reports are never a surge, said in the sentence
        yield "min_count", "give 3 or more"


def _line_of(name: str, text: str) -> str:
    """``line N, `` of the field's first mention, or nothing where the file leaves the field out."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.split("=")[0].strip().strip("[]\"'") == name:
            return f"line {number}, "
    return ""
