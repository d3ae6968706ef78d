"""An id seen before is compared with its last version: different is revised, equal is repeated."""

from typing import Any

import msgspec
import pytest

from domain.codes import partition_of
from domain.records import Opened, Repeated, Report, Revised, encoder, journal_decoder
from tests.domain.memory_floor import Floor
from tests.domain.small_town import DAY, GRIDS, HOUR, T0, UNPLACED, partition, rules_of


def town() -> Floor:
    floor = Floor(rules_of, shared=False)
    floor.now_ms = T0
    floor.publish("first")
    return floor


def outcome(floor: Floor, feed: str) -> dict[str, int]:
    for lane in floor.lanes:
        body = lane.whole().hashes["feeds"].get(feed)
        if body is not None:
            found: dict[str, Any] = msgspec.json.decode(body)
            return {k: found[k] for k in ("accepted", "revised", "repeated", "refused", "unplaced")}
    raise AssertionError(f"no lane knows {feed}")


def forwards(floor: Floor) -> list[Opened | Revised | Repeated]:
    found = [journal_decoder.decode(value) for log in floor.journal for _, value in log]
    return [one for one in found if isinstance(one, Opened | Repeated)]


CHANGES: list[dict[str, Any]] = [
    {"category": "tree"}, {"place": ["Mill"]}, {"lon": 7.5}, {"step": "handle"}, {"channel": "phone"},
    {"promised": T0 + DAY}, {"closed_ms": T0}, {"opened_ms": T0 - 1}, {"attributes": {"a": "b"}}, {"private": f"sealed:r-1:abc#{'a' * 32}"},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=[next(iter(change)) for change in CHANGES])
def test_any_field_that_differs_is_a_revision(change: dict[str, Any]) -> None:
    floor = town()
    first = Report(feed="promises", id="1", category="road", place=["Well"])
    floor.send(first)
    floor.send(first)
    floor.send(msgspec.structs.replace(first, **change))
    floor.send(msgspec.structs.replace(first, **change))
    assert outcome(floor, "promises") == {
        "accepted": 1,
        "revised": 1,
        "repeated": 2,
        "refused": 0,
        "unplaced": 0,
    }
    assert [type(one) for one in forwards(floor)] == [Opened, Repeated, Revised, Repeated]
    assert {one.key for one in forwards(floor)} == {forwards(floor)[0].key}


def test_the_feeds_own_time_is_no_part_of_a_version() -> None:
    floor = Floor(rules_of, shared=True, rules="first")
    for t_ms in (T0, T0 + 1):
        floor.send(Report(feed="promises", id="1", t_ms=t_ms))
    assert outcome(floor, "promises")["repeated"] == 1


def test_the_order_of_keys_and_unknown_fields_are_no_part_of_a_version() -> None:
    floor = town()
    floor.send(b'{"type":"report","feed":"promises","id":"1","channel":"a"}', feed="promises")
    floor.send(b'{"channel":"a","new":1,"id":"1","feed":"promises","type":"report"}', feed="promises")
    assert outcome(floor, "promises")["repeated"] == 1


def test_the_same_id_of_two_feeds_is_two_matters() -> None:
    floor = town()
    floor.send(Report(feed="promises", id="1"))
    floor.send(Report(feed="calls", id="1"))
    assert len({one.key for one in forwards(floor)}) == 2


def test_a_revision_goes_to_the_partition_where_the_case_was_opened() -> None:
    floor = town()
    floor.send(Report(feed="promises", id="1", place=["Well"]))
    floor.send(Report(feed="promises", id="1", place=["Bridge"]))
    work = floor.casework[partition(GRIDS[0])]
    (case,) = work.cases.values()
    assert (case.grid, partition_of(GRIDS[3]) != work.partition) == (GRIDS[3], True)


@pytest.mark.parametrize(("gap_ms", "again"), [(36 * HOUR, "repeated"), (36 * HOUR + 1, "accepted")])
def test_without_ids_the_same_values_are_the_same_report_for_36_hours_from_the_last_sighting(
    gap_ms: int, again: str
) -> None:
    floor = town()
    for _ in range(3):
        floor.send(Report(feed="sightings", id="bird\x1fWell"))
        floor.now_ms += gap_ms
    expected = {"accepted": 1, "repeated": 0} | {again: 3 if again == "accepted" else 2}
    found = outcome(floor, "sightings")
    assert {k: found[k] for k in expected} == expected


@pytest.mark.parametrize(("gap_ms", "again"), [(3 * DAY, "revised"), (3 * DAY + 1, "accepted")])
def test_an_id_is_forgotten_when_its_feeds_rule_says(gap_ms: int, again: str) -> None:
    floor = town()
    floor.send(Report(feed="calls", id="1"))
    floor.now_ms += gap_ms
    floor.send(Report(feed="calls", id="1", channel="phone"))
    assert outcome(floor, "calls")[again] == (2 if again == "accepted" else 1)


def test_forgotten_ids_take_no_room() -> None:
    floor = town()
    for n in range(50):
        floor.send(Report(feed="calls", id=str(n)))
    floor.now_ms += 5 * DAY
    floor.send(Report(feed="calls", id="new"))
    kept = sum(len(lane.plain()["ids"].get("calls", {})) for lane in floor.lanes)
    assert kept == 1


def test_what_has_no_place_is_accepted_and_counted_as_unplaced() -> None:
    floor = town()
    floor.send(Report(feed="promises", id="1", place=["nowhere"]))
    floor.send(Report(feed="promises", id="2"))
    assert outcome(floor, "promises")["unplaced"] == 2
    assert {case.grid for work in floor.casework for case in work.cases.values()} == {UNPLACED}


def test_a_category_that_is_empty_is_uncategorised() -> None:
    floor = town()
    floor.send(Report(feed="promises", id="1", category="  "))
    assert [one.category for one in forwards(floor) if isinstance(one, Opened)] == ["uncategorised"]


def test_the_four_outcomes_add_up_to_what_was_sent() -> None:
    floor = town()
    for n in range(40):
        floor.send(Report(feed="calls", id=str(n % 7), category=str(n % 3)))
        floor.send(b'{"type":"report","feed":"calls"}', feed="calls")
    found = outcome(floor, "calls")
    assert found["accepted"] + found["revised"] + found["repeated"] + found["refused"] == 80


def test_intake_sent_twice_counts_once() -> None:
    once, twice = town(), town()
    for floor in (once, twice):
        for n in range(30):
            floor.now_ms += 1000
            floor.send(Report(feed="calls", id=str(n % 9), place=["Well"], category=str(n % 2)))
    log = twice.journal[partition(GRIDS[0])]
    for begin in (1, 5, 20):
        for _, value in log[begin : begin + 8]:
            twice.into_journal(partition(GRIDS[0]), value)
    ours, theirs = (floor.casework[partition(GRIDS[0])] for floor in (once, twice))
    assert ours.counters.cells == theirs.counters.cells
    assert ours.cases == theirs.cases


def test_a_rule_set_that_does_not_follow_the_one_in_force_is_left_aside() -> None:
    floor = town()
    floor.into_lane(0, encoder.encode({"type": "rules", "hash": "wary", "follows": "another"}))
    floor.into_journal(5, encoder.encode({"type": "rules", "hash": "wary", "follows": "another"}))
    assert floor.lanes[0].rules_hash == floor.casework[5].rules_hash == "first"
    floor.into_lane(0, encoder.encode({"type": "rules", "hash": "wary", "follows": "first"}))
    assert floor.lanes[0].rules_hash == "wary"
