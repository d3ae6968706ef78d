"""What stands on a handover page: what presses, what was put aside, what comes, of the desk's places alone."""

import json
from typing import Any

import msgspec
import pytest

from config.vault import Vault
from dashboard.handover.page import MOST_ROWS, fill, sealed_of
from domain.desks.handover_given import MOST_ITEMS
from domain.privacy.sealed import is_sealed
from domain.rules import Rules
from tests.browser import town
from tests.dashboard.desk_town import DESK, HOUR, NOW_MS, alert, material, rule_set


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault(f"sqlite:///{tmp_path_factory.mktemp('vault') / 'v.sqlite3'}")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    store, name = rule_set(tmp_path_factory.mktemp("rules"))
    return store.rules_of(name)


def filled(vault: Vault, rules: Rules, code: str = DESK, **changed: Any) -> dict[str, Any]:
    plan = rules.desks.get(code)
    shift = None if plan is None else plan.nearest(NOW_MS)
    stuff = msgspec.structs.replace(material(vault), **changed)
    return fill(code, stuff, rules, shift=shift, now_ms=NOW_MS)


def ids(page: dict[str, Any], table: str, key: str = "id") -> list[str]:
    return [row[key] for row in page["tables"][table]]


def test_critical_and_high_ones_come_first_and_the_oldest_of_them(vault: Vault, rules: Rules) -> None:
    page = filled(vault, rules)
    assert ids(page, "pressing") == ["03-2-0", "03-1-0", "03-3-0"]
    assert page["critical"] == ["03-2-0", "03-1-0"]
    assert ids(page, "aside") == ["03-5-0", "03-7-0", "03-8-0"]
    assert page["load"] == {"standing": [2, 1, 1, 0], "unacked": 3, "in_shift": 3}


def test_whatever_is_put_aside_says_how_by_whom_and_until_when(vault: Vault, rules: Rules) -> None:
    page = filled(vault, rules)
    shelved, suppressed, out = page["tables"]["aside"]
    assert (shelved["state"], shelved["by"], shelved["until_ms"] > page["filled_ms"]) == (
        "shelved",
        "a-7",
        True,
    )
    assert (suppressed["state"], suppressed["rule"], suppressed["by"]) == ("suppressed", "feed_silent", "")
    assert (out["state"], out["by"], out["until_ms"]) == ("out_of_service", "a-7", None)
    assert is_sealed(out["why"])
    assert {out["why"], out["reference"]} < set(sealed_of(page))


def test_what_is_due_within_four_hours_comes_of_the_queue_and_of_alerts_once(
    vault: Vault, rules: Rules
) -> None:
    page = filled(vault, rules)
    assert ids(page, "due", "case") == ["03-0000000041", "03-0000000042"]


def test_feeds_rules_replays_and_notes_of_the_shift_are_there(vault: Vault, rules: Rules) -> None:
    page = filled(vault, rules)
    assert [(row["feed"], row["silent"]) for row in page["tables"]["feeds"]] == [("bay", True)]
    assert ids(page, "rule_changes", "hash") == ["b" * 64]
    assert ids(page, "replays") == ["storm-drill"]
    assert len(page["tables"]["notes"]) == 2
    assert page["shift"]["end_ms"] - page["shift"]["start_ms"] == 8 * HOUR


def test_a_page_holds_the_names_that_it_shows_and_no_text_in_the_clear(vault: Vault, rules: Rules) -> None:
    page = filled(vault, rules)
    assert page["places"][town.township(3)]["en"] == "Cinder Lane"
    assert page["categories"]["street-light"]["zh"] != "street-light"
    assert len(sealed_of(page)) == 5
    assert all(is_sealed(text) for text in sealed_of(page))
    text = json.dumps(page, ensure_ascii=False)
    assert "Pump 3" not in text
    assert "13812345678" not in text


def test_the_same_material_gives_the_same_bytes(vault: Vault, rules: Rules) -> None:
    stuff = material(vault)
    turned = msgspec.structs.replace(
        stuff, alerts=dict(reversed(stuff.alerts.items())), queue=dict(reversed(stuff.queue.items()))
    )
    pages = [fill(DESK, one, rules, shift=None, now_ms=NOW_MS) for one in (stuff, turned)]
    first, second = (msgspec.json.encode(page, order="deterministic") for page in pages)
    assert first == second


def test_a_scope_that_another_desk_has_is_on_its_page_and_on_no_other(vault: Vault, rules: Rules) -> None:
    moved = {
        DESK: {
            "code": DESK,
            "notes": [],
            "moved": {town.township(7): {"to": "990200", "by": "x", "since_ms": 1}},
        },
        "990200": {
            "code": "990200",
            "notes": [],
            "moved": {"990200001": {"to": DESK, "by": "x", "since_ms": 1}},
        },
    }
    page = filled(vault, rules, desks=moved)
    assert "03-2-0" not in ids(page, "pressing")
    assert "04-1-0" in ids(page, "pressing")
    other = filled(vault, rules, "990200", desks=moved)
    assert ids(other, "pressing") == ["03-2-0"]


def test_a_long_table_is_cut_and_says_by_how_much(vault: Vault, rules: Rules) -> None:
    many = {f"n{n}": alert(f"n{n}", 3, priority=1, raised_ms=n) for n in range(MOST_ROWS + 30)}
    page = filled(vault, rules, alerts=many)
    assert len(page["tables"]["pressing"]) == MOST_ROWS
    assert page["more"] == {"pressing": 30}
    assert len(page["critical"]) == MOST_ITEMS


def test_a_desk_without_shifts_has_a_page_too(vault: Vault, rules: Rules) -> None:
    page = filled(vault, rules, town.township(9))
    assert page["shift"] is None
    assert ids(page, "pressing") == ["03-3-0"]
    assert page["title"]["en"] == "Glass Wharf" or page["title"]["en"]
