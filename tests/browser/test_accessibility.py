"""axe-core over every page, light and dim: no fault that keeps somebody from using it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from dashboard.web import PAGES
from tests.browser.conftest import Open
from tests.browser.fake_gateway import FakeGateway
from tests.conftest import absent

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
"""What axe-core calls faults that bar somebody, or make it very hard."""

READY = {"/wall": "html[data-ready=true]", "/reports": "#rep-table tbody tr"}
"""What tells that a page is filled; by default its first heading has its words. Others look at their own laden pages."""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        absent("axe-core is not there: `make install-dev` installs it with npm, from tests/browser/axe.")
    return AXE.read_text(encoding="utf-8")


def faults(page: Page, axe: str) -> list[str]:
    """The grave faults of a page as it stands, each with where it is."""
    page.evaluate(axe)
    found: Any = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then((said) => said.violations)"
    )
    return [
        f"{one['id']}: {one['help']}: {' | '.join(node['html'][:160] + ' ' + node['any'][0]['message'][:160] if node['any'] else node['html'][:200] for node in one['nodes'][:6])}"
        for one in found
        if one["impact"] in GRAVE
    ]


@pytest.mark.tolerates("Failed to load resource")
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_grave_fault_of_accessibility(
    path: str, axe: str, gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page(path, ready=False, calm=True)
    page.wait_for_selector(READY.get(path, "h1:not(:empty)"))
    found = faults(page, axe)
    page.evaluate("wf.go({theme: 'dim', lang: 'zh-CN'})")
    page.wait_for_selector("html[data-theme=dim]")
    assert [*found, *faults(page, axe)] == []
