"""Where a report lies: area sets with their geometry, and the three ways from a point or a name to a grid."""

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Protocol

import msgspec

from domain.codes import COUNTY_DIGITS, GRID_DIGITS, LEVELS, TOWNSHIP_DIGITS, VILLAGE_DIGITS, Grid, unplaced
from domain.places.boundaries import Boundaries, Validity, around
from domain.places.shapes import Shapes

METRES_PER_DEGREE = 111_195.0
"""One degree of a great circle on a sphere of 6,371 km; squares need no better."""

POINTS_KEPT = 65_536
"""Points whose place is remembered: sources repeat themselves, and this many are about 15 MB."""

TOWNSHIP_SQUARES = 16
"""Squares along a side of a township made of squares; a village has 4 by 4 of them, so sequences stay in three digits."""

VILLAGE_SQUARES = 4


SPANS_KEPT = 2
"""Spans of unchanged boundaries that are kept ready: time moves on, and seldom over a change."""

NO_GEOMETRY = msgspec.Raw(b"null")


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """One area of a set: a grid, or a prefix that only groups others. `workers` counts those who answer for it.

    `geometry` is GeoJSON as it stood, read only when it is needed: a province has 122,800 of them.
    """

    code: str
    source: str = ""
    name: str = ""
    name_zh: str = ""
    geometry: msgspec.Raw = NO_GEOMETRY
    parent: str = ""
    workers: int = 0


class AreaFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in `areas/SET.json`: the areas sorted by code, and the validity of those that began or ended."""

    set: str
    county: str
    areas: list[Area]
    validity: dict[str, Validity] = {}


class AreaSet:
    """The areas of a set, found by code, by the source's own code and by name.

    Names and source codes are matched without case. Of two areas of the same name the more exact one is found.
    """

    def __init__(self, file: AreaFile) -> None:
        self.name = file.set
        self.county = file.county
        self.boundaries = Boundaries(file.validity)
        self._drawn: dict[int, Shapes] = {}
        self.areas = {area.code: area for area in file.areas}
        # what has ended gives way to what has its name now
        newest = sorted(file.areas, key=lambda one: self.boundaries.of(one.code).to_ms is None)
        self.by_source = {area.source.casefold(): area.code for area in newest if area.source}
        self.by_name: dict[str, str] = {}
        for area in sorted(newest, key=lambda one: len(one.code)):
            if area.name:
                self.by_name[area.name.casefold()] = area.code

    def at_point(self, lon: float, lat: float, at_ms: int | None = None) -> str:
        """Return the code of the smallest grid that holds a point (its border included), or "" where none does.

        Parameters
        ----------
        lon, lat
            Degrees.
        at_ms
            By the boundaries of which instant; None: the newest.

        """
        return self._shapes(self.boundaries.epoch(at_ms)).at(lon, lat)

    def _shapes(self, epoch: int) -> Shapes:
        """Return the shapes of the grids of a span without changes; built at its first point."""
        if epoch not in self._drawn:
            at_ms = self.boundaries.starts_ms(epoch)
            with_shape = [
                a
                for a in self.areas.values()
                if bytes(a.geometry) != b"null"
                and len(a.code) == GRID_DIGITS
                and self.boundaries.of(a.code).holds(at_ms)
            ]
            while len(self._drawn) >= SPANS_KEPT:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[epoch] = Shapes([a.code for a in with_shape], [bytes(a.geometry) for a in with_shape])
        return self._drawn[epoch]

    def passes_ms(self, grid: str, from_ms: int) -> int | None:
        """Return the first instant, from one on, at which a grid is no more and something has come after it; else None."""
        return self.boundaries.passes_ms(self._code_of(grid), from_ms)

    def heir(self, grid: str, lon: float | None, lat: float | None, at_ms: int) -> str:
        """Return the grid that one has become by an instant; "" while it holds, and where nothing has come after it.

        Of several the point says which; without one it is the smallest area around them all, as for new reports.
        """
        code = self._code_of(grid)
        heirs = [] if self.boundaries.of(code).holds(at_ms) else self.boundaries.heirs(code, at_ms)
        if len(heirs) <= 1:
            return whole(heirs[0]) if heirs else ""
        if lon is not None and lat is not None and is_point(lon, lat):
            inside = self.at_point(lon, lat, at_ms)
            if inside in heirs:
                return inside
        prefix = around(heirs)
        if not prefix or not self.boundaries.of(prefix).holds(at_ms):
            prefix = self.county
        found = whole(prefix)
        return "" if found == grid else found

    def _code_of(self, grid: str) -> str:
        """Return the code of the area that a grid is, or is the rest of."""
        if grid in self.areas:
            return grid
        return next(
            (code for digits in LEVELS if (code := grid[:digits]) in self.areas and whole(code) == grid), grid
        )

    def named(self, text: str) -> str:
        """Return the code of the area with this source code or name, or "" where none has it."""
        key = text.strip().casefold()
        return self.by_source.get(key) or self.by_name.get(key, "")

    def has_county(self, county: str) -> bool:
        """Tell whether an area of a county is in the set."""
        return county in self._counties

    @cached_property
    def _counties(self) -> frozenset[str]:
        return frozenset(code[:COUNTY_DIGITS] for code in self.areas if len(code) >= COUNTY_DIGITS)

    def label(self, code: str) -> str:
        """Return the source's own code or name of an area, or "" where the set does not have it."""
        area = self.areas.get(code)
        return "" if area is None else area.source or area.name


class Places(Protocol):
    """A feed's way from a point or names to a grid. Raises nothing, whatever it is given."""

    def place(
        self, lon: float | None, lat: float | None, names: Sequence[str], at_ms: int | None = None
    ) -> tuple[Grid, str]:
        """Return the grid and the source's own code or name of the area; a county's unplaced grid where none fits.

        It is the grid by the boundaries of an instant; None: the newest.
        """


class ByPoint:
    """By the point; without one, by the names."""

    def __init__(self, areas: AreaSet, county: str) -> None:
        self._names = ByName(areas, county)
        self._areas = areas
        self._unplaced = unplaced(county)
        self._at = lru_cache(maxsize=POINTS_KEPT)(self._find)

    def _find(self, lon: float, lat: float, epoch: int) -> tuple[Grid, str]:
        code = self._areas.at_point(lon, lat, self._areas.boundaries.starts_ms(epoch))
        return (Grid(code), self._areas.label(code)) if code else (self._unplaced, "")

    def place(
        self, lon: float | None, lat: float | None, names: Sequence[str], at_ms: int | None = None
    ) -> tuple[Grid, str]:
        """Return the smallest grid around the point."""
        if lon is None or lat is None:
            return self._names.place(None, None, names, at_ms)
        if not is_point(lon, lat):
            return self._unplaced, ""
        return self._at(lon, lat, self._areas.boundaries.epoch(at_ms))


class ByName:
    """By the names, the most exact first; a name that is only a county's gives that county's unplaced grid.

    The name of an area that has ended means its successor; where it has several, the point says which, and without one
    the smallest area around them all takes it.
    """

    def __init__(self, areas: AreaSet, county: str) -> None:
        self._areas = areas
        self._unplaced = unplaced(county)
        self._known: dict[int, _Names] = {}

    def place(
        self, lon: float | None, lat: float | None, names: Sequence[str], at_ms: int | None = None
    ) -> tuple[Grid, str]:
        """Return the grid of the first name that is known."""
        known = self._names_in(self._areas.boundaries.epoch(at_ms))
        for name in names:
            found = known.get(name) or known.get(name.strip().casefold())
            if found is not None:
                grid, label, heirs = found
                if heirs and lon is not None and lat is not None and is_point(lon, lat):
                    inside = self._areas.at_point(lon, lat, at_ms)
                    if inside in heirs:
                        return Grid(inside), self._areas.label(inside)
                return grid, label
        return self._unplaced, ""

    def _names_in(self, epoch: int) -> "_Names":
        """Return what names mean in a span without changes: those of areas that hold go before those of ended ones."""
        if epoch not in self._known:
            while len(self._known) >= SPANS_KEPT:
                del self._known[next(iter(self._known))]
            self._known[epoch] = self._read(self._areas.boundaries.starts_ms(epoch))
        return self._known[epoch]

    def _read(self, at_ms: int | None) -> "_Names":
        boundaries = self._areas.boundaries
        known: _Names = {}
        for code in boundaries.ended():
            area = self._areas.areas.get(code)
            heirs = [] if area is None else boundaries.heirs(code, at_ms)
            if area is not None and heirs and heirs != [code]:
                known |= dict.fromkeys(_keys(area), self._heir(code, heirs))
        holding = [area for area in self._areas.areas.values() if boundaries.of(area.code).holds(at_ms)]
        holding.sort(key=lambda area: len(area.code))
        known |= {area.name.casefold(): self._itself(area.code) for area in holding if area.name}
        known |= {area.source.casefold(): self._itself(area.code) for area in holding if area.source}
        for area in holding:
            if len(area.code) == GRID_DIGITS:
                known.setdefault(area.code, self._itself(area.code))
        return known

    def _itself(self, code: str) -> tuple[Grid, str, frozenset[str]]:
        grid = Grid(code) if len(code) == GRID_DIGITS else whole(code)
        return grid, self._areas.label(code), frozenset()

    def _heir(self, code: str, heirs: list[str]) -> tuple[Grid, str, frozenset[str]]:
        if len(heirs) == 1:
            return self._itself(heirs[0])
        prefix = around(heirs)
        return whole(prefix) if prefix else self._unplaced, self._areas.label(code), frozenset(heirs)


_Names = dict[str, tuple[Grid, str, frozenset[str]]]
"""By name, source code or code: the grid, what the source calls it, and among which grids a point decides."""


class Squares:
    """By squares of some metres inside bounds, where a source has no areas.

    Townships are blocks of 16 by 16 squares, villages of 4 by 4, counted from the south-west corner, row by row.

    Parameters
    ----------
    county
        Six digits.
    side_m
        A square's side in metres.
    bounds
        Smallest longitude and latitude, largest longitude and latitude, in degrees.

    """

    def __init__(self, county: str, side_m: float, bounds: tuple[float, float, float, float]) -> None:
        self.county = county
        self.west, self.south, self.east, self.north = bounds
        middle = math.radians((self.south + self.north) / 2)
        self.step_lat = side_m / METRES_PER_DEGREE
        self.step_lon = side_m / (METRES_PER_DEGREE * math.cos(middle))
        self.columns = math.ceil((self.east - self.west) / self.step_lon)
        self.rows = math.ceil((self.north - self.south) / self.step_lat)
        self.blocks = -(-self.columns // TOWNSHIP_SQUARES)
        self.townships = self.blocks * -(-self.rows // TOWNSHIP_SQUARES)
        self._unplaced = unplaced(county)
        self._code = lru_cache(maxsize=POINTS_KEPT)(self.code_of)

    def place(
        self,
        lon: float | None,
        lat: float | None,
        names: Sequence[str],  # noqa: ARG002 - one way of three
        at_ms: int | None = None,  # noqa: ARG002 - squares never change
    ) -> tuple[Grid, str]:
        """Return the square around the point; outside the bounds, the county's unplaced grid."""
        # written so that NaN is outside
        if (
            lon is None
            or lat is None
            or not (self.west <= lon < self.east and self.south <= lat < self.north)
        ):
            return self._unplaced, ""
        return self._code(int((lon - self.west) / self.step_lon), int((lat - self.south) / self.step_lat)), ""

    def code_of(self, column: int, row: int) -> Grid:
        """Return the code of a square by its column from the west and its row from the south, both from 0."""
        township = row // TOWNSHIP_SQUARES * self.blocks + column // TOWNSHIP_SQUARES
        x, y = column % TOWNSHIP_SQUARES, row % TOWNSHIP_SQUARES
        side = TOWNSHIP_SQUARES // VILLAGE_SQUARES
        village = y // VILLAGE_SQUARES * side + x // VILLAGE_SQUARES
        sequence = y % VILLAGE_SQUARES * VILLAGE_SQUARES + x % VILLAGE_SQUARES
        return Grid(f"{self.county}{township + 1:03d}{village + 1:03d}{sequence + 1:03d}")

    def codes(self) -> list[str]:
        """Return the codes of all squares, sorted."""
        return sorted(self.code_of(c, r) for r in range(self.rows) for c in range(self.columns))

    def ring(self, code: str) -> list[list[float]]:
        """Return the closed outer ring of a square's code, or of the block that a prefix of one stands for, as [lon, lat].

        Raises
        ------
        ValueError
            If the code is shorter than a township's.

        """
        side = TOWNSHIP_SQUARES // VILLAGE_SQUARES
        row, column = (
            n * TOWNSHIP_SQUARES for n in divmod(int(code[COUNTY_DIGITS:TOWNSHIP_DIGITS]) - 1, self.blocks)
        )
        size = TOWNSHIP_SQUARES
        if len(code) >= VILLAGE_DIGITS:
            up, right = divmod(int(code[TOWNSHIP_DIGITS:VILLAGE_DIGITS]) - 1, side)
            row, column, size = row + up * VILLAGE_SQUARES, column + right * VILLAGE_SQUARES, VILLAGE_SQUARES
        if len(code) == GRID_DIGITS:
            up, right = divmod(int(code[VILLAGE_DIGITS:]) - 1, VILLAGE_SQUARES)
            row, column, size = row + up, column + right, 1
        west, south = self.west + column * self.step_lon, self.south + row * self.step_lat
        east = self.west + min(column + size, self.columns) * self.step_lon
        north = self.south + min(row + size, self.rows) * self.step_lat
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return [[round(lon, 7), round(lat, 7)] for lon, lat in corners]


def is_point(lon: float, lat: float) -> bool:
    """Tell whether two numbers are a place on earth (NaN and infinities are not)."""
    return abs(lon) <= 180.0 and abs(lat) <= 90.0  # noqa: PLR2004 - degrees


def rings_of(geometry: msgspec.Raw) -> list[list[list[float]]]:
    """Return the rings of a GeoJSON polygon or multipolygon, outer and inner ones alike; of anything else, none."""
    shape = msgspec.json.decode(geometry)
    if shape is None:
        return []
    if shape["type"] == "Polygon":
        return list(shape["coordinates"])
    if shape["type"] == "MultiPolygon":
        return [ring for polygon in shape["coordinates"] for ring in polygon]
    return []


def _keys(area: Area) -> list[str]:
    return [key for key in (area.name.casefold(), area.source.casefold(), area.code) if key]


def whole(code: str) -> Grid:
    """Return the grid that takes what is known to lie in an area, but in no grid of it."""
    return Grid(code.ljust(GRID_DIGITS, "0"))
