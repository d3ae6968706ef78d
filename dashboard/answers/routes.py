"""The small JSON answers that the pages' scripts ask for: tickets, borders, names, words, and the operations page's figures."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from config.arrangements import Arrangements
from config.wallclock import now_ms
from dashboard.answers.duty import DutyView
from dashboard.answers.evaluations import Evaluating
from dashboard.answers.health import report
from dashboard.answers.private import PrivateView
from dashboard.answers.rulebook import Bookshelf, RuleSets, words_of
from dashboard.entry.door import Doorkeeper
from dashboard.entry.oidc_door import OidcDoor
from dashboard.entry.tickets import issue
from dashboard.handover.answers import HandoverParts
from dashboard.track.answers import TrackParts
from dashboard.words import i18n

OPEN_PATHS = frozenset({"/", "/healthz", "/words"})
CLOSED_PATHS = frozenset({"/ticket", "/geometry", "/names", "/rulebook", "/ops.json"})
"""What shows something of the province."""

# A wall asks for the names that its alerts need: at most 200 alerts, of 15 digits each.
NAMES_AT_ONCE = 400

# What is asked of Redis or the gateway must not outlive the page's next question, a second later, by much.
ASKED_WITHIN_S = 3.0


class Readings(Protocol):
    """What the pages read of the pipeline. Raises `OSError` or `TimeoutError` where it cannot be reached."""

    async def rules_hash(self) -> str:
        """Return the hash of the rule set in force, or "" before the first."""

    async def health(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Return `feeds`, `lanes`, `partitions` and `workers`, each decoded, as `dashboard.answers.health.report` takes them."""

    async def gateway_answers(self) -> bool:
        """Tell whether the live gateway answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the web application is given.

    `keeper` knows who may come in; `private` shows persons to desks; `evaluations` counts what the page of reports shows; `oidc` signs in whom a provider names; `gateway` gives the live gateway's `ws://host:port` for a request's Host header; `secret` signs the tickets for it;
    `names` are the names that this server goes by, besides its addresses; `handover` and `track` are what those pages
    are made of, `duty` says who is on duty, `arrangements` keeps how desks are arranged; None where a server has none.
    """

    readings: Readings
    keeper: Doorkeeper
    private: PrivateView | None = None
    oidc: OidcDoor | None = None
    evaluations: Evaluating | None = None
    rule_sets: RuleSets
    gateway: Callable[[str], str]
    secret: str
    names: frozenset[str] = frozenset()
    handover: HandoverParts | None = None
    track: TrackParts | None = None
    duty: DutyView | None = None
    arrangements: Arrangements | None = None


def declare(server: FastAPI, around: Surroundings, shelf: Bookshelf) -> None:
    """Put the answers onto a server."""
    _declare_errors(server)
    _declare_rules(server, around, shelf)

    @server.get("/")
    async def front() -> Response:
        return RedirectResponse("/wall")

    @server.get("/healthz")
    async def healthz() -> Response:
        return _json({"ok": True, "server_ms": now_ms()})

    @server.get("/words")
    async def words() -> Response:
        return _json(i18n.table())

    @server.get("/ticket")
    async def ticket(request: Request) -> Response:
        token = issue(around.secret, now_ms(), request.state.who.holder)
        return _json({"token": token, "gateway": around.gateway(request.headers["host"]) + "/live"})

    @server.get("/ops.json")
    async def figures() -> Response:
        read, answers = await asyncio.gather(
            asyncio.wait_for(around.readings.health(), ASKED_WITHIN_S),
            asyncio.wait_for(around.readings.gateway_answers(), ASKED_WITHIN_S),
        )
        return _json({**report(now_ms=now_ms(), **read), "gateway": answers})


def _declare_errors(server: FastAPI) -> None:
    @server.exception_handler(LookupError)
    async def not_there(_request: Request, problem: LookupError) -> Response:
        return _json(
            {"error": str(problem.args[0]) if problem.args else "There is no such thing."}, status=404
        )

    @server.exception_handler(OSError)
    async def not_reached(_request: Request, problem: OSError) -> Response:
        sentence = str(problem) or "Redis does not answer; `watchfloor doctor` says why."
        return _json({"error": sentence}, status=503)


def _declare_rules(server: FastAPI, around: Surroundings, shelf: Bookshelf) -> None:
    async def in_force(wanted: str) -> str:
        return wanted or await asyncio.wait_for(around.readings.rules_hash(), ASKED_WITHIN_S)

    @server.get("/geometry")
    async def geometry(scope: str = "", rules: str = "") -> Response:
        found, atlas = await shelf.open(await in_force(rules))
        drawn = await asyncio.to_thread(atlas.geometry, scope)
        return _json({"rules": found.hash, **msgspec.to_builtins(drawn)})

    @server.get("/names")
    async def names(codes: str = "", rules: str = "") -> Response:
        _, atlas = await shelf.open(await in_force(rules))
        return _json(atlas.names(codes.split(",")[:NAMES_AT_ONCE]))

    @server.get("/rulebook")
    async def rulebook(rules: str = "") -> Response:
        found, _ = await shelf.open(await in_force(rules))
        return _json(words_of(found))


def _json(value: Any, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
