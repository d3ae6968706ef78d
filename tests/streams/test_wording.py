"""Every kind of message has words in both languages, made of its facts alone."""

import re
from typing import get_args

import msgspec
import pytest

from domain.messages import Kind, Message
from streams.wording import CLOSER, TEMPLATES, said

CASE = "05-0000000001"
NOBODY = {"left"}
"""Is for the vault."""


def message(kind: str, **fields: object) -> Message:
    known = {"kind": kind, "to": "assignee", "address": "w-1", "case": CASE, "feed": "desk", "key": "k"}
    more = {"round": 1, "version": 1, "step": "file", "t_ms": 1}
    return msgspec.convert(known | more | fields, Message)


def test_every_kind_that_is_sent_has_words_in_both_languages_and_no_other() -> None:
    assert set(TEMPLATES) == set(get_args(Kind)) - NOBODY
    for en, zh in (*TEMPLATES.values(), *CLOSER.values()):
        assert "{case}" in en
        assert "{case}" in zh
        assert re.search(r"[a-z]{3}", en)
        assert re.search(r"[\u4e00-\u9fff]{2}", zh)
        assert re.findall(r"{(\w+)}", en) == re.findall(r"{(\w+)}", zh)


@pytest.mark.parametrize("kind", sorted(set(get_args(Kind)) - NOBODY))
def test_words_have_the_case_and_the_due_instant_and_nothing_of_the_receiver(kind: str) -> None:
    address = "r-" + "a" * 32
    texts = said(message(kind, address=address, due_ms=1_700_000_000_000))
    assert set(texts) == {"en", "zh"}
    for text in texts.values():
        assert CASE in text
        assert "2023-11-14 22:13 UTC" in text
        assert address not in text
        assert "{" not in text
        assert len(text) < 140
    assert "2023" not in said(message(kind))["en"]


def test_what_somebody_did_says_more_than_the_kind_and_an_unknown_action_says_the_kind() -> None:
    assert "refused" in said(message("extension", action="refuse_extension"))["en"]
    assert "put aside" in said(message("mark", action="shelved"))["en"]
    assert "无人签收" in said(message("receipt", to="desk"))["zh"]
    assert said(message("extension", action="something_new")) == said(message("extension"))


def test_times_are_those_of_the_place_and_a_step_is_called_as_the_flow_calls_it() -> None:
    title = {"en": "In hand", "zh": "处置"}
    texts = said(message("step", due_ms=1_700_000_000_000, zone="Asia/Shanghai", step_title=title))
    assert texts == {
        "en": f"Case {CASE} has come to the step “In hand”. Due: 2023-11-15 06:13.",
        "zh": f"事件 {CASE} 已进入“处置”环节。时限：2023-11-15 06:13。",
    }
    assert said(message("closed", step_title=title))["en"] == f"Case {CASE} is closed."
