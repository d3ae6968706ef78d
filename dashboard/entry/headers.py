"""What stands between the network and Dash: known paths and hosts only, small JSON bodies only, and headers that let a page ask its own host and the live gateway and nobody else."""

import asyncio
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Dash's callbacks here carry a path name; 64 KiB is far above that and far below what could hurt.
BODY_LIMIT_BYTES = 64 * 1024

# Header and body of a page's own POST come together; ten seconds is for the slowest line, not for holding a task.
BODY_WAIT_S = 10.0

# Names that need no setting: the machine itself. An address without a name cannot be rebound by DNS, so it passes.
OWN_NAMES = frozenset({"localhost", "ip6-localhost"})

FIXED_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class BodyTooLargeError(Exception):
    """A body went over its limit while it was being read."""


def host_name(host: str) -> str:
    """Return the name or address in a Host header, without the port and in lower case; "" where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def host_is_ours(host: str, names: Iterable[str]) -> bool:
    """Tell whether a request was meant for this server.

    Parameters
    ----------
    host
        The request's Host header.
    names
        The names that this server goes by.

    Returns
    -------
    bool
        True for a literal address (DNS rebinding needs a name), for the machine itself and for the names given.

    """
    name = host_name(host)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in OWN_NAMES or name in names
    return True


def content_security_policy(script_hashes: Sequence[str], gateway: str) -> str:
    """Return the policy of a page: itself, its own scripts by hash, and the gateway's socket.

    Parameters
    ----------
    script_hashes
        Quoted hashes of Dash's inline scripts.
    gateway
        The gateway's `ws://host:port` or `wss://host:port`.

    Notes
    -----
    Styles are allowed inline because Plotly writes its own; scripts never are.

    """
    return "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src 'self'", *script_hashes]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self' {gateway}",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        ]
    )


class Guard:
    """The outermost ASGI application.

    Parameters
    ----------
    app
        What answers the requests that are let through.
    paths
        Paths that exist, exactly.
    folders
        Prefixes of paths that exist. Everything else is 404, or Dash would answer any path with a page.
    post_paths
        Paths that take a POST of JSON.
    names
        The names that this server goes by, besides its addresses.
    policy
        Gives the content security policy for a request's path and headers.
    form_paths
        Paths that take a POST of an HTML form, of our own pages alone.

    """

    def __init__(  # noqa: PLR0913 - one thing each that is let through
        self,
        app: ASGIApp,
        *,
        paths: frozenset[str],
        folders: tuple[str, ...],
        post_paths: frozenset[str],
        names: frozenset[str],
        policy: Callable[[str, Headers], str],
        form_paths: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._paths = paths
        self._folders = folders
        self._post_paths = post_paths
        self._names = names
        self._policy = policy
        self._form_paths = form_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # The live feed has a server of its own; Dash's websocket callbacks are not used.
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in FIXED_HEADERS.items():
                    answer[name] = value
                answer["content-security-policy"] = self._policy(scope["path"], headers)
                # a file is asked for again with what is known of it; an answer is never kept unless it says so
                answer.setdefault(
                    "cache-control", "no-cache" if scope["path"].startswith("/assets/") else "no-store"
                )
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            status, sentence = refusal
            await PlainTextResponse(sentence + "\n", status)(scope, receive, send_with_headers)
            return
        if scope["method"] == "POST":
            await self._with_body(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return the status and the sentence of a refusal: of the request's address, then of its body."""
        if not host_is_ours(headers.get("host", ""), self._names):
            return (
                400,
                "This host name is not the wall's: open it by its address, or name it as the wall's host.",
            )
        path = scope["path"]
        if path not in self._paths and not path.startswith(self._folders):
            return 404, "There is no such page. The wall is at /wall."
        if scope["method"] in {"GET", "HEAD"}:
            return None
        if scope["method"] == "POST" and path in self._form_paths:
            return _form_refusal(headers)
        if scope["method"] != "POST" or path not in self._post_paths:
            return 405, "This page can only be read."
        return _post_refusal(headers, "application/json", "Send JSON, with content-type application/json.")

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole small body first, so that nothing behind reads without a bound or waits for ever."""
        try:
            body = await asyncio.wait_for(_read(receive), BODY_WAIT_S)
        except BodyTooLargeError:
            sentence = f"A body may have at most {BODY_LIMIT_BYTES} bytes.\n"
            await PlainTextResponse(sentence, 413)(scope, receive, send)
            return
        except TimeoutError:
            await PlainTextResponse("The body did not come in time.\n", 408)(scope, receive, send)
            return
        given = False

        async def receive_body() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_body, send)


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > BODY_LIMIT_BYTES:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return body


def _form_refusal(headers: Headers) -> tuple[int, str] | None:
    """Refuse a form that another site's page sends: what has no Sec-Fetch-Site, as in older webviews, says its Origin."""
    origin = headers.get("origin", "")
    if origin and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        return 403, "Only our own pages may send here."
    return _post_refusal(headers, "application/x-www-form-urlencoded", "Send the page's own form.")


def _post_refusal(headers: Headers, kind: str, otherwise: str) -> tuple[int, str] | None:
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return 403, "Only the wall's own pages may send here."
    if headers.get("content-type", "").split(";")[0].strip().lower() != kind:
        return 415, otherwise
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > BODY_LIMIT_BYTES:
        return 413, f"A body may have at most {BODY_LIMIT_BYTES} bytes."
    return None
