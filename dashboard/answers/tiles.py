"""Square tiles for areas that have no border: the whole map, or rows under what has borders."""

import math
from collections.abc import Iterator, Sequence

Ring = list[tuple[float, float]]
"""Closed, of (longitude, latitude) in degrees."""

Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""

# The map on a 16:9 wall is 58 % of the width by 82 % of the height, and keeps a line for the legend.
WIDE = 1.35
# A row of tiles under a map has at least so many, so that they stay smaller than the areas that have borders.
TILES_BESIDE = 12
# Share of a tile's side that is filled: the rest is the gap between tiles.
FILLED = 0.94


def tiles(codes: Sequence[str], beside: Box | None) -> Iterator[tuple[str, Ring, tuple[float, float]]]:
    """Yield each code with its tile and the tile's middle.

    Parameters
    ----------
    codes
        In the order of the tiles, row by row.
    beside
        The box of what has borders; tiles then stand in rows under it. None: the tiles are the whole map, in rows
        that make it about as wide as the wall's map is.

    """
    if not codes:
        return
    if beside is None:
        columns = max(1, math.ceil(math.sqrt(len(codes) * WIDE)))
        left, top, side = 0.0, 0.0, 1.0
    else:
        columns = max(TILES_BESIDE, math.ceil(math.sqrt(len(codes)) * 2))
        side = (beside[2] - beside[0]) / columns
        left, top = beside[0], beside[1] - side / 2
    for index, code in enumerate(codes):
        west, north = left + side * (index % columns), top - side * (index // columns)
        east, south = west + side * FILLED, north - side * FILLED
        ring = [(west, north), (east, north), (east, south), (west, south), (west, north)]
        yield code, ring, ((west + east) / 2, (north + south) / 2)
