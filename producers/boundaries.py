"""Boundaries that are redrawn: which areas ended, which began, and which came after which."""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
import shapely

from domain.codes import GRID_DIGITS
from domain.places.boundaries import ALWAYS, Validity
from domain.places.places import NO_GEOMETRY, Area, AreaFile

LEAST_SHARE = 0.05
"""Of the smaller of two shapes: what they share below it is a line that was drawn a little otherwise."""


class BoundariesError(ValueError):
    """Boundaries that cannot follow those in force; the message says why and how to mend it."""


def redrawn(
    before: AreaFile, after: Iterable[Area], stated: Mapping[str, tuple[str, ...]], from_ms: int
) -> dict[str, Validity]:
    """Return the validity of a set's areas after its boundaries were redrawn.

    Parameters
    ----------
    before
        The set as it was.
    after
        The grids that there are from then on, those that stay included.
    stated
        By the code of an area that ends, the codes of its successors where the source says them; elsewhere those are its
        successors that share ground with it.
    from_ms
        From when on the new boundaries hold.

    Raises
    ------
    BoundariesError
        If nothing of the set stays, or an area would end before it began.

    """
    validity = dict(before.validity)
    held = [
        area
        for area in before.areas
        if len(area.code) == GRID_DIGITS and _of(validity, area.code).to_ms is None
    ]
    now = {area.code: area for area in after}
    gone = [area for area in held if area.code not in now]
    if held and len(gone) == len(held):
        raise BoundariesError(
            "None of the areas in force is in the file: it is another set's, or its codes have changed."
        )
    known = {area.code for area in before.areas}
    for code in now:
        if code not in known:
            validity[code] = Validity(from_ms=from_ms)
    late = [area for area in gone if (_of(validity, area.code).from_ms or from_ms - 1) >= from_ms]
    if late:
        raise BoundariesError(
            f"{late[0].source or late[0].code} would end before it began: give a later --valid-from."
        )
    shared = _sharing([area for area in gone if area.code not in stated], list(now.values()))
    for area in gone:
        successors = stated.get(area.code) or shared.get(area.code, ())
        validity[area.code] = msgspec.structs.replace(
            _of(validity, area.code), to_ms=from_ms, successors=tuple(sorted(successors))
        )
    return dict(sorted(validity.items()))


def _of(validity: Mapping[str, Validity], code: str) -> Validity:
    return validity.get(code, ALWAYS)


def _sharing(gone: list[Area], now: list[Area]) -> dict[str, tuple[str, ...]]:
    """Return by the code of an area that is gone those of now that lie on a part of it."""
    gone = [area for area in gone if area.geometry != NO_GEOMETRY]
    now = [area for area in now if area.geometry != NO_GEOMETRY]
    if not gone or not now:
        return {}
    old = shapely.make_valid(shapely.from_geojson([bytes(area.geometry) for area in gone]))
    new = shapely.make_valid(shapely.from_geojson([bytes(area.geometry) for area in now]))
    here, there = shapely.STRtree(new).query(old, predicate="intersects")
    smaller = np.minimum(shapely.area(old[here]), shapely.area(new[there]))
    enough = shapely.area(shapely.intersection(old[here], new[there])) >= LEAST_SHARE * smaller
    found: dict[str, tuple[str, ...]] = {}
    for a, b in zip(here[enough].tolist(), there[enough].tolist(), strict=True):
        found[gone[a].code] = (*found.get(gone[a].code, ()), now[b].code)
    return found
