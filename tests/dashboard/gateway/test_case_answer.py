"""What a desk is told of a case: from real cases of a folded town, for accounts with their rights."""

from typing import Any

import msgspec
import pytest

from dashboard.gateway import case_answer
from dashboard.gateway.case_answer import Given
from dashboard.gateway.queue import QueueBook
from dashboard.gateway.rights import Rights
from domain.cases.case import Case
from domain.flows.moves import Request, possible
from domain.records import encoder
from tests.dashboard.test_asyncapi import mistakes
from tests.domain.duty.test_proposals import NOON
from tests.domain.duty.test_proposals import WHOLE as ROSTER
from tests.domain.duty.test_roster import GRID as ROSTER_GRID
from tests.domain.workshop import Workshop, rules_of


def shown(case: Case) -> dict[str, Any]:
    """A case as it is read from its read model."""
    read: dict[str, Any] = msgspec.json.decode(encoder.encode(case.public()))
    return read


def given(town: Workshop, account: str) -> Given:
    rights = Rights()
    alerts: dict[str, Any] = {}
    queue = QueueBook(alerts)
    for work in town.floor.casework:
        hashes = work.whole().hashes
        read = {
            name: {key: msgspec.json.decode(value or b"null") for key, value in fields.items()}
            for name, fields in hashes.items()
        }
        rights.take(read.get("grants:0", {}))
        alerts |= read.get(f"alerts:{work.partition}", {})
        queue.apply(read.get(f"queue:{work.partition}", {}), read.get(f"alerts:{work.partition}", {}))
    queue.follow_rules(rules_of("first"))
    return Given(
        rules=rules_of("first"), rights=rights, queue=queue, account=account, at_ms=town.floor.now_ms
    )


def about(town: Workshop, account: str, case: Case | None = None) -> dict[str, Any]:
    told = case_answer.about(shown(case or town.case()), given(town, account))
    plain: dict[str, Any] = msgspec.json.decode(encoder.encode(told))
    whole = {"type": "case", "id": "x", "case": {}, "proposals": [], **plain}
    assert mistakes("CaseTold", whole) == []
    return plain


def names(told: dict[str, Any]) -> list[str]:
    return [one["name"] for one in told["actions"]]


@pytest.mark.parametrize("done", [(), ("accept",), ("accept", "assign", "done", "feed_back")])
def test_the_actions_are_exactly_those_that_the_fold_would_take(done: tuple[str, ...]) -> None:
    town = Workshop()
    town.report()
    for action in done:
        assert town.do(action, given={"assignee": "handling_unit"} if action == "assign" else {})["ok"]
    work, case = town.work(), town.case()
    assert case.work is not None
    for account in ("clerk", "dispatcher", "handling_unit", "verifier", "nobody"):
        who = Request(
            action="",
            account=account,
            grants=work.grants.of(account),
            teams=work.grants.teams(account),
            at_ms=work.clock_ms,
        )
        stand = msgspec.structs.replace(case.work.stand, due_ms=case.due_ms)
        assert names(about(town, account)) == possible(rules_of("first").flows["grid"], stand, who)


def test_who_handled_a_case_is_not_offered_to_verify_it() -> None:
    town = Workshop()
    town.grant("handling_unit", "verifier")
    town.report()
    for action in ("accept", "assign", "done", "feed_back"):
        assert town.do(action, given={"assignee": "handling_unit"} if action == "assign" else {})["ok"]
    assert "close" in names(about(town, "verifier"))
    assert "close" not in names(about(town, "handling_unit"))


def test_an_action_says_what_it_needs_in_both_languages() -> None:
    town = Workshop()
    town.report()
    reject = next(one for one in about(town, "clerk")["actions"] if one["name"] == "reject")
    assert reject["needs"] == ["code", "reason"]
    assert reject["title"] == {"en": "Do not accept", "zh": "不予受理"}
    assert set(reject["outcomes"]) == {"not_ours", "unfounded", "explained"}
    assert all(set(words) == {"en", "zh"} for words in reject["outcomes"].values())


def test_an_action_on_a_departments_part_carries_its_version() -> None:
    town = Workshop()
    town.grant("helper", "handling_unit", team="team b")
    town.report()
    town.done("accept", "joint")
    versions = {task["team"]: task["version"] for task in shown(town.case())["tasks"]}
    part = next(one for one in about(town, "helper")["actions"] if one["name"] == "task_done")
    assert part["version"] == versions["team b"]
    assert town.do("task_done", by="helper", version=part["version"])["ok"]


@pytest.mark.parametrize(
    ("by", "account", "claims"),
    [
        ("", "clerk", ["claim"]),
        ("clerk", "clerk", ["release"]),
        ("clerk", "dispatcher", ["take_over"]),
        ("", "nobody", []),
    ],
)
def test_a_claim_is_taken_released_or_taken_over(by: str, account: str, claims: list[str]) -> None:
    town = Workshop()
    town.report()
    if by:
        town.do("claim", by=by)
    assert [one["name"] for one in about(town, account)["claims"]] == claims


def test_an_alert_says_why_it_fired() -> None:
    town = Workshop()
    town.report()
    town.tick(48 * 3_600_000)
    alerts = about(town, "clerk")["alerts"]
    whole = next(one for one in alerts if (one["kind"], one["clock"]) == ("overdue", "resolve"))
    assert whole["rule"]["title"] == rules_of("first").alerts["overdue"].title
    limit = rules_of("first").limit("lamp").whole
    assert whole["threshold"]["percent"] == 100
    assert whole["threshold"]["limit"] == {"kind": limit.kind, "ms": limit.ms, "days": limit.days}
    assert whole["link"] == {
        "topic": "journal",
        "partition": whole["partition"],
        "offset": int(whole["id"][3:13], 16),
    }


def test_two_cases_of_one_place_are_told_of_each_other_within_the_accounts_scope() -> None:
    town = Workshop()
    first = town.report("1")
    second = town.report("2")
    assert first.lon is None, "without a point nothing is near"
    first.lon, first.lat, second.lon, second.lat = 9.1, 48.7, 9.1001, 48.7
    town.do("note", case=first), town.do("note", case=second)
    assert [one["case"] for one in about(town, "clerk", first)["duplicates"]] == [second.id]
    assert about(town, "nobody", first)["duplicates"] == []


def test_a_stale_command_is_told_what_the_faster_one_did() -> None:
    town = Workshop()
    case = town.report()
    town.done("accept", "note")
    town.do("claim", by="dispatcher")
    assert case_answer.winner_of(shown(case), 1) == ("accept", "clerk", town.floor.now_ms, "dispatch")
    assert case_answer.winner_of(shown(case), 2) is None
    assert (case_answer.holder_of(shown(case)) or ())[:2] == ("claim", "dispatcher")


def test_a_screen_without_a_role_sees_nothing_of_who_works_on_a_case() -> None:
    town = Workshop()
    case = town.report()
    town.do("claim", by="dispatcher")
    assert "dispatcher" not in str(case_answer.for_anybody(shown(case)))


def test_proposals_know_who_has_cases_and_who_did_not_confirm_this_one() -> None:
    missed = {"action": "not_received", "what": {"to": "stand_in", "was": "w-a"}}
    case = {
        "grid": ROSTER_GRID,
        "category": "waste",
        "assignee": "w-b",
        "closed_ms": None,
        "version": 2,
        "story": [missed],
    }
    found = case_answer.proposed(case, ROSTER, {"w-a": 3}, NOON)
    against = {one.to: [remark.key for remark in one.against] for one in found}
    assert against["w-a"] == ["open_assignments", "no_receipt"]
    assert "has_it" in against["w-b"]
    assert case_answer.proposed({**case, "closed_ms": 7}, ROSTER, {}, NOON) == []
