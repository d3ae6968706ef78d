"""To whom a case may go: the order is the duty rule's, and what speaks against is said and changes nothing."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from config.rules import gather
from domain.duty.proposals import AGAINST, REASONS, Facts, Proposal, propose
from domain.duty.roster_file import DepartmentRow, DutyRow, RosterFile
from domain.rules import Rules, compile_rules
from tests.domain.duty.test_roster import COUNTY, DAY, GRID, NIGHT, OFFICE, SHANGHAI, TOWNSHIP, at

NOON, EVENING = at("2026-03-02T12:30"), at("2026-03-02T21:00")


def rules(
    *duty: DutyRow, departments: tuple[DepartmentRow, ...] = (), areas: dict[str, bytes] | None = None
) -> Rules:
    file = RosterFile(
        county=COUNTY, zone="Asia/Shanghai", offsets=SHANGHAI, shifts=[DAY, NIGHT, OFFICE],
        duty=list(duty), departments=list(departments),
    )  # fmt: skip
    roster = {f"roster/{COUNTY}.json": msgspec.json.encode(file)}
    return compile_rules(gather(None, None) | roster | (areas or {}), "h")


WHOLE_DEPARTMENTS = (DepartmentRow("waste", COUNTY, "t-waste"), DepartmentRow("", COUNTY, "t-any"))
WHOLE = rules(
    DutyRow(GRID, 0, "w-a", "w-b"),
    DutyRow(TOWNSHIP, 1, "w-town", "w-a"),
    departments=WHOLE_DEPARTMENTS,
)


def asked(
    at_ms: int = NOON, category: str = "waste", *, have: dict[str, int] | None = None, of: Rules = WHOLE, **more: Any
) -> list[Proposal]:  # fmt: skip
    facts = Facts(grid=GRID, category=category, assignee=more.get("assignee", ""))
    return propose(of, facts, have or {}, more.get("unreceived", frozenset()), at_ms)


def test_the_worker_on_duty_comes_first_then_the_stand_in_then_the_department() -> None:
    found = asked()
    assert [(one.to, one.kind) for one in found] == [
        ("w-a", "worker"),
        ("w-b", "worker"),
        ("t-waste", "team"),
    ]
    assert [one.reasons[0].key for one in found] == ["on_duty", "stand_in", "department"]
    assert found[0].plain() == {
        "to": "w-a",
        "kind": "worker",
        "reasons": [{"key": "on_duty", "area": GRID, "until_ms": at("2026-03-02T20:00")}],
        "against": [],
    }


def test_a_wider_area_s_worker_is_proposed_with_that_as_a_reason_and_a_stand_in_off_shift_with_that_against() -> (
    None
):
    found = asked(EVENING, category="noise")
    assert [one.to for one in found] == ["w-town", "w-a", "t-any"]
    assert [remark.key for remark in found[0].reasons] == ["on_duty", "wider_area"]
    assert [remark.key for remark in found[1].against] == ["off_shift"]
    assert found[2].reasons[0].plain() == {"key": "department_any", "area": COUNTY}


def test_where_nobody_is_on_duty_the_next_shift_s_worker_is_proposed_as_off_shift() -> None:
    found = asked(at("2026-03-01T12:00"), of=rules(DutyRow(GRID, 2, "w-office")))
    assert [one.to for one in found] == ["w-office"]
    assert found[0].reasons[0].plain() == {
        "key": "next_on_duty",
        "area": GRID,
        "from_ms": at("2026-03-02T08:30"),
    }
    assert [remark.key for remark in found[0].against] == ["off_shift"]


def test_a_county_without_a_roster_has_no_proposals() -> None:
    assert propose(WHOLE, Facts(grid="990502001001001", category="waste"), {}, frozenset(), NOON) == []


def test_open_assignments_a_missing_receipt_and_having_it_already_speak_against() -> None:
    found = asked(have={"w-a": 3, "t-waste": 1}, unreceived=frozenset({"w-a"}), assignee="w-a")
    assert [one.plain() for one in found[0].against] == [
        {"key": "has_it"},
        {"key": "open_assignments", "count": 3},
        {"key": "no_receipt"},
    ]
    assert not found[1].against


@given(
    st.dictionaries(st.sampled_from(["w-a", "w-b", "t-waste"]), st.integers(0, 50)),
    st.frozensets(st.sampled_from(["w-a", "w-b", "t-waste"])),
    st.integers(at("2026-01-01T00:00"), at("2026-12-31T00:00")),
)
def test_nothing_about_a_person_changes_who_is_proposed_or_in_which_order(
    have: dict[str, int], unreceived: frozenset[str], at_ms: int
) -> None:
    found = asked(at_ms, have=have, unreceived=unreceived)
    assert [(one.to, one.reasons) for one in found] == [(one.to, one.reasons) for one in asked(at_ms)]
    assert {remark.key for one in found for remark in one.reasons} <= set(REASONS)
    assert {remark.key for one in found for remark in one.against} <= set(AGAINST)


def strip(*numbers: int) -> dict[str, bytes]:
    """Grids of one village side by side along the equator, each a hundredth of a degree wide; number 1 begins at 12°."""
    west = {n: 12 + (n - 1) / 100 for n in numbers}
    rows = [
        {
            "code": f"{GRID[:12]}{n:03d}", "source": "", "name": f"G{n}", "parent": "",
            "geometry": {"type": "Polygon", "coordinates": [[[w, 0], [w + 0.01, 0], [w + 0.01, 0.01], [w, 0.01], [w, 0]]]},
        }
        for n, w in west.items()
    ]  # fmt: skip
    return {"areas/strip.json": msgspec.json.encode({"set": "strip", "county": COUNTY, "areas": rows})}


def test_neighbours_on_duty_come_last_by_how_far_their_areas_lie_from_the_case() -> None:
    duty = [DutyRow(f"{GRID[:12]}{n:03d}", 0, f"w-{n}") for n in (1, 2, 3, 4, 5, 9)]
    night = DutyRow(f"{GRID[:12]}006", 1, "w-night")
    of = rules(*duty, night, departments=WHOLE_DEPARTMENTS, areas=strip(1, 2, 3, 4, 5, 6))
    here = Facts(grid=GRID, category="waste", point=(12.005, 0.005))
    found = propose(of, here, {"w-2": 4}, frozenset(), NOON)
    assert [one.to for one in found] == ["w-1", "t-waste", "w-2", "w-3", "w-4"]
    assert [one.reasons[0].params.get("distance_m") for one in found[2:]] == [1113, 2226, 3340]
    assert found[2].reasons[0].plain()["area"] == f"{GRID[:12]}002"
    assert [remark.key for remark in found[2].against] == ["open_assignments"]


def test_without_a_point_nobody_is_said_to_be_near() -> None:
    of = rules(*(DutyRow(f"{GRID[:12]}{n:03d}", 0, f"w-{n}") for n in (1, 2)), areas=strip(1, 2))
    assert [one.to for one in propose(of, Facts(grid=GRID, category="waste"), {}, frozenset(), NOON)] == [
        "w-1"
    ]


def test_a_village_without_a_border_lies_where_its_grids_lie() -> None:
    village = f"{GRID[:9]}002"
    areas = msgspec.json.decode(strip(1, 2, 3)["areas/strip.json"])
    for row in areas["areas"][1:]:
        row["code"] = village + row["code"][12:]
    of = rules(
        DutyRow(GRID, 0, "w-1"),
        DutyRow(village, 0, "w-village"),
        areas={"areas/strip.json": msgspec.json.encode(areas)},
    )
    found = propose(of, Facts(grid=GRID, category="waste", point=(12.005, 0.005)), {}, frozenset(), NOON)
    assert [(one.to, one.reasons[0].params.get("distance_m")) for one in found[1:]] == [("w-village", 1670)]
