"""The queue's rows: what stands beside them, how much working time is left, and when a page must be told."""

import json
from typing import Any

import pytest

from dashboard.gateway.queue import SLOTS, QueueBook
from tests.dashboard.rows import HOUR_MS, NOON_MS, alert, row, working
from tests.domain.workshop import rules_of

NAME = "03-000000000a"
MINUTE_MS = 60_000


class Book:
    """A book with the alerts that it reads of."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.alerts: dict[str, Any] = {}
        self.book = QueueBook(self.alerts)
        self.book.follow_rules(rules_of("first"))
        self.put(*rows)

    def put(self, *rows: dict[str, Any]) -> set[str]:
        return self.book.apply({one["id"]: one for one in rows}, {})

    def alert(self, name: str, told: dict[str, Any] | None) -> set[str]:
        if told is None:
            del self.alerts[name]
        else:
            self.alerts[name] = told
        return self.book.apply({}, {name: told})

    def shown(self, at_ms: int = NOON_MS, name: str = NAME) -> dict[str, Any]:
        return json.loads(self.book.encoded(name, at_ms))

    def ticked(self, at_ms: int) -> set[str]:
        return {name for slot in range(SLOTS) for name in self.book.ticked(slot, at_ms)}


def test_a_row_has_the_worst_of_its_alerts_and_whether_one_is_unacknowledged() -> None:
    desk = Book(row())
    assert (desk.shown()["priority"], desk.shown()["unacked"]) == (4, False)
    assert desk.alert("03-01-0", alert("03-01-0", NAME, priority=3, state="acked")) == {NAME}
    assert desk.alert("03-02-0", alert("03-02-0", NAME, priority=2)) == {NAME}
    shown = desk.shown()
    assert (shown["priority"], shown["unacked"], shown["alerts"]) == (2, True, ["03-01-0", "03-02-0"])
    desk.alert("03-02-0", None)
    assert (desk.shown()["priority"], desk.shown()["unacked"]) == (3, False)


def test_an_alert_that_comes_before_its_case_is_beside_it_when_it_comes() -> None:
    desk = Book()
    assert desk.alert("03-02-0", alert("03-02-0", NAME)) == set()
    desk.put(row())
    assert desk.shown()["alerts"] == ["03-02-0"]


def test_what_only_the_gateway_needs_stays_there() -> None:
    assert not {"clock", "source_id"} & Book(row()).shown().keys()


@pytest.mark.parametrize(
    ("facts", "after_h", "left_h"),
    [
        ({}, 3, 5),
        ({}, 9, -1),
        (working(2), 1, 2),  # the office is closed from noon to two
        (working(2), 3, 1),
        (working(2, pauses=[[NOON_MS + 2 * HOUR_MS, NOON_MS + 3 * HOUR_MS]]), 3, 2),
        (working(2, pauses=[[NOON_MS + 2 * HOUR_MS, None]]), 30, None),
    ],
)
def test_the_time_left_is_working_time(facts: dict[str, Any], after_h: int, left_h: int | None) -> None:
    shown = Book(row(**facts)).shown(NOON_MS + after_h * HOUR_MS)
    assert shown["left_ms"] == (None if left_h is None else left_h * HOUR_MS)
    assert shown["budget_ms"] == (2 if facts else 8) * HOUR_MS


def test_a_page_is_told_of_the_time_left_only_where_it_cannot_count_it_itself() -> None:
    straight = row()
    office = row("03-000000000b", **working(2, due_ms=NOON_MS + 4 * HOUR_MS))
    desk = Book(straight, office)
    for name in (NAME, office["id"]):
        desk.shown(name=name)
    assert desk.ticked(NOON_MS + 10 * MINUTE_MS) == set(), (
        "closed: the one stands, the other runs on by itself"
    )
    open_ms = NOON_MS + 2 * HOUR_MS + 90_000
    assert desk.ticked(open_ms) == {office["id"]}
    assert desk.shown(open_ms, office["id"])["left_ms"] == 2 * HOUR_MS - 90_000
    assert desk.ticked(open_ms + 10_000) == set(), "the same minute"


def test_other_rules_count_anew() -> None:
    desk = Book(row(**working(2)))
    desk.shown()
    desk.book.rules = None
    assert desk.book.follow_rules(rules_of("faster")) == {NAME}
    assert desk.shown()["left_ms"] == 2 * HOUR_MS


def test_cases_near_in_place_and_time_and_of_one_class_may_be_one_matter() -> None:
    desk = Book(
        row(),
        row("04-000000000b", lon=9.1005, arrived_ms=NOON_MS + 29 * MINUTE_MS),
        row("04-000000000c", lon=9.1005, arrived_ms=NOON_MS + 31 * MINUTE_MS),
        row("04-000000000d", lon=9.1005, category="waste"),
        row("04-000000000e", lon=9.103),
        row("04-000000000f", lon=None, lat=None),
        row("03-000000000a.1"),
    )
    (near,) = desk.book.near(NAME)
    assert (near["case"], near["distance_m"], near["minutes"]) == ("04-000000000b", 37, 29)


def test_a_case_of_the_same_id_of_the_source_may_be_the_same_matter_wherever_it_is() -> None:
    desk = Book(
        row(source_id="one"),
        row("04-000000000b", source_id="one", lon=9.9, category="waste", arrived_ms=NOON_MS + 90 * HOUR_MS),
        row("04-000000000c", source_id="one", feed="other", lon=9.9),
    )
    assert [one["case"] for one in desk.book.near(NAME)] == ["04-000000000b"]


def test_who_has_open_cases_is_counted() -> None:
    desk = Book(row(assignee="w-1"), row("03-000000000b", assignee="w-1", teams=["t-1"]))
    assert desk.book.assigned == {"w-1": 2, "t-1": 1}
    desk.put(row("03-000000000b", assignee="w-1", closed_ms=NOON_MS))
    desk.put(row(assignee="w-2"))
    assert desk.book.assigned == {"w-2": 1}


def test_a_partition_that_is_read_anew_leaves_nothing_of_before() -> None:
    desk = Book(row(assignee="w-1"), row("04-000000000b"))
    desk.alert("03-02-0", alert("03-02-0", NAME))
    changed = desk.book.take_partition(3, {"03-000000000c": row("03-000000000c")}, {})
    assert changed == {NAME, "03-000000000c"}
    assert set(desk.book.items) == {"03-000000000c", "04-000000000b"}
    assert not desk.book.assigned


def test_a_row_that_did_not_change_is_not_told_again() -> None:
    desk = Book(row())
    assert desk.put(row()) == set()
    assert desk.put(row(version=3)) == {NAME}
