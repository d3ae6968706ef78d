"""The page of reports in a real browser: what it shows is what was counted, and it says so when there is nothing to show."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import town
from tests.browser.conftest import Open
from tests.browser.reports_month import MonthEvaluations


def figures(around: town.Surroundings) -> MonthEvaluations:
    assert isinstance(around.evaluations, MonthEvaluations)
    return around.evaluations


def filled(page: Page) -> Page:
    expect(page.locator("#rep-table tbody tr").first).to_be_visible()
    return page


def test_the_page_shows_rates_with_their_counts_and_intervals_and_goes_down_and_on(open_page: Open) -> None:
    page = filled(open_page("/reports?scope=990100&at=2023-12-01", ready=False, size=(1920, 1080)))
    expect(page.locator("#rep-period")).to_have_text("December 2023")
    rows = page.locator("#rep-table tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0).locator("th")).to_contain_text("Amber Quay")
    rate = rows.nth(0).locator("td.rep-wide").nth(0)
    expect(rate.locator(".rep-of")).to_contain_text(" of ")
    expect(rate.locator(".rep-interval")).to_contain_text("95 %")
    expect(page.locator("#rep-step-table tbody")).to_contain_text("Dispatch")
    expect(page.locator("#rep-rates .scatterlayer .trace")).to_have_count(2)
    cut = "() => [...document.querySelectorAll('.rep-scroll')].some(one => one.scrollWidth > one.clientWidth)"
    assert not page.evaluate(cut), "a table is wider than its panel"
    rows.nth(1).locator("button").click()
    expect(page.locator("#rep-table tbody")).to_contain_text("990100002001")
    assert "scope=990100002" in page.url
    page.locator("#rep-span button").nth(2).click()
    expect(page.locator("#rep-period")).to_have_text("Q4 2023")
    page.locator("#rep-before").click()
    expect(page.locator("#rep-state")).to_contain_text("No case was accepted")
    page.go_back()
    page.locator("#lang").click()
    expect(page.locator("h1")).to_have_text("考评")
    expect(page.locator("#rep-period")).to_have_text("2023 年第 4 季度")
    expect(page.locator("#rep-table tbody")).to_contain_text("95% 区间")


def test_small_teams_have_no_figures_and_a_file_says_the_same(open_page: Open) -> None:
    page = filled(open_page("/reports?scope=990100&by=team&span=quarter&at=2023-12-01", ready=False))
    expect(page.locator("#rep-table tbody")).to_contain_text("fewer than 5 people")
    expect(page.locator("#rep-table tbody")).to_contain_text("Road gang")
    expect(page.locator("#rep-table tbody tr").nth(2)).to_contain_text("withheld: no figures")
    expect(page.locator("#rep-small")).to_contain_text("next smallest are withheld")
    with page.expect_download() as told:
        page.locator("#rep-csv").click()
    text = Path(told.value.path()).read_text(encoding="utf-8-sig")
    lines = {line["code"]: line for line in csv.DictReader(io.StringIO(text))}
    assert list(lines) == ["parks", "roads", "water", "total"]
    assert lines["parks"]["accepted"] == "fewer than 5 people"
    assert (
        lines["water"]["accepted"]
        == "withheld: the figures of a team of fewer than 5 people would follow from them"
    )
    due = page.locator("#rep-table tbody tr").nth(1).locator("td").nth(2).text_content()
    assert lines["roads"]["due"] == due


@pytest.mark.tolerates("503")
def test_the_page_says_when_there_is_nothing_and_when_it_cannot_count(
    around: town.Surroundings, open_page: Open
) -> None:
    known = figures(around)
    known.empty = True
    try:
        page = open_page("/reports?at=2023-12-01", ready=False)
        expect(page.locator("#rep-state")).to_contain_text("No case was accepted")
        known.empty, known.silent = False, "Redis does not answer: connection refused"
        page.locator("#rep-span button").nth(0).click()
        expect(page.locator("#banner")).to_contain_text("Redis does not answer")
        known.silent = ""
        page.locator("#rep-span button").nth(1).click()
        filled(page)
        expect(page.locator("#banner")).to_be_hidden()
    finally:
        known.empty, known.silent = False, ""
