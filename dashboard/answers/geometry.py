"""Borders and names of areas for the map, out of a rule set: pure, except that an Atlas keeps what it worked out.

What has no border in the rule set becomes a square tile, so that no area is ever missing from the map.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from dashboard.answers.tiles import Box, Ring, tiles
from domain.codes import LEVELS, TOWNSHIP_DIGITS, is_jurisdiction
from domain.rules import Rules

# A 4K wall shows the map on about 2,200 px; half a pixel of that is below what anyone sees.
MAP_STEPS = 4400

# Above this many areas the map is a mosaic of cells and asks for no borders (decision 20).
MOSAIC_ABOVE = 2000

# Borders that together fill less of their box than this lie too far apart to be seen: tiles tell more.
SCATTERED_BELOW = 0.02

# Scopes kept drawn: a wall drills among some dozens; a province has 1,900 townships of some 100 kB each.
DRAWN_KEPT = 256

Names = dict[str, str]
"""A name by language: `en` and `zh`."""


class AreaShape(msgspec.Struct, frozen=True, kw_only=True):
    """An area as the map draws it: rings of (lon, lat), a point for its label, and whether it is a made-up tile."""

    code: str
    name: Names
    rings: list[Ring]
    label: tuple[float, float]
    tile: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One jurisdiction on the way from the whole area (code "") to a scope."""

    code: str
    name: Names


class Geometry(msgspec.Struct, frozen=True, kw_only=True):
    """What the map of a scope draws. With `mosaic` the areas are too many for borders, and come in map order."""

    scope: str
    level: str
    areas: list[AreaShape]
    bbox: Box | None
    trail: list[Step]
    mosaic: bool = False


class Atlas:
    """The areas of one rule set, with borders worked out when they are first asked for.

    Parameters
    ----------
    rules
        The compiled rule set.

    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._drawn: dict[str, Geometry] = {}
        self._unions: dict[str, BaseGeometry | None] = {}

    def name(self, code: str) -> Names:
        """Return a jurisdiction's or grid's name by language.

        One without a name is called like the only thing in it that has one (a city of one county); else by its code.
        """
        named = code
        while self._rules.name_of(named, "en") == named and len(below := self._rules.children(named)) == 1:
            named = below[0]
        found = {language: self._rules.name_of(named, language) for language in ("en", "zh")}
        return {language: code if name == named else name for language, name in found.items()}

    def names(self, codes: Iterable[str]) -> dict[str, Names]:
        """Return the names of those texts that are codes."""
        return {code: self.name(code) for code in codes if code and is_jurisdiction(code)}

    def children(self, scope: str) -> list[str]:
        """Return what a scope's map shows: one level below, levels with a single child passed through."""
        below = self._rules.children(scope)
        while len(below) == 1 and (further := self._rules.children(below[0])):
            below = further
        return below

    def trail(self, scope: str) -> list[Step]:
        """Return the steps from the whole area to a scope, without levels at which there is nothing to choose."""
        levels = [digits for digits in LEVELS if digits <= len(scope)]
        chosen = [digits for digits in levels if len(self._rules.children(scope[: _above(digits)])) > 1]
        codes = ["", *(scope[:digits] for digits in chosen)]
        if codes[-1] != scope:
            codes.append(scope)
        steps = [Step(code=code, name=self.name(code) if code else {"en": "", "zh": ""}) for code in codes]
        # a city that is called like its only county is the same place to whoever reads it
        return [
            one for one, below in zip_longest(steps, steps[1:]) if below is None or one.name != below.name
        ]

    def geometry(self, scope: str) -> Geometry:
        """Return what the map of a scope draws; of a single grid, itself.

        Raises
        ------
        LookupError
            If the rule set has no such scope.

        """
        if scope and not (is_jurisdiction(scope) and self._rules.known(scope)):
            raise LookupError(
                f"There is no area {scope[:15]!r} in this rule set; open /wall without a scope."
            )
        if scope not in self._drawn:
            if len(self._drawn) >= DRAWN_KEPT:
                self._drawn.clear()
            # an area that has ended has its figures and no place: its successors lie there
            lasting = [code for code in self.children(scope) if self._lasts(code)]
            self._drawn[scope] = self._draw(scope, lasting or [scope])
        return self._drawn[scope]

    def _lasts(self, code: str) -> bool:
        """Tell whether an area, or something below it, is one after all changes of boundaries."""
        below = self._rules.children(code)
        return self._rules.holds(code, None) and (not below or any(self._lasts(child) for child in below))

    def _draw(self, scope: str, codes: Sequence[str]) -> Geometry:
        borders = {code: border for code in codes if (border := self._border(code)) is not None}
        mosaic = len(codes) > MOSAIC_ABOVE
        if mosaic:
            shapes = [
                AreaShape(code=code, name=self.name(code), rings=[], label=(0.0, 0.0))
                for code in map_order(codes, borders)
            ]
            box = None
        else:
            shapes, box = self._shapes(codes, {} if _scattered(borders) else borders, borders)
        return Geometry(
            scope=scope,
            level=LEVELS.get(len(codes[0]), "area"),
            areas=shapes,
            bbox=box,
            trail=self.trail(scope),
            mosaic=mosaic,
        )

    def _shapes(
        self, codes: Sequence[str], drawn: Mapping[str, BaseGeometry], placed: Mapping[str, BaseGeometry]
    ) -> tuple[list[AreaShape], Box | None]:
        bounds = shapely.total_bounds(list(drawn.values())) if drawn else None
        step = 0.0 if bounds is None else max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / MAP_STEPS
        shapes = []
        for code, border in drawn.items():
            thin = border.simplify(step) if step else border
            point = (thin if thin.area else border).representative_point()
            shapes.append(
                AreaShape(code=code, name=self.name(code), rings=rings_of(thin), label=(point.x, point.y))
            )
        missing = map_order([code for code in codes if code not in drawn], placed)
        beside = None if bounds is None else (bounds[0], bounds[1], bounds[2], bounds[3])
        for code, ring, middle in tiles(missing, beside):
            shapes.append(AreaShape(code=code, name=self.name(code), rings=[ring], label=middle, tile=True))
        corners = [corner for area in shapes for ring in area.rings for corner in ring]
        if not corners:
            return shapes, None
        lons, lats = [lon for lon, _ in corners], [lat for _, lat in corners]
        return shapes, (min(lons), min(lats), max(lons), max(lats))

    def _border(self, code: str) -> BaseGeometry | None:
        """Return an area's own border, or the union of what lies below it."""
        rings = self._rules.rings(code)
        if rings:
            return _even_odd(rings)
        if code not in self._unions:
            below = [
                border
                for child in self._rules.children(code)
                if self._lasts(child) and (border := self._border(child)) is not None
            ]
            whole = shapely.union_all(below) if below else None
            if len(code) > TOWNSHIP_DIGITS:  # a province has ten thousand villages, and 1,900 townships
                return whole
            self._unions[code] = whole
        return self._unions[code]


def _above(digits: int) -> int:
    return max((other for other in LEVELS if other < digits), default=0)


def _even_odd(rings: Sequence[Sequence[Sequence[float]]]) -> BaseGeometry | None:
    """Return what rings enclose when each one cuts out of, or adds to, those before it."""
    whole: BaseGeometry | None = None
    for ring in rings:
        if len(ring) < LEAST_CORNERS:
            continue
        part: BaseGeometry = shapely.Polygon(ring)
        part = part if part.is_valid else shapely.make_valid(part)
        whole = part if whole is None else whole.symmetric_difference(part)
    return whole if whole is not None and whole.area > 0 else None


# A closed ring around anything has three corners and the first again.
LEAST_CORNERS = 4


def _scattered(borders: Mapping[str, BaseGeometry]) -> bool:
    if len(borders) <= 1:
        return False
    west, south, east, north = shapely.total_bounds(list(borders.values()))
    boxes = sum(shapely.box(*border.bounds).area for border in borders.values())
    return bool(boxes < SCATTERED_BELOW * (east - west) * (north - south))


def rings_of(border: BaseGeometry) -> list[Ring]:
    """Return outer rings and holes alike: an even-odd fill and hit test treat them the same."""
    polygons = [part for part in shapely.get_parts(border) if part.geom_type == "Polygon"]
    return [
        [(round(lon, 6), round(lat, 6)) for lon, lat in line.coords]
        for polygon in polygons
        for line in (polygon.exterior, *polygon.interiors)
    ]


def map_order(codes: Sequence[str], borders: Mapping[str, BaseGeometry]) -> list[str]:
    """Return codes row by row, north to south and west to east, so that neighbours stay near each other; the placeless last."""
    middle = {code: borders[code].centroid for code in codes if code in borders}
    placed = sorted(middle, key=lambda code: (-middle[code].y, code))
    width = max(1, math.ceil(math.sqrt(len(placed))))
    ordered: list[str] = []
    for start in range(0, len(placed), width):
        ordered += sorted(placed[start : start + width], key=lambda code: (middle[code].x, code))
    return ordered + [code for code in codes if code not in middle]
