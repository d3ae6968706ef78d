"""Which of many polygons holds a point: prepared shapes under a raster, built once, exact, and fast enough for a lane."""

import math
from collections.abc import Sequence

import numpy as np
import shapely

CELLS_A_SHAPE = 128
"""Cells of the raster for each shape: with so many, most points of a city's districts ask no polygon."""

LEAST_CELLS = 16

MOST_CELLS = 512
"""A quarter of a million cells is about 60 MB, and enough for a province's grids."""


class Shapes:
    """Prepared shapes, the smallest first, and a raster over them that says which can hold a point of a cell.

    A cell inside its first shape answers at once; in another, each candidate is asked.
    """

    def __init__(self, codes: Sequence[str], geojson: Sequence[bytes]) -> None:
        # what is no geometry holds no point; areas import refuses it, and a fold must not stop at it
        read = np.asarray(shapely.from_geojson(geojson, on_invalid="ignore"), dtype=object)
        sizes = shapely.area(read)
        order = [int(i) for i in np.argsort(sizes, kind="stable") if sizes[i] > 0]
        self._shapes = read[order]
        self._codes = [codes[i] for i in order]
        self._cells: dict[int, tuple[int, ...]] = {}
        self._inside: dict[int, str] = {}
        self._side = 0
        if not order:
            return
        shapely.prepare(self._shapes)
        self._side = min(MOST_CELLS, max(LEAST_CELLS, math.isqrt(len(order) * CELLS_A_SHAPE)))
        west, south, east, north = (float(edge) for edge in shapely.total_bounds(self._shapes))
        self._west, self._south = west, south
        self._wide, self._high = (east - west) / self._side, (north - south) / self._side
        self._raster()

    def _raster(self) -> None:
        columns, rows = (axis.ravel() for axis in np.meshgrid(np.arange(self._side), np.arange(self._side)))
        # a hair wider than the cell, so that rounding of a point's cell loses no candidate
        slack_lon, slack_lat = self._wide * 1e-6, self._high * 1e-6
        boxes = shapely.box(
            self._west + columns * self._wide - slack_lon,
            self._south + rows * self._high - slack_lat,
            self._west + (columns + 1) * self._wide + slack_lon,
            self._south + (rows + 1) * self._high + slack_lat,
        )
        tree = shapely.STRtree(self._shapes)
        candidates: dict[int, list[int]] = {}
        for cell, shape in zip(*tree.query(boxes, predicate="intersects").tolist(), strict=True):
            candidates.setdefault(cell, []).append(shape)
        within = set(zip(*tree.query(boxes, predicate="within").tolist(), strict=True))
        for cell, shapes in candidates.items():
            first = min(shapes)
            if (cell, first) in within:
                self._inside[cell] = self._codes[first]
            else:
                self._cells[cell] = tuple(sorted(shapes))

    def at(self, lon: float, lat: float) -> str:
        """Return the code of the smallest shape that holds a point, its border included; "" where none does."""
        if not self._side:
            return ""
        column, row = int((lon - self._west) // self._wide), int((lat - self._south) // self._high)
        if not (-1 <= column <= self._side and -1 <= row <= self._side):
            return ""
        # the far edges belong to the last cells
        cell = min(max(row, 0), self._side - 1) * self._side + min(max(column, 0), self._side - 1)
        code = self._inside.get(cell)
        if code is not None:
            return code
        for i in self._cells.get(cell, ()):
            if shapely.intersects_xy(self._shapes[i], lon, lat):
                return self._codes[i]
        return ""
