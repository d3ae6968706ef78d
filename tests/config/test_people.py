"""Names and numbers of workers in SQL: on SQLite and on PostgreSQL, and gone when they are forgotten."""

import pytest

from config.people import People, Person
from config.sql import SilentDatabaseError
from config.vault import Vault


def test_a_key_has_one_id_for_as_long_as_it_is_known(database: str) -> None:
    with People(database) as people:
        first = people.ids(["K1", "K2"])
        assert people.ids(["K2", "K3", "K1"]) == first | {"K3": people.ids(["K3"])["K3"]}
        assert len({*people.ids(["K1", "K2", "K3"]).values()}) == 3
        assert people.of(list(first.values())) == {}
        assert people.put([("K1", "one", "138"), ("K2", "two", "")]) == 2
        assert people.put([("K1", "one", "139"), ("K2", "two", "")]) == 1
        assert people.of([first["K1"], "w-0"]) == {
            first["K1"]: Person(id=first["K1"], name="one", phone="139")
        }


def test_who_is_forgotten_comes_again_as_somebody_new(database: str) -> None:
    with People(database) as people:
        people.put([("K1", "one", "138"), ("K2", "two", "")])
        ids = people.ids(["K1", "K2"])
        assert people.forget("K1") == ids["K1"]
        assert people.forget(ids["K2"]) == ids["K2"]
        assert people.forget("K1") == ""
        assert people.of(list(ids.values())) == {}
        assert people.ids(["K1"])["K1"] != ids["K1"]


def test_a_look_at_names_is_logged_where_looks_at_reporters_are(database: str) -> None:
    with People(database) as people, Vault(database) as vault:
        people.put([("K1", "one", "138")])
        worker = people.ids(["K1"])["K1"]
        assert people.look([worker], account="a-1", about="990501", at_ms=5)[worker].name == "one"
        assert [(view.account, view.case, view.at_ms) for view in vault.views()] == [("a-1", "990501", 5)]


def test_teams_have_names_in_both_languages(database: str) -> None:
    with People(database) as people:
        people.put_teams({"t-1": ("Waste", "环卫"), "t-2": ("Roads", "")})
        people.put_teams({"t-1": ("Waste and water", "环卫")})
        assert people.team_names(["t-1", "t-2", "t-3"]) == {
            "t-1": {"en": "Waste and water", "zh": "环卫"},
            "t-2": {"en": "Roads", "zh": "Roads"},
        }


def test_a_database_that_does_not_answer_is_said_in_a_sentence() -> None:
    with People("postgresql://nobody@127.0.0.1:9/none") as people, pytest.raises(SilentDatabaseError):
        people.ids(["K1"])
