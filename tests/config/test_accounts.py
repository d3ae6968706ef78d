"""Accounts are the same on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from config.accounts import _NO_PASSWORD, AccountError, Accounts

PASSWORD = "correct horse battery"


def test_an_account_is_made_signs_in_and_has_rights_whose_numbers_rise(database: str) -> None:
    with Accounts(database) as one, Accounts(database) as other:
        assert not one.any()
        first = one.add("王 desk", PASSWORD, now_ms=1)
        with pytest.raises(AccountError, match="there already"):
            other.add("王 desk", PASSWORD, now_ms=2)
        numbers = [
            (one, other)[n % 2].give(first, "clerk", "990100", given=n % 3 > 0).number for n in range(6)
        ]
        assert numbers == [1, 2, 3, 4, 5, 6]
        assert other.signed_in("王 desk", PASSWORD) == first
        assert other.signed_in("王 desk", PASSWORD + "x") == other.signed_in("nobody", PASSWORD) == ""
        assert [(a.name, [r.given for r in a.rights]) for a in other.all()] == [("王 desk", [True])]
        assert other.names([first, "a-none"]) == {first: "王 desk"}


def test_rights_given_at_once_have_numbers_of_their_own(database: str) -> None:
    with Accounts(database) as accounts, ThreadPoolExecutor(6) as together:
        account = accounts.add("a", PASSWORD, now_ms=1)
        rights = list(together.map(lambda n: accounts.give(account, "clerk", f"{n:06d}"), range(24)))
        assert sorted(right.number for right in rights) == list(range(1, 25))


def test_a_silent_database_is_said_in_a_sentence_when_it_is_asked_and_not_before() -> None:
    with Accounts("postgresql://nobody@127.0.0.1:9/none") as accounts:
        for asked in (accounts.any, accounts.all, accounts.untold, lambda: accounts.signed_in("a", "b")):
            with pytest.raises(ConnectionError, match="WATCHFLOOR_DATABASE"):
                asked()


def test_what_an_unknown_name_is_compared_with_costs_what_a_real_hash_does() -> None:
    made = PasswordHasher()
    assert extract_parameters(_NO_PASSWORD) == extract_parameters(made.hash("a password of somebody"))
    with pytest.raises(VerifyMismatchError):
        made.verify(_NO_PASSWORD, "a password of nobody")
