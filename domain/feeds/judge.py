"""What makes a report acceptable: each refusal has a name for the counters and a sentence for a person."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from domain.feeds.rules import FeedRules
from domain.privacy.sealed import LONGEST_PRIVATE, is_sealed
from domain.records import Report, ReportsRecord, TooLarge, Unreadable, reports_decoder

EARLIEST_MS = 946_684_800_000
"""2000-01-01T00:00:00Z: an older time is a broken clock, not an old matter."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01T00:00:00Z: a feed's own time beyond it would stop every clock for ever."""
AHEAD_MS = 120_000
"""Clocks of phones and servers differ; more than two minutes ahead of arrival is a broken one."""
MAX_BYTES = 512 * 1024
"""A report is a few hundred bytes; what is larger carries a file, which travels by reference."""
MAX_ID = 512
"""Characters of an id: the identifying columns of a feed without ids may be long, but not endless."""


class Refusal(Exception):  # noqa: N818 - a refusal is an outcome, not an error of ours
    """Why a record goes to `deadletter`: `reason` is its name, the text is for a person."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


def read(value: bytes) -> ReportsRecord:
    """Decode a record of `reports`.

    Raises
    ------
    Refusal
        When it is too large, no UTF-8, no JSON, or has a field of the wrong type.

    """
    if len(value) > MAX_BYTES:
        raise Refusal("too_large", f"The message has {len(value)} bytes; at most {MAX_BYTES} are taken.")
    try:
        record: ReportsRecord = reports_decoder.decode(value)
    except msgspec.ValidationError as error:
        raise Refusal("wrong_type", f"A field has the wrong type: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_json(value, error) from error
    except RecursionError as error:
        raise Refusal("malformed", "The message is nested too deeply to be read.") from error
    if isinstance(record, TooLarge):
        raise Refusal(
            "too_large", f"{record.reason} ({record.size_bytes} bytes, SHA-256 {record.sha256[:64]})."
        )
    if isinstance(record, Unreadable):
        raise Refusal(
            record.reason,
            f"The row cannot be read ({record.size_bytes} bytes); it is sealed, since it may name somebody.",
        )
    return record


def sealed(report: Report) -> str:
    """Return a report's private part.

    Raises
    ------
    Refusal
        When it stands in the clear, or is longer than a producer makes it.

    """
    if report.private and (len(report.private) > LONGEST_PRIVATE or not is_sealed(report.private)):
        raise Refusal("not_sealed", "The private part is not sealed: send reports through a producer.")
    return report.private


def _no_json(value: bytes, error: Exception) -> Refusal:
    try:
        value.decode()
    except UnicodeDecodeError as wrong:
        return Refusal("bad_utf8", f"The message is not UTF-8: byte {wrong.start} cannot be read.")
    return Refusal("malformed", f"The message is not JSON: {error}.")


class _Claim(msgspec.Struct):
    feed: str = ""


_claims = msgspec.json.Decoder(_Claim)


def claimed_feed(value: bytes) -> str:
    """Return the feed that a record which cannot be read says it comes from, if that much can be read."""
    try:
        return _claims.decode(value[:MAX_BYTES]).feed
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def times(report: Report, rules: FeedRules, arrived_ms: int) -> dict[str, Any]:
    """Return the times of a report that can be believed, with the flags of what was put right.

    Returns
    -------
    dict
        The fields `opened_ms`, `closed_ms`, `due_ms` and `flags` of `domain.records.Opened`.

    Raises
    ------
    Refusal
        When it has no id or too long a one, or a time of it cannot be believed.

    """
    if not report.id:
        raise Refusal("no_id", "The report has no id, and none of its identifying columns has a value.")
    if len(report.id) > MAX_ID:
        raise Refusal("long_id", f"The id has {len(report.id)} characters; at most {MAX_ID} are taken.")
    opened_ms = instant("opened", report.opened_ms, arrived_ms)
    closed_ms = instant("closed", report.closed_ms, arrived_ms)
    closed_ms, mended = closing(opened_ms, closed_ms, rules.zone)
    flags = ["closed_at_opening"] if mended else []
    due_ms = _promise_end_ms(report.promised, rules)
    return {"opened_ms": opened_ms, "closed_ms": closed_ms, "due_ms": due_ms, "flags": flags}


def _promise_end_ms(promised: int | str | None, rules: FeedRules) -> int | None:
    due_ms = promised
    if isinstance(due_ms, str):
        try:
            due_ms = rules.promise_end_ms(due_ms)
        except (ValueError, OverflowError) as error:  # the last day of all has no day after it
            raise Refusal("unreadable_time", f"promised is not a day: {promised!r:.80}.") from error
    if due_ms is not None and not EARLIEST_MS <= due_ms < LATEST_MS:
        raise Refusal("bad_time", "promised lies outside the years 2000 to 2099.")
    return due_ms


def instant(name: str, value: int | str | None, arrived_ms: int) -> int | None:
    """Return a report's time when it can be believed.

    Raises
    ------
    Refusal
        When it is text that no one could read, lies before 2000, or more than two minutes after arrival.

    """
    if value is None:
        return None
    if isinstance(value, str):
        raise Refusal("unreadable_time", f"{name} is not a time: {value[:80]!r}.")
    if value < EARLIEST_MS:
        raise Refusal("too_early", f"{name} lies before the year 2000.")
    if value > arrived_ms + AHEAD_MS:
        raise Refusal("in_future", f"{name} lies more than 2 minutes after the arrival.")
    return value


def closing(opened_ms: int | None, closed_ms: int | None, zone: ZoneInfo) -> tuple[int | None, bool]:
    """Return when a case was closed, and whether that had to be put right.

    A closing earlier on the opening's own local day counts as at the opening (sources that know only the day write
    midnight).

    Raises
    ------
    Refusal
        When the closing lies on an earlier day than the opening.

    """
    if closed_ms is None or opened_ms is None or closed_ms >= opened_ms:
        return closed_ms, False
    if _day(opened_ms, zone) != _day(closed_ms, zone):
        raise Refusal("closed_before_opened", "The closing lies on an earlier day than the opening.")
    return opened_ms, True


def _day(at_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at_ms / 1000, zone).date()
