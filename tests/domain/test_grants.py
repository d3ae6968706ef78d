"""Who may act follows from the grants folded before a command, whatever their order of arrival, and from nothing else."""

import itertools

import msgspec

from domain.grants import Grants
from domain.records import Grant
from tests.domain.timetable import Timetable


def test_a_grant_that_comes_again_or_late_changes_nothing() -> None:
    first = Grant(id="g1", number=1, account="a1", role="clerk", scope="990200")
    end = Grant(id="g2", number=2, account="a1", role="clerk", scope="990200", on=False)
    states = []
    for order in itertools.permutations([first, first, end, end]):
        grants = Grants()
        for grant in order:
            grants.fold(grant)
        assert grants.of("a1") == ()
        states.append(grants.plain())
    assert all(state == states[0] for state in states)


def test_a_scope_holds_what_lies_below_it() -> None:
    grants = Grants()
    grants.fold(Grant(id="g", number=1, account="a1", role="clerk", scope="990200001", team="roads"))
    assert grants.may("a1", frozenset({"clerk"}), "990200001002003")
    assert not grants.may("a1", frozenset({"clerk"}), "990200")
    assert not grants.may("a1", frozenset({"verifier"}), "990200001002003")
    assert grants.teams("a1") == {"roads"}
    again = Grants()
    again.restore(grants.plain())
    assert again.plain() == grants.plain()


def test_before_the_first_grant_a_laptop_acts_and_afterwards_only_whom_the_grants_name() -> None:
    table = Timetable()
    table.at(0).report(promised=1000)
    table.at(2000).tick()
    alert = table.alerts()[0]
    assert table.command("acknowledge", alert, account="a1")["ok"] is False
    assert table.command("acknowledge", alert)["ok"] is True
    table.command("unacknowledge", alert)

    work = table.floor.casework[int(alert[:2])]
    scope = work.alerts[alert].scope
    for number, (account, role, of) in enumerate(
        [("a1", "duty_officer", scope[:6]), ("a2", "clerk", scope[:6]), ("a3", "duty_officer", "110000")]
    ):
        table.floor.into_journal(
            work.partition, Grant(id="g", number=number, account=account, role=role, scope=of)
        )
    for account in ("local", "a2", "a3", "nobody"):
        answer = table.command("acknowledge", alert, account=account)
        assert (answer["ok"], answer["reason"]) == (False, "this account may not act on alerts here")
    assert table.command("acknowledge", alert, account="a1")["ok"] is True


def test_each_partition_answers_a_grant_each_time() -> None:
    table = Timetable()
    grant = Grant(id="g1", number=1, account="a1", role="clerk")
    for _ in range(2):
        for work in table.floor.casework:
            work.take_changes()
            table.floor.into_journal(work.partition, grant)
            changes = work.take_changes()
            assert changes is not None
            answer = msgspec.json.decode(changes.body)["answers"][f"g1:{work.partition}"]
            assert answer["ok"] is True
