"""The dashboard's process: Dash on FastAPI behind our guard, and the small JSON answers that the pages' scripts ask for."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import dash
import msgspec
import uvicorn
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp

from config.rules import RulesMissingError, RuleStore
from config.settings import Settings
from config.wallclock import now_ms
from dashboard import i18n
from dashboard.geometry import Atlas
from dashboard.headers import Guard, content_security_policy, host_name
from dashboard.health import report
from dashboard.pages import ops, wall
from dashboard.readings import PipelineReadings
from dashboard.redis_reader import RedisReader, key_prefix
from dashboard.tickets import issue
from domain.rules import Rules, RulesError

ASSETS = Path(__file__).with_name("assets")

PATHS = frozenset({
    "/", "/wall", "/ops", "/healthz", "/ticket", "/geometry", "/names", "/rulebook", "/words", "/ops.json",
    "/_dash-layout", "/_dash-dependencies", "/_dash-update-component", "/_favicon.ico",
})  # fmt: skip
FOLDERS = ("/assets/", "/_dash-component-suites/")
POST_PATHS = frozenset({"/_dash-update-component"})

PAGES = {"/wall": wall.layout, "/ops": ops.layout}

# A wall asks for the names that its alerts need: at most 200 alerts, of 15 digits each.
NAMES_AT_ONCE = 400

# What is asked of Redis or the gateway must not outlive the page's next question, a second later, by much.
ASKED_WITHIN_S = 3.0


class Readings(Protocol):
    """What the pages read of the pipeline. Raises `OSError` or `TimeoutError` where it cannot be reached."""

    async def rules_hash(self) -> str:
        """Return the hash of the rule set in force, or "" before the first."""

    async def health(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Return `feeds`, `lanes`, `partitions` and `workers`, each decoded, as `dashboard.health.report` takes them."""

    async def gateway_answers(self) -> bool:
        """Tell whether the live gateway answers."""


class RuleSets(Protocol):
    """Where compiled rule sets come from: `config.rules.RuleStore`."""

    def rules_of(self, hash: str) -> Rules:  # noqa: A002 - the store's own name
        """Return the compiled rule set of a hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the web application is given: its settings, the pipeline's readings and the rule sets."""

    settings: Settings
    readings: Readings
    rule_sets: RuleSets


class NoRulesYetError(LookupError):
    """No rule set is in force, or none of that hash is known."""


class Bookshelf:
    """Atlases by rule set, the newest few kept. Compiling and drawing happen in a thread: a province takes seconds."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._kept: dict[str, tuple[Rules, Atlas]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def open(self, wanted: str) -> tuple[Rules, Atlas]:
        """Return a rule set, by its hash or, with an empty one, the one in force, and its atlas.

        Raises
        ------
        NoRulesYetError
            If there is none.

        """
        hash_ = wanted or await asyncio.wait_for(self._around.readings.rules_hash(), ASKED_WITHIN_S)
        if not hash_:
            raise NoRulesYetError("No rule set is in force yet; `watchfloor up` publishes the first.")
        async with self._one_at_a_time:
            if hash_ not in self._kept:
                try:
                    rules = await asyncio.to_thread(self._around.rule_sets.rules_of, hash_)
                except (RulesMissingError, RulesError) as gone:
                    raise NoRulesYetError(str(gone)) from gone
                while len(self._kept) >= ATLASES_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[hash_] = (rules, Atlas(rules))
        return self._kept[hash_]


# Two are in force while a rule set changes, and a replay may look at a third.
ATLASES_KEPT = 3


def gateway_origin(settings: Settings, host: str) -> str:
    """Return `ws://host:port` of the gateway as this browser finds it.

    Parameters
    ----------
    settings
        `public_gateway_url` wins; else the wall's own host, as asked for, and the gateway's port.
    host
        The request's Host header.

    """
    if settings.public_gateway_url:
        return settings.public_gateway_url.removesuffix("/").removesuffix("/live")
    name = host_name(host) or "127.0.0.1"
    return f"ws://{f'[{name}]' if ':' in name else name}:{settings.gateway_port}"


def create(surroundings: Surroundings) -> ASGIApp:
    """Return the whole ASGI application."""
    settings = surroundings.settings
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _declare_answers(server, surroundings)
    app = _dash(server)
    hashes = app.csp_hashes()

    def policy(headers: Headers) -> str:
        return content_security_policy(hashes, gateway_origin(settings, headers.get("host", "")))

    names = {settings.wall_host.lower(), host_name(settings.public_gateway_url.partition("//")[2].partition("/")[0])}
    guarded = GZipMiddleware(server, minimum_size=2048, compresslevel=5)
    return Guard(
        guarded, paths=PATHS, folders=FOLDERS, post_paths=POST_PATHS, names=frozenset(names - {""}), policy=policy
    )


def _dash(server: FastAPI) -> Dash:
    app = Dash(
        "watchfloor",
        server=server,
        assets_folder=str(ASSETS),
        title="watchfloor",
        update_title="",
        serve_locally=True,
        enable_mcp=False,
        suppress_callback_exceptions=True,
        use_pages=False,
    )
    app.layout = html.Div(
        id="page-root", children=[dcc.Location(id="url", refresh=False), html.Div(id="page", className="page")]
    )

    # The path alone: a page is not laid out anew when its scope or its language changes in the address.
    @app.callback(Output("page", "children"), Input("url", "pathname"))
    def show(path: str | None) -> Any:
        page = PAGES.get(path or "")
        return page() if page is not None else dash.no_update

    # Dash 4.4.1 opens its own websocket as soon as its backend could serve one, callbacks or none (decision 16).
    app.backend.websocket_capability = False
    # On FastAPI it finds its assets and callbacks before the first request of "/" or "/_dash-…" alone: a first request
    # of /wall would be a page without scripts.
    app._setup_server()  # noqa: SLF001
    return app


def _json(value: Any, *, status: int = 200, keep_s: int = 0) -> Response:
    headers = {"cache-control": f"private, max-age={keep_s}"} if keep_s else {}
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def _declare_answers(server: FastAPI, around: Surroundings) -> None:
    shelf = Bookshelf(around)

    @server.exception_handler(LookupError)
    async def not_there(_request: Request, problem: LookupError) -> Response:
        return _json({"error": str(problem.args[0]) if problem.args else "There is no such thing."}, status=404)

    @server.exception_handler(OSError)
    async def not_reached(_request: Request, problem: OSError) -> Response:
        sentence = str(problem) or "Redis does not answer; `watchfloor doctor` says why."
        return _json({"error": sentence}, status=503)

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
        token = issue(around.settings.secret.get_secret_value(), now_ms())
        return _json({"token": token, "gateway": gateway_origin(around.settings, request.headers["host"]) + "/live"})

    @server.get("/geometry")
    async def geometry(scope: str = "", rules: str = "") -> Response:
        found, atlas = await shelf.open(rules)
        drawn = await asyncio.to_thread(atlas.geometry, scope)
        return _json({"rules": found.hash, **msgspec.to_builtins(drawn)})

    @server.get("/names")
    async def names(codes: str = "", rules: str = "") -> Response:
        _, atlas = await shelf.open(rules)
        return _json(atlas.names(codes.split(",")[:NAMES_AT_ONCE]))

    @server.get("/rulebook")
    async def rulebook(rules: str = "") -> Response:
        found, _ = await shelf.open(rules)
        zones = {feed.zone.key for feed in found.feeds.values()}
        return _json({
            "rules": found.hash,
            "alerts": {
                kind: {
                    "title": rule.title,
                    "cause": rule.cause,
                    "consequence": rule.consequence,
                    "action": rule.action,
                    "time_available": rule.time_available,
                }
                for kind, rule in found.alerts.items()
            },
            "categories": found.categories,
            "feeds": {name: feed.title for name, feed in found.feeds.items()},
            "zones": sorted(zones),
        })

    @server.get("/ops.json")
    async def figures() -> Response:
        read, answers = await asyncio.gather(
            asyncio.wait_for(around.readings.health(), ASKED_WITHIN_S),
            asyncio.wait_for(around.readings.gateway_answers(), ASKED_WITHIN_S),
        )
        return _json({**report(now_ms=now_ms(), **read), "gateway": answers})


async def serve(surroundings: Surroundings) -> None:
    """Answer requests until the process is told to stop."""
    settings = surroundings.settings
    config = uvicorn.Config(
        create(surroundings),
        host=settings.wall_host,
        port=settings.wall_port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=2,
        limit_concurrency=512,
        ws="none",
    )
    await uvicorn.Server(config).serve()


def main() -> None:
    """Run the dashboard with the settings of the environment."""
    settings = Settings()
    if not settings.redis or not settings.secret.get_secret_value():
        raise SystemExit("WATCHFLOOR_REDIS and WATCHFLOOR_SECRET must be set; `watchfloor up` sets both.")
    reader = RedisReader(settings.redis, key_prefix(settings.prefix))
    gateway = (settings.gateway_host.replace("0.0.0.0", "127.0.0.1"), settings.gateway_port)  # noqa: S104 - not bound
    readings = PipelineReadings(reader, gateway)
    around = Surroundings(
        settings=settings, readings=readings, rule_sets=RuleStore((settings.data / "rules").as_posix())
    )
    asyncio.run(serve(around))


if __name__ == "__main__":
    main()
