"""The tracking page: whoever has a code sees how far their matter is, nobody's data, and can say that it is not settled."""

import asyncio
import http.client
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from dashboard.commands.command import Answer
from dashboard.entry.sign_ins import SignIns
from dashboard.track.answers import NOTHING_AFTER_S, address_of
from dashboard.track.page import lang_of
from tests.browser.wall_server import serving
from tests.dashboard.desk_town import CASE, DAY, HOUR, DeskTown

OTHER = "03-0000000077"


@pytest.fixture(scope="module")
def desk_town(tmp_path_factory: pytest.TempPathFactory) -> DeskTown:
    return DeskTown(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def wall(desk_town: DeskTown) -> Iterator[str]:
    with serving(desk_town.surroundings()) as address:
        yield address


@pytest.fixture(autouse=True)
def calm(desk_town: DeskTown) -> None:
    desk_town.wait = 0
    desk_town.cases.clear()
    desk_town.said.clear()
    desk_town.answer = lambda said: Answer(id=said.id, ok=True, reason="")


def ask(
    wall: str, path: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(urlsplit(wall).netloc, timeout=20)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        if form is None:
            connection.request("GET", path, headers=given)
        else:
            given = {"content-type": "application/x-www-form-urlencoded"} | given
            connection.request("POST", path, urlencode(form), given)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def words(page: str) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("</style>")[2]))


def closed(desk_town: DeskTown, **facts: Any) -> str:
    answer = desk_town.wrote("feed_back", "The lamp is new. Call 13812345678 or 440106199003071234.")
    return desk_town.case(
        **{"step": "evaluate", "closed_ms": desk_town.now_ms - HOUR, "outcome": "settled", "story": [answer]}
        | facts
    )


def test_a_code_shows_steps_and_deadlines_and_no_place_and_nobody(wall: str, desk_town: DeskTown) -> None:
    code = desk_town.case()
    status, headers, page = ask(wall, f"/track/{code}?lang=en")
    assert status == 200
    text = words(page)
    for part in (
        "File done",
        "Handle now",
        "Closed to come",
        "Street light",
        "To be settled by",
        "16 Nov 2023, 02:13",
    ):
        assert part in text, part
    for secret in ("power-team", "990100", "a-7", CASE, "55.1", "s1"):
        assert secret not in page, secret
    assert len(page.encode()) < 100_000
    assert "<script" not in page
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]


def test_a_step_that_a_reporter_does_not_hear_of_is_told_as_the_one_before(
    wall: str, desk_town: DeskTown
) -> None:
    for step, now in (
        ("collect", "File now"),
        ("dispatch", "File now"),
        ("feedback", "Handle now"),
        ("verify", "Handle now"),
    ):
        text = words(ask(wall, f"/track/{desk_town.case(step=step)}?lang=en")[2])
        assert now in text, step
        assert "This step by" not in text


def test_the_answer_is_opened_without_numbers_and_the_look_is_logged(wall: str, desk_town: DeskTown) -> None:
    text = words(ask(wall, f"/track/{closed(desk_town)}?lang=zh")[2])
    assert "The lamp is new. Call *** or ***." in text
    assert "办理结果 已解决" in text
    assert "问题解决了吗" in text
    view = desk_town.vault.views(CASE)[-1]
    assert (view.account, view.purpose) == ("reporter", "feedback")


def test_an_answer_of_an_earlier_round_is_not_shown(wall: str, desk_town: DeskTown) -> None:
    story = [
        desk_town.wrote("feed_back", "The lamp is new."),
        {"kind": "act", "action": "not_settled", "given": {}},
    ]
    text = words(ask(wall, f"/track/{desk_town.case(step='dispatch', round=2, story=story)}?lang=en")[2])
    assert "The lamp is new" not in text
    assert "Taken up again: 1×" in text


def test_what_is_asked_of_the_reporter_is_shown_while_it_waits(wall: str, desk_town: DeskTown) -> None:
    story = [desk_town.wrote("ask", "Which lamp?")]
    facts: dict[str, Any] = {"is": ["waiting"], "paused": True, "due_ms": None, "story": story}
    text = words(ask(wall, f"/track/{desk_town.case(**facts)}?lang=en")[2])
    assert "Which lamp?" in text
    assert "The clock stands: Waiting for the reporter." in text
    assert "Which lamp?" not in words(ask(wall, f"/track/{desk_town.case(**facts | {'is': []})}?lang=en")[2])


def test_a_wrong_code_and_an_erased_one_get_the_same_answer_after_the_same_time(
    wall: str, desk_town: DeskTown
) -> None:
    code = desk_town.case(OTHER)
    desk_town.vault.seal_text(f"c-{OTHER}", "x")
    desk_town.vault.erase(OTHER, [], at_ms=1)
    pages, spans = [], []
    for one in (code, "NONSENSE", code[:-1] + ("A" if code[-1] != "A" else "B"), "<b>x</b>"):
        begun = time.monotonic()
        status, headers, page = ask(wall, "/track", {"code": one, "lang": "en"})
        spans.append(time.monotonic() - begun)
        pages.append((status, headers["content-length"], page))
    assert len(set(pages)) == 1
    assert pages[0][0] == 404
    assert ask(wall, f"/track/{code}")[0] == 404
    assert ask(wall, "/track", {"code": code, "settled": "no"})[0] == 404
    assert "Nothing can be shown for this code" in words(pages[0][2])
    assert min(spans) >= NOTHING_AFTER_S
    assert max(spans) - min(spans) < 0.4


def test_a_merged_cases_code_leads_to_the_one_that_goes_on(wall: str, desk_town: DeskTown) -> None:
    code = desk_town.case(merged_into=OTHER, step="closed", closed_ms=desk_town.now_ms)
    own = closed_other(desk_town)
    text = words(ask(wall, f"/track/{code}?lang=en")[2])
    assert "handled together with theirs" in text
    assert "Noise" in text
    ask(wall, "/track", {"code": code, "settled": "no", "version": "9", "lang": "en"})
    ((case, said),) = desk_town.said
    assert (case, said.code) == (OTHER, own), "the gateway hears the code of the case that goes on"


def closed_other(desk_town: DeskTown) -> str:
    facts = {"step": "evaluate", "closed_ms": desk_town.now_ms - HOUR, "category": "noise", "version": 9}
    return desk_town.case(OTHER, **facts)


def test_a_case_that_has_left_the_state_is_said_to_be_closed(wall: str, desk_town: DeskTown) -> None:
    code = desk_town.vault.tracking_code("05-0000000005")
    assert "kept in the archive alone" in words(ask(wall, f"/track/{code}?lang=en")[2])
    desk_town.closed["05-0000000005"] = (desk_town.now_ms, "grid-reports")
    assert "Closed on 15 Nov 2023, 06:13." in words(ask(wall, f"/track/{code}?lang=en")[2])


def test_no_reopens_once_under_the_same_id_however_often_it_is_sent(wall: str, desk_town: DeskTown) -> None:
    form = {"code": closed(desk_town), "settled": "no", "version": "7", "text": "still <dark>", "lang": "en"}
    for _ in range(2):
        status, _, page = ask(wall, "/track", form)
        assert status == 200
        assert "It has been taken up again" in words(page)
    (first, second) = [said for _, said in desk_town.said]
    assert first == second
    assert (first.version, first.text, first.code) == (7, "still <dark>", form["code"])
    assert "<dark>" not in page


@pytest.mark.parametrize(
    ("code", "sentence", "again"),
    [
        ("too_late", "The time to say so is over", False),
        ("once", "You have said so already", False),
        ("stale", "It has just changed", True),
        ("wrong_step", "being worked on already", False),
        ("lost", "That was not taken down", False),
    ],
)
def test_a_refusal_is_said_in_words(
    wall: str, desk_town: DeskTown, code: str, sentence: str, again: bool
) -> None:
    desk_town.answer = lambda said: Answer(id=said.id, ok=False, reason="internal", code=code)
    text = words(
        ask(wall, "/track", {"code": closed(desk_town), "settled": "no", "version": "7", "lang": "en"})[2]
    )
    assert sentence in text
    assert "internal" not in text
    assert ("Is it settled?" in text) is again


def test_yes_is_thanked_for_and_changes_nothing(wall: str, desk_town: DeskTown) -> None:
    text = words(ask(wall, "/track", {"code": closed(desk_town), "settled": "yes", "lang": "en"})[2])
    assert "Thank you" in text
    assert desk_town.said == []


@pytest.mark.parametrize(
    "facts",
    [
        {"closed_ms": None, "step": "handle"},
        {"closed_ms": 1_700_000_000_000 - 8 * DAY},
        {"feed": "bay", "step": "closed"},
    ],
    ids=["open", "after the period", "settled at its source"],
)
def test_who_may_not_say_no_is_not_asked(wall: str, desk_town: DeskTown, facts: dict[str, Any]) -> None:
    assert "Is it settled?" not in words(ask(wall, f"/track/{closed(desk_town, **facts)}?lang=en")[2])


def test_too_many_questions_are_told_when_to_come_again(wall: str, desk_town: DeskTown) -> None:
    code = desk_town.case()
    desk_town.wait = 41
    status, headers, page = ask(wall, "/track", {"code": code, "lang": "en"})
    assert (status, headers["retry-after"]) == (429, "41")
    assert "Try again in 41 seconds" in words(page)
    assert ask(wall, "/track")[0] == 200, "the empty form is no question"
    assert desk_town.asked[-1] == "127.0.0.1"


def test_another_sites_form_is_refused(wall: str, desk_town: DeskTown) -> None:
    form = {"code": closed(desk_town), "settled": "no", "version": "7"}
    assert ask(wall, "/track", form, origin="https://evil.example")[0] == 403
    assert ask(wall, "/track", form, sec_fetch_site="cross-site")[0] == 403
    assert desk_town.said == []


def test_the_page_is_in_the_language_of_who_reads_it(wall: str) -> None:
    assert 'lang="zh-CN"' in ask(wall, "/track", accept_language="zh-TW,zh;q=0.9,en;q=0.8")[2]
    assert 'lang="en"' in ask(wall, "/track", accept_language="de,en;q=0.8")[2]
    assert 'lang="en"' in ask(wall, "/track?lang=en", accept_language="zh")[2]
    assert lang_of("", "") == "zh-CN"
    for lang in ("en", "zh"):
        assert all(number in ask(wall, f"/track?lang={lang}")[2] for number in ("110", "119", "120"))


def test_what_cannot_be_read_is_no_answer_right_now(wall: str, desk_town: DeskTown) -> None:
    desk_town.cases[CASE] = {"feed": "?"}  # what nobody of ours wrote
    status, _, page = ask(wall, f"/track/{desk_town.vault.tracking_code(CASE)}?lang=en")
    assert status == 503
    assert "No answer right now" in words(page)


def test_questions_are_counted_for_a_minute(valkey: str, topic_prefix: str) -> None:
    async def scenario() -> None:
        sign_ins = SignIns(valkey, topic_prefix)
        waits = [await sign_ins.wait_s("track 192.0.2.7", 3, 60) for _ in range(4)]
        assert waits[:3] == [0, 0, 0]
        assert 1 <= waits[3] <= 60
        assert await sign_ins.wait_s("track 192.0.2.8", 3, 60) == 0
        await sign_ins.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("host", "counted"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("testclient", "testclient")],
)
def test_questions_are_counted_by_household(host: str, counted: str) -> None:
    class Asked:
        client = type("Client", (), {"host": host})

    assert address_of(Asked()) == counted
