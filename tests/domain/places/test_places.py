"""From points and names to grids, on small towns and on the recorded sources."""

import csv
import gzip
import json
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rules import gather
from domain.codes import is_grid, is_unplaced
from domain.places.places import Area, AreaFile, AreaSet, ByName, ByPoint, Squares
from domain.rules import compile_rules
from producers.areas import AreasError, code_areas, import_for_feed, read_areas
from producers.areas import SourceArea as Source

COUNTY = "990700"


def square(west: float, south: float, side: float) -> msgspec.Raw:
    ring = [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
        [west, south],
    ]
    return msgspec.Raw(msgspec.json.encode({"type": "Polygon", "coordinates": [ring]}))


def town(*areas: Area) -> AreaSet:
    return AreaSet(AreaFile(set="t", county=COUNTY, areas=sorted(areas, key=lambda area: area.code)))


BIG = Area(code=COUNTY + "001001001", source="big", name="Big", geometry=square(0, 0, 4))
SMALL = Area(code=COUNTY + "002001001", source="small", name="Small", geometry=square(1, 1, 1))


@pytest.mark.parametrize(
    ("lon", "lat", "area"),
    [
        (1.5, 1.5, "small"),
        (3.0, 3.0, "big"),
        (0.0, 0.0, "big"),
        (4.0, 4.0, "big"),
        (1.0, 1.0, "small"),
        (5.0, 1.0, ""),
    ],
)
def test_of_overlapping_areas_the_smallest_holds_the_point(lon: float, lat: float, area: str) -> None:
    assert ByPoint(town(BIG, SMALL), COUNTY).place(lon, lat, [])[1] == area


WAYS = (
    ByPoint(town(BIG, SMALL), COUNTY),
    ByName(town(BIG, SMALL), COUNTY),
    Squares(COUNTY, 500, (9.0, 48.0, 9.5, 48.5)),
)


@given(st.floats(), st.floats(), st.lists(st.text()))
def test_a_place_never_raises_and_is_always_a_grid(lon: float, lat: float, names: Sequence[str]) -> None:
    for places in WAYS:
        grid, _ = places.place(lon, lat, names)
        assert is_grid(grid)


def test_names_are_matched_without_case_the_first_known_one_counts() -> None:
    county = Area(code="990701", source="C", name="North County")
    by_name = ByName(town(BIG, SMALL, county), COUNTY)
    assert by_name.place(1.5, 1.5, ["nowhere", " bIG "]) == (BIG.code, "big")
    assert by_name.place(None, None, ["north COUNTY"]) == ("990701000000000", "C")
    assert by_name.place(None, None, []) == (COUNTY + "000000000", "")


def test_without_a_point_the_names_are_tried() -> None:
    assert ByPoint(town(BIG), COUNTY).place(None, None, ["big"]) == (BIG.code, "big")
    assert ByPoint(town(BIG), COUNTY).place(99.0, 9.0, ["big"]) == (COUNTY + "000000000", "")


def test_what_is_no_geometry_holds_no_point() -> None:
    broken = Area(code=COUNTY + "003001001", geometry=msgspec.Raw(b'{"type":"Polygon","coordinates":5}'))
    assert ByPoint(town(BIG, broken), COUNTY).place(1.5, 1.5, [])[1] == "big"
    assert is_unplaced(ByPoint(town(broken), COUNTY).place(1.5, 1.5, [])[0])


@given(st.floats(9.03, 9.3199), st.floats(48.69, 48.8699))
def test_a_square_holds_the_points_that_have_its_code(lon: float, lat: float) -> None:
    squares = Squares(COUNTY, 500, (9.03, 48.69, 9.32, 48.87))
    code, _ = squares.place(lon, lat, [])
    assert not is_unplaced(code)
    for part in (code, code[:12], code[:9]):
        ring = squares.ring(part)
        assert ring[0] == ring[-1]
        assert ring[0][0] - 1e-6 <= lon <= ring[2][0] + 1e-6
        assert ring[0][1] - 1e-6 <= lat <= ring[2][1] + 1e-6


def test_every_square_has_a_code_of_its_own_and_500_metres() -> None:
    squares = Squares(COUNTY, 500, (9.03, 48.69, 9.32, 48.87))
    codes = squares.codes()
    assert len(codes) == len(set(codes)) == squares.columns * squares.rows
    west, south = squares.ring(codes[0])[0]
    east, north = squares.ring(codes[0])[2]
    assert (north - south) * 111_195 == pytest.approx(500, rel=1e-3)
    assert (east - west) * 111_195 * math.cos(math.radians(48.78)) == pytest.approx(500, rel=1e-3)


def test_an_area_once_coded_keeps_its_code_and_new_ones_get_the_next_free() -> None:
    first = code_areas("t", COUNTY, [Source(source="b", name="B"), Source(source="d", name="D")], None)
    assert [(area.source, area.code) for area in first.areas] == [
        ("b", COUNTY + "001001001"),
        ("d", COUNTY + "002001001"),
    ]
    again = code_areas("t", COUNTY, [Source(source="a", name="A"), Source(source="d", name="D")], first)
    assert {area.source: area.code[6:9] for area in again.areas} == {"b": "001", "d": "002", "a": "003"}
    with pytest.raises(AreasError, match="Two areas"):
        code_areas("t", COUNTY, [Source(source="a", name="A"), Source(source="a", name="B")], None)


def test_an_areas_file_with_other_columns_is_told_which_it_has(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("kod,namn\n1,X\n")
    with pytest.raises(AreasError, match="kod, namn"):
        read_areas(file, {"format": "csv", "code": "code", "name": "name"})
    with pytest.raises(AreasError, match="cannot be read"):
        read_areas(tmp_path / "none.csv", {"format": "csv"})
    file.write_text("{")
    with pytest.raises(AreasError, match="GeoJSON"):
        read_areas(file, {"format": "geojson", "code": "c", "name": "n"})


def test_la_rows_land_in_the_council_that_the_city_wrote(recorded: Path, tmp_path: Path) -> None:
    feed = compile_rules(gather(None, None), "").feeds["la311"]
    import_for_feed(feed.county, feed.place_spec, recorded / "la311", tmp_path)
    feed = compile_rules(gather(None, tmp_path), "").feeds["la311"]
    placed = right = outside = without = 0
    for name in ("2017_Subset", "2018_mini_b"):
        with gzip.open(recorded / "la311" / f"{name}.csv.gz", "rt", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                if not row["Latitude"]:
                    without += 1
                    continue
                grid, area = feed.place(float(row["Longitude"]), float(row["Latitude"]), [])
                if is_unplaced(grid):
                    outside += 1
                    continue
                placed += 1
                right += area == row["NC"]
    assert (placed, outside, without) == (16_900, 244, 2_855)
    assert right >= 0.98 * placed


def test_every_swedish_name_is_a_municipality_or_only_a_county(recorded: Path, tmp_path: Path) -> None:
    folder = recorded / "sweden-police"
    feed = compile_rules(gather(None, None), "").feeds["sweden-police"]
    import_for_feed(feed.county, feed.place_spec, folder, tmp_path)
    feed = compile_rules(gather(None, tmp_path), "").feeds["sweden-police"]
    with (folder / "swedish_admin_areas.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert feed.areas is not None
    assert len(feed.areas.areas) == 290 + 21
    counties = sorted({row["county_code"] for row in rows})
    code_of = {code: f"9901{n:02d}" for n, code in enumerate(counties, start=1)}
    county_of = {row["county_name"].casefold(): code_of[row["county_code"]] for row in rows}
    town_of = {
        row["municipality_name"].casefold(): (code_of[row["county_code"]], row["municipality_code"])
        for row in rows
    }
    with gzip.open(folder / "observations.jsonl.gz", "rt") as lines:
        names = {json.loads(line)["event"]["location"]["name"].casefold() for line in lines}
    for name in names:
        grid, area = feed.place(None, None, [name])
        if name in town_of:
            assert (grid[:6], area) == town_of[name]
            assert grid.endswith("001001")
        else:
            assert grid == county_of[name] + "000000000"
