"""Borders, names and tiles for the map, out of a rule set."""

import msgspec
import pytest
import shapely

from config.rules import gather
from dashboard.answers.geometry import MOSAIC_ABOVE, Atlas
from dashboard.answers.tiles import tiles
from dashboard.gateway.levels import areas_below
from domain.rules import Rules, compile_rules
from tests.browser import town


def rules(areas: bytes, **more: bytes) -> Rules:
    shipped = {
        path: body for path, body in gather(None, None).items() if not path.startswith(("feeds/", "areas/"))
    }
    return compile_rules(
        {**shipped, "feeds/bay.toml": town.FEED.encode(), "areas/bay.json": areas, **more}, "h"
    )


def file(rows: list[dict[str, object]]) -> bytes:
    whole = [{"source": "", "name": "", "geometry": None, "parent": "", **row} for row in rows]
    return msgspec.json.encode(
        {"set": "bay", "county": town.COUNTY, "areas": sorted(whole, key=lambda row: str(row["code"]))}
    )


def square(west: float, south: float, side: float = 0.1) -> dict[str, object]:
    ring = [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


BAY = rules(town.areas())
ATLAS = Atlas(BAY)


def test_the_whole_area_passes_through_levels_with_a_single_child() -> None:
    drawn = ATLAS.geometry("")
    assert drawn.level == "township"
    assert [area.code for area in drawn.areas] == [town.township(n + 1) for n in range(len(town.PLACES))]
    assert [area.name["en"] for area in drawn.areas] == list(town.PLACES)
    assert not drawn.mosaic


@pytest.mark.parametrize(
    "scope", ["", "99", town.COUNTY, town.township(3), town.township(3) + "001", town.township(3) + "001001"]
)
def test_the_map_shows_the_areas_that_the_gateway_counts(scope: str) -> None:
    counted = areas_below(scope, BAY.children, lambda _digits: set())
    assert [area.code for area in ATLAS.geometry(scope).areas] == counted


def test_an_area_without_a_border_of_its_own_is_what_lies_in_it() -> None:
    made = Atlas(rules(file([
        {"code": "990100001001001", "geometry": square(12.0, 55.0)}, {"code": "990100001001002", "geometry": square(12.1, 55.0)},
        {"code": "990100002001001", "geometry": square(12.2, 55.0)},
    ])))  # fmt: skip
    (first, second) = made.geometry("").areas
    assert shapely.Polygon(first.rings[0]).area == pytest.approx(0.02)
    assert shapely.Polygon(second.rings[0]).area == pytest.approx(0.01)


def test_a_hole_stays_a_hole() -> None:
    shape = square(12.0, 55.0, 0.4)
    hole = square(12.1, 55.1, 0.1)
    shape["coordinates"] = [*shape["coordinates"], *hole["coordinates"]]
    (area,) = Atlas(rules(file([{"code": "990100001001001", "geometry": shape}]))).geometry("").areas
    assert len(area.rings) == 2
    assert not shapely.Point(area.label).within(shapely.Polygon(area.rings[1]))


def test_areas_without_borders_are_tiles_and_none_is_missing() -> None:
    codes = [f"990100{number:03d}001001" for number in range(1, 11)]
    drawn = Atlas(rules(file([{"code": code, "name": f"Ward {code[6:9]}"} for code in codes]))).geometry("")
    assert [area.code for area in drawn.areas] == [code[:9] for code in codes]
    assert all(area.tile for area in drawn.areas)
    boxes = [shapely.Polygon(area.rings[0]) for area in drawn.areas]
    assert not any(one.intersects(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_one_area_without_a_border_stands_as_a_tile_beneath_the_others() -> None:
    drawn = Atlas(rules(file([
        {"code": "990100001001001", "geometry": square(12.0, 55.0)}, {"code": "990100002001001", "geometry": square(12.1, 55.0)},
        {"code": "990100003001001", "name": "Elsewhere"},
    ]))).geometry("")  # fmt: skip
    tile = next(area for area in drawn.areas if area.tile)
    assert tile.name["en"] == "Elsewhere"
    assert max(lat for _, lat in tile.rings[0]) < 55.0
    assert drawn.bbox is not None
    assert drawn.bbox[1] < 55.0, "the box holds the tile"


def test_towns_too_far_apart_to_be_seen_on_one_map_are_tiles() -> None:
    drawn = Atlas(rules(file([
        {"code": "990100001001001", "geometry": square(-118.0, 34.0)}, {"code": "990100002001001", "geometry": square(9.1, 48.8)},
    ]))).geometry("")  # fmt: skip
    assert all(area.tile for area in drawn.areas)


def test_an_area_that_has_ended_is_not_drawn_and_its_successors_are() -> None:
    whole, left, right = (f"{town.COUNTY}{n:03d}001001" for n in (1, 2, 3))
    rows = [
        {"code": whole, "geometry": square(0, 0, 0.2)},
        {"code": left, "geometry": square(0, 0)},
        {"code": right, "geometry": square(0.1, 0.1)},
    ]
    split = {
        "validity": {
            whole: {"to_ms": 5, "successors": [left, right]},
            left: {"from_ms": 5},
            right: {"from_ms": 5},
        }
    }
    drawn = Atlas(rules(msgspec.json.encode(msgspec.json.decode(file(rows)) | split))).geometry("")
    assert [area.code for area in drawn.areas] == [left[:9], right[:9]]
    assert not any(area.tile for area in drawn.areas)


def test_above_two_thousand_areas_the_map_is_a_mosaic_without_borders() -> None:
    drawn = Atlas(_Flat(MOSAIC_ABOVE + 1)).geometry("")
    assert drawn.mosaic
    assert len(drawn.areas) == MOSAIC_ABOVE + 1
    assert all(area.rings == [] for area in drawn.areas)
    assert drawn.areas[0].code == "990100000", "north-west first"


class _Flat:
    """A rule set with many areas of one level, in rows from the north-west."""

    def __init__(self, count: int) -> None:
        self._codes = [f"9901{n // 1000:02d}{n % 1000:03d}" for n in range(count)]

    def children(self, code: str) -> list[str]:
        return self._codes if code == "" else []

    def holds(self, code: str, at_ms: int | None) -> bool:
        return True

    def rings(self, code: str) -> list[list[list[float]]]:
        index = self._codes.index(code)
        west, north = 10 + index % 45 / 10, 60 - index // 45 / 10
        return [
            [
                [west, north],
                [west + 0.1, north],
                [west + 0.1, north - 0.1],
                [west, north - 0.1],
                [west, north],
            ]
        ]

    def name_of(self, code: str, lang: str) -> str:
        return code


def test_a_city_that_is_called_like_its_only_county_stands_in_the_trail_once() -> None:
    other = town.FEED.replace(town.COUNTY, "990700").replace("Bay reports", "Hill reports")
    atlas = Atlas(rules(town.areas(4), **{"feeds/hill.toml": other.encode()}))
    trail = atlas.trail(town.COUNTY)
    assert [step.code for step in trail] == ["", town.COUNTY]
    assert atlas.name(town.COUNTY[:4]) == trail[-1].name, "or the test shows nothing"


def test_the_trail_leaves_out_levels_with_nothing_to_choose() -> None:
    code = town.township(3)
    assert [step.code for step in ATLAS.trail(code)] == ["", code]
    assert [step.code for step in ATLAS.trail(code + "002")] == ["", code, code + "002"]
    assert ATLAS.trail(code)[1].name["en"] == "Cinder Lane"


@pytest.mark.parametrize("scope", ["1", "abc", "990199", "99010000199900", "<script>"])
def test_an_unknown_scope_is_one_sentence(scope: str) -> None:
    with pytest.raises(LookupError, match="There is no area"):
        ATLAS.geometry(scope)


def test_names_are_given_in_both_languages_and_only_for_codes() -> None:
    names = ATLAS.names([town.township(1), town.COUNTY, "", "x", "1'"])
    assert names == {
        town.township(1): {"en": "Amber Quay", "zh": "Amber Quay"},
        town.COUNTY: {"en": "Bay reports", "zh": "海湾上报"},
    }


def test_a_city_without_a_name_is_called_like_its_only_county() -> None:
    assert ATLAS.name("9901")["en"] == "Bay reports"
    assert ATLAS.name(town.township(3) + "002")["en"] == "Cinder Lane B"
    assert ATLAS.name("88")["zh"] == "88"


def test_no_tiles_of_nothing() -> None:
    assert list(tiles([], None)) == []
