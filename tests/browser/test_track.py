"""The tracking page on a phone without scripts: the code is typed, the answer read, and "not settled" said."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_accessibility import axe, faults
from tests.browser.wall_server import serving
from tests.dashboard.desk_town import HOUR, DeskTown

__all__ = ["axe"]


def test_a_reporter_looks_up_a_code_and_says_that_it_is_not_settled(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk_town = DeskTown(tmp_path_factory.mktemp("desks"))
    story = [desk_town.wrote("feed_back", "The lamp is new.")]
    code = desk_town.case(step="evaluate", closed_ms=desk_town.now_ms - HOUR, outcome="settled", story=story)
    with serving(desk_town.surroundings()) as address:
        phone = browser.new_context(
            viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="zh-CN"
        )
        page = phone.new_page()
        page.goto(f"{address}/track")
        page.get_by_label("查询码").fill(code)
        page.get_by_role("button", name="查询").click()
        expect(page.locator(".said .words")).to_have_text("The lamp is new.")
        assert code not in page.url, "the code stays out of the address"
        page.get_by_role("button", name="English").click()
        expect(page.locator("h1")).to_have_text("Where is my report?")
        page.locator("#text").fill("still dark")
        page.get_by_role("button", name="No, it is not").click()
        expect(page.get_by_role("status")).to_contain_text("It has been taken up again")
        ((_, said),) = desk_town.said
        assert (said.text, said.code) == ("still dark", code)
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["width"] <= 390
        phone.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_grave_fault_of_accessibility_bars_a_reporter(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, axe: str, scheme: Literal["light", "dark"]
) -> None:
    desk_town = DeskTown(tmp_path_factory.mktemp("desks"))
    story = [desk_town.wrote("feed_back", "The lamp is new.")]
    code = desk_town.case(step="evaluate", closed_ms=desk_town.now_ms - HOUR, outcome="settled", story=story)
    with serving(desk_town.surroundings()) as address:
        phone = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        page = phone.new_page()
        found = []
        for path in ("/track", f"/track/{code}?lang=en"):
            page.goto(address + path)
            found += faults(page, axe)
        phone.close()
    assert found == []
