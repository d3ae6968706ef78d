"""Acknowledge and shelve from the wall's drawer: one person's answer shows on every screen, and a refusal says why."""

from typing import Any

from playwright.sync_api import expect

from tests.browser import town
from tests.browser.conftest import CODES, Open
from tests.browser.fake_gateway import FakeGateway, wall_ms

ALERT = "03-2-0"


def acknowledging(gateway: FakeGateway) -> Any:
    """Answer as the floor would: the alert changes for everybody, then the asker is told."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        old = next(one for one in gateway.views[""]["alerts"]["set"] if one["id"] == asked["alert"])
        new = {
            **old,
            "acked": True,
            "acked_by": "local",
            "acked_ms": wall_ms(),
            "changed_ms": wall_ms(),
            "state": "acked",
        }
        gateway._loop.call_soon(lambda: gateway._loop.create_task(_tell(gateway, new)))
        return {"ok": True, "reason": ""}

    return answer


async def _tell(gateway: FakeGateway, alert: dict[str, Any]) -> None:
    gateway.seq += 1
    gateway.told.append(alert)
    changes = {"alerts": {"set": [alert], "gone": []}}
    await gateway._tell({"type": "changes", "scope": "", "after": gateway.seq - 1, "view": changes}, "")


def test_an_alert_acknowledged_on_one_screen_is_seen_on_another_within_a_second(
    gateway: FakeGateway, open_page: Open
) -> None:
    gateway.answer = acknowledging(gateway)
    mine, other = open_page(), open_page("/wall?lang=zh")
    mine.locator(f'[data-id="{ALERT}"]').focus()
    mine.keyboard.press("Enter")
    expect(mine.locator("#drawer-title")).to_have_text("Cinder Lane")
    expect(mine.locator(".why .action")).to_contain_text("Open the grids concerned")
    expect(mine.locator(".facts")).to_contain_text("41 in 5 min")
    other.evaluate(
        """id => {
            const owner = document.querySelector(`[data-id="${id}"] .owner`);
            new MutationObserver(() => (window.seenAt = window.seenAt || Date.now())).observe(owner, {childList: true, characterData: true, subtree: true});
        }""",
        ALERT,
    )
    mine.keyboard.press("a")
    expect(other.locator(f'[data-id="{ALERT}"] .owner')).to_have_text("✓ 本机")
    acked_ms = next(one["acked_ms"] for one in gateway.told if one["id"] == ALERT)
    assert other.evaluate("() => window.seenAt") - acked_ms < 1_000
    expect(mine.locator(".outcome")).to_have_text("Done.")
    expect(mine.locator("#unacknowledge")).to_be_visible()
    (command,) = gateway.commands()
    assert (command["action"], command["alert"], command["screen"]) == ("acknowledge", ALERT, "wall")
    assert len(command["id"]) == 36


def test_a_refused_command_says_why_and_is_tried_again_under_the_same_id(
    gateway: FakeGateway, open_page: Open
) -> None:
    gateway.answer = lambda asked: {"ok": False, "reason": "already acknowledged by desk 4"}
    page = open_page()
    page.locator(f'[data-id="{ALERT}"]').click()
    page.locator("#acknowledge").click()
    expect(page.locator(".outcome")).to_contain_text("Not done: already acknowledged by desk 4")
    gateway.answer = lambda asked: {"ok": True, "reason": ""}
    page.locator(".outcome button").click()
    expect(page.locator(".outcome")).to_have_text("Done.")
    first, second = gateway.commands()
    assert first == second


def test_a_command_without_an_answer_is_pending_at_once_and_then_said_to_have_failed(
    gateway: FakeGateway, open_page: Open
) -> None:
    gateway.answer = lambda asked: None
    page = open_page()
    page.locator(f'[data-id="{ALERT}"]').click()
    page.locator("#acknowledge").click()
    expect(page.locator(f'[data-id="{ALERT}"][data-pending=true]')).to_be_visible(timeout=300)
    expect(page.locator(".outcome")).to_contain_text("no answer in time", timeout=8_000)


def test_shelving_needs_a_reason_and_a_critical_alert_stays_on_the_shelf_15_minutes_at_most(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    page.locator(f'[data-id="{ALERT}"]').click()
    assert page.locator("#for-3600").is_disabled()
    assert page.locator("#for-14400").is_disabled()
    page.locator("#shelve").click()
    expect(page.locator(".shelf .hint").last).to_have_text("Say why: a shelved alert needs a reason.")
    assert gateway.commands() == []
    page.keyboard.press("Escape")
    page.locator('[data-id="03-3-0"]').click()
    page.locator("label:has(#for-3600)").click()
    page.locator("#shelve-reason").fill("contractor on site")
    gateway.change(
        "", {"alerts": {"set": [town.alert("07-1-0", scope=CODES[4], now_ms=wall_ms())], "gone": []}}
    )
    page.wait_for_timeout(1_200)
    expect(page.locator("#shelve-reason")).to_have_value("contractor on site")
    page.keyboard.press("Enter")
    expect(page.locator(".outcome")).to_have_text("Done.")
    (command,) = gateway.commands()
    assert (command["action"], command["for_s"], command["reason"]) == ("shelve", 3600, "contractor on site")


def test_what_is_put_aside_says_how_in_letters_and_is_returned_to_service_from_the_wall(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    aside = [
        town.alert("07-1-0", scope=CODES[4], state="suppressed", suppressed_by="feed_silent", now_ms=wall_ms()),
        town.alert("07-2-0", scope=CODES[4], state="out_of_service", out_since_ms=wall_ms(), out_by="a-7", out_why="sealed:x", now_ms=wall_ms()),
    ]  # fmt: skip
    others = [
        one["id"] for one in gateway.views[""]["alerts"]["set"][:8]
    ]  # a wall has ten rows, and these come last
    gateway.change("", {"alerts": {"set": aside, "gone": others}})
    expect(page.locator('[data-id="07-1-0"] .symbol')).to_have_text("sup")
    expect(page.locator('[data-id="07-2-0"] .symbol')).to_have_text("oos")
    page.locator('[data-id="07-2-0"]').click()
    expect(page.locator("#drawer")).to_contain_text("until it is returned")
    expect(page.locator("#drawer")).not_to_contain_text("sealed:x")
    page.locator("#return_to_service").click()
    expect(page.locator(".outcome")).to_have_text("Done.")
    (command,) = gateway.commands()
    assert (command["action"], command["alert"]) == ("return_to_service", "07-2-0")


def test_the_drawer_shows_the_case_and_leaves_the_wall_in_reach(
    gateway: FakeGateway, open_page: Open
) -> None:
    gateway.cases["03-9"] = {
        "id": "03-9", "feed": "bay", "source_id": "1-2231", "grid": CODES[8] + "001001", "area": "T9", "category": "street-light",
        "step": "handle", "opened_ms": town.NOW_MS, "arrived_ms": town.NOW_MS, "accept_due_ms": None, "due_ms": town.NOW_MS,
        "closed_ms": None, "overdue": True, "repeats": 2, "revisions": 1, "channel": "phone", "lon": 12.1, "lat": 55.1, "flags": [],
    }  # fmt: skip
    page = open_page()
    page.locator('[data-id="03-3-0"]').click()
    expect(page.locator(".case")).to_contain_text("1-2231")
    expect(page.locator(".case")).to_contain_text("In hand")
    page.locator(f'[data-id="{ALERT}"]').click()
    expect(page.locator("#drawer-title")).to_have_text("Cinder Lane")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
