"""The wall in a real browser: what it shows, where a touch on it leads, and that it asks nobody but its own host."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import town
from tests.browser.conftest import CODES, Open
from tests.browser.fake_gateway import FakeGateway, wall_ms

MAP_DRAWN = "() => (document.querySelector('#map .js-plotly-plot')?.data || []).length > 1"


def text(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text()


def order(page: Page) -> list[str]:
    return [
        str(name)
        for name in page.eval_on_selector_all("#stack .alert", "all => all.map(one => one.dataset.id)")
    ]


def middle_of(page: Page, name: str) -> tuple[float, float]:
    """Return where on the screen an area's label point is."""
    place = page.evaluate(
        """name => {
            const plot = document.querySelector('#map .js-plotly-plot'), layout = plot._fullLayout;
            const area = wf.map.geometry.areas.find(one => one.name.en === name || one.code === name);
            const frame = plot.getBoundingClientRect();
            return [frame.left + layout._size.l + layout.xaxis.d2p(area.label[0]),
                    frame.top + layout._size.t + layout.yaxis.d2p(area.label[1])];
        }""",
        name,
    )
    return place[0], place[1]


def test_the_wall_shows_what_the_gateway_says_and_asks_no_other_host(
    gateway: FakeGateway, open_page: Open
) -> None:
    asked: set[str] = set()

    def listen(page: Page) -> None:
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: asked.add(urlsplit(socket.url).netloc))

    page = open_page(listen=listen)
    page.wait_for_function(MAP_DRAWN)

    view = gateway.views[""]
    assert text(page, "#figure-open .number").replace(",", "") == str(view["kpis"]["open"])
    assert text(page, "#figure-on_time .number") == "97.5%"
    assert text(page, "#figure-feeds .number") == "3/4"
    expect(page.locator("#chip")).to_have_text("LIVE")
    assert page.locator("#top-loaded .name").count() == 5
    assert asked == {urlsplit(page.url).netloc, f"127.0.0.1:{gateway.port}"}


def test_the_stack_has_ten_rows_and_what_nobody_answered_stands_first(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    shown = order(page)
    assert len(shown) == 10
    assert set(shown[:2]) == {"03-1-0", "03-2-0"}, "unacknowledged and critical"
    assert shown.index("03-3-0") == 2, "unacknowledged and high"
    assert shown.index("03-4-0") < shown.index("03-6-0"), "returned but unseen, before what somebody has"
    assert text(page, "#more") == "+3 more"
    row = page.locator('[data-id="03-3-0"]')
    assert row.locator(".owner").inner_text() == "NO OWNER"
    assert row.locator(".what").inner_text() == "Resolve overdue – Street light"
    assert re.fullmatch(r"\+1:05:\d\d", row.locator(".left").inner_text())


def test_ages_tick_and_only_the_symbol_of_what_is_urgent_blinks(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    before = text(page, '[data-id="03-2-0"] .age')
    page.wait_for_function(
        "before => document.querySelector('[data-id=\"03-2-0\"] .age').textContent !== before", arg=before
    )
    blinking = page.evaluate(
        "document.getAnimations().map(one => one.effect.target.className + one.effect.target.id)"
    )
    assert set(blinking) <= {"symbol", "clock-frozen"}
    urgent = page.eval_on_selector_all(
        "#stack .symbol",
        "all => all.map(one => [one.closest('.alert').dataset, one.getAnimations().length].map(x => x.state ? x.state + x.priority : x))",
    )
    assert all(count == 1 for state, count in urgent if state in {"unack1", "unack2", "rtnun2"})
    assert all(count == 0 for state, count in urgent if state not in {"unack1", "unack2", "rtnun2"})


def test_with_reduced_motion_nothing_blinks_and_borders_are_thick(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page(calm=True)
    row = page.locator('[data-id="03-2-0"]')
    assert row.locator(".symbol").evaluate("node => node.getAnimations().length") == 0
    assert float(row.evaluate("node => parseFloat(getComputedStyle(node).borderTopWidth)")) >= 4


def test_a_click_anywhere_in_an_area_goes_down_and_back_goes_up(
    gateway: FakeGateway, open_page: Open
) -> None:
    code = CODES[6]
    below = [f"{code}{strip:03d}001"[:12] for strip in (1, 2, 3)]
    gateway.views[code] = town.view(code, [town.row(one, 5) for one in below], [], wall_ms())
    page = open_page("/wall?theme=dim")
    page.wait_for_function(MAP_DRAWN)
    name = page.evaluate("code => wf.map.geometry.areas.find(one => one.code === code).name.en", code)
    x, y = middle_of(page, name)
    page.mouse.click(x, y)
    page.wait_for_function("code => wf.view.ready && wf.view.scope === code", arg=code)
    assert f"scope={code}" in page.url
    assert "theme=dim" in page.url
    expect(page.locator("#trail h1")).to_have_text(name)
    expect(page.locator("#stack .quiet")).to_have_text("No alerts. Quiet.")
    page.wait_for_function("() => wf.map.geometry.areas.length === 3")
    page.go_back()
    page.wait_for_function("() => wf.view.ready && wf.view.scope === ''")
    page.go_forward()
    page.wait_for_function("code => wf.view.ready && wf.view.scope === code", arg=code)
    page.locator("#trail a").first.click()
    page.wait_for_function("() => wf.view.ready && wf.view.scope === ''")
    assert [said["scope"] for said in gateway.heard if said["type"] == "scope"] == [code, "", code, ""]


def test_zero_is_not_no_data_and_colour_is_for_the_abnormal_alone(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    page.wait_for_function(MAP_DRAWN)
    traces = page.evaluate(
        """() => document.querySelector('#map .js-plotly-plot').data.map(one => ({
            fill: one.fillcolor || '', hatch: Boolean(one.fillpattern), line: one.line.color, width: one.line.width}))"""
    )
    fills = [one for one in traces if one["fill"]]
    assert sum(one["hatch"] for one in fills) == 1, "the stale area, alone"
    assert len({one["fill"] for one in fills}) == len(fills) >= 4
    zero = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--map-zero').trim()")
    assert zero in {one["fill"] for one in fills if not one["hatch"]}
    assert all(_is_grey(one["fill"]) for one in fills)
    outlines = {one["line"] for one in traces if not one["fill"] and not _is_grey(one["line"])}
    assert len(outlines) == 3, "one colour for each severity that is there"
    labels = page.evaluate(
        "document.querySelector('#map .js-plotly-plot').layout.annotations.map(one => one.text)"
    )
    assert any("■" in label for label in labels)
    assert any("▲" in label for label in labels)


def _is_grey(colour: str) -> bool:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return max(parts) - min(parts) <= 24


def test_reports_without_a_grid_are_told_under_the_map(gateway: FakeGateway, open_page: Open) -> None:
    page = open_page()
    assert text(page, "#no-place") == ""
    gateway.change("", {"areas": [town.row("990100000", 14)]})
    expect(page.locator("#no-place")).to_have_text("Reports without a grid: 42")


def test_a_name_with_markup_stays_text(gateway: FakeGateway, open_page: Open) -> None:
    page = open_page()
    page.wait_for_function(MAP_DRAWN)
    evil = "<img src=x onerror=window.hit=1><b>bold</b>"
    page.evaluate(
        "evil => { const area = wf.map.geometry.areas[2]; area.name = {en: evil, zh: evil}; wf.knowPlace(area.code, area.name); wf.map.restyle(); }",
        evil,
    )
    shout = town.alert("05-1-0", priority=1, scope=CODES[2], category=evil, shelved_by=evil, now_ms=wall_ms())
    gateway.change("", {"alerts": {"set": [shout], "gone": []}})
    expect(page.locator('[data-id="05-1-0"] .place')).to_have_text(evil)
    page.locator('[data-id="05-1-0"]').click()
    expect(page.locator("#drawer-title")).to_have_text(evil)
    assert page.evaluate("window.hit") is None
    assert page.locator("#wall img, #wall b:not(strong), #map image[href='x']").count() == 0


def test_theme_and_language_are_switched_by_a_button_and_stay_in_the_address(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page("/wall?kiosk=&theme=light&unknown=1")
    assert page.locator("#theme").is_hidden(), "a kiosk has no buttons"
    page = open_page()
    page.locator("#lang").click()
    expect(page.locator("#chip")).to_have_text("实时")
    expect(page.locator("#figure-open .label")).to_have_text("在办")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.locator("#theme").click()
    assert "lang=zh-CN" in page.url
    assert "theme=dim" in page.url
    page.reload()
    page.wait_for_selector("html[data-ready=true][data-theme=dim]")
    expect(page.locator("#chip")).to_have_text("实时")
    rest = page.locator("#wall").inner_text()
    assert not re.search(r"\b(Alerts|Open|Overdue|Shelved|NO OWNER|Most)\b", rest)


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)])
def test_the_wall_never_scrolls_and_looks_the_same_on_both_screens(
    gateway: FakeGateway, open_page: Open, size: tuple[int, int]
) -> None:
    page = open_page(size=size)
    page.wait_for_function(MAP_DRAWN)
    root = page.evaluate(
        "() => [document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]"
    )
    assert (root[0], root[1]) == size
    share = page.evaluate(
        """() => {
            const of = (selector) => document.querySelector(selector).getBoundingClientRect();
            const tall = (selector) => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize) / innerHeight;
            return {map: of('.map').width / innerWidth, alerts: of('.alerts').width / innerWidth, strip: of('.figures').height / innerHeight,
                    head: of('.head').height / innerHeight, number: tall('.figure .number'), place: tall('.alert .place')};
        }"""
    )
    assert share["map"] == pytest.approx(0.58, abs=0.015)
    assert share["alerts"] == pytest.approx(0.30, abs=0.015)
    assert share["strip"] == pytest.approx(0.12, abs=0.01)
    assert share["head"] == pytest.approx(0.06, abs=0.005)
    assert share["number"] > 0.055
    assert share["place"] > 0.024
    cut = page.eval_on_selector_all(
        ".figure .number, .clock time, .chip",
        "all => all.filter(one => one.scrollWidth > one.clientWidth + 2).length",
    )
    assert cut == 0


def test_a_replay_is_marked_on_every_side_and_gives_no_commands(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page("/wall?replay=may-12&lang=zh")
    assert "回放" in text(page, ".head")
    assert page.locator("#watermark").is_visible()
    expect(page.locator("#chip")).to_have_text("回放")
    assert gateway.heard[0]["replay"] == "may-12"
    page.locator('[data-id="03-2-0"]').click()
    expect(page.locator(".outcome")).to_have_text("回放中不能操作。")
    assert page.locator("#acknowledge").is_disabled()
    page.keyboard.press("a")
    assert gateway.commands() == []


def test_an_alert_is_announced_once_to_a_screen_reader(gateway: FakeGateway, open_page: Open) -> None:
    page = open_page()
    assert text(page, "#announcer") == ""
    gateway.change(
        "",
        {
            "alerts": {
                "set": [town.alert("06-1-0", priority=1, kind="surge", scope=CODES[7], now_ms=wall_ms())],
                "gone": [],
            }
        },
    )
    expect(page.locator("#announcer")).to_contain_text("Critical alert: Harrow Cross, Surge – Water leak")


@pytest.mark.tolerates("404")  # its grids are in no rule set
def test_a_mosaic_of_thousands_of_grids_is_one_picture_that_can_be_touched(
    gateway: FakeGateway, open_page: Open
) -> None:
    page = open_page()
    page.wait_for_function(MAP_DRAWN)
    spent_ms = page.evaluate(
        """() => {
            const code = (n) => '9901' + String(n).padStart(11, '0');
            const areas = Array.from({length: 2500}, (_, n) => ({code: code(n), name: {en: 'G' + n, zh: 'G' + n}, rings: [], label: [0, 0]}));
            wf.map.geometry = {...wf.map.geometry, areas, mosaic: true, bbox: null};
            wf.view.areas = new Map(areas.map((area, n) => [area.code, {code: area.code, open: n % 90, r24h: n, total: n, overdue: 0,
                unacked: n === 7 ? 1 : 0, worst: n === 7 ? 1 : 0, state: n === 8 ? 'stale' : 'normal'}]));
            const begun = performance.now();
            wf.map.restyle();
            return performance.now() - begun;
        }"""
    )
    page.wait_for_function(
        "() => document.querySelector('#map .js-plotly-plot').data[0].type === 'heatmap' && document.querySelector('#map .js-plotly-plot')._fullLayout.xaxis.range[0] === 0"
    )
    assert spent_ms < 100
    figure = page.evaluate(
        "() => document.querySelector('#map .js-plotly-plot').data.map(one => [one.type, one.z ? one.z.flat().filter(z => z !== null).length : one.x.length])"
    )
    assert figure == [["heatmap", 2500], ["scatter", 1]]
    place = page.evaluate(
        """() => {
            const plot = document.querySelector('#map .js-plotly-plot'), layout = plot._fullLayout, frame = plot.getBoundingClientRect();
            const {rows} = wf.mosaicSize(2500);
            return [frame.left + layout._size.l + layout.xaxis.d2p(3.5), frame.top + layout._size.t + layout.yaxis.d2p(rows - 1.5)];
        }"""
    )
    columns = page.evaluate("() => wf.mosaicSize(2500).columns")
    page.mouse.click(*place)
    number = columns + 3
    assert page.evaluate("() => wf.url.scope") == "9901" + str(number).rjust(11, "0")
    expect(page.locator("#map-note")).to_have_text("This area is not in the rule set in force.")


def test_a_quiet_town_says_so(gateway: FakeGateway, open_page: Open) -> None:
    gateway.views[""] = town.view("", [town.row(code, 7) for code in CODES], [], wall_ms())
    page = open_page()
    expect(page.locator("#stack")).to_have_text("No alerts. Quiet.")
    assert page.locator("[data-abnormal='1'], [data-abnormal='2']").count() == 0


def test_opened_without_a_scope_the_wall_shows_the_only_area_where_something_happens(
    gateway: FakeGateway, open_page: Open
) -> None:
    only = CODES[4]
    gateway.views[""] = town.view(
        "", [town.row(code, 9 if code == only else 0) for code in CODES], [], wall_ms()
    )
    gateway.views[only] = town.view(only, [town.row(only + "001", 9)], [], wall_ms())
    page = open_page()
    page.wait_for_function("code => wf.view.ready && wf.view.scope === code", arg=only)
    again = open_page("/wall?scope=")
    again.wait_for_timeout(500)
    assert again.evaluate("() => wf.view.scope") == "", "who asks for the whole area gets it"
