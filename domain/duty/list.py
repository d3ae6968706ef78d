"""Who is on duty in each grid of a scope at an instant, for whoever asks: by ids alone."""

from collections.abc import Iterator

import msgspec

from domain.codes import COUNTY_DIGITS, GRID_DIGITS
from domain.rules import Rules


class OnDuty(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for a grid; nobody where `worker` is empty.

    Attributes
    ----------
    by
        The area whose roster says so: the grid, or a wider one.
    stand_in_on_shift
        Whether who stands in has a shift now.

    """

    grid: str
    worker: str = ""
    stand_in: str = ""
    stand_in_on_shift: bool = False
    by: str = ""
    until_ms: int | None = None


def on_duty_in(rules: Rules, scope: str, at_ms: int) -> Iterator[OnDuty]:
    """Give who is on duty in each grid that holds then, of a scope whose county has a roster, in the grids' order."""
    for county in sorted(rules.rosters):
        if county.startswith(scope[:COUNTY_DIGITS]):
            roster = rules.rosters[county]
            for grid in _grids(rules, scope if len(scope) > COUNTY_DIGITS else county):
                if not rules.holds(grid, at_ms):
                    continue
                duty = roster.on_duty(grid, at_ms)
                if duty is None:
                    yield OnDuty(grid=grid)
                    continue
                yield OnDuty(
                    grid=grid,
                    worker=duty.worker,
                    stand_in=duty.stand_in,
                    stand_in_on_shift=bool(duty.stand_in) and roster.on_shift(duty.stand_in, at_ms),
                    by=duty.area,
                    until_ms=duty.until_ms,
                )


def _grids(rules: Rules, code: str) -> Iterator[str]:
    if len(code) == GRID_DIGITS:
        yield code
        return
    for below in rules.children(code):
        yield from _grids(rules, below)
