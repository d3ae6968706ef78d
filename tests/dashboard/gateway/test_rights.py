"""What an account sees of a desk's cases."""

import pytest

from dashboard.gateway.rights import Rights
from domain.codes import partition_of_name


def rights(**of: list[list[str]]) -> Rights:
    known = Rights()
    known.take(of)
    return known


@pytest.mark.parametrize(
    ("scopes", "desk", "parts"),
    [
        (["990100"], "990100001", ("990100001",)),
        (["990100001", "990100002"], "990100", ("990100001", "990100002")),
        (["990100001", "990100002"], "", ("990100001", "990100002")),
        (["990100", "990100001"], "", ("990100",)),
        (["990200"], "990100", ()),
        ([""], "990100", ("990100",)),
    ],
)
def test_an_account_sees_the_desk_or_its_own_parts_of_it(
    scopes: list[str], desk: str, parts: tuple[str, ...]
) -> None:
    known = rights(a1=[["dispatcher", scope, ""] for scope in scopes])
    assert known.parts("a1", desk) == parts


@pytest.mark.parametrize("role", ["ops", "administrator", "reporter"])
def test_a_role_that_has_to_do_with_no_case_sees_none(role: str) -> None:
    assert rights(a1=[[role, "", ""]]).parts("a1", "") == ()


def test_local_sees_everything_until_the_first_grant_and_nothing_afterwards() -> None:
    known = Rights()
    assert known.parts("local", "") == ("",)
    known.take({"a1": []})
    assert known.parts("local", "") == ()


def test_what_changed_is_told_and_a_whole_reading_forgets_the_rest() -> None:
    known = rights(a1=[["clerk", "", ""]], a2=[["clerk", "", ""]])
    assert known.take({"a1": [["clerk", "", ""]], "a2": []}) == {"a2"}
    assert known.take({"a2": []}, whole=True) == {"a1"}
    assert known.of("a1") == ()


A, B = "990100001", "990100002"
MOVED = {A: {"moved": {A + "001": {"to": B, "by": "a9", "since_ms": 1}}}, B: {"moved": {}}}


def test_a_moved_scope_is_in_the_other_desks_queue_and_not_in_its_own() -> None:
    known = rights(a1=[["dispatcher", "990100", ""]])
    assert known.take_desks(MOVED)
    own, other = known.reach("a1", A), known.reach("a1", B)
    assert (own.pieces, own.given) == (((A, (A + "001",)),), ((A + "001", B),))
    assert (other.pieces, other.taken) == (((B, ()), (A + "001", ())), ((A + "001", A),))
    assert other.outside == ((A + "001", ()),)
    assert known.reach("a1", "").pieces == (("990100", ()),), "who has both has it anyway"
    assert known.sees("a1", A + "001001"), "nobody's rights have changed"
    assert known.take_desks({A: {"moved": {}}})
    assert known.reach("a1", A).pieces == ((A, ()),)


def test_who_has_no_right_over_a_moved_scope_is_told_of_it_and_not_shown_it() -> None:
    known = rights(a1=[["dispatcher", B, ""]], a2=[["dispatcher", B, ""], ["dispatcher", A + "001002", ""]])
    known.take_desks(MOVED)
    first, second = known.reach("a1", B), known.reach("a2", B)
    assert (first.pieces, first.taken, first.beyond) == (((B, ()),), (), ((A + "001", A),))
    assert second.pieces == ((B, ()), (A + "001002", ()))
    assert (second.taken, second.beyond) == (((A + "001", A),), ((A + "001", A),))


def test_desks_of_a_partition_that_was_written_whole_replace_what_was_known_of_it() -> None:
    known = rights(a1=[["dispatcher", "990100", ""]])
    known.take_desks(MOVED)
    elsewhere = next(p for p in range(16) if p != partition_of_name(A))
    assert not known.take_desks({}, partition=elsewhere)
    assert known.take_desks({}, partition=partition_of_name(A))
    assert known.reach("a1", A).given == ()
