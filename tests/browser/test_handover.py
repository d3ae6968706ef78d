"""The handover page in a real browser: it fills itself, the incoming shift ticks what is critical, and both sign."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import town
from tests.browser.conftest import CODES
from tests.browser.fake_gateway import FakeGateway, wall_ms
from tests.browser.test_accessibility import axe, faults
from tests.browser.wall_server import serving
from tests.dashboard.desk_town import DESK, DeskTown

__all__ = ["axe"]


class Desk:
    """A desk's page, and what the fold would make of what is signed on it."""

    def __init__(
        self, desk_town: DeskTown, gateway: FakeGateway, page: Page, address: str, keeper: town.OpenDoor
    ) -> None:
        self.town, self.gateway, self.page, self.address = desk_town, gateway, page, address
        self.keeper = keeper
        self.refusal: dict[str, Any] = {}
        gateway.answer = self.answer

    @property
    def state(self) -> dict[str, Any]:
        return self.town.material.desks[DESK]

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self.refusal:
            return {"ok": False, **self.refusal}
        if asked["action"] == "hand_over":
            kept = {name: asked[name] for name in ("sha256", "shift", "critical")}
            self.state["open"] = {**kept, "by": "a-7", "at_ms": wall_ms(), "late": False}
        if asked["action"] == "take_post":
            self.state["last"] = {
                "sha256": asked["sha256"], "shift": 1, "prepared_by": "a-7", "prepared_ms": wall_ms(),
                "accepted_by": "a-8", "accepted_ms": wall_ms(), "ticked": asked["ticked"],
            }  # fmt: skip
            self.state["open"] = None
        return {"ok": True, "reason": ""}

    def open(self, lang: str = "en") -> Page:
        self.page.goto(f"{self.address}/handover?desk={DESK}&lang={lang}")
        self.page.wait_for_selector("html[data-ready=true]")
        return self.page

    def said(self, action: str) -> dict[str, Any]:
        return next(one for one in self.gateway.heard if one.get("action") == action)


@pytest.fixture
def desk(context: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk_town = DeskTown(tmp_path_factory.mktemp("desks"), now_ms=wall_ms())
    around = desk_town.surroundings()
    assert isinstance(around.keeper, town.OpenDoor)
    with (
        FakeGateway({"": town.busy_view(CODES, wall_ms())}) as gateway,
        serving(around) as address,
    ):
        desk_town.gateway.port = gateway.port
        page = context.new_page()
        page.set_viewport_size({"width": 1920, "height": 1080})
        complaints: list[str] = []
        page.on("pageerror", lambda problem: complaints.append(str(problem)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield Desk(desk_town, gateway, page, address, around.keeper)
        page.close()
    assert complaints == []


def test_both_sign_the_page_as_it_was_filled(desk: Desk) -> None:
    page = desk.open()
    expect(page.locator("#ho-table-pressing tbody tr")).to_have_count(3)
    expect(page.locator("#ho-table-notes")).to_contain_text("Pump 3 at the north sluice")
    page.locator("#ho-fill").click()
    page.locator("#ho-prepare").click()
    expect(page.locator("#ho-state")).to_have_text("Waits for the incoming shift")
    signed = desk.said("hand_over")
    assert desk.town.store.has(signed["sha256"])
    assert signed["critical"] == ["03-2-0", "03-1-0"]
    # somebody else sits down: they read the page as it was filled, not what would be filled now
    del desk.town.material.alerts["03-3-0"]
    desk.open()
    expect(page.locator("#ho-table-pressing tbody tr")).to_have_count(3)
    accept = page.locator("#ho-accept")
    for box in page.locator("td.hc-tick input").all():
        expect(accept).to_be_disabled()
        box.check()
    desk.refusal = {"code": "changed", "reason": "x"}
    accept.click()
    expect(page.locator("#ho-said")).to_contain_text("The page has changed")
    desk.refusal = {}
    for box in page.locator("td.hc-tick input").all():
        box.check()
    accept.click()
    expect(page.locator("#ho-last")).to_contain_text("Read and accepted by")
    accepted = [one for one in desk.gateway.heard if one.get("action") == "take_post"][-1]
    assert (accepted["sha256"], sorted(accepted["ticked"])) == (signed["sha256"], ["03-1-0", "03-2-0"])
    expect(page.locator("#ho-pdf")).to_have_attribute(
        "href", re.compile(f"/handover.pdf\\?sha256={signed['sha256']}")
    )


def test_an_address_without_a_desk_opens_that_of_the_first_right(desk: Desk) -> None:
    desk.keeper.roles = [{"role": "dispatcher", "scope": DESK, "team": ""}]
    desk.page.goto(f"{desk.address}/handover")
    desk.page.wait_for_selector("html[data-ready=true]")
    expect(desk.page.locator("#ho-title")).not_to_have_text("Shift handover")
    assert f"desk={DESK}" in desk.page.url


def test_no_grave_fault_of_accessibility_bars_anybody_from_a_filled_page(desk: Desk, axe: str) -> None:
    page = desk.open()
    page.locator("#ho-fill").click()
    page.locator("#ho-prepare").click()
    expect(page.locator("td.hc-tick input")).to_have_count(2)
    found = faults(page, axe)
    page.evaluate("wf.go({theme: 'dim', lang: 'zh-CN'})")
    expect(page.locator("#ho-state")).to_have_text("等待接班人签收")
    assert [*found, *faults(page, axe)] == []


def test_a_note_and_a_moved_scope_go_to_the_gateway(desk: Desk) -> None:
    page = desk.open("zh")
    expect(page.locator("#ho-title")).to_have_text("海湾县指挥中心")
    page.locator("#ho-note-text").fill("桥梁封闭至六点")
    page.locator("#ho-note-add").click()
    expect(page.locator("#ho-said")).to_have_text("备注已保存。")
    assert desk.said("note_shift")["text"] == "桥梁封闭至六点"
    expect(page.locator("#ho-note-text")).to_have_value("")
    expect(page.locator("#ho-scope-list option")).to_have_count(len(town.PLACES))
    expect(page.locator(f'#ho-to-list option[value="{town.township(6)}"]')).to_be_attached()
    page.locator("#ho-scope").fill(town.township(5))
    page.locator("#ho-to").fill(town.township(6))
    page.locator("#ho-to").press("Enter")
    expect(page.locator("#ho-said")).to_have_text("已移交。")
    moved = desk.said("move_scope")
    assert (moved["scope"], moved["to"], moved["desk"]) == (town.township(5), town.township(6), DESK)
