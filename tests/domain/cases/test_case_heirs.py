"""Open cases of a place whose boundaries are redrawn: they pass on to what has come after it, and count where they lay."""

from random import Random
from typing import Any

import msgspec
import pytest

from domain.audit import Line
from domain.evaluation.passages import Passage
from domain.places.boundaries import Boundaries, Validity
from domain.places.places import AreaFile, AreaSet
from tests.domain.small_town import DAY, GRIDS, HOUR, T0, UNPLACED
from tests.domain.test_laws import check_laws
from tests.domain.workshop import BROOK, DELL, SPRING, TURN, Workshop, redrawn_areas

WELL, MILL, GATE = GRIDS[:3]


def shop_with_redrawn_boundaries(**fields: Any) -> Workshop:
    """A case of Well that is in hand, the rule set by which Well ends at TURN, and people of the new village alone."""
    shop = Workshop()
    shop.grant("handling_unit", "handling_unit", team="team a")
    shop.report(category="slow", **fields)
    shop.done("accept", "assign", "receive")
    for role in ("dispatcher", "verifier", "supervisor"):
        shop.grant(f"new_{role}", role, SPRING[:12])
    shop.at(HOUR)
    shop.floor.publish("redrawn")
    return shop


def counts(shop: Workshop, index: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for work in shop.floor.casework:
        for grids in work.counters.cells.values():
            for grid, categories in grids.items():
                found[grid] = found.get(grid, 0) + sum(cell[index] for cell in categories.values())
    return {grid: count for grid, count in found.items() if count}


def lines(shop: Workshop) -> list[Line]:
    told = [msgspec.json.decode(effect.value, type=Line) for effect in shop.floor.audit]
    return [line for line in told if line.action == "handed_over"]


def test_an_open_case_passes_to_the_successors_desk_when_the_boundaries_take_effect() -> None:
    shop = shop_with_redrawn_boundaries()
    shop.tick(TURN - T0 - 1)
    case = shop.case()
    assert case.work is not None
    version, step = case.work.version, case.work.step
    assert (case.grid, case.work.stand.desk) == (WELL, WELL[:12])
    assert shop.do("urge", by="new_supervisor")["reason"] == "out_of_scope"
    shop.tick(TURN - T0)
    assert (case.grid, case.work.stand.desk) == (SPRING, SPRING[:12])
    assert (case.step, case.work.stand.assignee, case.work.version) == ("handle", "team a", version + 1)
    assert case.work.step == step, "the clock goes on"
    entry = case.work.story[-1]
    assert (entry.t_ms, entry.action, entry.account) == (TURN, "handed_over", "rules")
    assert entry.what == {"from": WELL, "to": SPRING}
    assert [(line.account, line.case, line.before["desk"], line.after["desk"]) for line in lines(shop)] == [
        ("rules", case.id, WELL[:12], SPRING[:12])
    ]
    told = [msgspec.json.decode(one.value, type=Passage) for one in shop.floor.sent["passages"]]
    assert [(one.kind, one.grid, one.desk) for one in told][-1] == ("moved", WELL, WELL[:12])
    assert shop.do("urge", by="new_dispatcher", version=version)["reason"] == "no_role"
    assert shop.do("assign", by="new_dispatcher", version=version)["reason"] == "stale"
    assert shop.do("assign", by="new_dispatcher", given={"assignee": "team b"})["ok"]
    check_laws(shop.floor, Random(1))


def test_a_case_counts_where_it_lay_and_is_open_where_it_has_passed_to() -> None:
    shop = shop_with_redrawn_boundaries()
    shop.tick(TURN - T0)
    assert [counts(shop, index) for index in (2, 5)] == [{WELL: 1}, {WELL: 1}]
    assert [counts(shop, index) for index in (3, 4)] == [{SPRING: 1}] * 2
    shop.done("triage")
    assert [counts(shop, index) for index in (3, 5)] == [{SPRING: 1}, {WELL: 1}], (
        "another class is no other place"
    )
    shop.report(category="slow")
    assert counts(shop, 5) == {WELL: 1}, "what its app calls Well is where it is now"
    shop.tick(2 * DAY)
    assert [counts(shop, index) for index in (2, 3, 5)] == [{}, {SPRING: 1}, {WELL: 1}]
    shop.report(name="Gate", category="slow")
    assert [counts(shop, index) for index in (3, 5)] == [{GATE: 1}] * 2, "it never lay in Well"
    check_laws(shop.floor, Random(2))


@pytest.mark.parametrize(
    ("point", "found"), [((1.0, 1.0), BROOK), ((3.0, 1.0), DELL), ((9.0, 9.0), UNPLACED), (None, UNPLACED)]
)
def test_of_several_successors_the_point_says_which(point: tuple[float, float] | None, found: str) -> None:
    lon, lat = point or (None, None)
    shop = shop_with_redrawn_boundaries(name="Mill", lon=lon, lat=lat)
    shop.tick(TURN - T0)
    assert (shop.case().grid, counts(shop, 3), counts(shop, 5)) == (found, {found: 1}, {MILL: 1})
    check_laws(shop.floor, Random(3))


def test_a_rule_set_that_comes_after_the_change_hands_over_at_once_and_once() -> None:
    shop = Workshop()
    shop.report(category="slow")
    shop.report("2", category="slow")
    shop.done("accept", case=shop.case("1"))
    shop.tick(TURN - T0 + HOUR)
    assert shop.case().grid == WELL
    shop.floor.publish("redrawn")
    assert [one.case for one in lines(shop)] == [shop.case("1").id, shop.case("2").id]
    assert {shop.case(one).grid for one in "12"} == {SPRING}
    shop.tick(TURN - T0 + DAY)
    shop.floor.publish("first")
    shop.floor.publish("redrawn")
    assert len(lines(shop)) == 2
    check_laws(shop.floor, Random(4))


def test_a_closed_case_stays_where_it_lay_and_passes_on_when_it_is_opened_again() -> None:
    shop = shop_with_redrawn_boundaries()
    shop.done("done", "feed_back", "close")
    shop.tick(TURN - T0)
    assert (shop.case().grid, lines(shop)) == (WELL, [])
    assert shop.done("reopen")["step"] == "dispatch"
    shop.tick(TURN - T0 + 1)
    case = shop.case()
    assert case.work is not None
    assert (case.grid, case.work.stand.desk, len(lines(shop))) == (SPRING, SPRING[:12], 1)
    assert (counts(shop, 3), counts(shop, 5)) == ({SPRING: 1}, {WELL: 1})
    check_laws(shop.floor, Random(5))


def test_a_part_of_a_case_that_has_passed_on_counts_where_it_is_split() -> None:
    shop = Workshop()
    shop.report(category="slow")
    shop.done("accept")
    shop.floor.publish("redrawn")
    shop.tick(TURN - T0)
    shop.done("split", case=shop.case())
    assert (counts(shop, 3), counts(shop, 5)) == ({SPRING: 2}, {WELL: 1, SPRING: 1})
    check_laws(shop.floor, Random(6))


def test_when_an_area_passes_on_is_the_first_instant_at_which_something_is_in_its_place() -> None:
    one = Boundaries(
        {
            "a": Validity(to_ms=5, successors=("b",)),
            "b": Validity(from_ms=8, to_ms=9, successors=("c",)),
            "c": Validity(from_ms=20),
            "d": Validity(to_ms=5),
        }
    )
    assert [one.passes_ms("a", now_ms) for now_ms in (0, 6, 8, 9, 30)] == [8, 8, 8, 20, 30]
    assert [one.passes_ms(code, 0) for code in "bcde"] == [20, None, None, None]


def test_what_is_around_several_successors_is_the_countys_where_that_area_has_ended_itself() -> None:
    file = msgspec.json.decode(redrawn_areas(), type=AreaFile)
    assert AreaSet(file).heir(MILL, None, None, TURN) == UNPLACED
    assert AreaSet(file).heir(UNPLACED, None, None, TURN) == ""
    assert AreaSet(file).heir(MILL, None, None, TURN - 1) == ""
