"""Boundaries that are redrawn: a case counts where it lay when it happened, new reports go to the new grids."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from domain.places.boundaries import Boundaries, Validity, around
from domain.places.places import AreaFile, AreaSet, ByName, ByPoint
from domain.records import Report
from domain.rules import Rules, RulesError, compile_rules
from producers.areas import AreasError, code_areas
from producers.areas import SourceArea as Source
from tests.domain.memory_floor import Floor
from tests.domain.places.test_places import square
from tests.domain.small_town import HOUR, T0, parts
from tests.domain.test_laws import check_laws

COUNTY = "990100"
TURN = T0 + 10 * HOUR
"""When West is split into Brook and Dell, and North and South become one."""

WEST, NORTH, SOUTH, EAST = (f"{COUNTY}{n:03d}001001" for n in (4, 2, 3, 1))
BROOK, DELL, BOTH = (f"{COUNTY}{n:03d}001001" for n in (6, 7, 5))

OLD = [
    Source(source="East", name="East", geometry=square(6, 0, 2)),
    Source(source="North", name="North", geometry=square(4, 2, 2)),
    Source(source="South", name="South", geometry=square(4, 0, 2)),
    Source(source="West", name="West", geometry=square(0, 0, 4)),
]
NEW = [
    Source(source="East", name="East", geometry=square(6, 0, 2)),
    Source(source="All", name="Both", geometry=msgspec.Raw(b'{"type":"Polygon","coordinates":[[[4,0],[6,0],[6,4],[4,4],[4,0]]]}')),
    Source(source="Brook", name="Brook", geometry=msgspec.Raw(b'{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,4],[0,4],[0,0]]]}')),
    Source(source="Dell", name="Dell", geometry=msgspec.Raw(b'{"type":"Polygon","coordinates":[[[2,0],[4.01,0],[4.01,4],[2,4],[2,0]]]}')),
]  # fmt: skip


def before() -> AreaFile:
    return code_areas("town", COUNTY, OLD, None)


def after(found: Sequence[Source] = NEW, from_ms: int = TURN) -> AreaFile:
    return code_areas("town", COUNTY, list(found), before(), from_ms=from_ms)


def test_what_is_gone_ends_with_the_successors_on_its_ground_and_codes_are_not_given_again() -> None:
    file = after()
    assert [area.code for area in before().areas] == [EAST, NORTH, SOUTH, WEST]
    assert [area.code for area in file.areas] == [EAST, NORTH, SOUTH, WEST, BOTH, BROOK, DELL]
    assert file.validity == {
        NORTH: Validity(to_ms=TURN, successors=(BOTH,)),  # what Dell has of it is a line drawn otherwise
        SOUTH: Validity(to_ms=TURN, successors=(BOTH,)),
        WEST: Validity(to_ms=TURN, successors=(BROOK, DELL)),
        BOTH: Validity(from_ms=TURN),
        BROOK: Validity(from_ms=TURN),
        DELL: Validity(from_ms=TURN),
    }
    assert code_areas("town", COUNTY, NEW, file, from_ms=TURN + 1) == file
    # an older file that a feed brings along, and a source code that comes again
    assert code_areas("town", COUNTY, OLD, file).validity == file.validity
    again = code_areas("town", COUNTY, [*NEW, OLD[3]], file, from_ms=TURN + HOUR)
    assert [area.code for area in again.areas if area.source == "West"] == [WEST, f"{COUNTY}008001001"]


def test_successors_may_be_said_by_the_source_where_there_is_no_shape() -> None:
    bare = [Source(source=one.source, name=one.name) for one in OLD]
    first = code_areas("town", COUNTY, bare, None)
    new = [Source(source=one.source, name=one.name) for one in NEW]
    said = [*new, Source(source="West", name="West", successors=("Brook", "Dell"))]
    file = code_areas("town", COUNTY, said, first, from_ms=TURN)
    assert file.validity[WEST].successors == (BROOK, DELL)
    assert file.validity[NORTH] == Validity(to_ms=TURN)
    with pytest.raises(AreasError, match="has 0 of it"):
        code_areas(
            "town", COUNTY, [*new, Source(source="West", name="", successors=("Bog",))], first, from_ms=TURN
        )
    with pytest.raises(AreasError, match="None of the areas in force"):
        code_areas("town", COUNTY, [Source(source="x", name="x")], first, from_ms=TURN)
    with pytest.raises(AreasError, match="end before it began"):
        code_areas("town", COUNTY, new[:2], file, from_ms=TURN)


@pytest.mark.parametrize(
    ("at_ms", "point", "names", "found"),
    [
        (TURN - 1, (1.0, 1.0), (), WEST),
        (TURN, (1.0, 1.0), (), BROOK),
        (None, (3.0, 1.0), (), DELL),
        (TURN - 1, None, ("West",), WEST),
        (TURN, None, ("North",), BOTH),
        (TURN, None, (SOUTH,), BOTH),
        (TURN, (3.0, 1.0), ("West",), DELL),
        (TURN, (7.0, 1.0), ("West",), COUNTY + "000000000"),  # the point lies elsewhere: it decides nothing
        (TURN, None, ("West", "East"), COUNTY + "000000000"),
        (TURN - 1, None, ("Brook",), COUNTY + "000000000"),
        (TURN, None, ("East",), EAST),
    ],
)
def test_a_place_is_found_by_the_boundaries_of_its_time(
    at_ms: int | None, point: tuple[float, float] | None, names: tuple[str, ...], found: str
) -> None:
    areas = AreaSet(after())
    way = ByName(areas, COUNTY) if names else ByPoint(areas, COUNTY)
    lon, lat = point or (None, None)
    assert way.place(lon, lat, names, at_ms)[0] == found


def test_heirs_are_followed_through_several_changes_and_never_in_a_circle() -> None:
    one = Boundaries(
        {
            "a": Validity(to_ms=1, successors=("b", "c")),
            "b": Validity(from_ms=1, to_ms=5, successors=("a", "d")),
            "c": Validity(from_ms=1),
            "d": Validity(from_ms=5),
        }
    )
    assert one.heirs("a", 0) == ["a"]
    assert one.heirs("a", 3) == ["b", "c"]
    assert one.heirs("a", None) == ["c", "d"]
    assert one.after("b") == {"a", "b", "c", "d"}
    assert around([BROOK, DELL]) == COUNTY
    assert around([WEST, "990199001001001"]) == ""


# -- a split and a merge in the middle of a feed

RULES: dict[str, Rules] = {}


def rules_of(name: str) -> Rules:
    if name not in RULES:
        file = {"old": before, "new": after}[name]()
        feeds = {path: body for path, body in parts().items() if path.startswith("feeds/")}
        by_point = feeds["feeds/promises.toml"].replace(b'by = "name"', b'by = "point"')
        changed = {"areas/town.json": msgspec.json.encode(file), "feeds/promises.toml": by_point}
        RULES[name] = compile_rules(parts() | changed, name)
    return RULES[name]


def report(number: int, place: str = "", point: tuple[float, float] | None = None, **more: Any) -> Report:
    lon, lat = point or (None, None)
    feed = "promises" if point else "calls"
    return Report(
        feed=feed, id=str(number), place=[place] if place else [], lon=lon, lat=lat, category="lamp", **more
    )  # fmt: skip


def totals(floor: Floor) -> dict[str, int]:
    found: dict[str, int] = {}
    for fold in floor.casework:
        for name, fields in fold.whole().hashes.items():
            if name.startswith("grids"):
                for block in fields.values():
                    assert block is not None
                    for grid, categories in msgspec.json.decode(block)["grids"].items():
                        found[grid] = found.get(grid, 0) + sum(figures[5] for figures in categories.values())
    return {grid: count for grid, count in found.items() if count}


def test_a_split_and_a_merge_in_the_middle_of_a_feed_leave_every_total_where_it_was_counted() -> None:
    floor = Floor(rules_of, shared=False, rules="old")
    floor.now_ms = T0
    for number in range(5):
        floor.send(report(number, "West"))
    for number in range(5, 8):
        floor.send(report(number, "North" if number < 7 else "South"))
    for number in range(8, 12):
        floor.send(report(number, point=(1.0 + (number % 2) * 2, 1.0)))
    assert totals(floor) == {WEST: 9, NORTH: 2, SOUTH: 1}
    floor.now_ms = TURN - HOUR
    floor.publish("new")
    floor.send(report(20, "West"))  # the new boundaries are known, and do not hold yet
    floor.now_ms = TURN
    floor.send(report(21, "North"))
    floor.send(report(22, "Both"))
    floor.send(report(23, "West"))  # an app that knows the old grid, without a point
    floor.send(report(24, point=(1.0, 1.0)))
    floor.send(report(25, point=(3.0, 1.0)))
    floor.send(report(26, "East"))
    # later versions of what happened before: by the same name, by the same point, and one that has moved indeed
    floor.send(report(0, "West", step="dispatch"))
    floor.send(report(5, "North", step="dispatch"))
    floor.send(report(8, point=(1.0, 1.0), step="dispatch"))
    floor.send(report(9, point=(7.0, 1.0), step="dispatch"))
    expected = {
        WEST: 9, NORTH: 2, SOUTH: 1, BOTH: 2, BROOK: 1, DELL: 1, EAST: 2, COUNTY + "000000000": 1,
    }  # fmt: skip
    assert totals(floor) == expected
    rules = rules_of("new")
    assert rules.successors(WEST) == (BROOK, DELL)
    assert rules.successors(EAST) == ()
    assert rules.codes_of("town:Both") == [BOTH]
    check_laws(floor, Random(1))


def test_a_validity_of_an_area_that_is_not_there_is_a_mistake() -> None:
    file = msgspec.structs.replace(before(), validity={WEST: Validity(to_ms=1, successors=(DELL,))})
    with pytest.raises(RulesError, match=DELL):
        compile_rules(parts() | {"areas/town.json": msgspec.json.encode(file)}, "")
