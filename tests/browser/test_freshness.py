"""What the wall says when something is not as it should be: silence, stalls, gaps, restarts. It must never look live when it is not."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import town
from tests.browser.conftest import CODES, Open
from tests.browser.fake_gateway import FakeGateway, wall_ms

LOST = "WebSocket connection"


def test_a_silent_gateway_is_delayed_then_no_live_data_with_a_frozen_clock_and_then_right_again(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    expect(page.locator("#chip")).to_have_text("LIVE")
    gateway.beating = False
    expect(page.locator("#chip")).to_have_text("DELAYED", timeout=8_000)
    expect(page.locator("#chip")).to_have_text("NO LIVE DATA", timeout=12_000)
    expect(page.locator("#banner")).to_contain_text(re.compile(r"NO LIVE DATA since \d\d:\d\d:\d\d"))
    expect(page.locator("#banner")).to_contain_text("Connection to the gateway lost")
    clock, number = page.locator("#clock").inner_text(), page.locator("#figure-open .number").inner_text()
    assert number != "–", "last values stay"
    page.wait_for_timeout(1_300)
    assert page.locator("#clock").inner_text() == clock, "the clock stands still"
    assert float(page.locator("#clock-frozen").evaluate("node => getComputedStyle(node).opacity")) > 0.9, (
        "and is red"
    )
    gateway.beating = True
    expect(page.locator("#chip")).to_have_text("LIVE", timeout=15_000)
    expect(page.locator("#banner")).to_be_hidden()
    assert float(page.locator("#clock-frozen").evaluate("node => getComputedStyle(node).opacity")) < 0.1


@pytest.mark.parametrize("cause", ["worker", "broker", "redis"])
def test_a_stalled_pipeline_is_another_mark_than_a_lost_socket(
    gateway: FakeGateway, open_page: Open, cause: str
) -> None:
    page = open_page()
    gateway.beat["freshness"] = {"state": "delayed", "age_ms": 4_000, "cause": cause}
    expect(page.locator("#chip")).to_have_text("DELAYED", timeout=8_000)
    gateway.beat["freshness"] = {"state": "none", "age_ms": 9_000, "cause": cause}
    expect(page.locator("#chip")).to_have_text("NO LIVE DATA", timeout=8_000)
    expect(page.locator(".mark[data-kind=stalled]")).to_be_visible()
    assert page.locator(".mark[data-kind=socket]").count() == 0
    page.locator('[data-id="03-2-0"]').click()
    assert page.locator("#acknowledge").is_disabled(), "nothing is ordered on old data"


def test_one_stale_feed_is_named_while_the_rest_is_live(gateway: FakeGateway, open_page: Open) -> None:
    gateway.beat["feeds"] = [
        {"feed": "bay", "age_ms": 601_000, "silent": True},
        {"feed": "other", "age_ms": 0, "silent": False},
    ]
    page = open_page()
    expect(page.locator(".mark[data-kind=feed]")).to_have_text("Feed stale: Bay reports 10:01")
    expect(page.locator("#chip")).to_have_text("LIVE")


def test_a_recorded_feed_says_recorded_and_shows_the_feeds_time(
    gateway: FakeGateway, open_page: Open
) -> None:
    gateway.beat["mode"], gateway.clock_ms = "feed", town.NOW_MS
    page = open_page()
    expect(page.locator("#chip")).to_have_text("RECORDED")
    expect(page.locator("#asof")).to_have_text("14 Nov 2023 23:13:20")  # in the feed's own zone


@pytest.mark.tolerates(LOST)
def test_a_wall_finds_a_restarted_gateway_by_itself_and_shows_its_new_epoch(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    gateway.shut()
    expect(page.locator(".mark[data-kind=socket]")).to_be_visible()
    expect(page.locator("#chip")).to_have_text("NO LIVE DATA")
    later = town.busy_view(CODES, wall_ms())
    later["kpis"]["open"] = 4711
    gateway.views[""], gateway.epoch, gateway.seq = later, "e2", 1
    gateway.open()
    expect(page.locator("#figure-open .number")).to_have_text("4,711", timeout=20_000)
    expect(page.locator("#chip")).to_have_text("LIVE")


@pytest.mark.tolerates(LOST)
def test_a_wall_that_was_cut_off_resumes_from_what_it_has(gateway: FakeGateway, open_page: Open) -> None:
    page = open_page()
    gateway.cut(4408)
    page.wait_for_function("() => wf.live.state === 'open' && wf.live.epoch === 'e1'")
    hellos = [said for said in gateway.heard if said["type"] == "hello"]
    page.wait_for_timeout(1_500)
    hellos = [said for said in gateway.heard if said["type"] == "hello"]
    assert [said["epoch"] for said in hellos] == [None, "e1"]
    assert hellos[1]["seq"] == gateway.seq
    assert hellos[0]["token"] != hellos[1]["token"], "a ticket is good for one socket"
    expect(page.locator("#chip")).to_have_text("LIVE")


def test_a_gap_asks_for_the_whole_again(gateway: FakeGateway, open_page: Open) -> None:
    page = open_page()
    kpis = gateway.views[""]["kpis"]
    gateway.change("", {"kpis": {**kpis, "overdue": 77}}, lost=True)
    gateway.change("", {"kpis": {**kpis, "overdue": 77, "open": 4712}})
    expect(page.locator("#figure-open .number")).to_have_text("4,712")
    expect(page.locator("#figure-overdue .number")).to_have_text("77")
    assert [said["epoch"] for said in gateway.heard if said["type"] == "hello"] == [None, None]


def test_changes_are_shown_within_a_second(gateway: FakeGateway, open_page: Open) -> None:
    page = open_page()
    gateway.change("", {"kpis": {**gateway.views[""]["kpis"], "open": 4713}})
    expect(page.locator("#figure-open .number")).to_have_text("4,713", timeout=1_000)


def test_a_wrong_clock_of_the_browser_changes_nothing(gateway: FakeGateway, open_page: Open) -> None:
    gateway.offset_ms = -7_200_000
    gateway.views[""] = town.busy_view(CODES, wall_ms() - 7_200_000)
    page = open_page()
    expect(page.locator("#chip")).to_have_text("LIVE")
    assert re.fullmatch(r"04:1\d", page.locator('[data-id="03-2-0"] .age').inner_text())


def test_a_screen_of_a_part_says_that_there_are_alerts_elsewhere(
    gateway: FakeGateway, open_page: Open
) -> None:
    gateway.views[CODES[3]] = {**town.busy_view([CODES[3]], wall_ms()), "unacked": 2}
    gateway.beat["unacked_all"] = 5
    page = open_page(f"/wall?scope={CODES[3]}")
    expect(page.locator(".mark[data-kind=elsewhere]")).to_have_text("3 alerts elsewhere")
    gateway.beat["unacked_all"] = 2
    expect(page.locator(".mark[data-kind=elsewhere]")).to_have_count(0)
