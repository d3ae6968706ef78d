"""Areas files made ready for rule sets: a source's own areas get grid codes, by sorted source code, and keep them."""

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import shapely

from domain.codes import COUNTY_DIGITS, TOWNSHIP_DIGITS
from domain.places.places import NO_GEOMETRY, Area, AreaFile
from producers.boundaries import BoundariesError, redrawn
from producers.unpacking import open_text

MOST_CODES = 999
"""A county's townships and a city's counties have three and two digits."""

MOST_COUNTIES = 99
WHOLE = "001001"
"""An area without parts is a township with one village and one grid."""


class AreasError(ValueError):
    """An areas file that cannot be used; the message says why and how to mend it."""


class SourceArea(msgspec.Struct, frozen=True, kw_only=True):
    """An area as its source has it. `parent` is the source's code of the county, "" without one.

    One with `successors`, the source's codes of other areas, has ended.
    """

    source: str
    name: str
    geometry: msgspec.Raw = NO_GEOMETRY
    parent: str = ""
    parent_name: str = ""
    successors: tuple[str, ...] = ()


def read_areas(path: Path, spec: Mapping[str, Any]) -> list[SourceArea]:
    """Return the areas of a GeoJSON or CSV file.

    Parameters
    ----------
    path
        The file; `.gz` is unpacked.
    spec
        The `[place]` table of the feed's file: `format`, `code`, `name`, `parent_code`, `parent_name`, and
        `successors`: codes parted by semicolons, of an area that has ended.

    Raises
    ------
    AreasError
        If the file is not there, is not of its format, or lacks the named columns.

    """
    try:
        with open_text(path) as file:
            text = file.read()
    except OSError as gone:
        raise AreasError(f"The areas file {path} cannot be read: {gone.strerror or gone}.") from gone
    except UnicodeDecodeError as wrong:
        raise AreasError(f"The areas file {path} is not in UTF-8: {wrong}.") from wrong
    rows = _geojson_rows(path, text) if spec.get("format", "geojson") == "geojson" else _csv_rows(text)
    code, name = (
        str(spec.get("code") or spec.get("name") or ""),
        str(spec.get("name") or spec.get("code") or ""),
    )
    areas: list[SourceArea] = []
    for n, (row, geometry) in enumerate(rows, start=1):
        if code not in row or name not in row:
            raise AreasError(
                f"Area {n} of {path} has no {code!r} or no {name!r}; it has {', '.join(map(str, row))}. "
                "Mend `code` and `name` under [place] in the feed's file."
            )
        areas.append(
            SourceArea(
                source=str(row[code]),
                name=str(row[name]),
                geometry=geometry,
                parent=str(row.get(spec.get("parent_code", ""), "") or ""),
                parent_name=str(row.get(spec.get("parent_name", ""), "") or ""),
                successors=_several(row.get(spec.get("successors", ""))),
            )
        )
    if not areas:
        raise AreasError(f"The areas file {path} has no areas.")
    return areas


def _several(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else str(value or "").split(";")
    return tuple(text for part in parts if (text := str(part).strip()))


def _geojson_rows(path: Path, text: str) -> Iterable[tuple[dict[str, Any], msgspec.Raw]]:
    try:
        features = msgspec.json.decode(text, type=_Collection).features
    except msgspec.DecodeError as wrong:
        raise AreasError(f"The areas file {path} is no GeoJSON feature collection: {wrong}.") from wrong
    for n, feature in enumerate(features, start=1):
        if (
            bytes(feature.geometry) != b"null"
            and shapely.from_geojson(bytes(feature.geometry), on_invalid="ignore") is None
        ):
            raise AreasError(f"Area {n} of {path} has a geometry that is no GeoJSON.")
        yield feature.properties, feature.geometry


class _Feature(msgspec.Struct):
    properties: dict[str, Any]
    geometry: msgspec.Raw = NO_GEOMETRY


class _Collection(msgspec.Struct):
    features: list[_Feature]


def _csv_rows(text: str) -> Iterable[tuple[dict[str, Any], msgspec.Raw]]:
    for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))):
        yield row, NO_GEOMETRY


def code_areas(
    name: str,
    county: str,
    found: list[SourceArea],
    register: AreaFile | None,
    *,
    from_ms: int | None = None,
) -> AreaFile:
    """Give areas their codes.

    New ones get the next free number in the order of their sorted source codes; what has a code keeps it for ever, and
    none is given again. Counties get numbers under the first four digits of `county`.

    Parameters
    ----------
    name
        The set's name.
    county
        The feed's county, six digits.
    found
        The source's areas.
    register
        The set as it was coded before, or None.
    from_ms
        From when on these are all the areas there are: those of the register that are absent, or that name their
        successors, end then. None: they are added to what there is, and nothing ends.

    Raises
    ------
    AreasError
        If there are more areas than three digits number, two have the same source code, or boundaries cannot follow
        those in force.

    """
    validity = {} if register is None else register.validity
    ended = {code for code, one in validity.items() if one.to_ms is not None}
    held = [] if register is None else register.areas
    kept = {(area.parent, area.source): area for area in held if area.code not in ended}
    over = {(area.parent, area.source) for area in held if area.code in ended} - kept.keys()
    areas = {area.code: area for area in held}
    counties = {one.parent: one.parent_name for one in found if one.parent}
    county_codes: dict[str, str] = {"": county}
    for source in sorted(counties):
        had = kept.get(("", source))
        code = had.code if had else _next(county[:4], areas, COUNTY_DIGITS, MOST_COUNTIES)
        county_codes[source] = code
        areas[code] = Area(code=code, source=source, name=counties[source])
    coded: dict[tuple[str, str], Area] = {}
    for one in sorted(found, key=lambda area: (area.parent, area.source)):
        key = (one.parent, one.source)
        if key in coded:
            raise AreasError(f"Two areas have the source code {one.source!r}; give each its own.")
        if one.successors or (from_ms is None and key in over):
            continue  # it has ended, and an older file does not bring it back
        had = kept.get(key)
        code = (
            had.code if had else _next(county_codes[one.parent], areas, TOWNSHIP_DIGITS, MOST_CODES) + WHOLE
        )
        coded[key] = areas[code] = Area(
            code=code, source=one.source, name=one.name, geometry=one.geometry, parent=one.parent
        )
    if from_ms is not None and register is not None:
        stated = {
            had.code: tuple(_successor(coded, one, source) for source in one.successors)
            for one in found
            if one.successors and (had := kept.get((one.parent, one.source))) is not None
        }
        try:
            validity = redrawn(register, coded.values(), stated, from_ms)
        except BoundariesError as wrong:
            raise AreasError(str(wrong)) from wrong
    return AreaFile(set=name, county=county, areas=[areas[code] for code in sorted(areas)], validity=validity)


def _successor(coded: Mapping[tuple[str, str], Area], one: SourceArea, source: str) -> str:
    """Return the code of an area that came after one: of the same county, else the only one so called."""
    same = coded.get((one.parent, source))
    named = [same] if same is not None else [area for (_, own), area in coded.items() if own == source]
    if len(named) != 1:
        raise AreasError(
            f"The area {one.source!r} names {source!r} as what came after it, and the file has {len(named)} of it: "
            "name areas of the file that have not ended."
        )
    return named[0].code


def _next(prefix: str, taken: Mapping[str, Area], digits: int, most: int) -> str:
    used = [
        int(code[len(prefix) : digits]) for code in taken if code.startswith(prefix) and len(code) >= digits
    ]
    number = max(used, default=0) + 1
    if number > most:
        raise AreasError(f"There are more than {most} areas under {prefix}; group them under more counties.")
    return f"{prefix}{number:0{digits - len(prefix)}d}"


def import_areas(  # noqa: PLR0913 - what is imported, and how
    path: Path,
    name: str,
    county: str,
    spec: Mapping[str, Any],
    register: Path,
    *,
    from_ms: int | None = None,
) -> AreaFile:
    """Read an areas file, give its areas their codes, and keep them in the register, which is written whole or not at all.

    Parameters
    ----------
    path
        The source's file.
    name, county, spec
        As for `code_areas` and `read_areas`.
    register
        `DATA/areas/NAME.json`.
    from_ms
        As for `code_areas`.

    Raises
    ------
    AreasError
        If the file cannot be used.
    OSError
        If the register cannot be written.

    """
    before = None
    if register.exists():
        try:
            before = msgspec.json.decode(register.read_bytes(), type=AreaFile)
        except msgspec.DecodeError as wrong:
            raise AreasError(
                f"The register {register} is damaged: {wrong}. Put it back from the backup."
            ) from wrong
    file = code_areas(name, county, read_areas(path, spec), before, from_ms=from_ms)
    write_register(file, register)
    return file


def write_register(file: AreaFile, register: Path) -> bool:
    """Write an areas file beside and rename it, unless it is there already with the same bytes; tell whether it was new."""
    body = msgspec.json.encode(file)
    if register.exists() and register.read_bytes() == body:
        return False
    register.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=register.parent, prefix=".part-", delete=False) as aside:
        aside.write(body)
    Path(aside.name).replace(register)
    return True


def import_for_feed(
    county: str, place: Mapping[str, Any], data_folder: Path, areas_dir: Path, *, given: Path | None = None
) -> AreaFile | None:
    """Import the areas that a feed's file names, found beside the data; None where it names none or they are made elsewhere.

    Parameters
    ----------
    county
        The feed's county.
    place
        The `[place]` table of the feed's file (`FeedRules.place_spec`).
    data_folder
        The folder of the recorded file: `file` is relative to it.
    areas_dir
        `DATA/areas`.
    given
        An areas file named on the command line, in place of the one beside the data.

    Raises
    ------
    AreasError
        If the file cannot be used; one that is absent is only wrong where no register has the areas either.

    """
    if place.get("by") == "grid" or not place.get("areas") or not (place.get("file") or given):
        return None
    register = areas_dir / f"{place['areas']}.json"
    path = given or data_folder / str(place["file"])
    if given is None and not path.exists() and register.exists():
        return None
    return import_areas(path, str(place["areas"]), county, place, register)
