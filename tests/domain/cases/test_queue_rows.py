"""The queue's rows that casework writes: of the cases that people still have to do with, and of no others."""

from typing import Any

import msgspec

from domain.cases.case import Case
from domain.casework import Casework
from domain.records import Command, Report
from tests.domain.small_town import NAMES
from tests.domain.workshop import Workshop


def changed(work: Casework) -> dict[str, Any]:
    """The queue's part of the stream's entry since the last call."""
    changes = work.take_changes()
    assert changes is not None
    body: dict[str, Any] = msgspec.json.decode(changes.body)
    partition = work.partition
    hashed = {
        name: None if row is None else msgspec.json.decode(row)
        for name, row in changes.hashes.get(f"queue:{partition}", {}).items()
    }
    told: dict[str, Any] = body.get("queue", {})
    assert told == hashed, "the hash and the stream say the same"
    return told


def test_a_case_has_a_row_from_its_opening_until_it_is_evaluated() -> None:
    town = Workshop()
    case = town.report()
    work = town.work()
    row = changed(work)[case.id]
    assert (row["step"], row["version"], row["assignee"], row["claim"]) == ("file", 1, "", None)
    for action in ("accept", "assign", "receive", "done", "feed_back", "close"):
        assert town.do(action, given={"assignee": "handling_unit"} if action == "assign" else {})["ok"]
    case = town.case()
    assert case.closed_ms is not None
    shown = msgspec.json.decode(work.whole().hashes[f"queue:{work.partition}"][case.id] or b"null")
    assert (shown["step"], shown["closed_ms"]) == ("evaluate", case.closed_ms)
    work.take_changes()
    town.floor.into_journal(work.partition, evaluation(case))
    assert changed(work) == {case.id: None}
    assert case.id not in work.whole().hashes.get(f"queue:{work.partition}", {})


def test_a_case_of_a_feed_that_nobody_works_on_has_none() -> None:
    town = Workshop()
    town.floor.send(Report(feed="calls", id="9", place=[NAMES[0]], category="lamp"))
    assert town.case("9").work is None
    assert changed(town.work()) == {}
    assert not [name for name in town.work().whole().hashes if name.startswith("queue")]


def test_a_returned_case_says_so_until_it_goes_on() -> None:
    town = Workshop()
    case = town.report()
    town.done("accept", "return")  # from dispatch back to file
    assert row_of(town, case.id)["returned"]
    town.done("accept")
    assert not row_of(town, case.id)["returned"]


def test_a_case_that_goes_up_has_not_come_back() -> None:
    town = Workshop()
    case = town.report()
    town.done("accept")
    assert town.do("assign", given={"assignee": "handling_unit"})["ok"]
    town.done("send_back")
    assert row_of(town, case.id)["returned"]
    town.done("hand_up")
    assert not row_of(town, case.id)["returned"]


def evaluation(case: Case) -> Command:
    assert case.work is not None
    return Command(
        id="last",
        action="evaluate",
        case=case.id,
        version=case.work.version,
        given={"text": "well"},
        account="supervisor",
    )


def row_of(town: Workshop, case: str) -> dict[str, Any]:
    work = town.work()
    found: dict[str, Any] = msgspec.json.decode(
        work.whole().hashes[f"queue:{work.partition}"][case] or b"null"
    )
    return found


def test_rights_are_shown_by_one_partition_also_those_that_ended() -> None:
    town = Workshop()
    shown = town.floor.casework[0].whole().hashes["grants:0"]
    assert msgspec.json.decode(shown["clerk"] or b"") == [["clerk", "990100", ""]]
    town.floor.casework[0].take_changes()
    town.grant("clerk", "clerk", on=False)
    changes = town.floor.casework[0].take_changes()
    assert changes is not None
    assert msgspec.json.decode(changes.body)["grants"] == {"clerk": []}
    assert not any(
        name.startswith("grants") for work in town.floor.casework[1:] for name in work.whole().hashes
    )
