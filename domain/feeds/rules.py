"""What one feed's file says: identity, clocks, memory, silence, and the way to a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from domain.codes import Grid
from domain.places.places import AreaSet, Places, Squares

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

DAYS_KEPT = 4096
"""Days whose end is remembered: eleven years of promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRules:
    """One feed's rules.

    `silent_after_ms` 0 means never; `keep_closed_ms` and `remember_ms` None mean for ever; `within_ms` is set only for
    feeds without ids: the same values within this time of the last sighting are the same report.
    `flow` names the way of its cases in `flow.toml`, `calendar` the working hours of who handles them. `columns` is the raw mapping that producers read. `squares` is set
    where places are squares.
    """

    name: str
    title: dict[str, str]
    county: str
    zone: ZoneInfo
    flow: str
    calendar: str
    public: bool
    silent_after_ms: int
    clocks: Literal["none", "sla", "promised"]
    sla_clocks: frozenset[str]
    keep_closed_ms: int | None
    remember_ms: int | None
    within_ms: int | None
    columns: Mapping[str, Any]
    place_spec: Mapping[str, Any]
    areas: AreaSet | None
    squares: Squares | None
    places: Places
    _ends: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def place(
        self, lon: float | None, lat: float | None, names: Sequence[str], at_ms: int | None = None
    ) -> tuple[Grid, str]:
        """Return the grid of a point or of names, and the source's own code or name of it ("" when unplaced).

        Parameters
        ----------
        lon, lat
            Degrees; None where the report has no point. Anything that is no place on earth is unplaced.
        names
            The source's area code or names, the most exact first.
        at_ms
            By the boundaries of which instant; None: the newest.

        """
        return self.places.place(lon, lat, names, at_ms)

    def local_day(self, instant_ms: int) -> date:
        """Return the feed's local day of an instant.

        Raises
        ------
        ValueError, OverflowError
            If the instant is outside the years 1 to 9999.

        """
        return (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant_ms))
            .astimezone(self.zone)
            .date()
        )

    def promise_end_ms(self, day: str) -> int:
        """Return the first instant after a local day.

        Parameters
        ----------
        day
            An ISO day, `2018-01-05`.

        Returns
        -------
        int
            Epoch milliseconds.

        Raises
        ------
        ValueError
            If the text is no day.

        """
        known = self._ends.get(day)
        if known is None:
            known = day_start_ms(date.fromisoformat(day) + timedelta(days=1), self.zone)
            if len(self._ends) < DAYS_KEPT:
                self._ends[day] = known
        return known


def day_start_ms(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of a local day, also where a zone skips midnight.

    Returns
    -------
    int
        Epoch milliseconds.

    """
    # A skipped midnight is read with the offset before the change, which is the change itself: the first instant.
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000
