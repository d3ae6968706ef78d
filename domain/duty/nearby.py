"""Who is on duty near a case: by how far areas of duty lie from its point, never by where a person is.

What is compared is the middle of an area in the rule set; where a worker is at that moment nothing here knows or asks.
"""

import math

import msgspec
import shapely

from domain.codes import TOWNSHIP_DIGITS, VILLAGE_DIGITS
from domain.duty.roster import Duty, Roster
from domain.rules import Rules

DEGREE_M = 111_320.0
"""Metres of a degree of latitude, and of one of longitude at the equator."""

CORNERS = 4
"""A closed ring around anything has three corners and the first again."""

Point = tuple[float, float]
"""Longitude and latitude in degrees, WGS-84."""


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty in a neighbouring area, and how far its middle is from the case, in metres."""

    duty: Duty
    distance_m: int


def nearby(rules: Rules, roster: Roster, grid: str, point: Point, at_ms: int) -> list[Near]:
    """Return who is on duty in other areas of a grid's village, else of its township, the nearest area first.

    An area without a border in the rule set, of which no distance is known, is left out.
    """
    for digits in (VILLAGE_DIGITS, TOWNSHIP_DIGITS):
        found = [
            Near(duty=duty, distance_m=round(_metres(point, middle)))
            for area in roster.areas()
            if area.startswith(grid[:digits]) and not grid.startswith(area) and rules.holds(area, at_ms)
            if (duty := roster.on_duty(area, at_ms)) is not None and duty.area == area
            if (middle := _middle(rules, area)) is not None
        ]
        if found:
            return sorted(found, key=lambda one: (one.distance_m, one.duty.area))
    return []


def _middle(rules: Rules, area: str) -> Point | None:
    """Return the centroid of an area; of one without a border of its own, of the grids in it that have one."""
    own = _largest(rules, area)
    below = (_largest(rules, grid) for grid in rules.children(area)) if own is None else (own,)
    parts = [part for part in below if part is not None]
    size = sum(part.area for part in parts)
    if not size:
        return None
    middles = [(part.centroid, part.area / size) for part in parts]
    return sum(middle.x * share for middle, share in middles), sum(
        middle.y * share for middle, share in middles
    )


def _largest(rules: Rules, code: str) -> shapely.Polygon | None:
    """Return the largest part of an area's own border: an island off its coast moves nobody's middle."""
    rings = [ring for ring in rules.rings(code) if len(ring) >= CORNERS]
    return max(map(shapely.Polygon, rings), key=lambda part: part.area, default=None)


def _metres(one: Point, other: Point) -> float:
    """Return a distance on a plane, which is exact enough within a township."""
    wide = (one[0] - other[0]) * math.cos(math.radians(one[1]))
    return DEGREE_M * math.hypot(wide, one[1] - other[1])
