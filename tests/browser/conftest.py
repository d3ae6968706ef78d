"""A real Chromium that can resolve no name but its own machine's, and the real wall before a gateway that obeys the test."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import town
from tests.browser.fake_gateway import FakeGateway, wall_ms
from tests.browser.reports_month import MonthEvaluations
from tests.browser.wall_server import serving
from tests.conftest import absent

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--no-first-run", "--process-per-site",
    "--disable-features=SpareRendererForSitePerProcess", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
CODES = [town.township(number + 1) for number in range(len(town.PLACES))]

Open = Callable[..., Page]
Listen = Callable[[Page], None]

# A laden build machine paints a page in seconds; what must be quick says so itself.
expect.set_options(timeout=15_000)


def ignore(_page: Page) -> None:
    """Listen to nothing."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with this folder: while it lives, its event loop runs in this thread, and `asyncio.run` would fail elsewhere."""
    if not CHROMIUM.exists():
        absent(
            "There is no /usr/bin/chromium; `make test` installs it, or apt-get install chromium fonts-noto-cjk."
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM.as_posix(), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def around(tmp_path_factory: pytest.TempPathFactory) -> town.Surroundings:
    made = town.surroundings(tmp_path_factory.mktemp("rules"), town.Gateway())
    return replace(made, evaluations=MonthEvaluations())


@pytest.fixture(scope="session")
def wall(around: town.Surroundings) -> Iterator[str]:
    with serving(around) as address:
        yield address


@pytest.fixture
def gateway(around: town.Surroundings) -> Iterator[FakeGateway]:
    """A gateway of this test's own, with an afternoon of everything."""
    with FakeGateway({"": town.busy_view(CODES, wall_ms())}) as fake:
        assert isinstance(around.gateway, town.Gateway)
        around.gateway.port = fake.port
        yield fake


@pytest.fixture(scope="package")
def context(browser: Browser, wall: str) -> Iterator[BrowserContext]:
    """One profile for all tests, and a page that stays: what a wall fetches for good (Plotly, React) is compiled once.

    While a page of the site is open, `--process-per-site` gives the next one its process and what that has compiled.
    """
    context = browser.new_context()
    context.new_page().goto(f"{wall}/login")
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext, wall: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a page, and fails the test for anything that its console complains of."""
    pages: list[Page] = []
    complaints: list[str] = []
    tolerated = [mark.args[0] for mark in request.node.iter_markers("tolerates")]

    def open_(
        path: str = "/wall",
        *,
        ready: bool = True,
        size: tuple[int, int] = (1280, 720),
        calm: bool = False,
        listen: Listen = ignore,
    ) -> Page:
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        if calm:
            page.emulate_media(reduced_motion="reduce")
        page.set_default_timeout(20_000)
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda problem: complaints.append(str(problem)))
        listen(page)
        page.goto(wall + path)
        if ready:
            page.wait_for_selector("html[data-ready=true]")
        return page

    yield open_
    for page in pages:
        page.close()
    assert [text for text in complaints if not any(part in text for part in tolerated)] == []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tolerates(text): what the page's console may say in this test")
