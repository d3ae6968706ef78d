"""Times of recorded files: text and a format in, epoch milliseconds out; what cannot be read stays the text it was."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
TIMES_KEPT = 16_384
"""Texts whose time is remembered: files repeat days and stamps, and reading one costs 5 to 10 µs."""

_LOOSE = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)[T ]+(\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)? *(Z|[+-]\d\d:?\d\d)?")
"""ISO 8601 as sources write it: hours of one digit, a blank before the offset."""


def epoch_ms(moment: datetime) -> int:
    """Return the epoch milliseconds of an aware time."""
    return (moment - EPOCH) // MILLISECOND


def read_iso(text: str) -> datetime:
    """Return the time that a text in ISO 8601 says, naive where it has no offset.

    Raises
    ------
    ValueError
        If it says none.

    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        found = _LOOSE.fullmatch(text)
        if found is None:
            raise
        year, month, day, hour, minute, second, part, offset = found.groups()
        strict = f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{second or '00'}{(part or '')[:7]}{offset or ''}"
        return datetime.fromisoformat(strict)


class TimeColumn:
    """One time column of a mapping.

    Parameters
    ----------
    spec
        `{column, format, zone, day}`; format `iso`, `epoch_s`, `epoch_ms`, or as for `strptime`.
    zone
        The feed's zone, for times without one.

    """

    def __init__(self, spec: Mapping[str, Any], zone: ZoneInfo) -> None:
        self.column = str(spec["column"])
        self.day = bool(spec.get("day", False))
        self._feed_zone = zone
        self._zone = ZoneInfo(spec["zone"]) if spec.get("zone") else zone
        self._moment = _reader(str(spec.get("format", "iso")))
        self.read: Callable[[str], int | str | None] = lru_cache(maxsize=TIMES_KEPT)(self._read)

    def _read(self, text: str) -> int | str | None:
        """Return epoch ms (of a day column the local ISO day), None for an empty text, the text where it says no time."""
        text = text.strip()
        if not text:
            return None
        try:
            moment = self._moment(text)
            if self.day:
                local = moment if moment.tzinfo is None else moment.astimezone(self._feed_zone)
                return local.date().isoformat()
            return epoch_ms(moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone))
        except (ValueError, OverflowError):
            return text


def _reader(form: str) -> Callable[[str], datetime]:
    if form == "iso":
        return read_iso
    if form in ("epoch_s", "epoch_ms"):
        unit = 1000 if form == "epoch_s" else 1
        return lambda text: EPOCH + timedelta(milliseconds=round(float(text) * unit))
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 - the column's zone is put on by the caller
