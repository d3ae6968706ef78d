"""The dashboard's answers over HTTP, from the whole application."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from config.settings import Settings
from dashboard.entry.tickets import Holder, TicketGate
from dashboard.web import gateway_origin
from domain.rules import ALERT_KINDS
from tests.browser import town
from tests.browser.fake_gateway import wall_ms
from tests.browser.wall_server import serving


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> town.Surroundings:
    gateway = town.Gateway()
    gateway.port = 4321
    return town.surroundings(tmp_path_factory.mktemp("rules"), gateway)


@pytest.fixture(scope="module")
def wall(around: town.Surroundings) -> Iterator[str]:
    with serving(around) as address:
        yield address


def get(
    wall: str, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(wall).netloc, timeout=20)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def body(wall: str, path: str) -> Any:
    status, _, said = get(wall, path)
    assert status == 200, said
    return json.loads(said)


@pytest.mark.parametrize("path", ["/wall", "/ops", "/wall?scope=990100&theme=dim"])
def test_the_first_page_of_all_has_its_scripts_and_a_policy(wall: str, path: str) -> None:
    status, headers, page = get(wall, path)
    assert status == 200
    assert b"/assets/live.js" in page
    assert b"/assets/wall.css" in page
    assert b'"websocket"' not in page, "Dash's own websocket stays shut"
    assert "connect-src 'self' ws://127.0.0.1:4321;" in headers["content-security-policy"]
    assert b"https://cdn" not in page


def test_only_the_desk_fetches_the_script_of_its_table(wall: str) -> None:
    asked = {
        path: b"/dash_ag_grid/" in get(wall, path)[2]
        for path in ("/wall", "/ops", "/dispatch", "/wall?x=/dispatch")
    }
    assert asked == {"/wall": False, "/ops": False, "/dispatch": True, "/wall?x=/dispatch": False}


def test_the_front_door_leads_to_the_wall(wall: str) -> None:
    status, headers, _ = get(wall, "/")
    assert (status, headers["location"]) == (307, "/wall")


@pytest.mark.parametrize("path", ["/_mcp", "/mcp", "/docs", "/redoc", "/openapi.json", "/nothing"])
def test_what_we_do_not_serve_is_404(wall: str, path: str) -> None:
    assert get(wall, path)[0] == 404
    assert get(wall, path, "POST", "{}", content_type="application/json")[0] in {404, 405}


def test_a_callback_takes_only_small_json(wall: str) -> None:
    path = "/_dash-update-component"
    assert get(wall, path, "POST", "a=1", content_type="application/x-www-form-urlencoded")[0] == 415
    assert get(wall, path, "POST", "x" * 70_000, content_type="application/json")[0] == 413
    assert (
        get(wall, path, "POST", "{}", content_type="application/json", sec_fetch_site="cross-site")[0] == 403
    )


def test_a_request_for_another_host_is_refused(wall: str) -> None:
    assert get(wall, "/wall", host="evil.example")[0] == 400


def test_a_ticket_opens_the_gateway_once(wall: str) -> None:
    said = body(wall, "/ticket")
    assert said["gateway"] == "ws://127.0.0.1:4321/live"
    gate = TicketGate("a test's own secret")
    assert gate.redeem(said["token"], wall_ms()) == Holder(account="local", sign_in="local")
    assert gate.redeem(said["token"], wall_ms()) == "used"


def test_geometry_names_and_rulebook_come_from_the_rule_set_in_force(
    wall: str, around: town.Surroundings
) -> None:
    drawn = body(wall, "/geometry?scope=")
    assert len(drawn["areas"]) == len(town.PLACES)
    assert drawn["rules"] == around.readings.hash
    assert (
        body(wall, f"/geometry?scope={town.township(2)}&rules={drawn['rules']}")["trail"][1]["name"]["en"]
        == "Birch Hollow"
    )
    assert body(wall, f"/names?codes={town.township(1)},zzz") == {
        town.township(1): {"en": "Amber Quay", "zh": "Amber Quay"}
    }
    book = body(wall, "/rulebook")
    assert set(book["alerts"]) == set(ALERT_KINDS)
    assert all(
        rule[part][language]
        for rule in book["alerts"].values()
        for part in ("cause", "consequence", "action")
        for language in ("en", "zh")
    )
    assert book["feeds"] == {"bay": {"en": "Bay reports", "zh": "海湾上报"}}


@pytest.mark.parametrize(
    "path",
    [
        "/geometry?scope=123456789",
        "/geometry?scope=x",
        "/geometry?rules=" + "0" * 64,
        "/geometry?rules=../../etc/passwd",
        "/names?codes=1&rules=x",
    ],
)
def test_what_is_not_there_is_a_sentence(wall: str, path: str) -> None:
    status, _, said = get(wall, path)
    assert status == 404
    assert json.loads(said)["error"].endswith((".", "scope."))


def test_a_silent_redis_is_said_and_passes(wall: str, around: town.Surroundings) -> None:
    readings = around.readings
    assert isinstance(readings, town.Readings)
    readings.silent = "Redis does not answer: connection refused"
    try:
        status, _, said = get(wall, "/ops.json")
        assert status == 503
        assert "Redis does not answer" in json.loads(said)["error"]
    finally:
        readings.silent = ""
    assert body(wall, "/ops.json")["gateway"] is True


def test_words_are_served_whole(wall: str) -> None:
    words = body(wall, "/words")
    assert words["zh-CN"]["none"] == "无实时数据"
    assert words["en"].keys() == words["zh-CN"].keys()


@pytest.mark.parametrize(
    ("host", "given", "gateway"),
    [
        ("127.0.0.1:8050", {"gateway_port": 9}, "ws://127.0.0.1:9"),
        ("wall.town", {"gateway_port": 9}, "ws://wall.town:9"),
        ("[::1]:8050", {"gateway_port": 9}, "ws://[::1]:9"),
        ("wall.town", {"public_gateway_url": "wss://wall.town/live"}, "wss://wall.town"),
        ("wall.town", {"public_gateway_url": "wss://wall.town:444/"}, "wss://wall.town:444"),
    ],
)
def test_a_browser_is_sent_to_the_gateway_on_the_walls_own_host_or_where_settings_say(
    host: str, given: dict[str, Any], gateway: str
) -> None:
    assert gateway_origin(Settings.model_validate(given), host) == gateway
