"""A sealed text is known by its form, and folds take it where a text is needed."""

import pytest

from domain.flows.given import LONGEST_TEXT, given_wrong
from domain.privacy.sealed import LONGEST_SEALED, cipher_of, is_sealed, key_name, told_apart

SEALED = "sealed:c-03-000000001a:" + "aB-_" * 2900


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (SEALED, "c-03-000000001a"),
        ("sealed:r-" + "0" * 32 + ":#" + "0" * 32, "r-" + "0" * 32),
        ("sealed:d-990100001:abc", "d-990100001"),
        ("sealed:", ""),
        ("sealed:c-1:has a space", ""),
        ("sealed:c-1:abc\n", ""),
        (" sealed:c-1:abc", ""),
        ("a reason", ""),
    ],
)
def test_its_form_names_its_key(value: str, name: str) -> None:
    assert is_sealed(value) == bool(name)
    assert key_name(value) == name


def test_what_is_no_text_is_not_sealed() -> None:
    assert not any(is_sealed(value) for value in (None, 1, ["sealed:c-1:abc"], b"sealed:c-1:abc"))


def test_versions_are_told_apart_by_the_keyed_hash_and_not_by_the_bytes() -> None:
    digest = "ab" * 16
    assert told_apart(f"sealed:r-1:abc#{digest}") == told_apart(f"sealed:r-1:xyz#{digest}")
    assert told_apart(f"sealed:r-1:abc#{digest}") != told_apart(f"sealed:r-2:abc#{digest}")
    assert told_apart("sealed:r-1:abc") != told_apart("sealed:r-1:xyz")
    assert told_apart("") == ""
    assert cipher_of(f"sealed:r-1:abc#{digest}") == "abc"


def test_a_fold_takes_a_sealed_text_that_is_longer_than_a_plain_one() -> None:
    assert LONGEST_TEXT < len(SEALED) <= LONGEST_SEALED
    needs = ["reason", "parts"]
    assert given_wrong(needs, {"reason": SEALED, "parts": [SEALED, SEALED + "A"]}, outcomes=()) == ""
    assert given_wrong(["reason"], {"reason": "x" * (LONGEST_TEXT + 1)}, outcomes=())
    assert given_wrong(["reason"], {"reason": "sealed:c-1:" + "a" * LONGEST_SEALED}, outcomes=())
