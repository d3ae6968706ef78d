"""The operations page in a real browser: it reads each second, and says so when it cannot."""

import pytest
from playwright.sync_api import expect

from tests.browser import town
from tests.browser.conftest import Open
from tests.browser.fake_gateway import wall_ms


def readings(around: town.Surroundings) -> town.Readings:
    assert isinstance(around.readings, town.Readings)
    return around.readings


@pytest.mark.tolerates("503")
def test_the_operations_page_shows_feeds_lag_dead_letters_and_workers_and_says_when_it_cannot(
    around: town.Surroundings, open_page: Open
) -> None:
    now_ms = wall_ms()
    known = readings(around)
    at = {"offset": 40, "end": 71, "fetched_ms": now_ms, "oldest_unfolded_ms": now_ms - 9_000}
    known.raw = {
        "feeds": {"bay": {"feed": "bay", "lane": 1, "accepted": 12_345, "revised": 3, "repeated": 2, "refused": 4, "unplaced": 1, "last_ms": now_ms - 61_000, "silent": True}},
        "lanes": {"1": {"offset": 9, "clock_ms": now_ms, "rules": known.hash, "refused": 4, "dead": {"opened before 2000": 4}}},
        "partitions": {"3": {"offset": 40, "clock_ms": now_ms, "rules": known.hash, "cases": 12, "alerts_active": 2}},
        "workers": {"worker-1": {"worker": "worker-1", "pid": 4101, "at_ms": now_ms + 60_000, "folded_per_s": 118.2, "partitions": {"journal:3": at}}},
    }  # fmt: skip
    page = open_page("/ops", ready=False)
    expect(page.locator("#table-feeds tbody")).to_contain_text("Bay reports")
    expect(page.locator("#table-feeds tbody")).to_contain_text("12,345")
    expect(page.locator("#table-feeds td[data-state=bad]")).to_have_text("Silent")
    expect(page.locator("#table-dead tbody")).to_contain_text("opened before 2000")
    expect(page.locator("#table-workers tbody")).to_contain_text("worker-1")
    expect(page.locator("#table-partitions td.col-lag[data-state=bad]")).to_have_text("30")
    expect(page.locator("#ops-gateway")).to_have_text("Gateway: answers")
    known.silent = "Redis does not answer: connection refused"
    expect(page.locator("#banner")).to_contain_text("Redis does not answer", timeout=5_000)
    known.silent = ""
    expect(page.locator("#banner")).to_be_hidden(timeout=5_000)
    page.locator("#lang").click()
    expect(page.locator("h1")).to_have_text("运行监控")


@pytest.mark.parametrize("path", ["/ops?", "/reports?scope=990100&at=2023-12-01"])
def test_a_page_without_a_live_line_says_in_both_languages_that_a_simulated_province_reports(
    around: town.Surroundings, open_page: Open, path: str
) -> None:
    known = readings(around)
    one = {"feed": "simulator", "lane": 1, "accepted": 1, "revised": 0, "repeated": 0, "refused": 0, "unplaced": 0, "last_ms": wall_ms(), "silent": False}  # fmt: skip
    known.raw = known.raw | {"feeds": {"simulator": one}}
    page = open_page(path, ready=False)
    expect(page.locator("#marks")).to_have_text("SIMULATED")
    page.locator("#lang").click()
    expect(page.locator("#marks")).to_have_text("模拟数据")
    known.raw = known.raw | {"feeds": {"bay": one | {"feed": "bay"}}}
    page = open_page(path, ready=False)
    expect(page.locator("#rep-table tbody tr, #table-feeds tbody tr").first).to_be_visible()
    expect(page.locator("#marks .mark")).to_have_count(0)
