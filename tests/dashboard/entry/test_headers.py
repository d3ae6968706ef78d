"""The guard before Dash: which hosts, paths and bodies are let through, and what every answer carries."""

import asyncio
from typing import Any

import pytest
from starlette.datastructures import Headers

from dashboard.entry.headers import BODY_LIMIT_BYTES, Guard, content_security_policy, host_is_ours


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"] if scope["method"] == "POST" else b"page"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


def policy(_path: str, _headers: Headers) -> str:
    return content_security_policy(["'sha256-x'"], "ws://127.0.0.1:9")


GUARD = Guard(
    _echo,
    paths=frozenset({"/wall", "/ask", "/form"}),
    folders=("/assets/",),
    post_paths=frozenset({"/ask"}),
    names=frozenset({"wall.town"}),
    policy=policy,
    form_paths=frozenset({"/form"}),
)


def ask(
    path: str = "/wall", method: str = "GET", body: bytes | list[bytes] = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send one request through the guard; gives status, headers and body of the answer."""
    given = {"host": "127.0.0.1:8050", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(k.encode(), v.encode()) for k, v in given.items()],
    }
    pieces = body if isinstance(body, list) else [body]
    messages = [
        {"type": "http.request", "body": piece, "more_body": i + 1 < len(pieces)}
        for i, piece in enumerate(pieces)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(GUARD(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(one.get("body", b"") for one in sent[1:])


JSON = "application/json"


def test_a_page_and_an_asset_are_let_through_with_every_header() -> None:
    for path in ("/wall", "/assets/live.js"):
        status, headers, body = ask(path)
        assert (status, body) == (200, b"page")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
    assert ask("/wall")[1]["cache-control"] == "no-store"


def test_the_policy_allows_the_page_itself_and_the_gateway_and_nothing_else() -> None:
    rules = dict(part.split(" ", 1) for part in ask()[1]["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self' ws://127.0.0.1:9"
    assert rules["script-src"] == "'self' 'sha256-x'"
    assert rules["frame-ancestors"] == rules["object-src"] == rules["base-uri"] == "'none'"
    hosts = {word for value in rules.values() for word in value.split() if "//" in word}
    assert hosts == {"ws://127.0.0.1:9"}


@pytest.mark.parametrize(
    "path",
    [
        "/_mcp",
        "/docs",
        "/openapi.json",
        "/_dash-ws-callback",
        "/wall/",
        "/assets",
        "/../etc/passwd",
        "/_reload-hash",
    ],
)
def test_an_unknown_path_is_not_there(path: str) -> None:
    status, headers, _ = ask(path)
    assert status == 404
    assert "content-security-policy" in headers


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8050", True),
        ("[::1]:8050", True),
        ("localhost:8050", True),
        ("192.168.1.7", True),
        ("wall.town:80", True),
        ("WALL.town", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[::1", False),
    ],
)
def test_a_name_that_dns_could_rebind_is_refused(host: str, ours: bool) -> None:
    assert host_is_ours(host, {"wall.town"}) is ours
    assert (ask(host=host)[0] == 200) is ours


def test_a_post_of_small_json_to_a_known_path_arrives_whole() -> None:
    assert (
        ask("/ask", "POST", [b'{"a":', b"1}"], content_type="application/json; charset=utf-8")[2]
        == b'{"a":1}'
    )


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/ask", "POST", {"content_type": "text/plain"}, 415),
        ("/ask", "POST", {}, 415),
        ("/wall", "POST", {"content_type": JSON}, 405),
        ("/ask", "DELETE", {"content_type": JSON}, 405),
        ("/ask", "POST", {"content_type": JSON, "content_length": str(BODY_LIMIT_BYTES + 1)}, 413),
        ("/ask", "POST", {"content_type": JSON, "content_length": "-1"}, 413),
        ("/ask", "POST", {"content_type": JSON, "sec_fetch_site": "cross-site"}, 403),
    ],
)
def test_another_post_is_refused_before_its_body_is_read(
    path: str, method: str, headers: dict[str, str], status: int
) -> None:
    assert ask(path, method, b"{}", **headers)[0] == status


def test_a_body_that_says_nothing_of_its_size_is_cut_at_the_limit() -> None:
    assert ask("/ask", "POST", [b"x" * BODY_LIMIT_BYTES, b"y"], content_type=JSON)[0] == 413


def test_a_websocket_is_closed_unopened() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(GUARD({"type": "websocket", "path": "/_dash-ws-callback", "headers": []}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


FORM = {"content_type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (FORM, 200),
        (FORM | {"sec_fetch_site": "same-origin", "origin": "http://127.0.0.1:8050"}, 200),
        (FORM | {"origin": "https://evil.example"}, 403),
        (FORM | {"origin": "null"}, 403),
        (FORM | {"sec_fetch_site": "cross-site"}, 403),
        ({"content_type": "application/json"}, 415),
        (FORM | {"content_length": "70000"}, 413),
    ],
)
def test_a_form_is_taken_of_our_own_pages_alone(headers: dict[str, str], status: int) -> None:
    assert ask("/form", "POST", b"a=1", **headers)[0] == status
