"""The desks of a rule set and their shifts: when each ends, as instants. Every answer is a pure function of the file.

The zone's offsets from UTC are written out when a rule set is published (`config.desk_source`), as for calendars.
"""

from bisect import bisect_right
from collections.abc import Mapping

import msgspec

DAY_MS = 86_400_000
MINUTE_MS = 60_000
DAY_MIN = 1440


class DesksError(ValueError):
    """A rule set's desks that cannot be read."""


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of a desk: from when until when, in ms. Its end is its name."""

    start_ms: int
    end_ms: int


class DeskEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A desk in the file: `shifts` in minutes after midnight; one that ends on the next date ends behind 1440."""

    title: dict[str, str]
    zone: str
    shifts: list[tuple[int, int]]


class DeskFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part `desks.json` of a rule set.

    Attributes
    ----------
    desks
        By the code of their jurisdiction.
    zones
        By name: from which second after 1970 (UTC) the local clock is how many seconds ahead.

    """

    desks: dict[str, DeskEntry]
    zones: dict[str, list[tuple[int, int]]]


class DeskPlan:
    """The shifts of one desk."""

    __slots__ = ("_from", "_offset", "_shifts", "_until", "title", "zone")

    def __init__(self, entry: DeskEntry, offsets: list[tuple[int, int]]) -> None:
        self.title = entry.title
        self.zone = entry.zone
        self._shifts = sorted(entry.shifts, key=lambda shift: (shift[1], shift[0]))
        self._from = [at_s * 1000 for at_s, _ in offsets]
        self._offset = [ahead_s * 1000 for _, ahead_s in offsets]
        # what the local clock shows when an offset ends
        self._until = [
            at_ms + ahead_ms for at_ms, ahead_ms in zip(self._from[1:], self._offset, strict=False)
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeskPlan) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    __hash__ = None  # type: ignore[assignment] # it is compared, and never a key

    def after(self, at_ms: int) -> Shift:
        """Return the first shift that ends after an instant."""
        return min(
            (shift for shift in self._around(at_ms) if shift.end_ms > at_ms), key=lambda shift: shift.end_ms
        )

    def nearest(self, at_ms: int) -> Shift:
        """Return the shift that is being handed over at an instant: the one whose end is nearest, the earlier of two."""
        return min(self._around(at_ms), key=lambda shift: (abs(shift.end_ms - at_ms), shift.end_ms))

    def ends_at(self, at_ms: int) -> bool:
        """Tell whether a shift ends at an instant."""
        return self.after(at_ms - 1).end_ms == at_ms

    def _around(self, at_ms: int) -> list[Shift]:
        """Return the shifts that begin on the local dates around an instant; each lasts at most a day."""
        day = (at_ms + self._ahead(at_ms)) // DAY_MS
        return [
            Shift(
                start_ms=self._instant(date * DAY_MS + start * MINUTE_MS),
                end_ms=self._instant(date * DAY_MS + end * MINUTE_MS),
            )
            for date in range(day - 2, day + 3)
            for start, end in self._shifts
        ]

    def _ahead(self, at_ms: int) -> int:
        return self._offset[max(bisect_right(self._from, at_ms) - 1, 0)]

    def _instant(self, local_ms: int) -> int:
        """Return the first instant at which the local clock shows a time or a later one."""
        stretch = bisect_right(self._until, local_ms)
        found = local_ms - self._offset[stretch]
        return max(found, self._from[stretch]) if stretch else found


def read_desks(body: bytes) -> dict[str, DeskPlan]:
    """Return the desks by code.

    Raises
    ------
    DesksError
        If the part is none, or a desk has no shift or no zone.

    """
    try:
        file = msgspec.json.decode(body, type=DeskFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise DesksError(f"is no desks file: {wrong}.") from wrong
    plans: dict[str, DeskPlan] = {}
    for code, entry in file.desks.items():
        offsets = file.zones.get(entry.zone)
        if not entry.shifts or not offsets or not all(_fits(*shift) for shift in entry.shifts):
            raise DesksError(f"the desk {code} has no shifts or no zone.")
        plans[code] = DeskPlan(entry, offsets)
    return plans


def desks_of(parts: Mapping[str, bytes], mistakes: list[str]) -> dict[str, DeskPlan]:
    """Return the desks of a rule set; mistakes are added to the list. Rule sets from before there were desks have none."""
    if "desks.json" not in parts:
        return {}
    try:
        return read_desks(parts["desks.json"])
    except DesksError as wrong:
        mistakes.append(f"desks.json: {wrong}")
        return {}


def _fits(start: int, end: int) -> bool:
    return 0 <= start < DAY_MIN and start < end <= start + DAY_MIN
