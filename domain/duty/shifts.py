"""The desks of a rule set and their shifts: when each ends, as instants. Every answer is a pure function of the file.

The zone's offsets from UTC are written out when a rule set is published (`config.desk_source`), as for calendars.
"""

from collections.abc import Mapping

import msgspec

from domain.clocks.local import DAY_MS, LocalClock

MINUTE_MS = 60_000
DAY_MIN = 1440


class DesksError(ValueError):
    """A rule set's desks that cannot be read."""


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of a desk: from when until when, in ms. Its end is its name."""

    start_ms: int
    end_ms: int


class DeskEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A desk in the file: `shifts` in minutes after midnight; one that ends on the next date ends behind 1440.

    `phone` is the desk's own line, never a person's; empty where none is filed, and then absent from the file, so that
    rule sets from before there were numbers keep their hash.
    """

    title: dict[str, str]
    zone: str
    shifts: list[tuple[int, int]]
    phone: str = ""


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

    __slots__ = ("_clock", "phone", "shifts", "title", "zone")

    def __init__(self, entry: DeskEntry, offsets: list[tuple[int, int]]) -> None:
        self.title = entry.title
        self.phone = entry.phone
        self.zone = entry.zone
        self.shifts = entry.shifts
        self._clock = LocalClock(offsets)

    def after(self, at_ms: int) -> Shift:
        """Return the first shift that ends after an instant."""
        return min((one for one in self._around(at_ms) if one.end_ms > at_ms), key=lambda one: one.end_ms)

    def nearest(self, at_ms: int) -> Shift:
        """Return the shift that is being handed over at an instant: the one whose end is nearest, the earlier of two."""
        return min(self._around(at_ms), key=lambda one: (abs(one.end_ms - at_ms), one.end_ms))

    def ends_at(self, at_ms: int) -> bool:
        """Tell whether a shift ends at an instant."""
        return self.after(at_ms - 1).end_ms == at_ms

    def _around(self, at_ms: int) -> list[Shift]:
        """Return the shifts that begin on the local dates around an instant; each lasts at most a day."""
        day, clock = self._clock.day_of(at_ms), self._clock
        return [
            Shift(
                start_ms=clock.instant_of(date * DAY_MS + start * MINUTE_MS),
                end_ms=clock.instant_of(date * DAY_MS + end * MINUTE_MS),
            )
            for date in range(day - 2, day + 3)
            for start, end in self.shifts
        ]


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
