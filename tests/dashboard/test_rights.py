"""What an account sees of a desk's cases."""

import pytest

from dashboard.rights import Rights


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
