"""Numbers by which a person can be reached or known are taken out of texts, in whatever form they were written."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy.scrub import OUT, scrub
from domain.privacy.sights import FIELDS, PURPOSES, REACHING, SIGHTS, masked, sight_of

PLANTED = [
    "13800138000", "138 0013 8000", "138-0013-8000", "+86 138 0013 8000", "１３８００１３８０００", "0571-88886666",
    "(0571) 8888 6666", "一三八零零一三八零零零", "幺三八 零零幺三 八零零零", "400-800-1234", "+49 711 216-0", "(213) 555-0147",
    "+1 213.555.0147", "020 7946 0958", "+33 1 42 68 53 00", "8888 6666",
    "11010519491231002X", "110105 19491231 0021", "A123456(7)", "Z123456(A)", "E12345678", "G00000001",
    "6222 0212 3456 7890 123", "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819",
    "浙A12345", "浙A·12345", "京AD12345", "沪 B 99999", "粤Z1234港", "S-AB 1234", "STU-X 12E", "AB12 CDE", "7ABC123", "ABC-1234",
    "xm.wang+1@example.com", "王@例子.公司", "wang＠example.com", "微信号：wang_xm88", "WeChat: wangxm88", "QQ 1234567",
]  # fmt: skip

KEPT = [
    "井盖丢失，三号楼前", "on 2026-01-05 at 13:10", "2026年1月5日 08:30 来电", "building 12, room 304", "100081", "3 of 14 lamps",
    "第12届第3次会议", "37.5 kg", "since 1998", "case 03 in step 4", "5,000 m²", "A4 paper", "route B12",
]  # fmt: skip


@pytest.mark.parametrize("number", PLANTED)
def test_a_number_is_taken_out_wherever_it_stands(number: str) -> None:
    for text in (number, f"call {number}", f"请打{number}。", f"({number})", f"a\n{number}\nb"):
        said = scrub(text)
        assert OUT in said, text
        assert number not in said
        assert len(re.sub(r"\D", "", said)) < 5, said


@pytest.mark.parametrize("text", KEPT)
def test_what_says_nothing_of_a_person_stays(text: str) -> None:
    assert scrub(text) == text


around = st.text(st.characters(exclude_categories=("Cs", "N", "Lo")), max_size=20)


@given(around, st.sampled_from(PLANTED), around)
def test_no_text_around_it_keeps_a_number(before: str, number: str, after: str) -> None:
    assert number not in scrub(f"{before} {number} {after}")


@given(
    st.integers(10**6, 10**18),
    st.sampled_from(["", " ", "-", ".", " - ", "–", "/"]),
    st.integers(2, 5),
    around,
)
def test_a_long_number_goes_however_it_is_split(number: int, between: str, each: int, before: str) -> None:
    figures = str(number)
    written = between.join(figures[n : n + each] for n in range(0, len(figures), each))
    said = scrub(f"{before}: {written} ")
    if not re.search(r"(19|20)\d\d[-/.]\d\d?[-/.]\d\d?", written):
        assert not re.search(r"\d", said), said


@given(st.text(max_size=80) | st.text(string.digits + " -+()X.京A" + string.ascii_uppercase, max_size=60))
def test_scrubbed_again_it_stays_as_it_is(text: str) -> None:
    assert scrub(scrub(text)) == scrub(text)


def test_each_role_has_a_word_for_each_field_and_sees_no_more_than_its_task_asks() -> None:
    assert all(set(sights) == set(FIELDS) for sights in SIGHTS.values())
    assert sight_of(["dispatcher"], "phone", "handling") == "masked"
    assert sight_of(["verifier"], "phone", "call_back") == "whole"
    assert sight_of(["verifier"], "phone", "complaint") == "masked"
    assert sight_of(["dispatcher", "verifier"], "text", "audit") == "whole"
    assert sight_of(["supervisor"], "phone", "call_back") == "none"
    for purpose in PURPOSES:
        for field in FIELDS:
            assert sight_of(["ops", "administrator", "nobody"], field, purpose) == "none"
            if purpose not in REACHING and field != "text":
                assert all(sight_of([role], field, purpose) != "whole" for role in SIGHTS)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("phone", "13800138000", "138****8000"),
        ("phone", "88886666", "******66"),
        ("phone", "1", "1"),
        ("phone", "", ""),
        ("reporter", "某某甲", "某***"),
        ("reporter", "", ""),
        ("account", "wx_somebodyming", "wx_********ming"),
        ("text", "call 13800138000", "call ***"),
    ],
)
def test_a_masked_field_shows_its_ends_alone(field: str, value: str, shown: str) -> None:
    assert masked(field, value) == shown
