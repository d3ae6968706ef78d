"""`GET /duty?scope=CODE`: who is on duty now in a county or less, for whoever has to do with cases there.

The rule set knows workers by their ids; their names are SQL's, and their numbers stay there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response
from starlette.requests import Request

from config.wallclock import now_ms
from dashboard.answers.names import Names
from dashboard.answers.rulebook import RuleSets
from dashboard.entry.door import Doorkeeper, Who
from dashboard.gateway.rights import parts_of
from domain.codes import COUNTY_DIGITS, is_jurisdiction
from domain.duty.list import OnDuty, on_duty_in
from domain.rules import Rules

PATHS = frozenset({"/duty"})
MOST_WORKERS = 200
"""A list for people; a county's roster is printed by `watchfloor duty`."""


class DutyView(Protocol):
    """Says who is on duty."""

    async def now(self, scope: str) -> dict[str, Any]:
        """Return who is; raises LookupError or OSError with a sentence."""


class DutyBoard:
    """The duty of an installation.

    Parameters
    ----------
    in_force
        Returns the hash of the rule set in force and the time by which cases run (0: the wall's).
    rule_sets
        Where rule sets are.
    names
        Who is behind the ids.

    """

    def __init__(
        self, in_force: Callable[[], Awaitable[tuple[str, int]]], rule_sets: RuleSets, names: Names
    ) -> None:
        self._in_force, self._rule_sets, self._names = in_force, rule_sets, names

    async def now(self, scope: str) -> dict[str, Any]:
        """Return `duty`: by worker the areas that they answer for, until when, and who stands in; and how many there are."""
        hash_, clock_ms = await self._in_force()
        at_ms = clock_ms or now_ms()
        if not hash_:
            return _told(scope, at_ms, [], {})
        found = await asyncio.to_thread(self._found, hash_, scope, at_ms)
        ids = {one for each in found[:MOST_WORKERS] for one in (each["worker"], each["stand_in"]) if one}
        names = await self._names.of_handlers(ids, ())
        return _told(
            scope, at_ms, found, {name: text for name, text in names.items() if isinstance(text, str)}
        )

    def _found(self, hash_: str, scope: str, at_ms: int) -> list[dict[str, Any]]:
        rules: Rules = self._rule_sets.rules_of(hash_)
        return by_worker(on_duty_in(rules, scope, at_ms))


def by_worker(rows: Iterable[OnDuty]) -> list[dict[str, Any]]:
    """Return who is on duty, each once, with the areas whose rosters name them; in the order of the grids."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not row.worker:
            continue
        one = found.setdefault(
            row.worker,
            {
                "worker": row.worker,
                "areas": [],
                "until_ms": row.until_ms,
                "stand_in": row.stand_in,
                "stand_in_on_shift": row.stand_in_on_shift,
            },
        )
        if row.by not in one["areas"]:
            one["areas"].append(row.by)
    return list(found.values())


def _told(scope: str, at_ms: int, found: list[dict[str, Any]], names: dict[str, str]) -> dict[str, Any]:
    shown = [
        {**one, "name": names.get(one["worker"], ""), "stand_in_name": names.get(one["stand_in"], "")}
        for one in found[:MOST_WORKERS]
    ]
    return {"scope": scope, "at_ms": at_ms, "total": len(found), "duty": shown}


def declare(server: FastAPI, view: DutyView | None, keeper: Doorkeeper) -> None:
    """Put the answer onto a server."""

    @server.get("/duty")
    async def duty(request: Request, scope: str = "") -> Response:
        if not is_jurisdiction(scope):
            return _json({"error": "`scope` is the code of a jurisdiction."}, 400)
        if len(scope) < COUNTY_DIGITS:
            # a page that shows a whole province is told nothing rather than everybody
            return _json({"scope": scope, "duty": [], "total": 0, "refused": "Choose a county or less."})
        if view is None or not await _may(keeper, request.state.who, scope):
            return _json({"error": "No role of yours has to do with cases there."}, 403)
        return _json(await view.now(scope))


async def _may(keeper: Doorkeeper, who: Who, scope: str) -> bool:
    """Tell whether somebody has a role over the scope or a part of it; on a bare laptop everybody may."""
    if who.state != "account":
        return who.state == "open"
    roles = (await keeper.me(who))["roles"]
    return bool(parts_of(((one["role"], one["scope"]) for one in roles), scope))


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
