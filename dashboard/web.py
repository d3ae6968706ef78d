"""The dashboard's process, `python -P -m dashboard.web`: Dash on FastAPI behind our guard."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import dash
import uvicorn
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from config.accounts import accounts_of
from config.arrangements import arrangements_of
from config.passages import PassageArchive
from config.people import people_of
from config.rules import RuleStore
from config.settings import Settings
from config.vault import vault_of
from config.wallclock import now_ms
from dashboard.answers import arrangement, duty, initials, private, reports
from dashboard.answers import routes as answers
from dashboard.answers.evaluations import Evaluations
from dashboard.answers.names import Names
from dashboard.answers.readings import PipelineReadings
from dashboard.answers.routes import Surroundings
from dashboard.answers.rulebook import Bookshelf
from dashboard.desk_parts import Archived, handover_parts, track_parts
from dashboard.entry import door, oidc_door
from dashboard.entry.headers import Guard, content_security_policy, host_name
from dashboard.entry.oidc import provider_of
from dashboard.entry.oidc_door import OidcDoor
from dashboard.entry.sign_ins import SignIns
from dashboard.gateway.redis_reader import RedisReader, key_prefix
from dashboard.handover import answers as handover_answers
from dashboard.pages import dispatch, handover, login, ops, wall
from dashboard.pages import reports as reports_page
from dashboard.track import answers as track_answers
from dashboard.track import page as track_page

ASSETS = Path(__file__).with_name("assets")
PAGES = {
    "/wall": wall.layout,
    "/dispatch": dispatch.layout,
    "/reports": reports_page.layout,
    "/handover": handover.layout,
    "/ops": ops.layout,
    "/login": login.layout,
}
DASH_PATHS = frozenset({"/_dash-layout", "/_dash-dependencies", "/_dash-update-component", "/_favicon.ico"})
FOLDERS = ("/assets/", "/_dash-component-suites/", track_answers.FOLDER)
CLOSED_PATHS = (
    answers.CLOSED_PATHS
    | reports.PATHS
    | private.PATHS
    | duty.PATHS
    | initials.PATHS
    | arrangement.PATHS
    | handover_answers.PATHS
)
POST_PATHS = (
    door.POST_PATHS
    | private.PATHS
    | initials.PATHS
    | arrangement.PATHS
    | handover_answers.POST_PATHS
    | {"/_dash-update-component"}
)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


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


def surroundings(settings: Settings) -> Surroundings:
    """Return the live pipeline's surroundings."""
    reader = RedisReader(settings.redis, key_prefix(settings.prefix))
    own = (settings.gateway_host.replace("0.0.0.0", "127.0.0.1"), settings.gateway_port)  # noqa: S104 - not bound
    public = host_name(settings.public_gateway_url.partition("//")[2].partition("/")[0])
    secret = settings.secret.get_secret_value()
    accounts, sign_ins, provider = (
        accounts_of(settings),
        SignIns(settings.redis, settings.prefix),
        provider_of(settings),
    )
    keeper = door.Keeper(
        accounts,
        sign_ins,
        secret,
        may_be_open=settings.wall_host in LOOPBACK,
        provider=provider is not None,
    )
    readings, rule_sets = PipelineReadings(reader, own), RuleStore((settings.data / "rules").as_posix())
    return Surroundings(
        readings=readings,
        keeper=keeper,
        private=private.Desk(
            vault_of(settings), accounts, reader.case, Archived(PassageArchive.of(settings)).closing, now_ms
        ),
        oidc=None if provider is None else OidcDoor(provider, accounts, sign_ins),
        evaluations=Evaluations(
            reader,
            PassageArchive.of(settings),
            accounts,
            people_of(settings),
            settings.team_min_size,
        ),
        rule_sets=rule_sets,
        gateway=lambda host: gateway_origin(settings, host),
        secret=secret,
        names=frozenset({settings.wall_host.lower(), public} - {""}),
        handover=handover_parts(settings, readings, rule_sets),
        track=track_parts(settings, readings, rule_sets, sign_ins, own),
        duty=duty.DutyBoard(
            lambda: _in_force(readings, settings.clock),
            rule_sets,
            Names(accounts, lambda: people_of(settings)),
        ),
        arrangements=arrangements_of(settings),
    )


async def _in_force(readings: PipelineReadings, clock: str) -> tuple[str, int]:
    """Return the rule set in force, and the time by which cases run: 0 for the wall's."""
    hash_ = await readings.rules_hash()
    if clock != "feed":
        return hash_, 0
    partitions = (await readings.health())["partitions"]
    return hash_, max((int(one.get("clock_ms") or 0) for one in partitions.values()), default=0)


def create(around: Surroundings) -> ASGIApp:
    """Return the whole ASGI application."""

    @contextlib.asynccontextmanager
    async def living(_server: FastAPI) -> AsyncGenerator[None, None]:
        yield
        await around.keeper.aclose()

    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=living)
    shelf = Bookshelf(around.rule_sets)
    answers.declare(server, around, shelf)
    reports.declare(server, around.evaluations, around.keeper, reports.RulesNow(shelf, around.readings))
    initials.declare(server)
    arrangement.declare(server, around.arrangements, around.keeper)
    door.declare(server, around.keeper)
    private.declare(server, around.private)
    duty.declare(server, around.duty, around.keeper)
    oidc_door.declare(server, around.oidc)
    if around.handover is not None:
        handover_answers.declare(server, around.handover, around.keeper)
    if around.track is not None:
        track_answers.declare(server, around.track)
    hashes = _dash(server).csp_hashes()

    def policy(path: str, headers: Headers) -> str:
        if path == track_answers.PATH or path.startswith(track_answers.FOLDER):
            return track_page.POLICY
        return content_security_policy(hashes, around.gateway(headers.get("host", "")))

    return Guard(
        door.Door(GZipMiddleware(server, minimum_size=2048, compresslevel=5), around.keeper, CLOSED_PATHS),
        paths=answers.OPEN_PATHS
        | CLOSED_PATHS
        | door.PATHS
        | oidc_door.PATHS
        | DASH_PATHS
        | PAGES.keys()
        | {track_answers.PATH},
        folders=FOLDERS,
        post_paths=POST_PATHS,
        names=around.names,
        policy=policy,
        form_paths=frozenset({track_answers.PATH}),
    )


GRID_SCRIPT = re.compile(r"<script[^>]*/dash_ag_grid/[^>]*></script>")
"""The component of the desk's table, as Dash asks for it on every page."""


class _Page(Dash):
    """Leaves out of a page what it does not use: of 1.3 MB only the desk's table has need."""

    def interpolate_index(self, **parts: Any) -> str:
        """Put a page's parts together; every page is loaded whole, and none becomes another one in the browser."""
        if self.backend.request_adapter().path != "/dispatch":
            parts["scripts"] = GRID_SCRIPT.sub("", parts["scripts"])
        return str(super().interpolate_index(**parts))


def _dash(server: FastAPI) -> Dash:
    app = _Page(
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
        id="page-root",
        children=[dcc.Location(id="url", refresh=False), html.Div(id="page", className="page")],
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
    app._setup_server()  # noqa: SLF001 - Dash has no public way to it
    return app


async def serve(settings: Settings) -> None:
    """Answer requests until the process is told to stop."""
    config = uvicorn.Config(
        create(surroundings(settings)),
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
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
