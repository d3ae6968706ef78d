"""What people have arranged is kept whole in both databases, and of two changes at once none is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from config.arrangements import Arrangements


def test_each_owner_has_one_text_of_each_kind(database: str) -> None:
    with Arrangements(database) as one, Arrangements(database) as other:
        one.put("a-1", "panes", "[40,30]")
        other.put("a-1", "panes", "[50,20]")
        other.put("a-1", "keys", "{}")
        other.put("990100", "views", "[]")
        assert one.of("a-1") == {"panes": "[50,20]", "keys": "{}"}
        assert one.of("990100") == {"views": "[]"}
        assert one.of("a-2") == {}


def test_changes_at_once_are_all_kept(database: str) -> None:
    with Arrangements(database) as one, ThreadPoolExecutor(4) as hands:
        list(hands.map(lambda n: one.change("990100", "views", lambda was: f"{was}{n}"), range(8)))
        assert sorted(one.of("990100")["views"]) == list("01234567")


def test_a_silent_database_is_said_in_a_sentence() -> None:
    with Arrangements("postgresql://nobody@127.0.0.1:9/none") as one:
        for asked in (lambda: one.of("a-1"), lambda: one.put("a-1", "keys", "{}")):
            with pytest.raises(ConnectionError, match="WATCHFLOOR_DATABASE"):
                asked()
