"""Which places a desk has, when scopes go to other desks for a time."""

import pytest

from domain.desks.held import Held, Moves, manned

A, B, C = "990100001", "990100002", "990100003"


@pytest.mark.parametrize(
    ("place", "held"),
    [
        ("990100001", True),
        ("990100002001001", False),
        ("990100002002001", True),
        ("990200", False),
        ("", False),
    ],
)
def test_the_most_exact_scope_says_whose_a_place_is(place: str, held: bool) -> None:
    moves = {"990100": {"990100002": "990300"}, "990300": {"990100002002": "990100"}}
    assert Held("990100", moves).has(place) is held


def test_a_part_of_a_moved_scope_that_went_elsewhere_is_with_nobody_else() -> None:
    moves: Moves = {A: {A + "001": B, A + "001001": C}}
    having = {desk: [p for p in (A + "001001", A + "001002", A + "002001") if Held(desk, moves).has(p)] for desk in (A, B, C)}  # fmt: skip
    assert having == {A: [A + "002001"], B: [A + "001002"], C: [A + "001001"]}


def test_each_place_of_the_county_is_with_exactly_one_of_its_townships() -> None:
    moves: Moves = {A: {A + "001": B}, B: {B: C, B + "002": A}}
    places = [desk + village + "001" for desk in (A, B, C) for village in ("001", "002", "003")]
    for place in places:
        assert sum(Held(desk, moves).has(place) for desk in (A, B, C)) == 1, place


@pytest.mark.parametrize(
    ("rights", "is_manned"),
    [
        ([[("dispatcher", "990100")]], True),
        ([[("duty_officer", A), ("dispatcher", B)]], True),
        ([[("dispatcher", B)], [("dispatcher", A)]], False),
        ([[("dispatcher", B), ("dispatcher", A + "001001")]], False),
        ([[("supervisor", "990100")]], False),
        ([], False),
    ],
)
def test_a_desk_can_take_a_scope_where_somebody_at_work_there_has_a_right_over_the_whole_of_it(
    rights: list[list[tuple[str, str]]], is_manned: bool
) -> None:
    assert manned(rights, A + "001", B) is is_manned
