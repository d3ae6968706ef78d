"""The shipped flow, told by hand: what an action makes of a case, and why it is refused."""

import msgspec
import pytest

from domain.flows.moves import (
    Case,
    Move,
    Refusal,
    close_at_source,
    next_step,
    open_case,
    paused,
    placed,
    possible,
)
from tests.domain.town_flow import DAY_MS, GRID, ask, flow, moved, refused, walk

HANDLED = ("accept", "assign", "done", "feed_back")


def test_a_matter_goes_from_its_report_to_its_end() -> None:
    case = walk(*HANDLED, "close", "call_back", "evaluate")
    assert (case.step, case.level, case.desk, case.outcome, case.closed_ms) == (
        "closed", "village", GRID[:12], "settled", 0,
    )  # fmt: skip


def test_handing_up_brings_a_case_to_the_next_desk_and_starts_its_visit_anew() -> None:
    up = moved(walk("accept"), ask("hand_up", role="dispatcher"))
    assert (up.case.step, up.case.level, up.case.desk, up.entered) == ("dispatch", "township", GRID[:9], True)
    county = walk("hand_up", case=up.case)
    assert county.desk == GRID[:6]
    assert refused(county, ask("hand_up", role="dispatcher")) == "no_level"
    assert walk("hand_down", "hand_down", case=county).desk == GRID[:12]


def test_a_case_without_a_place_below_cannot_be_handed_down() -> None:
    case = Case(grid="990100000000000", step="dispatch", level="county", desk="990100")
    assert refused(case, ask("hand_down", role="dispatcher")) == "no_place"


def test_who_handled_may_not_verify_in_this_round_but_may_in_the_next() -> None:
    case = walk("accept", "assign")
    case = moved(case, ask("done", role="handling_unit", account="chen")).case
    case = walk("feed_back", case=case)
    assert refused(case, ask("close", role="verifier", account="chen")) == "separated"
    assert refused(case, ask("not_passed", role="verifier", account="chen")) == "separated"
    closed = moved(case, ask("close", role="verifier", account="wang")).case
    again = walk("reopen", "assign", "done", "feed_back", case=closed)
    assert again.round == 2
    assert moved(again, ask("close", role="verifier", account="chen")).closed


def test_command_may_not_do_what_is_supervisions() -> None:
    case = walk(*HANDLED)
    for role in ("dispatcher", "handling_unit", "duty_officer"):
        assert refused(case, ask("close", role=role)) == "no_role"


def test_a_lower_desk_may_not_act_on_a_higher_desks_case_and_a_higher_may() -> None:
    case = walk("accept", "hand_up")
    assert refused(case, ask("assign", role="dispatcher", scope=GRID[:12])) == "out_of_scope"
    assert refused(case, ask("assign", role="dispatcher", scope="990199")) == "out_of_scope"
    assert moved(case, ask("assign", role="dispatcher", scope=GRID[:6])).case.assignee == "team a"


def test_only_who_has_a_case_says_that_it_is_done() -> None:
    case = walk("accept", "assign")
    assert refused(case, ask("done", role="handling_unit", teams=frozenset({"team b"}))) == "not_assignee"


def test_parking_stops_both_clocks_and_blocks_until_it_is_resumed() -> None:
    case = walk("accept", "park")
    assert paused(flow(), case) == {"step", "whole", "receipt"}
    assert refused(case, ask("assign", role="dispatcher")) == "is_parked"
    resumed = walk("resume", case=case)
    assert (paused(flow(), resumed), resumed.flags) == (frozenset(), ())
    assert refused(resumed, ask("resume", role="dispatcher")) == "not_parked"


def test_asking_the_reporter_pauses_until_the_answer() -> None:
    case = walk("ask")
    assert paused(flow(), case) == {"step", "whole"}
    assert paused(flow(), walk("answer", case=case)) == frozenset()
    assert walk("accept", case=case).flags == (), "a step that is left takes its waiting with it"


def test_asking_for_an_extension_pauses_nothing_and_granting_it_extends_both_clocks() -> None:
    case = walk("accept", "assign", "ask_extension")
    assert paused(flow(), case) == frozenset()
    assert moved(case, ask("grant_extension", role="duty_officer")).extends == ("step", "whole")


@pytest.mark.parametrize("action", ["ask_extension", "grant_extension"])
def test_an_extension_at_the_due_instant_is_too_late(action: str) -> None:
    case = walk("accept", "assign", *(("ask_extension",) if action == "grant_extension" else ()))
    due = msgspec.structs.replace(case, due_ms=100)
    by = flow().actions[action].by[0]
    assert moved(due, ask(action, role=by, at_ms=99))
    assert refused(due, ask(action, role=by, at_ms=100)) == "too_late"


def test_a_supervised_case_is_closed_with_the_supervisors_word_alone() -> None:
    case = walk(*HANDLED, "supervise")
    assert refused(case, ask("close", role="verifier")) == "is_supervised"
    assert walk("agree", "close", case=case).step == "evaluate"


def test_joint_handling_is_done_when_every_part_is() -> None:
    case = walk("accept", "joint")
    assert (case.assignee, case.tasks) == ("team a", (("team b", False), ("team c", False)))
    assert refused(case, ask("done", role="handling_unit")) == "tasks_open"
    for team in ("team b", "team c"):
        case = walk("task_done", case=case, teams=frozenset({team}))
    assert (
        refused(case, ask("task_done", role="handling_unit", teams=frozenset({"team b"}))) == "not_assignee"
    )
    assert walk("done", case=case).step == "feedback"


@pytest.mark.parametrize(("action", "days"), [("not_settled", 7), ("reopen", 15), ("call_back", 7)])
def test_what_follows_a_closing_has_its_period(action: str, days: int) -> None:
    closed = walk(*HANDLED, "close")
    by = flow().actions[action].by[0]
    assert moved(closed, ask(action, role=by, at_ms=days * DAY_MS - 1))
    assert refused(closed, ask(action, role=by, at_ms=days * DAY_MS)) == "too_late"


def test_a_reporter_may_say_no_once_a_round() -> None:
    case = walk(*HANDLED, "close")
    for number in (2, 3):
        case = walk("not_settled", case=case)
        assert (case.round, case.step, case.closed_ms, case.outcome, case.assignee) == (
            number,
            "dispatch",
            None,
            "",
            "",
        )
        assert refused(case, ask("not_settled", role="reporter")) == "wrong_step"
        case = walk("assign", "done", "feed_back", "close", case=case)


def test_a_call_back_is_made_once_a_round() -> None:
    case = walk(*HANDLED, "close", "call_back")
    assert refused(case, ask("call_back", role="verifier")) == "once"
    again = walk("reopen", "assign", "done", "feed_back", "close", case=case)
    assert moved(again, ask("call_back", role="verifier"))


@pytest.mark.parametrize(
    "need", ["reason", "assignee", "departments", "photo", "code", "amount", "parts", "satisfied"]
)
def test_what_an_action_needs_must_be_given(need: str) -> None:
    paths = {
        "return": ("accept",), "assign": ("accept",), "joint": ("accept",), "close": HANDLED, "split": (),
        "ask_extension": ("accept",), "call_back": (*HANDLED, "close"),
    }  # fmt: skip
    action = next(name for name in paths if need in flow().actions[name].needs)
    for wrong in (None, "", " ", [], ["one"], -1, float("nan"), "nonsense" * 1000):
        asked = ask(action, role=flow().actions[action].by[0], given={need: wrong})
        assert refused(walk(*paths[action]), asked) == "missing"


def test_an_assignment_may_carry_who_was_proposed_by_ids_alone() -> None:
    case = walk("accept")
    plain = moved(case, ask("assign", role="dispatcher")).case
    assert (
        moved(case, ask("assign", role="dispatcher", given={"proposed": ["w-1f", "t-waste"]})).case == plain
    )
    assert moved(case, ask("assign", role="dispatcher", given={"proposed": []})).case == plain
    for wrong in ("w-1f", ["a name of somebody"], ["王"], ["w-1"] * 21, [7], None):
        assert refused(case, ask("assign", role="dispatcher", given={"proposed": wrong})) == "missing"


def test_a_feeds_closing_ends_a_case_in_any_step_and_tells_the_supervisor() -> None:
    for actions in ((), ("accept", "park", "supervise"), (*HANDLED, "supervise"), ("merge",)):
        made = close_at_source(flow(), walk(*actions), 5)
        assert (made.case.step, made.case.outcome, made.case.flags, made.closed) == (
            "closed", "closed_at_source", (), True,
        )  # fmt: skip
        assert ("supervisor" in made.tells) == ("supervise" in actions)


def test_a_case_that_is_being_merged_takes_no_other_command() -> None:
    case = walk("accept", "merge")
    for action in flow().actions:
        assert isinstance(next_step(flow(), case, ask(action)), Refusal)


def test_the_actions_offered_are_those_that_would_be_taken() -> None:
    case = walk("accept")
    offered = possible(flow(), case, ask("", role="dispatcher"))
    taken = [
        name
        for name in flow().actions
        if isinstance(next_step(flow(), case, ask(name, role="dispatcher")), Move)
    ]
    assert offered == taken
    assert offered[:3] == ["triage", "ask", "assign"]
    assert possible(flow(), case, ask("", role="grid_worker", scope="11")) == []


def test_under_another_flow_a_step_stays_moves_or_falls_back() -> None:
    case = walk("accept", "assign", "supervise", "ask")
    newer = msgspec.structs.replace(
        flow(),
        steps={name: step for name, step in flow().steps.items() if name not in ("handle", "dispatch")},
        moved={"handle": "work", "work": "feedback"},
    )
    there = placed(newer, case)
    assert (there.step, there.assignee, there.flags) == ("feedback", "team a", ("supervised",))
    assert placed(newer, walk("accept")).step == "file"
    assert placed(flow(), case) == case


def test_a_desk_that_the_new_step_does_not_have_gives_way_to_the_levels_own() -> None:
    steps = dict(flow().steps)
    steps["dispatch"] = msgspec.structs.replace(steps["dispatch"], levels=("county",))
    there = placed(msgspec.structs.replace(flow(), steps=steps), walk("accept"))
    assert (there.level, there.desk) == ("county", GRID[:6])


def test_a_closed_case_stays_closed_under_a_flow_without_its_step() -> None:
    closed = walk(*HANDLED, "close")
    newer = msgspec.structs.replace(flow(), steps={n: s for n, s in flow().steps.items() if n != "evaluate"})
    assert placed(newer, closed).step == "closed"
    assert open_case(newer, GRID, "handle").step == "file", "nobody has a case that has just come"
