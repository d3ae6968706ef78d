"""Who may come in: an ASGI layer before the pages, and the answers that sign in and out.

Pages, scripts and words are for everybody. What they show is for who is signed in, for a screen with the wall's
read-only key and, until the first account is made, for everybody on this machine.
"""

import asyncio
import contextlib
import hashlib
import hmac
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from config.accounts import Accounts
from dashboard.entry.cookies import SIGNED_IN, WALL, cookies_of, give
from dashboard.entry.sign_ins import KEPT_S, LOCAL, SignIns, name_of
from dashboard.entry.tickets import Holder

WALL_KEPT_S = 400 * 86_400
"""As long as browsers keep a cookie."""

NAMES_AT_ONCE = 200
"""As many as a stack has alerts."""

PATHS = frozenset({"/me", "/signin", "/signout", "/accounts"})
POST_PATHS = frozenset({"/signin", "/signout"})


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: `open` where nobody has an account yet, `account`, `wall` (a screen that only shows), or `none`."""

    state: Literal["open", "account", "wall", "none"]
    account: str = ""
    sign_in: str = ""

    @property
    def holder(self) -> Holder:
        """Who the live socket takes them for."""
        return Holder(account=self.account, sign_in=self.sign_in)


NOBODY, SCREEN = Who(state="none"), Who(state="wall")
EVERYBODY = Who(state="open", account=LOCAL, sign_in=LOCAL)


class TooManyTriesError(Exception):
    """Nobody types so many passwords in a minute."""


class Doorkeeper(Protocol):
    """Knows who is who. Raises ConnectionError where that cannot be known now."""

    async def who(self, cookies: dict[str, str]) -> Who:
        """Return who asks with these cookies."""

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """Return a browser's token; empty when name or password are wrong. Raises TooManyTriesError."""

    async def sign_out(self, token: str) -> None:
        """End a sign-in."""

    async def me(self, who: Who) -> dict[str, Any]:
        """Return what a page shows of who looks at it: `state`, `account`, `name`, `roles`, `accounts`, `provider`."""

    def is_wall_key(self, key: str) -> bool:
        """Tell whether a key is that of the wall's screens."""

    async def names(self, accounts: list[str]) -> dict[str, str]:
        """Return the names of accounts by their ids."""

    async def aclose(self) -> None:
        """Close what it asks."""


def wall_key(secret: str) -> str:
    """Return the key with which a screen shows the wall and does nothing; another secret makes another key."""
    return hmac.new(secret.encode(), b"wall", hashlib.sha256).hexdigest()[:40]


class Keeper:
    """The doorkeeper of an installation.

    Parameters
    ----------
    accounts, sign_ins
        Who there is, and who is signed in.
    secret
        What the read-only key is made of.
    may_be_open
        True where this machine alone can reach the wall: there it is open until the first account is made.
    provider
        Whether a provider of OpenID Connect answers for people; then it is never open.

    """

    def __init__(
        self,
        accounts: Accounts,
        sign_ins: SignIns,
        secret: str,
        *,
        may_be_open: bool,
        provider: bool = False,
    ) -> None:
        self._accounts = accounts
        self._sign_ins = sign_ins
        self._wall_key = wall_key(secret)
        self._may_be_open = may_be_open
        self._provider = provider

    async def who(self, cookies: dict[str, str]) -> Who:
        """Return who asks with these cookies."""
        token = cookies.get(SIGNED_IN, "")
        if token and (account := await self._sign_ins.account(token)):
            return Who(state="account", account=account, sign_in=name_of(token))
        if await self._open():
            return EVERYBODY
        return SCREEN if self.is_wall_key(cookies.get(WALL, "")) else NOBODY

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """Return a browser's token; empty when name or password are wrong."""
        if not await self._sign_ins.may_try(f"name {name.strip()}", f"address {address}"):
            raise TooManyTriesError
        account = await asyncio.to_thread(self._accounts.signed_in, name, password)
        return await self._sign_ins.begin(account) if account else ""

    async def sign_out(self, token: str) -> None:
        """End a sign-in."""
        await self._sign_ins.end(token)

    async def me(self, who: Who) -> dict[str, Any]:
        """Return what a page shows of who looks at it; without a right there is none."""
        known = await asyncio.to_thread(self._accounts.of_id, who.account) if who.account else None
        rights = [right for right in known.rights if right.given] if known is not None else []
        return {
            "state": who.state,
            "account": who.account,
            "name": "" if known is None else known.name,
            "roles": [{"role": one.role, "scope": one.scope, "team": one.team} for one in rights],
            "accounts": self._provider or await asyncio.to_thread(self._accounts.any),
            "provider": self._provider,
        }

    def is_wall_key(self, key: str) -> bool:
        """Tell whether a key is that of the wall's screens."""
        return key.isascii() and hmac.compare_digest(key, self._wall_key)

    async def names(self, accounts: list[str]) -> dict[str, str]:
        """Return the names of accounts by their ids."""
        return await asyncio.to_thread(self._accounts.names, accounts)

    async def aclose(self) -> None:
        """Close what it asks."""
        await self._sign_ins.aclose()

    async def _open(self) -> bool:
        """Tell whether nobody has an account yet; the sockets that are opened so end with the first one."""
        if self._may_be_open and (self._provider or await asyncio.to_thread(self._accounts.any)):
            self._may_be_open = False
        if self._may_be_open:
            # without Redis the wall shows that Redis is dead, which it can only when it is let in
            with contextlib.suppress(ConnectionError):
                await self._sign_ins.begin_local()
        return self._may_be_open


class Door:
    """Lets nobody to what is shown who may not see it, and puts who asks into `scope["state"]["who"]`.

    Parameters
    ----------
    app
        What answers those that are let in.
    keeper
        Knows who is who.
    closed
        The paths that show something.

    """

    def __init__(self, app: ASGIApp, keeper: Doorkeeper, closed: frozenset[str]) -> None:
        self._app = app
        self._keeper = keeper
        self._closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say that one must sign in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        key = dict(query).get("key", "")
        if key and scope["method"] == "GET" and self._keeper.is_wall_key(key):
            rest = urlencode([(name, value) for name, value in query if name != "key"])
            here = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), 303)
            give(here, Headers(scope=scope), WALL, key, WALL_KEPT_S)
            await here(scope, receive, send)
            return
        if scope["path"] in self._closed or scope["path"] in PATHS:
            try:
                who = await self._keeper.who(cookies_of(Headers(scope=scope)))
            except ConnectionError as silent:
                await _json({"error": str(silent)}, 503)(scope, receive, send)
                return
            scope.setdefault("state", {})["who"] = who
            if who.state == "none" and scope["path"] in self._closed:
                await _json({"error": "Sign in first, at /login."}, 401)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Words(msgspec.Struct, frozen=True):
    name: str
    password: str


def declare(server: FastAPI, keeper: Doorkeeper) -> None:
    """Put the answers that sign in and out onto a server."""

    @server.get("/me")
    async def me(request: Request) -> Response:
        return _json(await keeper.me(request.state.who))

    @server.get("/accounts")
    async def accounts(request: Request, ids: str = "") -> Response:
        # a screen that only shows says that somebody has it, and not who
        here = request.state.who.state == "account"
        return _json(await keeper.names(ids.split(",")[:NAMES_AT_ONCE]) if here else {})

    @server.post("/signin")
    async def sign_in(request: Request) -> Response:
        try:
            words = msgspec.json.decode(await request.body(), type=_Words)
        except msgspec.DecodeError:
            return _json({"error": "Send name and password."}, 400)
        address = request.client.host if request.client else ""
        try:
            token = await keeper.sign_in(words.name, words.password, address)
        except TooManyTriesError:
            return _json({"error": "signin_wait"}, 429)
        if not token:
            return _json({"error": "signin_wrong"}, 401)
        answer = _json({"ok": True})
        give(answer, request.headers, SIGNED_IN, token, KEPT_S)
        return answer

    @server.post("/signout")
    async def sign_out(request: Request) -> Response:
        if token := cookies_of(request.headers).get(SIGNED_IN, ""):
            await keeper.sign_out(token)
        answer = _json({"ok": True})
        answer.delete_cookie(SIGNED_IN)
        return answer


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
