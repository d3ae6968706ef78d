"""Joint handling in the fold: a task for each department, with a version and a due instant of its own."""

from typing import Any

import msgspec

from tests.domain.shown import at
from tests.domain.small_town import DAY, HOUR, T0
from tests.domain.workshop import Workshop


def shop_with_departments() -> Workshop:
    """A case that three departments handle, `team a` leading; each has an account of its name."""
    shop = Workshop()
    for team in ("team a", "team b", "team c"):
        shop.grant(team, "handling_unit", team=team)
    shop.report(category="slow")
    shop.done("accept", "joint")
    return shop


def tasks(shop: Workshop) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = msgspec.to_builtins(shop.case().public()["tasks"])
    return shown


def test_each_department_but_the_lead_has_a_task_that_is_due_with_the_visits_limit() -> None:
    shop = shop_with_departments()
    due_ms = at(
        "2023-11-17T17:30+08:00"
    )  # three working days after a Tuesday evening that is a Wednesday in China
    assert [(one["team"], one["done"], one["version"]) for one in tasks(shop)] == [
        ("team b", False, 1),
        ("team c", False, 2),
    ]
    work = shop.case().work
    assert work is not None
    assert work.step is not None
    assert {one["due_ms"] for one in tasks(shop)} == {work.step.due_ms} == {due_ms + 3 * DAY}


def test_what_another_department_has_done_makes_no_command_stale() -> None:
    shop = shop_with_departments()
    assert shop.do("task_done", by="team b", version=1)["ok"]
    answer = shop.do("task_done", by="team c", version=2)
    assert (answer["ok"], answer["version"]) == (True, 3), (
        "the case's own version is the one of the joint handling"
    )
    assert [(one["done"], one["version"]) for one in tasks(shop)] == [(True, 3), (True, 4)]


def test_a_command_is_about_the_version_of_its_task_alone() -> None:
    shop = shop_with_departments()
    for version, reason in ((3, "stale"), (2, "stale"), (None, "no_version")):
        assert shop.do("task_done", by="team b", version=version)["reason"] == reason
    shop.done("urge")
    assert shop.do("task_done", by="team b", version=1)["ok"]


def test_who_acts_for_several_departments_says_for_which() -> None:
    shop = shop_with_departments()
    for team in ("team b", "team c"):
        shop.grant("both", "handling_unit", team=team)
    assert shop.do("task_done", by="both", version=2, given={"department": "team c"})["ok"]
    assert [one["done"] for one in tasks(shop)] == [False, True]
    assert (
        shop.do("task_done", by="both", version=4, given={"department": "team c"})["reason"] == "not_assignee"
    )


def test_an_overdue_task_raises_one_alert_that_ends_when_it_is_done() -> None:
    shop = shop_with_departments()
    shop.grant("lead", "handling_unit", team="team a")
    assert shop.do("receive", by="lead")["ok"]
    shop.done("park")
    shop.at(30 * DAY)
    shop.done("resume")
    shop.told()
    due_ms = tasks(shop)[0]["due_ms"] - T0
    shop.at(due_ms + HOUR)
    shop.do("task_done", by="team b", version=1)
    told = [(ms, fact, clock) for ms, fact, _, clock in shop.told() if clock.startswith("task:")]
    assert told == [
        (due_ms, "raised", "task:team b"),
        (due_ms, "raised", "task:team c"),
        (due_ms + HOUR, "cleared", "task:team b"),
    ]
    shop.at(due_ms + 2 * DAY)
    shop.do("note")
    assert not [one for one in shop.told() if one[3] == "task:team c"], "a mark fires once"
    assert shop.do("task_done", by="team c", version=2)["ok"]
    assert [fact[1] for fact in shop.told() if fact[3] == "task:team c"] == ["cleared"]


def test_a_tasks_clock_stands_while_the_case_is_parked() -> None:
    shop = shop_with_departments()
    due_ms = tasks(shop)[0]["due_ms"]
    shop.done("park")
    assert tasks(shop)[0]["due_ms"] is None
    shop.at(7 * DAY)
    shop.done("resume")
    assert tasks(shop)[0]["due_ms"] == due_ms + 7 * DAY


def test_a_task_is_taken_back_by_its_own_account_alone_and_the_case_goes_on() -> None:
    shop = shop_with_departments()
    done = shop.do("task_done", by="team b", version=1)
    assert shop.do("task_done", by="team c", version=2)["ok"]
    assert shop.do("undo", by="team c", undoes=done["id"])["reason"] == "too_late"
    assert shop.do("undo", by="team b", undoes=done["id"])["ok"]
    assert [(one["done"], one["version"]) for one in tasks(shop)] == [(False, 5), (True, 4)]
    assert shop.do("task_done", by="team b", version=3)["reason"] == "stale"
    again = shop.do("task_done", by="team b", version=5)
    shop.at(5_000)
    assert shop.do("undo", by="team b", undoes=again["id"])["reason"] == "too_late"


def test_a_task_is_not_taken_back_once_the_case_has_gone_on() -> None:
    shop = shop_with_departments()
    shop.do("task_done", by="team b", version=1)
    done = shop.do("task_done", by="team c", version=2)
    assert shop.do("done", by="team a")["ok"]
    assert shop.do("undo", by="team c", undoes=done["id"])["reason"] == "too_late"


def test_taking_a_command_on_the_case_back_keeps_what_departments_did_since() -> None:
    shop = shop_with_departments()
    urged = shop.done("urge")
    assert shop.do("task_done", by="team b", version=1)["ok"]
    assert shop.do("undo", by="supervisor", undoes=urged["id"])["ok"]
    assert [one["done"] for one in tasks(shop)] == [True, False]
    assert shop.do("task_done", by="team c", version=2)["ok"]
    work = shop.case().work
    assert work is not None
    assert {account for _, account in work.stand.taken} == {"team b", "team c"}


def test_a_joint_handling_that_is_taken_back_leaves_no_task() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept")
    joint = shop.done("joint")
    assert shop.do("undo", by="dispatcher", undoes=joint["id"])["ok"]
    assert tasks(shop) == []
    shop.done("joint")
    assert [one["version"] for one in tasks(shop)] == [3, 4], "no version comes twice"


def test_a_department_returns_its_part_with_a_reason_and_the_desk_and_the_lead_are_told() -> None:
    shop = shop_with_departments()
    assert shop.do("task_done", by="team c", version=2)["ok"]
    before = len(shop.messages())
    assert shop.do("task_back", by="team b", version=1, given={"reason": ""})["reason"] == "missing"
    answer = shop.do("task_back", by="team b", version=1)
    assert (answer["ok"], answer["version"], answer["step"]) == (True, 4, "handle")
    assert [(one["team"], one["done"]) for one in tasks(shop)] == [("team c", True)]
    told = [(one.kind, one.to, one.address) for one in shop.messages()[before:]]
    assert told == [
        ("returned", "desk", "990100001001"),
        ("returned", "assignee", "team a"),
        ("returned", "assignee", "team c"),
    ]
    assert shop.do("task_back", by="team b", version=1)["reason"] == "not_assignee"
    assert shop.do("done", by="team a")["ok"], "what was returned holds nobody up"


def test_a_part_that_was_returned_is_taken_back_with_its_clock_and_what_has_fired() -> None:
    shop = shop_with_departments()
    assert shop.do("receive", by="team a")["ok"]
    before = tasks(shop)
    shop.at(before[0]["due_ms"] - T0)
    shop.do("note")
    told = [one.key for one in shop.messages()]
    assert shop.do("task_back", by="team b", version=3)["reason"] == "stale"
    back = shop.do("task_back", by="team b", version=1)
    assert shop.do("undo", by="team b", undoes=back["id"])["ok"]
    assert tasks(shop) == before
    marks = [one.key for one in shop.messages() if one.kind == "mark"]
    assert marks == [one for one in told if "/mark/" in one], "nobody is told twice"


def test_the_next_higher_desk_is_told_once_of_each_part_that_is_over() -> None:
    shop = shop_with_departments()
    assert shop.do("receive", by="team a")["ok"]
    due_ms = tasks(shop)[0]["due_ms"]
    assert shop.do("task_done", by="team c", version=2)["ok"]
    shop.at(due_ms - T0)
    shop.do("note")
    marks = [one for one in shop.messages() if one.kind == "mark" and one.clock.startswith("task:")]
    assert [(one.clock, one.percent, one.to, one.address, one.due_ms) for one in marks] == [
        ("task:team b", 100, "higher_desk", "990100001", due_ms)
    ]


def order(shop: Workshop, *departments: str, by: str = "dispatcher") -> dict[str, Any]:
    return shop.do("joint", by=by, given={"departments": list(departments)})


def test_a_returned_part_goes_to_another_department_and_the_parts_that_there_are_stay_as_they_are() -> None:
    shop = shop_with_departments()
    shop.grant("team d", "handling_unit", team="team d")
    assert shop.do("receive", by="team a")["ok"]
    assert shop.do("task_done", by="team c", version=2)["ok"]
    shop.at(HOUR)
    assert shop.do("task_back", by="team b", version=1)["ok"]
    stands, case = tasks(shop), shop.case()
    assert case.work is not None
    visit = case.work.visit
    sent = len(shop.messages())
    shop.at(20 * HOUR)
    assert order(shop, "team a", "team d", by="team c")["reason"] == "no_role"
    assert order(shop, "team a", "team d")["ok"]
    new = {"team": "team d", "done": False, "version": 4, "due_ms": stands[0]["due_ms"] + DAY}
    assert tasks(shop) == [*stands, new], "its clock counts from its own start"
    assert (case.work.visit, case.step) == (visit, "handle")
    assert case.work.receipt is None, "the lead has confirmed already"
    shop.at(20 * HOUR + 5_000)
    shop.do("note")
    told = [one.address for one in shop.messages()[sent:] if one.kind == "assigned"]
    assert told == ["team d"]
    assert shop.do("done", by="team a")["reason"] == "tasks_open"
    assert shop.do("task_done", by="team d", version=4)["ok"]
    assert shop.do("done", by="team a")["ok"]


def test_another_department_can_take_the_lead_over_and_confirms_it() -> None:
    shop = shop_with_departments()
    assert shop.do("receive", by="team a")["ok"]
    assert order(shop, "team b", "team a")["ok"]
    assert [(one["team"], one["version"]) for one in tasks(shop)] == [("team c", 2), ("team a", 3)]
    work = shop.case().work
    assert work is not None
    assert work.receipt is not None
    assert (work.stand.assignee, work.receipt.to) == ("team b", "team b")
    shop.at(6_000)
    shop.do("note")
    told = {one.address for one in shop.messages() if one.kind == "assigned" and one.version == work.version}
    assert told == {"team a", "team b"}


def test_a_part_that_was_added_is_taken_back_and_what_the_others_did_since_stays() -> None:
    shop = shop_with_departments()
    added = order(shop, "team a", "team d")
    assert shop.do("task_done", by="team b", version=1)["ok"]
    assert shop.do("undo", by="dispatcher", undoes=added["id"])["ok"]
    assert [(one["team"], one["done"]) for one in tasks(shop)] == [("team b", True), ("team c", False)]
    sent = len(shop.messages())
    shop.at(6_000)
    shop.do("note")
    assert not [one for one in shop.messages()[sent:] if one.address == "team d"]


def test_no_more_departments_than_a_joint_handling_may_have_are_added() -> None:
    shop = shop_with_departments()
    assert order(shop, "team a", *(f"team {n}" for n in range(17)))["ok"]
    assert order(shop, "team a", "one more")["reason"] == "too_many"
    assert len(tasks(shop)) == 19
