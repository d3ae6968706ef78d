"""What may hold a person is carried sealed, told apart by its keyed hash, and kept with its case."""

import msgspec
import pytest

from domain.cases.case import PRIVATE_KEPT
from domain.feeds.known_reports import key_of
from domain.privacy.sealed import LONGEST_PRIVATE, key_name, key_of_report
from domain.records import Opened, Repeated, Report, Revised, Unreadable, journal_decoder
from tests.domain.workshop import Workshop


def sealed(name: str, content: str = "abc", digest: str = "a") -> str:
    return f"sealed:r-{name}:{content}#{digest * 32}"


def test_a_report_sent_again_is_a_repeat_though_it_was_sealed_to_other_bytes() -> None:
    shop = Workshop()
    for content, digest in (("abc", "a"), ("xyz", "a"), ("xyz", "b")):
        shop.report(private=sealed("1", content, digest))
    found = [journal_decoder.decode(value) for log in shop.floor.journal for _, value in log]
    kinds = [type(one) for one in found if isinstance(one, Opened | Repeated)]
    assert kinds == [Opened, Repeated, Revised]
    assert shop.case().private == (sealed("1", "xyz", "b"),)


def test_a_case_keeps_the_newest_version_of_each_report_and_shows_it_sealed() -> None:
    shop = Workshop()
    case = shop.report(private=sealed("1"))
    assert case.public()["private"] == (sealed("1"),)
    for n in range(PRIVATE_KEPT + 3):
        case.keep_private(sealed(f"m{n}"))
    assert len(case.private) == PRIVATE_KEPT
    case.keep_private("")
    case.keep_private(sealed(f"m{PRIVATE_KEPT}", digest="c"))
    assert case.private[-1] == sealed(f"m{PRIVATE_KEPT}", digest="c")
    assert len({key_name(one) for one in case.private}) == PRIVATE_KEPT
    assert "private" not in shop.report("2").public()


@pytest.mark.parametrize("private", ["某某甲", "sealed:r-1:abc def", "sealed:r-1:" + "a" * LONGEST_PRIVATE])
def test_what_is_not_sealed_is_refused_and_not_quoted(private: str) -> None:
    shop = Workshop()
    shop.floor.send(Report(feed="desk", id="1", category="lamp", private=private))
    (letter,) = [msgspec.json.decode(one.value) for one in shop.floor.deadletters]
    assert letter["reason"] == "not_sealed"
    assert private not in str(letter)


def test_attributes_of_a_feed_that_is_not_public_go_no_further_than_intake() -> None:
    shop = Workshop()
    shop.report(attributes={"name": "某某甲"})
    (opened,) = [
        one
        for log in shop.floor.journal
        for _, v in log
        if isinstance(one := journal_decoder.decode(v), Opened)
    ]
    assert opened.attributes == {}


@pytest.mark.parametrize("reason", ["bad_utf8", "malformed", "wrong_type"])
def test_an_unreadable_row_is_a_dead_letter_of_its_feed_without_the_row(reason: str) -> None:
    shop = Workshop()
    shop.report()
    shop.floor.send(Unreadable(feed="desk", reason=reason, size_bytes=99, private="sealed:u-1:abc"))
    (letter,) = [msgspec.json.decode(one.value) for one in shop.floor.deadletters]
    assert (letter["reason"], letter["feed"]) == (reason, "desk")
    assert "99 bytes" in letter["sentence"]


def test_the_key_of_a_report_is_that_of_its_matter_in_every_version() -> None:
    first = Report(feed="desk", id="1", category="lamp")
    assert key_of_report(key_of(first)) == key_of_report(key_of(msgspec.structs.replace(first, category="x")))
