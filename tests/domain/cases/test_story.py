"""The story of a case: what came and what was done, in order, each with its record."""

from typing import Any

import msgspec

from domain.cases.story import KEPT
from tests.domain.small_town import GRIDS, HOUR, NAMES, T0
from tests.domain.workshop import Workshop


def told(shop: Workshop) -> list[dict[str, Any]]:
    story: list[dict[str, Any]] = msgspec.to_builtins(shop.case().public()["story"])
    return story


def test_a_story_has_reports_commands_marks_and_moves_by_rules_in_their_order() -> None:
    shop = Workshop()
    shop.report(channel="phone")
    shop.done("accept")
    shop.done("note")
    shop.at(1000)
    shop.report(category="waste", name=NAMES[1])
    shop.at(3 * HOUR)
    shop.floor.publish("renamed")
    shop.report(category="waste", name=NAMES[1], closed_ms=3 * HOUR)
    assert [(one["kind"], one["action"], one["account"], one["step"]) for one in told(shop)] == [
        ("opened", "", "", "file"),
        ("act", "accept", "clerk", "dispatch"),
        ("act", "note", "grid_worker", "dispatch"),
        ("report", "", "", "dispatch"),
        ("mark", "", "clock", "dispatch"),
        ("mark", "", "clock", "dispatch"),
        ("act", "moved", "rules", "sending"),
        ("report", "", "", "closed"),
    ]
    opened, accepted, noted, report, half, soon, moved, closed = told(shop)
    assert (opened["t_ms"], opened["version"], accepted["version"], noted["version"]) == (T0, 1, 2, 2)
    assert int(accepted["n"].split(":")[1], 16) == int(opened["n"].split(":")[1], 16) + 1
    assert noted["given"] == {"text": "so it is"}
    assert report["what"] == {"grid": GRIDS[1], "category": "waste"}
    assert (half["what"], soon["what"]) == (
        {"clock": "resolve", "percent": 50},
        {"clock": "resolve", "percent": 75},
    )
    assert moved["what"] == {"from": "dispatch"}
    assert closed["what"] == {"closed_ms": T0 + 3 * HOUR}


def test_a_refused_command_and_a_repeat_are_no_part_of_the_story() -> None:
    shop = Workshop()
    shop.report()
    shop.do("accept", by="dispatcher")
    shop.report()
    assert [one["kind"] for one in told(shop)] == ["opened"]
    assert shop.case().repeats == 1


def test_what_was_taken_back_stays_in_the_story_and_so_does_the_taking_back() -> None:
    shop = Workshop()
    shop.report()
    done = shop.done("accept")
    assert shop.do("undo", by="clerk", undoes=done["id"])["ok"]
    assert [one["action"] for one in told(shop)] == ["", "accept", "undo"]
    assert told(shop)[-1]["what"] == {"undone": "accept"}


def test_a_long_story_keeps_its_newest_entries_and_counts_the_others() -> None:
    shop = Workshop()
    shop.report()
    for number in range(KEPT + 4):
        shop.do("note", given={"text": f"note {number}"})
    shown = shop.case().public()
    assert shown["story_cut"] == 5
    assert [one["given"]["text"] for one in told(shop)] == [f"note {number}" for number in range(4, KEPT + 4)]
