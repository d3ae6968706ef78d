"""A claim tells other desks who is at work on a case, and stops nobody; reserved names act as the fold says, not as granted."""

import pytest

from domain.grants import RESERVED
from tests.domain.small_town import HOUR, MINUTE
from tests.domain.workshop import Workshop


def claimed(shop: Workshop) -> str:
    work = shop.case().work
    assert work is not None
    return "" if work.claim is None else work.claim.account


def version(shop: Workshop) -> int:
    work = shop.case().work
    assert work is not None
    return work.version


def test_a_claim_is_shown_and_changes_no_version() -> None:
    shop = Workshop()
    shop.report()
    answer = shop.do("claim", by="clerk", version=None, screen="desk 1")
    assert (answer["ok"], answer["version"]) == (True, 1)
    shown = shop.case().public()["claim"]
    assert shown == shop.case().work.claim
    assert claimed(shop) == "clerk"
    assert shop.do("accept", by="duty_officer")["ok"], "a claim guards nothing"
    assert claimed(shop) == "clerk"


def test_a_case_that_another_has_is_taken_over_with_a_reason_only() -> None:
    shop = Workshop()
    shop.report()
    shop.do("claim", by="clerk")
    shop.at(MINUTE)
    answer = shop.do("claim", by="dispatcher")
    assert answer["reason"] == "claimed"
    assert "clerk" in answer["sentence"]
    assert "2023-11-14 22:13:20 UTC" in answer["sentence"]
    assert shop.do("take_over", by="dispatcher")["reason"] == "missing"
    assert shop.do("take_over", by="dispatcher", given={"reason": "she went home"})["ok"]
    assert claimed(shop) == "dispatcher"
    assert shop.do("release", by="clerk")["reason"] == "not_claimed"
    assert shop.do("release", by="dispatcher")["ok"]
    assert claimed(shop) == ""
    assert shop.do("take_over", by="clerk")["ok"], "nobody has it: no reason is needed"
    assert version(shop) == 1


def test_a_claim_lapses_by_the_gateways_word_alone_and_only_the_one_that_it_names() -> None:
    shop = Workshop()
    shop.report()
    shop.do("claim", by="clerk")
    assert shop.do("claim_lapsed", by="supervisor")["reason"] == "no_role"
    assert shop.do("claim_lapsed", by="gateway", given={"account": "dispatcher"})["reason"] == "not_claimed"
    assert claimed(shop) == "clerk"
    assert shop.do("claim_lapsed", by="gateway", given={"account": "clerk"})["ok"]
    assert claimed(shop) == ""
    assert shop.do("claim_lapsed", by="gateway")["reason"] == "not_claimed"


@pytest.mark.parametrize("account", ["reporter", "gateway", "stranger", "local"])
def test_who_has_no_role_over_the_case_claims_nothing(account: str) -> None:
    shop = Workshop()
    shop.grant("stranger", "clerk", "110000")
    shop.report()
    answer = shop.do("claim", by=account)
    assert (answer["reason"], answer["version"]) == ("out_of_scope", None)


@pytest.mark.parametrize("account", sorted(RESERVED))
def test_a_reserved_name_is_given_no_right(account: str) -> None:
    shop = Workshop()
    shop.report()
    shop.grant(account, "clerk")
    assert shop.do("accept", by=account)["reason"] == "no_role"


def test_a_reporter_acts_everywhere_without_a_grant_and_takes_nothing_back() -> None:
    shop = Workshop()
    shop.report()
    shop.done("accept", "ask")
    assert shop.do("answer", by="reporter", id="slip")["ok"]
    assert shop.do("undo", by="reporter", undoes="slip")["reason"] == "out_of_scope"


def alert_of(shop: Workshop) -> str:
    (alert,) = shop.work().alerts
    return alert


def test_an_acknowledgement_is_taken_back_within_five_seconds() -> None:
    shop = Workshop()
    shop.report()
    shop.tick(50 * MINUTE)
    alert = alert_of(shop)
    before = shop.work().alerts[alert]
    assert shop.on_alert("acknowledge", alert, by="dispatcher", id="slip")["ok"]
    assert shop.work().alerts[alert].state == "acked"
    assert not shop.on_alert("undo", alert, by="duty_officer", undoes="slip")["ok"], "another's command"
    shop.at(50 * MINUTE + 4_999)
    assert shop.on_alert("undo", alert, by="dispatcher", undoes="slip")["ok"]
    assert shop.work().alerts[alert].state == "unack"
    assert shop.work().alerts[alert].id == before.id
    assert not shop.on_alert("undo", alert, by="dispatcher", undoes="slip")["ok"], "once"


def test_a_shelving_stands_after_five_seconds_and_once_the_alert_has_changed() -> None:
    shop = Workshop()
    shop.report()
    shop.tick(50 * MINUTE)
    alert = alert_of(shop)
    shop.on_alert("shelve", alert, by="dispatcher", id="slip", for_s=60, reason="known")
    shop.at(50 * MINUTE + 5_000)
    assert "within 5 seconds" in shop.on_alert("undo", alert, by="dispatcher", undoes="slip")["reason"]
    shop.tick(HOUR - 2_000)
    shop.on_alert("acknowledge", alert, by="dispatcher", id="late")
    shop.tick(HOUR)  # the step is overdue: the alert is announced again
    assert "changed since" in shop.on_alert("undo", alert, by="dispatcher", undoes="late")["reason"]


def test_an_unshelving_that_is_taken_back_when_the_shelf_would_have_ended_ends_it_at_once() -> None:
    shop = Workshop()
    shop.report()
    shop.tick(46 * MINUTE)
    alert = alert_of(shop)
    shop.on_alert("shelve", alert, by="dispatcher", for_s=60, reason="known")
    shop.at(47 * MINUTE - 1_000)
    shop.on_alert("unshelve", alert, by="dispatcher", id="slip")
    shop.at(47 * MINUTE + 1_000)
    assert shop.on_alert("undo", alert, by="dispatcher", undoes="slip")["ok"]
    shop.tick(47 * MINUTE + 1_001)
    assert shop.work().alerts[alert].state == "unack"
