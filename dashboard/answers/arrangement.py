"""`/arrangement`: how an account has arranged its desk, and the views that a desk's people share.

Panes, keys and own views go with the account to every browser. A shared view is a desk's; who dispatches or supervises there
adds it and takes it away.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response
from msgspec import UNSET, Meta, UnsetType
from starlette.requests import Request

from config.arrangements import Arrangements
from config.sql import SilentDatabaseError
from dashboard.entry.door import Doorkeeper, Who
from domain.codes import is_jurisdiction

PATHS = frozenset({"/arrangement", "/arrangement/shared"})
WITHIN_S = 5.0
"""The database answers in milliseconds; a desk goes on as this browser remembers it."""
MOST_OWN, MOST_SHARED = 6, 12
SHARERS = frozenset({"dispatcher", "duty_officer", "supervisor"})
"""Who may add a desk's shared views, and take them away."""

Percent = Annotated[float, Meta(ge=14, le=100)]
Key = Annotated[str, Meta(max_length=20)]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A view of the queue: a preset, words to filter by, and an order."""

    name: Annotated[str, Meta(min_length=1, max_length=24)]
    preset: Annotated[str, Meta(max_length=16)] = "all"
    words: Annotated[str, Meta(max_length=60)] = ""
    sort: Annotated[str, Meta(max_length=16)] = "urgency"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Which key does what, and whether single keys do anything."""

    on: bool
    map: Annotated[dict[Key, Key], Meta(max_length=60)]


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has arranged; what is not sent stays as it is. `panes`: queue and detail, in hundredths of the width."""

    panes: tuple[Percent, Percent] | UnsetType = UNSET
    keys: Keys | UnsetType = UNSET
    views: Annotated[list[View], Meta(max_length=MOST_OWN)] | UnsetType = UNSET


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a desk's shared views: one that is added, in the place of one of its name, or one that goes."""

    desk: str
    add: View | None = None
    remove: Annotated[str, Meta(max_length=24)] = ""


class _RefusedError(Exception):
    """Whose this is not."""


class _Desk:
    """Reads and keeps, for who is signed in."""

    def __init__(self, store: Arrangements, keeper: Doorkeeper) -> None:
        self._store, self._keeper = store, keeper

    async def told(self, who: Who, desk: str) -> dict[str, Any]:
        roles = await self._roles(who)
        reads = any(desk.startswith(one["scope"]) for one in roles)
        own, shared = await asyncio.to_thread(self._read, who.account, desk if reads else None)
        return {"own": own, "shared": shared, "shares": _shares(roles, desk)}

    async def keep(self, who: Who, own: Own) -> dict[str, Any]:
        if who.state != "account":
            raise _RefusedError("Only an account has an arrangement of its own.")
        await asyncio.to_thread(self._keep, who.account, own)
        return {"ok": True}

    async def share(self, who: Who, change: Shared) -> dict[str, Any]:
        if not _shares(await self._roles(who), change.desk):
            raise _RefusedError("Who dispatches or supervises at this desk shares its views.")
        return {"shared": await asyncio.to_thread(self._share, change)}

    async def _roles(self, who: Who) -> list[dict[str, Any]]:
        if who.state != "account":
            return []
        roles: list[dict[str, Any]] = (await self._keeper.me(who))["roles"]
        return roles

    def _read(self, account: str, desk: str | None) -> tuple[dict[str, Any], list[Any]]:
        own = {kind: msgspec.json.decode(body) for kind, body in self._store.of(account).items() if body}
        return own, [] if desk is None else _views(self._store.of(_owner(desk)).get("views", ""))

    def _keep(self, account: str, own: Own) -> None:
        for kind, value in msgspec.to_builtins(own).items():
            self._store.put(account, kind, msgspec.json.encode(value).decode())

    def _share(self, change: Shared) -> list[Any]:
        def changed(before: str) -> str:
            gone = change.remove if change.add is None else change.add.name
            kept = [one for one in _views(before) if one["name"] != gone]
            added = [] if change.add is None else [msgspec.to_builtins(change.add)]
            return msgspec.json.encode((kept + added)[-MOST_SHARED:]).decode()

        return _views(self._store.change(_owner(change.desk), "views", changed))


def _shares(roles: list[dict[str, Any]], desk: str) -> bool:
    return is_jurisdiction(desk) and any(
        one["role"] in SHARERS and desk.startswith(one["scope"]) for one in roles
    )


def _owner(desk: str) -> str:
    return f"desk {desk}"


def _views(body: str) -> list[Any]:
    found: list[Any] = msgspec.json.decode(body) if body else []
    return found


def declare(server: FastAPI, store: Arrangements | None, keeper: Doorkeeper) -> None:
    """Put the answers onto a server; without a store every desk is as its browser remembers it."""
    desk = None if store is None else _Desk(store, keeper)

    async def answer(asked: Callable[[_Desk], Awaitable[dict[str, Any]]]) -> Response:
        if desk is None:
            return _json({"own": {}, "shared": [], "shares": False})
        try:
            async with asyncio.timeout(WITHIN_S):
                return _json(await asked(desk))
        except _RefusedError as refused:
            return _json({"error": str(refused)}, 403)
        except (SilentDatabaseError, TimeoutError):
            return _json({"error": "The database does not answer; try again in a moment."}, 503)
        except msgspec.DecodeError as wrong:
            return _json({"error": f"An arrangement cannot be kept: {wrong}."}, 400)

    @server.get("/arrangement")
    async def told(request: Request, desk: str = "") -> Response:
        return await answer(lambda one: one.told(request.state.who, desk))

    @server.post("/arrangement")
    async def keep(request: Request) -> Response:
        body = await request.body()
        return await answer(lambda one: one.keep(request.state.who, msgspec.json.decode(body, type=Own)))

    @server.post("/arrangement/shared")
    async def share(request: Request) -> Response:
        body = await request.body()
        return await answer(lambda one: one.share(request.state.who, msgspec.json.decode(body, type=Shared)))


def _json(said: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(said), status, media_type="application/json")
