"""Reading `feeds/NAME.toml`: what intake needs of it; the columns are checked by shape and kept for the producers."""

import math
from collections.abc import Mapping
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.codes import COUNTY_DIGITS
from domain.feeds.rules import DAY_MS, HOUR_MS, FeedRules
from domain.places.places import AreaFile, AreaSet, ByName, ByPoint, Places, Squares
from domain.privacy.sights import FIELDS
from domain.rule_page import Page

MOST_TOWNSHIPS = 999
"""A township has three digits."""

SOURCE = "source"
"""The flow of a feed that names none: its cases are settled elsewhere."""

FORMATS = ("csv", "tsv", "jsonl")
TIMES = ("arrival", "opened", "closed", "promised")


def read_feed(name: str, page: Page, sets: Mapping[str, AreaSet]) -> FeedRules:
    """Return a feed's rules; mistakes are noted on the page.

    Parameters
    ----------
    name
        The feed's name, as its file's.
    page
        The whole file.
    sets
        The rule set's area sets by name. A feed whose set is absent places nothing until it is there.

    """
    page.only(
        "title", "county", "zone", "public", "silent_after_s", "clocks", "sla_clocks",
        "keep_closed_days", "remember_days", "columns", "identity", "place", "flow", "calendar",
    )  # fmt: skip
    county = page.text("county", "000000", needed=True)
    if len(county) != COUNTY_DIGITS or not (county.isascii() and county.isdigit()):
        page.wrong("county", f"must have six digits, and is {county!r}.")
        county = "000000"
    sla_clocks = page.texts("sla_clocks", ["accept", "resolve"])
    for clock in sla_clocks:
        if clock not in ("accept", "resolve"):
            page.wrong("sla_clocks", f"names {clock!r}; there are accept and resolve.")
    identity = page.table("identity")
    identity.only("within_h")
    _check_columns(page.table("columns"))
    spec = page.table("place")
    areas, squares, places = _read_place(spec, county, sets)
    return FeedRules(
        name=name,
        title=page.both("title"),
        county=county,
        zone=_zone(page),
        flow=page.text("flow", SOURCE),
        calendar=page.text("calendar"),
        public=page.flag("public", default=False),
        silent_after_ms=page.span_ms("silent_after_s", 1000) or 0,
        clocks=cast(
            "Literal['none', 'sla', 'promised']", page.choice("clocks", ("none", "sla", "promised"), "none")
        ),
        sla_clocks=frozenset(sla_clocks),
        keep_closed_ms=page.span_ms("keep_closed_days", DAY_MS),
        remember_ms=page.span_ms("remember_days", DAY_MS),
        within_ms=identity.span_ms("within_h", HOUR_MS),
        columns=page.table("columns").values,
        place_spec=spec.values,
        areas=areas,
        squares=squares,
        places=places,
    )


def _zone(page: Page) -> ZoneInfo:
    name = page.text("zone", "UTC", needed=True)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        page.wrong("zone", f"must be a zone such as Asia/Shanghai, and is {name!r}.")
        return ZoneInfo("UTC")


def _check_columns(columns: Page) -> None:
    columns.only(
        "format", "id", *TIMES, "category", "lat", "lon", "point", "place", "step", "channel", "attributes",
        "private",
    )  # fmt: skip
    if not columns.values:
        return  # a feed whose producer needs no mapping
    columns.choice("format", FORMATS, "csv")
    if not columns.texts("id"):
        columns.wrong("id", "must name at least one column.")
    for field in TIMES:
        if field in columns.values:
            time = columns.table(field)
            time.only("column", "format", "zone", "day")
            time.text("column", needed=True)
            time.flag("day", default=False)
            if time.text("zone"):
                _zone(time)
    if not columns.values.get("opened") and not columns.values.get("arrival"):
        columns.wrong("arrival", "is missing: `arrival` or `opened` must say when a row came.")
    for field in ("category", "lat", "lon", "point", "channel"):
        columns.text(field)
    for field in ("place", "attributes"):
        columns.texts(field)
    private = columns.table("private")
    private.only(*FIELDS)
    for field in private.values:
        private.text(field)
    _check_steps(columns.table("step"))


def _check_steps(step: Page) -> None:
    step.only("column", "map")
    for value, word in step.table("map").values.items():
        if word not in ("file", "dispatch", "handle", "verify", "closed"):
            step.wrong(
                "map", f"turns {value!r} into {word!r}; steps are file, dispatch, handle, verify and closed."
            )


def _read_place(
    spec: Page, county: str, sets: Mapping[str, AreaSet]
) -> tuple[AreaSet | None, Squares | None, Places]:
    spec.only(
        "areas", "file", "format", "code", "name", "parent_code", "parent_name", "by", "grid_m", "bounds",
    )  # fmt: skip
    by = spec.choice("by", ("point", "name", "grid"), "point")
    if by == "grid":
        squares = _squares(spec, county)
        return None, squares, squares
    name = spec.text("areas")
    spec.choice("format", ("geojson", "csv"), "geojson")
    areas = sets.get(name)
    known = areas or AreaSet(AreaFile(set=name, county=county, areas=[]))
    return areas, None, ByPoint(known, county) if by == "point" else ByName(known, county)


def _squares(spec: Page, county: str) -> Squares:
    side_m = spec.number("grid_m", None, least=10.0, most=100_000.0)
    if side_m is None:
        spec.wrong("grid_m", 'is missing: by = "grid" needs the side of a square in metres.')
    bounds = _bounds(spec, spec.values.get("bounds"))
    squares = Squares(county, side_m or 1000.0, bounds)
    if squares.townships > MOST_TOWNSHIPS:
        spec.wrong(
            "grid_m",
            f"makes {squares.townships} townships of the bounds; more than 999 have no code. Use larger squares.",
        )
    return squares


def _bounds(spec: Page, value: Any) -> tuple[float, float, float, float]:
    if (
        isinstance(value, list)
        and len(value) == 4  # noqa: PLR2004 - four sides
        and all(isinstance(n, int | float) and math.isfinite(n) for n in value)
    ):
        west, south, east, north = (float(n) for n in value)
        if -180 <= west < east <= 180 and -90 < south < north < 90:  # noqa: PLR2004 - degrees
            return west, south, east, north
    spec.wrong("bounds", f"must be [lon min, lat min, lon max, lat max] in degrees, and is {value!r}.")
    return 0.0, 0.0, 0.01, 0.01
