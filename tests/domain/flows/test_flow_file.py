"""A flow file with mistakes is refused whole, every mistake with its line."""

import pytest

from domain.flows.file import read_flows
from domain.toml_lines import lines_of
from tests.domain.town_flow import SHIPPED

TEXT = SHIPPED.read_text(encoding="utf-8")


def told(text: str) -> list[str]:
    return read_flows(text.encode(), lambda _: 30, file="flow.toml")[1]


def with_line(old: str, new: str) -> tuple[str, int]:
    """The shipped file with one text in place of another, and the line where that is."""
    assert TEXT.count(old) == 1, f"{old!r} is there {TEXT.count(old)} times"
    return TEXT.replace(old, new), TEXT[: TEXT.index(old)].count("\n") + 1


def test_the_shipped_flows_are_right() -> None:
    assert told(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("reopen_days = 15", "reopen_days = 31", "is 31 days, and closed cases are kept for 30"),
        ("call_back_days = 7", "call_back_days = 400", "is 400 days, and closed cases are kept for 30"),
        ("call_back_days = 7", "call_back_days = 0", "must be a number of days above 0"),
        ('to = {collect = "file"}', 'to = {collect = "fyle"}', "names the step 'fyle'"),
        ('to = {collect = "file"}', 'to = {collekt = "file"}', "names the step 'collekt'"),
        ('by = ["reporter"]', 'by = ["mayor"]', "names the role 'mayor'"),
        ('seat = "task"\nneeds = ["text"]', 'seat = "chair"\nneeds = ["text"]', "must be one of desk, higher"),
        ('move = "up"', 'move = "sideways"', "must be one of up, down"),
        ('kind = "working_days", amount = 3', 'kind = "working_days", amount = 2.5', "cannot be: 2.5"),
        ('kind = "wall_clock", amount = 4', 'kind = "moon_clock", amount = 4', "must be one of wall_clock"),
        ('extends = ["step", "whole"]', 'extends = ["all"]', "names the clock 'all'"),
        ('command = ["dispatcher",', 'command = ["verifier", "dispatcher",', "supervision and command are apart"),
        ("[grid.moved] ", '[grid.moved]\nx = "y"\ny = "x"', "leads in a circle"),
        ('pauses = ["step", "whole", "receipt"]', 'pauses = ["step", "lunch"]', "names the clock 'lunch'"),
        ('blocks = true, lasts = "step"}\nextending', 'blocks = true, clock = {kind = "wall_clock", amount = 1}}\nextending', "only supervised has a clock of its own"),
        ("amount = 8}}", "amount = 0}}", "cannot be: 0 must be more than 0"),
        ("priority = 1  ", "priority = 7  ", "must be a number from 1 to 4"),
        ("repeats = 3", "repeats = 2.5", "must be a whole number"),
        ("overdue = true", 'overdue = "yes"', "must be true or false"),
        ("dissatisfied = true", "annoyed = true", "is not known"),
        ("minutes = 30", "minutes = 0", "must be there, and more than 0"),
        ('action = "receive"', 'action = "recieve"', "names the action 'recieve'"),
        ('action = "receive"', 'action = "park"', "must be the assignee's"),
        ('back = "dispatch"', 'back = "handle"', "must be a step in which the case is open and nobody's"),
        ('back = "dispatch"', 'back = "dispach"', "names the step 'dispach'"),
        ('tells = {reporter = "asked"}', 'tells = {mayor = "asked"}', "is no receiver"),
        ('tells = {reporter = "asked"}', 'tells = {reporter = "shouted"}', "must be one of asked, supervised"),
        ("[grid.moved] ", '[grid.moved]\nx = "nowhere"', "ends at 'nowhere', which is no step"),
        ("[grid.moved] ", '[grid.moved]\nhandle = "file"', "is a step of this file"),
        ('needs = ["departments"] ', 'needs = ["people"]', "names the need 'people'"),
        ('closed_at_source = {en = "Closed at the source", zh = "来源已办结"}\n\n# --- what', "# --- what", "must have closed_at_source"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old: str, new: str, sentence: str) -> None:
    text, line = with_line(old, new)
    near = range(line - 9, line + new.count("\n") + 1)
    assert any(int(one.split(":")[1]) in near and sentence in one for one in told(text)), told(text)


def test_supervision_that_nobody_could_end_is_a_mistake_where_rules_begin_it() -> None:
    text, _ = with_line('clears = ["supervised", "urged"]', 'clears = ["urged"]')
    line = TEXT[: TEXT.index("[grid.supervise]")].count("\n") + 1
    assert any(
        one.startswith(f"flow.toml:{line}: `grid.supervise` can begin in the step collect")
        for one in told(text)
    )


def test_who_handled_may_never_be_let_verify() -> None:
    text = TEXT.replace('not_by = ["done", "task_done"]', "# ")
    assert [one for one in told(text) if "`grid.actions.close.not_by` is missing" in one]
    assert [one for one in told(text) if "`grid.actions.not_passed.not_by` is missing" in one]


def test_a_step_that_nothing_leads_to_or_from_is_a_mistake() -> None:
    text = TEXT.replace('to = {feedback = "verify"}', 'steps = ["feedback"]')
    assert any("is a step that no action leads to" in one for one in told(text))
    trap = (
        '[grid.steps.trap]\ntitle = {en = "T", zh = "T"}\n[grid.actions.fall]\ntitle = {en = "F", zh = "F"}\n'
    )
    trap += 'by = ["clerk"]\nto = {file = "trap"}\n'
    assert any(
        "`grid.steps.trap` is a step from which no action leads to an end" in one for one in told(TEXT + trap)
    )


def test_parking_that_nothing_ends_is_a_mistake() -> None:
    text = TEXT.replace('clears = ["parked"]', "")
    assert any("is of a flag that nothing ends in the step handle" in one for one in told(text))


def test_all_mistakes_are_told_in_the_order_of_their_lines() -> None:
    text = (
        TEXT.replace('by = ["clerk"', 'by = ["clark"')
        .replace('"reason"', '"raison"')
        .replace("= true", '= "yes"')
    )
    lines = [int(one.split(":")[1]) for one in told(text)]
    assert len(lines) > 20
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [("[grid\n", 1), ("[grid]\nfirst = \n", 2), ("", 1), ("grid = 3\n", 1), ("a = 1\na = 2\n", 2)],
)
def test_what_is_no_flow_file_at_all_is_told_with_a_line(text: str, line: int) -> None:
    assert any(one.startswith(f"flow.toml:{line}: ") for one in told(text)), told(text)


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    assert read_flows(b"# one\n\xff\n", lambda _: 30)[1] == [
        "flow.toml:2: is not UTF-8; save the file as UTF-8."
    ]


def test_lines_are_found_through_strings_brackets_and_comments() -> None:
    text = 'a = "x = [1"  # [no]\nb = [\n  1,  # c = 2\n]\n[t.u]\n"d e" = """\nf = 1\n"""\ng.h = {i = 1}\n[[v]]\nw = 1\n'
    assert lines_of(text) == {
        ("a",): 1, ("b",): 2, ("t",): 5, ("t", "u"): 5, ("t", "u", "d e"): 6, ("t", "u", "g"): 9, ("t", "u", "g", "h"): 9,
        ("v",): 10, ("v", "w"): 11,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('sets = ["merging"]', "", "must have a flag that is inner and blocks"),
        (
            'needs = ["parts"]\nsteps = ["file", "dispatch"]',
            'needs = ["parts"]\nto = {file = "dispatch"}',
            "use `steps`",
        ),
        ('needs = ["parts"]', 'needs = ["parts", "case"]', "a case is merged or split"),
        ('tasks = "one"', "", "are for the seat task"),
    ],
)
def test_what_changes_more_than_one_case_has_rules_of_its_own(old: str, new: str, sentence: str) -> None:
    assert TEXT.count(old) == 1
    assert any(sentence in one for one in told(TEXT.replace(old, new)))
