"""A corpus of bad input: each is refused with a sentence, counted under its reason, and nothing else is lost."""

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.feeds.judge import MAX_BYTES
from domain.records import Report, Requeued, TooLarge, encoder
from tests.domain.memory_floor import Floor
from tests.domain.small_town import DAY, GRIDS, MINUTE, T0, rules_of


def of(**fields: Any) -> bytes:
    """A report of the feed with promises, as JSON text that may be anything."""
    return json.dumps({"type": "report", "feed": "promises", "id": "7"} | fields).encode()


def deep(what: str, times: int) -> bytes:
    return of(extra=1).replace(b"1}", what.encode() * times + b"}")


CORPUS: list[tuple[str, str, bytes]] = [
    ("nothing", "malformed", b""),
    ("a blank", "malformed", b"  \n"),
    ("cut off", "malformed", of()[:-5]),
    ("two at once", "malformed", of() + of()),
    ("NaN", "malformed", of(lon=float("nan"))),
    ("Infinity", "malformed", of(lat=float("inf"))),
    ("minus infinity", "malformed", of(lat=float("-inf"))),
    ("a lone surrogate", "malformed", of(channel="X").replace(b"X", b"\\ud800")),
    ("a lone surrogate and text", "malformed", of(channel="X").replace(b"X", b"\\udc00abcdef")),
    ("a raw control character", "malformed", of(channel="X").replace(b"X", b"\x00")),
    ("a byte order mark", "malformed", b"\xef\xbb\xbf" + of()),
    ("unclosed arrays, deep", "malformed", deep("[", 100_000)),
    ("a deep field that nobody reads", "malformed", deep("[" * 20_000 + "]" * 20_000, 1)),
    ("bad UTF-8 in a text", "bad_utf8", of(channel="X").replace(b"X", b"\xc3\x28")),
    ("an overlong slash", "bad_utf8", of(channel="X").replace(b"X", b"\xc0\xaf")),
    ("UTF-16", "bad_utf8", of().decode().encode("utf-16")),
    ("Latin-1", "bad_utf8", '{"type":"report","feed":"promises","id":"Müll"}'.encode("latin-1")),
    ("null", "wrong_type", b"null"),
    ("an empty list", "wrong_type", b"[]"),
    ("a number", "wrong_type", b"3"),
    ("a text", "wrong_type", b'"report"'),
    ("an empty object", "wrong_type", b"{}"),
    ("another type", "wrong_type", b'{"type":"opened","feed":"promises"}'),
    ("a type that is a list", "wrong_type", b'{"type":[]}'),
    ("no id", "wrong_type", b'{"type":"report","feed":"promises"}'),
    ("an id that is a number", "wrong_type", of(id=7)),
    ("an id that is null", "wrong_type", of(id=None)),
    ("a point of texts", "wrong_type", of(lon="7.2", lat="47.5")),
    ("a point that is true", "wrong_type", of(lon=True)),
    ("a point of 400 digits", "wrong_type", of(lon="X").replace(b'"X"', b"1" + b"0" * 400)),
    ("a point out of range", "wrong_type", of(lon="X").replace(b'"X"', b"1e999")),
    ("a time of 5,000 digits", "wrong_type", of(opened_ms="X").replace(b'"X"', b"1" * 5000)),
    ("a time with a fraction", "wrong_type", of(opened_ms=T0 + 0.5)),
    ("attributes as a list", "wrong_type", of(attributes=["a"])),
    ("attributes with numbers", "wrong_type", of(attributes={"a": 1})),
    ("a place that is a text", "wrong_type", of(place="Well")),
    ("an empty id", "no_id", of(id="")),
    ("an id of 513 characters", "long_id", of(id="x" * 513)),
    ("a feed that nobody knows", "unknown_feed", of(feed="nobody")),
    ("a feed with NUL in it", "unknown_feed", of(feed="a\0b")),
    ("a feed without a name", "unknown_feed", of(feed="")),
    ("opened before 2000", "too_early", of(opened_ms=946_684_799_999)),
    ("opened before time itself", "too_early", of(opened_ms=-(10**25))),
    ("opened two minutes and a ms from now", "in_future", of(opened_ms=T0 + 2 * MINUTE + 1)),
    ("opened in 30 digits", "in_future", of(opened_ms=10**30)),
    ("closed in the future", "in_future", of(closed_ms=T0 + DAY)),
    ("closed before 2000", "too_early", of(closed_ms=0)),
    ("opened as text", "unreadable_time", of(opened_ms="yesterday")),
    ("closed as text", "unreadable_time", of(closed_ms="31.02.2023")),
    ("closed on an earlier day", "closed_before_opened", of(opened_ms=T0, closed_ms=T0 - 2 * DAY)),
    ("promised as text", "unreadable_time", of(promised="soon")),
    ("promised on no day", "unreadable_time", of(promised="2023-02-30")),
    ("promised on the last day of all", "unreadable_time", of(promised="9999-12-31")),
    ("promised on the first day of all", "bad_time", of(promised="0001-01-01")),
    ("promised in 2100", "bad_time", of(promised="2100-01-01")),
    ("promised in 30 digits", "bad_time", of(promised=10**30)),
    ("more than 512 kB", "too_large", of(channel="x" * MAX_BYTES)),
    ("nested deep and large", "too_large", deep("[", 600_000)),
    ("told to be too large", "too_large", encoder.encode(TooLarge(feed="promises", reason="A picture.", size_bytes=9, sha256="0" * 64))),
]  # fmt: skip


def mangled(rng: Random) -> bytes:
    """A good report with some bytes changed."""
    value = bytearray(
        of(opened_ms=T0, lon=7.5, lat=47.5, place=["Well"], promised="2023-11-20", attributes={"a": "b"})
    )
    for _ in range(rng.randrange(1, 4)):
        value[rng.randrange(len(value))] = rng.choice(b'{}[]",:0919eE.-+tfnu\\x\xff\x00')
    return bytes(value)


HARMLESS = [
    ("NUL in a text", of(channel="\0")),
    ("an astral character", of(channel="😀")),
    ("fields from the future", of(colour="red", wheels=[1, {"a": None}])),
    ("a point off the earth", of(lon=1e300, lat=-1e300)),
    ("a point of whole numbers", of(lon=7, lat=47)),
    ("two minutes ahead", of(opened_ms=T0 + 2 * MINUTE)),
    ("an id of 512 characters", of(id="x" * 512)),
    ("nearly 512 kB", of(channel="x" * (MAX_BYTES - 200))),
]


def town() -> Floor:
    floor = Floor(rules_of, shared=False)
    floor.now_ms = T0
    floor.publish("first")
    return floor


def lanes_of(floor: Floor) -> dict[str, Any]:
    """What the ops page says of all lanes: refusals by reason."""
    dead: dict[str, int] = {}
    for lane in floor.lanes:
        (body,) = lane.whole().hashes["lanes"].values()
        for reason, count in msgspec.json.decode(body or b"")["dead"].items():
            dead[reason] = dead.get(reason, 0) + count
    return dead


def accepted(floor: Floor) -> int:
    return sum(len(work.cases) for work in floor.casework)


@pytest.mark.parametrize(("reason", "value"), [one[1:] for one in CORPUS], ids=[one[0] for one in CORPUS])
def test_each_is_refused_with_a_sentence_and_counted_under_its_reason(reason: str, value: bytes) -> None:
    floor = town()
    floor.send(value, feed="promises")
    (effect,) = floor.deadletters
    letter = msgspec.json.decode(effect.value)
    assert letter["reason"] == reason, letter["sentence"]
    assert letter["sentence"][-1] == "."
    assert letter["sentence"][0].isalpha()
    assert 15 < len(letter["sentence"]) < 400
    assert (letter["size_bytes"], letter["id"]) == (len(value), effect.id)
    assert lanes_of(floor) == {reason: 1}
    assert accepted(floor) == 0


def test_none_of_them_stalls_what_comes_behind_or_loses_what_came_before() -> None:
    floor = town()
    for n, (_, _, value) in enumerate(CORPUS):
        floor.send(Report(feed="promises", id=f"good {n}", place=["Well"]))
        floor.send(value, feed="promises")
    assert accepted(floor) == len(CORPUS)
    assert sum(lanes_of(floor).values()) == len(floor.deadletters) == len(CORPUS)


@pytest.mark.parametrize("value", [one[1] for one in HARMLESS], ids=[one[0] for one in HARMLESS])
def test_what_is_odd_and_harmless_is_accepted(value: bytes) -> None:
    floor = town()
    floor.send(value, feed="promises")
    assert floor.deadletters == []
    assert accepted(floor) == 1


def test_before_any_rules_everything_is_refused_by_name() -> None:
    floor = Floor(rules_of, shared=False)
    floor.now_ms = T0
    floor.send(of(), feed="promises")
    assert lanes_of(floor) == {"no_rules": 1}


def test_a_time_of_the_feed_that_would_stop_every_clock_is_refused_and_moves_none() -> None:
    floor = Floor(rules_of, shared=True)
    floor.now_ms = T0
    floor.publish("first")
    floor.send(of(t_ms=T0))
    for t_ms in (10**17, -5, 4_102_444_800_000):
        floor.send(of(t_ms=t_ms))
    assert lanes_of(floor) == {"bad_time": 3}
    assert floor.lanes[0].clock_ms == T0


def test_a_dead_letter_sent_again_twice_counts_once() -> None:
    floor = town()
    floor.send(of(opened_ms=T0 + 3 * MINUTE), feed="promises")
    assert lanes_of(floor) == {"in_future": 1}
    dead = floor.deadletters[0].id
    original = floor.reports[int(dead[0])][-1][1].decode()
    floor.now_ms += 2 * MINUTE
    for _ in range(3):
        floor.send(Requeued(dead=dead, value=original), feed="promises")
    assert accepted(floor) == 1
    feed = msgspec.json.decode(lane_feed(floor))
    assert (feed["accepted"], feed["revised"], feed["repeated"]) == (1, 0, 0)


def test_a_dead_letter_that_is_refused_again_becomes_another_one() -> None:
    floor = town()
    floor.send(b"\xff", feed="promises")
    sent: list[dict[str, Any]] = [{"value_b64": "/w=="}, {"value_b64": "A"}, {"value": "null"}]
    for value in sent:
        floor.send(Requeued(dead=f"x{value}", **value), feed="promises")
    assert [msgspec.json.decode(effect.value)["reason"] for effect in floor.deadletters] == [
        "bad_utf8", "bad_utf8", "malformed", "wrong_type",
    ]  # fmt: skip
    assert len({effect.id for effect in floor.deadletters}) == 4


def test_a_tick_cannot_be_smuggled_in_as_a_dead_letter() -> None:
    floor = town()
    floor.send(Requeued(dead="0-1", value='{"type":"tick"}'), feed="promises")
    assert lanes_of(floor) == {"wrong_type": 1}


def test_a_closing_earlier_on_the_same_local_day_counts_as_at_the_opening_and_is_flagged() -> None:
    floor = town()  # T0 is 14:13 in Los Angeles
    floor.send(Report(feed="promises", id="1", place=["Well"], opened_ms=T0, closed_ms=T0 - 14 * 3_600_000))
    (case,) = floor.casework[5].cases.values()
    assert (case.closed_ms, case.flags, case.grid) == (T0, ("closed_at_opening",), GRIDS[0])


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode), st.randoms().map(mangled)))
def test_no_bytes_at_all_stop_a_lane(value: bytes) -> None:
    floor = town()
    floor.send(value, feed="promises")
    floor.send(Report(feed="promises", id="good", place=["Well"]))
    assert accepted(floor) + len(floor.deadletters) >= 1
    assert any(case.source_id == "good" for work in floor.casework for case in work.cases.values())


def lane_feed(floor: Floor) -> bytes:
    for lane in floor.lanes:
        body = lane.whole().hashes["feeds"].get("promises")
        if body is not None:
            return body
    raise AssertionError("no lane has the feed")
