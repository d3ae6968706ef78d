"""No sequence of actions brings a case into an illegal state, and from every state a case can end."""

import os
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.flows.file import read_flows
from domain.flows.flow import LEVEL_DIGITS, ROLES, Flow
from domain.flows.moves import (
    Case,
    Move,
    Refusal,
    Request,
    close_at_source,
    next_step,
    open_case,
    placed,
    possible,
)
from tests.domain.town_flow import GIVEN, GRID, SHIPPED, flow

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
SEQUENCES = 2_000 if PROVE else 60
ACCOUNTS = ("chen", "wang", "team a", "team b", "li")
SCOPES = (GRID, GRID[:12], GRID[:9], GRID[:6], GRID[:4], "990199", "")
WRONG = (None, "", [], ["same", "same"], -1, True, "nonsense", float("inf"), {"a": 1})
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


WISH = st.tuples(
    st.integers(0, 1000),  # which of the possible actions; above 900 any at all
    st.sampled_from((ROLES, ROLES, *((role,) for role in ROLES))),
    st.sampled_from(ACCOUNTS),
    st.sampled_from((GRID[:6],) * 6 + SCOPES),
    st.sampled_from((("team a", "team b", "team c"), ("team a",), ("team b",), ())),
    st.sampled_from((0, 1, 3_600_000, 86_400_000)),
    st.sampled_from((None,) * 20 + tuple((need, value) for need in GIVEN for value in WRONG)),
)
"""What somebody may ask for: mostly something possible, with everybody's rights, and given right."""
Wish = tuple[int, tuple[str, ...], str, str, tuple[str, ...], int, tuple[str, Any] | None]


def asked(of: Flow, case: Case, wish: Wish, now_ms: int) -> Request:
    number, roles, account, scope, teams, _, wrong = wish
    grants = tuple((role, scope) for role in roles)
    who = Request(action="", account=account, grants=grants, teams=frozenset(teams), at_ms=now_ms)
    names = [*of.actions, "fly"] if number > 900 else possible(of, case, who) or ["fly"]
    name = names[number % len(names)]
    outcomes = of.actions[name].outcomes if name in of.actions else ()
    code = {"code": outcomes[number % len(outcomes)]} if outcomes else {}
    return msgspec.structs.replace(who, action=name, given=GIVEN | code | dict([wrong] if wrong else []))


def check_legal(of: Flow, case: Case) -> None:
    step = of.steps[case.step]
    assert case.level in step.levels
    assert case.desk == case.grid[: LEVEL_DIGITS[case.level]]
    assert step.ended == (case.closed_ms is not None)
    assert bool(case.outcome) == step.ended
    assert not case.outcome or case.outcome in of.outcomes
    if step.assignee != "any":
        assert bool(case.assignee) == (step.assignee != "none")
    assert not case.tasks or case.assignee
    assert case.flags == tuple(sorted(set(case.flags)))
    assert set(case.flags) <= set(of.flags)
    assert not (case.flags and step.ended)
    assert {name for name, _ in case.taken} <= of.remembered


@settings(QUIET, max_examples=SEQUENCES)
@given(
    wishes=st.lists(WISH, min_size=20, max_size=80), step=st.sampled_from(("", "file", "handle", "nonsense"))
)
def test_no_sequence_of_actions_leads_to_an_illegal_state(wishes: list[Wish], step: str) -> None:
    case, now_ms = open_case(flow(), GRID, step), 0
    handled: set[tuple[int, str]] = set()
    for wish in wishes:
        check_legal(flow(), case)
        now_ms += wish[5]
        before, request = case, asked(flow(), case, wish, now_ms)
        made = next_step(flow(), case, request)
        if isinstance(made, Refusal):
            assert made.reason
            assert made.sentence.endswith(".")
            continue
        case = made.case
        assert {role for role, _ in request.grants} & set(flow().actions[request.action].by)
        if request.action in {"done", "task_done"}:
            handled.add((before.round, request.account))
        if before.step == "verify" and case.step != "verify":
            assert (before.round, request.account) not in handled, "who handled verified"
        assert made.closed == (before.closed_ms is None and case.closed_ms is not None)
        assert made.reopened == (before.closed_ms is not None and case.closed_ms is None)
        assert case.round == before.round + made.reopened
        assert not (made.closed and "supervised" in before.flags)
    check_legal(flow(), case)
    if case.closed_ms is None:
        check_legal(flow(), close_at_source(flow(), case, now_ms).case)


def test_every_state_that_can_be_reached_can_be_brought_to_an_end() -> None:
    """Search all states of step, level, flags and assignment, with everybody's rights and nobody's history."""
    begun = open_case(flow(), GRID)
    ways: dict[Case, set[Case]] = {}
    left = [begun]
    while left:
        case = left.pop()
        if case in ways:
            continue
        ways[case] = set()
        for name, action in flow().actions.items():
            code = {"code": action.outcomes[0]} if action.outcomes else {}
            for given_ in (GIVEN | code, GIVEN | code | {"departments": ["team a", "team b"]}):
                made = next_step(
                    flow(),
                    case,
                    Request(
                        action=name,
                        account="somebody",
                        grants=tuple((role, "") for role in ROLES),
                        teams=frozenset({"team a", "team b", "team c"}),
                        given=given_,
                    ),
                )
                if isinstance(made, Move):
                    then = msgspec.structs.replace(made.case, round=1, taken=())
                    ways[case].add(then)
                    left.append(then)
    ended = {case for case in ways if case.step == "closed"}
    known = set(ended)
    while more := {case for case, then in ways.items() if case not in known and then & known}:
        known |= more
    stuck = {case for case in ways if case not in known and "merging" not in case.flags}
    assert not stuck
    assert {case.step for case in ways} == set(flow().steps)
    assert len(ways) > 200


WORDS = (
    "true",
    "1",
    "'x'",
    "[]",
    '["handle"]',
    '"up"',
    "[grid]",
    "=",
    '"closed"',
    "ended = true",
    'to = {file = "handle"}',
)
SLIP = st.tuples(st.integers(0, 10_000), st.integers(0, 2), st.integers(0, 10_000))


@settings(QUIET, max_examples=SEQUENCES)
@given(slips=st.lists(SLIP, min_size=1, max_size=3), wishes=st.lists(WISH, min_size=20, max_size=40))
def test_a_scribbled_flow_is_refused_with_its_lines_or_is_as_safe_as_the_shipped_one(
    slips: list[tuple[int, int, int]], wishes: list[Wish]
) -> None:
    lines = SHIPPED.read_text(encoding="utf-8").split("\n")
    for where, what, which in slips:
        number = where % len(lines)
        if what == 0:
            del lines[number]
        elif what == 1:
            lines.insert(number, (*lines, *WORDS)[which % (len(lines) + len(WORDS))])
        else:
            parts = lines[number].split(" ")
            parts[which % len(parts)] = WORDS[which % len(WORDS)]
            lines[number] = " ".join(parts)
    flows, mistakes = read_flows("\n".join(lines).encode(), lambda _: 30, file="town/flow.toml")
    for one in mistakes:
        name, line, sentence = one.split(":", 2)
        assert name == "town/flow.toml"
        assert 1 <= int(line) <= len(lines)
        assert sentence.startswith(" ")
        assert sentence.endswith((".", ")", "?"))
    if mistakes or "grid" not in flows:
        return
    of, case = flows["grid"], open_case(flows["grid"], GRID)
    for wish in wishes:
        made = next_step(of, case, asked(of, case, wish, 0))
        case = made.case if isinstance(made, Move) else case
        check_legal(of, case)
    check_legal(flow(), placed(flow(), case))


@pytest.mark.parametrize("name", ["source", "grid"])
def test_every_shipped_text_is_in_both_languages(name: str) -> None:
    of = flow(name)
    titles = [
        of.title,
        *of.outcomes.values(),
        *(one.title for one in (*of.steps.values(), *of.flags.values(), *of.actions.values())),
    ]
    assert all(one["en"] and one["zh"] for one in titles)
