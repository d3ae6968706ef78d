"""What people do to cases in the fold: rights, versions, clocks, alerts and counters follow from each accepted command."""

import pytest

from domain.records import Tick
from tests.domain.small_town import DAY, GRIDS, HOUR, MINUTE, T0
from tests.domain.workshop import Workshop

WAY = ("accept", "assign", "done", "feed_back", "close", "evaluate")
STEPS = ("dispatch", "handle", "feedback", "verify", "evaluate", "closed")


def stand(shop: Workshop) -> tuple[str, int]:
    work = shop.case().work
    assert work is not None
    return work.stand.step, work.version


def due(shop: Workshop) -> tuple[int | None, int | None]:
    """When the whole case and its step are due, in ms after the beginning."""
    case = shop.case()
    assert case.work is not None
    step_ms = None if case.work.step is None else case.work.step.due_ms
    return (
        None if case.due_ms is None else case.due_ms - T0,
        None if step_ms is None else step_ms - T0,
    )


def counts(shop: Workshop) -> tuple[int, int]:
    """How many cases are open, and how many of them overdue."""
    cells = [
        cell
        for work in shop.floor.casework
        for grids in work.counters.cells.values()
        for categories in grids.values()
        for cell in categories.values()
    ]
    return sum(cell[3] for cell in cells), sum(cell[4] for cell in cells)


def tick(shop: Workshop, ms: int) -> None:
    shop.at(ms)
    for work in shop.floor.casework:
        shop.floor.into_journal(work.partition, Tick())


def test_a_case_goes_its_whole_way_and_each_answer_says_where_it_is() -> None:
    shop = Workshop()
    shop.grant("handling_unit", "handling_unit", team="team a")
    case = shop.report()
    assert stand(shop) == ("file", 1)
    for number, (action, step) in enumerate(zip(WAY, STEPS, strict=True), start=2):
        answer = shop.do(action)
        assert (answer["ok"], answer["step"], answer["version"], answer["case"]) == (
            True,
            step,
            number,
            case.id,
        )
    assert shop.case().closed_ms is not None
    assert counts(shop) == (0, 0)
    shown = shop.case().public()
    assert (shown["level"], shown["desk"], shown["outcome"]) == ("village", GRIDS[0][:12], "settled")


@pytest.mark.parametrize(
    ("action", "by", "fields", "reason"),
    [
        ("accept", "dispatcher", {}, "no_role"),
        ("accept", "nobody", {}, "no_role"),
        ("accept", "stranger", {}, "out_of_scope"),
        ("accept", "clerk", {"version": 7}, "stale"),
        ("accept", "clerk", {"version": None}, "no_version"),
        ("assign", "dispatcher", {}, "wrong_step"),
        ("fly", "clerk", {}, "unknown_action"),
        ("reject", "clerk", {"given": {"code": "nonsense"}}, "missing"),
        ("merge", "clerk", {"given": {"case": "nowhere"}}, "unknown_case"),
        ("undo", "clerk", {"undoes": "c1"}, "too_late"),
    ],
)
def test_what_is_refused_has_its_reason_and_changes_nothing(
    action: str, by: str, fields: dict[str, object], reason: str
) -> None:
    shop = Workshop()
    shop.grant("stranger", "clerk", "110000")
    shop.report()
    before = shop.case().public()
    answer = shop.do(action, by=by, **fields)
    assert (answer["ok"], answer["reason"]) == (False, reason)
    assert answer["sentence"].endswith(".")
    assert (answer["step"] is None) == (reason in {"no_role", "out_of_scope"}), (
        "who may not act learns nothing"
    )
    assert shop.case().public() == before


def test_a_case_that_is_not_there_or_has_no_flow_is_refused() -> None:
    shop = Workshop()
    case = shop.report()
    ghost = type(case)(
        **{name: getattr(case, name) for name in case.__struct_fields__} | {"id": case.id[:-1] + "f"}
    )
    assert shop.do("accept", case=ghost)["reason"] == "unknown_case"


def test_of_two_desks_the_second_is_told_what_the_first_did() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept")
    shop.done("assign")
    answer = shop.do("assign", by="duty_officer", version=2)
    assert (answer["reason"], answer["version"], answer["step"]) == ("stale", 3, "handle")
    assert "assign by dispatcher" in answer["sentence"]


def test_reports_repeats_and_notes_leave_the_version_alone() -> None:
    shop = Workshop()
    shop.report()
    shop.report()
    shop.report(channel="phone")
    shop.done("note")
    assert stand(shop) == ("file", 1)
    shop.report(name="Mill")
    assert stand(shop) == ("file", 2), "another place is another matter for a desk"
    assert shop.case().public()["desk"] == GRIDS[1][:12]


def test_the_marks_of_both_clocks_are_told_once_each_at_their_own_instants() -> None:
    shop = Workshop()
    shop.report()
    assert due(shop) == (4 * HOUR, HOUR)
    shop.told()
    tick(shop, 13 * HOUR)
    assert shop.told() == [
        (45 * MINUTE, "raised", "due_soon", "step"),
        (HOUR, "worsened", "overdue", "step"),
        (3 * HOUR, "raised", "due_soon", "resolve"),
        (3 * HOUR, "worsened", "overdue", "step"),  # three times its budget
        (4 * HOUR, "worsened", "overdue", "resolve"),
        (12 * HOUR, "worsened", "overdue", "resolve"),
    ]
    assert counts(shop) == (1, 1)
    shop.done("accept")
    assert shop.told() == [(13 * HOUR, "cleared", "overdue", "step")]


def test_what_is_due_fires_before_a_command_of_the_same_instant() -> None:
    shop = Workshop()
    shop.grant("handling_unit", "handling_unit", team="team a")
    shop.report()
    shop.done("accept", "assign", "receive")
    shop.tick(4 * HOUR)  # overdue: a rule has it supervised, which is another version
    answer = shop.do("ask_extension", by="dispatcher")
    assert answer["reason"] == "too_late"
    assert counts(shop) == (1, 1)


def test_a_parked_case_has_no_time_and_goes_on_where_it_stopped() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept")
    shop.at(HOUR).done("park")
    assert due(shop)[0] is None
    assert shop.case().public()["paused"] is True
    tick(shop, 50 * HOUR)
    assert counts(shop) == (1, 0)
    shop.done("resume")
    assert due(shop)[0] == 53 * HOUR
    tick(shop, 53 * HOUR)
    assert counts(shop) == (1, 1)


def test_an_extension_adds_to_both_clocks_in_their_own_kind() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept", "assign")
    whole_ms, step_ms = due(shop)
    shop.done("ask_extension")
    assert due(shop) == (whole_ms, step_ms), "asking gives no time"
    shop.done("grant_extension")
    assert whole_ms is not None
    assert step_ms is not None
    after = due(shop)
    assert after[0] == whole_ms + 2 * HOUR
    assert after[1] is not None
    assert after[1] >= step_ms + 2 * DAY, "two working days"
    refused = Workshop()
    refused.report()
    refused.done("accept", "assign", "ask_extension")
    assert refused.do("grant_extension", given={"amount": 1.5})["reason"] == "missing", "no half working day"


def test_another_class_counts_from_the_start_and_overdue_follows() -> None:
    shop = Workshop()
    shop.report()
    shop.at(2 * HOUR).done("accept")
    shop.told()
    shop.do("triage", by="clerk", given={"category": "noise"})
    assert due(shop)[0] == HOUR
    assert counts(shop) == (1, 1)
    assert [fact[1:] for fact in shop.told()] == [("raised", "overdue", "resolve")]
    shop.do("triage", by="clerk", given={"category": "lamp"})
    assert due(shop)[0] == 4 * HOUR
    assert counts(shop) == (1, 0)
    assert [fact[1:] for fact in shop.told()] == [("cleared", "overdue", "resolve")]
    tick(shop, 5 * HOUR)
    assert counts(shop) == (1, 1), "a mark fires once, and yet the case is overdue again"


def test_a_closed_case_that_is_reopened_did_not_run_meanwhile() -> None:
    shop = Workshop()
    shop.grant("handling_unit", "handling_unit", team="team a")
    shop.report()
    shop.done("accept", "assign", "done", "feed_back")
    shop.at(HOUR).done("close")
    assert counts(shop) == (0, 0)
    shop.at(DAY).done("not_settled")
    assert stand(shop)[0] == "dispatch"
    assert due(shop)[0] == DAY + 3 * HOUR
    assert counts(shop) == (1, 0)
    assert shop.case().public()["round"] == 2


def test_a_feeds_closing_ends_a_case_in_any_step_and_its_opening_begins_it_again() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept", "park")
    shop.at(HOUR).report(closed_ms=HOUR)
    assert shop.case().public()["outcome"] == "closed_at_source"
    assert counts(shop) == (0, 0)
    shop.at(2 * HOUR).report(channel="again")
    assert stand(shop)[0] == "file"
    assert counts(shop) == (1, 0)


def test_a_command_is_taken_back_by_its_own_account_within_five_seconds() -> None:
    shop = Workshop()
    shop.report()
    tick(shop, 50 * MINUTE)
    alert = next(iter(shop.work().alerts.values()))
    before = shop.case().public()
    shop.told()
    shop.do("accept", id="slip")
    assert not shop.work().alerts
    shop.at(50 * MINUTE + 4_999)
    assert shop.do("undo", by="duty_officer", undoes="slip")["reason"] == "too_late"
    answer = shop.do("undo", by="clerk", undoes="slip")
    assert (answer["ok"], answer["step"], answer["version"]) == (True, "file", 3)
    story = shop.case().public()["story"]
    assert shop.case().public() == before | {"version": 3, "story": story}
    assert [fact[1] for fact in shop.told()] == ["cleared", "restored"]
    assert list(shop.work().alerts) == [alert.id]
    shop.do("accept", id="again")
    shop.at(50 * MINUTE + 10_000)
    assert shop.do("undo", by="clerk", undoes="again")["reason"] == "too_late"


def test_a_closing_that_is_taken_back_is_counted_back() -> None:
    shop = Workshop()
    shop.report()
    shop.do("reject", by="clerk", id="slip", given={"code": "not_ours"})
    assert counts(shop) == (0, 0)
    assert shop.do("undo", by="clerk", undoes="slip")["ok"]
    assert counts(shop) == (1, 0)
    assert shop.case().closed_ms is None
    tick(shop, 5 * HOUR)
    assert counts(shop) == (1, 1)


def test_a_revoked_account_acts_no_more() -> None:
    shop = Workshop()
    shop.report()
    shop.grant("clerk", "clerk", on=False)
    assert shop.do("accept", by="clerk")["reason"] == "no_role"


def test_a_command_that_comes_twice_is_done_once() -> None:
    shop = Workshop()
    shop.report()
    assert shop.do("accept", id="same")["repeated"] is False
    again = shop.do("accept", id="same")
    assert (again["repeated"], again["ok"], again["version"]) == (True, True, 2)
    assert stand(shop) == ("dispatch", 2)


def test_under_another_flow_a_renamed_step_is_followed_and_running_clocks_keep_their_limits() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept")
    before = due(shop)
    shop.floor.publish("renamed")
    assert stand(shop) == ("sending", 3)
    assert due(shop) == before
    shop.floor.publish("faster")
    assert stand(shop)[0] == "file", "nothing leads back: the fallback"
    assert due(shop)[0] == 4 * HOUR


def test_a_case_leaves_with_everything_when_its_time_is_over() -> None:
    shop = Workshop()
    shop.report()
    shop.do("reject", by="clerk", given={"code": "not_ours"})
    tick(shop, 31 * DAY)
    assert all(not work.cases for work in shop.floor.casework)


def test_a_command_from_before_another_flow_is_not_taken_back_into_a_step_that_is_gone() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept")
    back = shop.done("return")
    shop.floor.publish("renamed")
    assert shop.do("undo", by="clerk", undoes=back["id"])["reason"] == "too_late"
    assert stand(shop)[0] == back["step"] == "file"


def test_a_case_that_is_overdue_again_is_shown_so() -> None:
    shop = Workshop()
    shop.report()
    shop.at(2 * HOUR).done("accept")
    for category in ("noise", "lamp"):
        shop.do("triage", by="clerk", given={"category": category})
    tick(shop, 4 * HOUR - 1)
    shop.work().take_changes()
    tick(shop, 4 * HOUR)
    changes = shop.work().take_changes()
    assert changes is not None
    assert shop.case().overdue
    assert shop.case().id in changes.hashes.get(f"cases:{shop.work().partition}", {})
