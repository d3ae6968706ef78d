"""A higher desk, or a rule, follows a case: with a deadline of its own, urges, and no closing without its word."""

import msgspec

from domain.audit import Line
from domain.records import Delivered
from tests.domain.shown import at
from tests.domain.small_town import DAY, GRIDS, HOUR, MINUTE, T0
from tests.domain.workshop import Workshop

VILLAGE, TOWNSHIP = GRIDS[0][:12], GRIDS[0][:9]
SETTLED = ("accept", "assign", "receive", "done", "feed_back", "close")


def shop_with_team() -> Workshop:
    shop = Workshop()
    shop.grant("handling_unit", "handling_unit", team="team a")
    return shop


def supervision(shop: Workshop) -> dict[str, object] | None:
    return msgspec.to_builtins(shop.case().public()["supervision"])


def by_rules(shop: Workshop) -> list[tuple[int, str]]:
    lines = [msgspec.json.decode(effect.value, type=Line) for effect in shop.floor.audit]
    return [(line.t_ms - T0, line.after["rule"]) for line in lines if line.account == "rules"]


def test_a_supervised_case_has_a_deadline_of_its_own_and_is_not_closed_without_the_supervisors_word() -> None:
    shop = shop_with_team()
    shop.report(category="slow")
    shop.done("accept", "assign", "receive", "supervise")
    shown = supervision(shop)
    assert shown is not None
    assert (shown["since_ms"], shown["by"], shown["urges"]) == (T0, "supervisor", 0)
    assert shown["due_ms"] == at("2023-11-16T09:30+08:00"), "eight working hours, of which a day has seven"
    shop.done("done", "feed_back")
    assert shop.do("close")["reason"] == "is_supervised"
    shop.done("agree")
    assert supervision(shop) is None
    shop.done("close")


def test_only_a_higher_desk_supervises() -> None:
    shop = Workshop()
    shop.grant("neighbour", "supervisor", VILLAGE)
    shop.report()
    assert shop.do("supervise", by="neighbour")["reason"] == "out_of_scope"


def test_the_deadline_raises_one_alert_that_ends_with_the_supervisors_word() -> None:
    shop = Workshop()
    shop.report(category="slow")
    shop.done("supervise")
    shown = supervision(shop)
    assert shown is not None
    due_ms = int(str(shown["due_ms"])) - T0
    shop.heard()
    shop.tick(due_ms - 1)
    assert not [fact for fact in shop.told() if fact[2] == "supervision_overdue"]
    shop.tick(due_ms)
    shop.tick(due_ms + DAY)
    assert [fact for fact in shop.told() if fact[2] == "supervision_overdue"] == [
        (due_ms, "raised", "supervision_overdue", "supervision")
    ]
    assert (due_ms, "mark", "supervisor", "supervisor") in shop.heard()
    shop.done("agree")
    assert [fact[1:] for fact in shop.told()] == [("cleared", "supervision_overdue", "supervision")]


def test_urges_are_counted_told_each_and_answered() -> None:
    shop = Workshop()
    shop.report(category="slow")
    shop.done("supervise")
    shop.heard()
    shop.done("urge", "urge")
    shown = supervision(shop)
    assert shown is not None
    assert shown["urges"] == 2
    assert [one[1:] for one in shop.heard()] == [("urged", "desk", VILLAGE)] * 2
    shop.done("answer_urge")
    assert [one[1:] for one in shop.heard()] == [("urged", "supervisor", "supervisor")]
    work = shop.case().work
    assert work is not None
    assert [one.action for one in work.story if one.kind == "act"] == [
        "supervise",
        "urge",
        "urge",
        "answer_urge",
    ]


def test_rules_have_a_case_supervised_by_priority_repeats_being_overdue_and_a_dissatisfied_reporter() -> None:
    shop = Workshop()
    shop.report("1", category="noise")
    assert by_rules(shop) == [(0, "priority")]
    work = shop.case("1").work
    assert work is not None
    assert (work.version, work.by) == (2, ("supervise", "rules"))

    shop = Workshop()
    for _ in range(3):
        shop.report("1")
    assert by_rules(shop) == []
    shop.report("1")
    assert by_rules(shop) == [(0, "repeats")]

    shop = Workshop()
    shop.report("1")
    shop.tick(4 * HOUR)
    assert by_rules(shop) == [(4 * HOUR, "overdue")]

    shop = shop_with_team()
    shop.report("1")
    shop.done(*SETTLED, "not_settled")
    assert by_rules(shop) == [(0, "dissatisfied")]

    shop = shop_with_team()
    shop.report("1")
    shop.done(*SETTLED)
    assert shop.do("call_back", given={"satisfied": False})["ok"]
    assert by_rules(shop) == [], "it is closed"
    shop.done("reopen")
    assert by_rules(shop) == [(0, "dissatisfied")]


def test_the_supervisors_word_answers_all_reasons_that_were_known_and_none_that_comes_later() -> None:
    shop = Workshop()
    shop.report(category="noise")
    shop.done("agree")
    for _ in range(3):
        shop.report(category="noise")
    assert by_rules(shop) == [(0, "priority"), (0, "repeats")]
    shop.tick(2 * HOUR)  # overdue meanwhile: it is supervised already
    shop.done("agree")
    shop.tick(3 * HOUR)
    assert supervision(shop) is None
    assert by_rules(shop) == [(0, "priority"), (0, "repeats")]


def test_a_command_by_which_a_rule_supervises_is_taken_back_with_it() -> None:
    shop = Workshop()
    shop.report(category="slow")
    assert shop.do("triage", by="clerk", id="slip", given={"category": "noise"})["ok"]
    assert supervision(shop) is not None
    answer = shop.do("undo", by="clerk", undoes="slip")
    assert (answer["ok"], answer["version"]) == (True, 3)
    assert supervision(shop) is None


def test_an_agreement_that_is_taken_back_goes_on_with_the_old_deadline() -> None:
    shop = Workshop()
    shop.report(category="slow")
    shop.done("supervise")
    before = supervision(shop)
    shop.at(MINUTE).do("agree", id="slip")
    shop.do("undo", by="supervisor", undoes="slip")
    assert supervision(shop) == before


def test_a_closing_from_the_feed_ends_a_supervised_case_too_and_tells_the_supervisor() -> None:
    shop = Workshop()
    shop.report(category="slow")
    shop.done("supervise", "accept", "park")
    shop.heard()
    shop.at(HOUR).report(category="slow", closed_ms=HOUR)
    assert shop.case().public()["outcome"] == "closed_at_source"
    assert supervision(shop) is None
    assert (HOUR, "closed", "supervisor", "supervisor") in shop.heard()

    shop = Workshop()
    shop.report(category="noise")
    shop.heard()
    shop.report(category="noise", closed_ms=0)
    assert (0, "closed", "supervisor", TOWNSHIP) in shop.heard(), "of a rule it is the next higher desk"


def test_what_the_courier_says_is_in_the_story_once() -> None:
    shop = Workshop()
    case = shop.report()
    assert case.work is not None
    for key in ("v1/step/reporter/r-1", "v1/step/reporter/r-2", "v1/step/reporter/r-2"):
        said = Delivered(key=f"{case.id}/{key}", case=case.id, state="sent")
        shop.floor.into_journal(shop.work().partition, said)
    last = case.work.story[-1]
    assert (last.kind, last.what) == (
        "delivered", {"slot": "v1", "kind": "step", "to": "reporter", "state": "sent", "count": 2},
    )  # fmt: skip
    shop.floor.into_journal(shop.work().partition, Delivered(key="nonsense", case=case.id, state="sent"))
    shop.floor.into_journal(shop.work().partition, Delivered(key="x", case="05-000000ffff", state="sent"))
    assert case.work.story[-1] == last
    assert case.work.version == 1


def test_a_mark_of_an_earlier_class_asks_no_rule_before_the_due_mark_of_the_same_instant() -> None:
    shop = Workshop()
    shop.report(category="lamp")  # four hours; half of them are the two of any class by the next rule set
    shop.at(MINUTE).done("accept")
    shop.floor.publish("faster")
    shop.do("triage", by="clerk", given={"category": "slow"})
    work = shop.case().work
    assert work is not None
    version = work.version
    shop.tick(2 * HOUR)
    over = [entry for entry in work.story if entry.t_ms == T0 + 2 * HOUR]
    assert [(entry.kind, entry.action) for entry in over] == [("mark", ""), ("act", "supervise")]
    assert over[0].version == version, "the rule follows the mark, as it does in a fold that was restored"
