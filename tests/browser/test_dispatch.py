"""The dispatch desk before a gateway that obeys the test: what moves, what a key does, and what is said when it goes wrong."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config.desk_source import expanded_desks
from dashboard.entry.door import EVERYBODY, Who
from domain.duty.shifts import read_desks
from tests.browser import desk, town
from tests.browser.conftest import Open
from tests.browser.fake_gateway import FakeGateway, Message
from tests.browser.test_accessibility import AXE, faults
from tests.conftest import absent

# /duty is the gateway's neighbour; without it the desk claims nothing about who is on duty
pytestmark = pytest.mark.tolerates("404")

CRITICAL, FILED, CALM = "00-0000", "01-0001", "07-0007"
COUNTY_DESK = read_desks(expanded_desks(town.DESKS.encode())["desks.json"])[town.COUNTY]
Positions = dict[str, list[float]]
PLACES_JS = """() => Object.fromEntries(Array.from(document.querySelectorAll('#queue-grid .ag-center-cols-container .ag-row'),
    row => [row.getAttribute('row-id'), [row.getBoundingClientRect().top, row.getBoundingClientRect().height]]))"""

OpenDesk = Callable[..., Page]


@pytest.fixture
def open_desk(around: town.Surroundings, gateway: FakeGateway, open_page: Open) -> Iterator[OpenDesk]:
    """Opens the desk as a dispatcher who is signed in, over a laden afternoon."""
    keeper = around.keeper
    assert isinstance(keeper, town.OpenDoor)
    keeper.here = Who(state="account", account=desk.ME, sign_in="s")
    keeper.roles = [{"role": "dispatcher", "scope": "", "team": ""}]
    desk.busy(gateway)

    def open_(path: str = "/dispatch?", **more: Any) -> Page:
        page = open_page(path, size=more.pop("size", (1600, 900)), **more)
        page.wait_for_selector("#queue-grid [row-id] .q-mark")
        page.wait_for_function("() => wf.fresh.state === 'live' && wf.rulebook.desks")
        return page

    yield open_
    keeper.here, keeper.roles = EVERYBODY, []


def places(page: Page) -> Positions:
    found: Positions = page.evaluate(PLACES_JS)
    return found


def order(page: Page) -> list[str]:
    found: list[str] = page.evaluate("() => wf.desk.queue.order")
    return found


def storm(gateway: FakeGateway) -> None:
    """Let everything happen that could move a row: urgent new ones, others that become urgent, calm down or leave."""
    now_ms = gateway.now_ms()
    rows = list(gateway.queues[""].values())
    gateway.put("", *[desk.row(200 + n, now_ms, priority=1, unacked=True) for n in range(3)])
    gateway.put("", {**rows[40], "priority": 1, "unacked": True, "version": 4}, {**rows[2], "unacked": False})
    gateway.put("", desk.row(210, now_ms, priority=2, unacked=True), gone=(rows[6]["id"], rows[9]["id"]))


@pytest.mark.parametrize("by", ["pointer", "focus"])
def test_no_row_moves_while_the_pointer_or_the_focus_is_in_the_list(
    gateway: FakeGateway, open_desk: OpenDesk, by: str
) -> None:
    page = open_desk()
    if by == "pointer":
        box = page.locator("#queue-box").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 200, box["y"] + 200)
    else:
        for _ in range(4):
            page.keyboard.press("j")
    before = places(page)
    assert len(before) > 10
    seen: list[Positions] = []
    for _ in range(2):
        storm(gateway)
        page.wait_for_timeout(350)
        seen.append(places(page))
    expect(page.locator("#waiting")).to_have_text("4 new ↑ ■1")
    page.wait_for_timeout(700)
    seen.append(places(page))
    assert seen == [before] * 3
    # what happened shows in place: a row that ended says so, one that became urgent is urgent where it stands
    assert page.evaluate("() => wf.desk.sound.played")[0] == "1", "it sounds by the worst of what came"
    gone = next(iter(set(before) - set(gateway.queues[""]) - {"alert:04-b1-0"}))
    expect(page.locator(f'.ag-center-cols-container [row-id="{gone}"]')).to_have_class(re.compile("is-gone"))
    if by == "pointer":
        page.locator("#waiting").click()
    else:
        focused = page.evaluate("() => wf.desk.current")
        page.keyboard.press(".")
        assert page.evaluate("() => wf.desk.current") == focused
    expect(page.locator("#waiting")).to_be_hidden()
    assert gateway.queues[""][order(page)[0]]["priority"] == 1
    assert gone not in order(page)


def test_a_scope_that_is_moved_takes_its_rows_alerts_and_load_along_and_says_where_it_is(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    page = open_desk()
    now_ms = gateway.now_ms()
    surge, given = "alert:04-b1-0", town.township(9)
    rows = list(gateway.queues[""].values())
    stays = [one for one in rows if not one["grid"].startswith(given)]
    (left, *_) = [one["id"] for one in rows if one not in stays]
    assert {left, surge} <= set(order(page))
    load = int(page.locator("#load strong").inner_text())
    box = page.locator("#queue-box").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    before = places(page)
    beyond = [{"scope": town.township(number), "desk": town.township(4)} for number in (3, 5)]
    gateway.move("", stays, moved={"given": [{"scope": given, "desk": town.township(2)}], "beyond": beyond})
    expect(page.locator('#moved [data-kind="given"]')).to_contain_text(" is with ")
    row = page.locator(f'.ag-center-cols-container [row-id="{surge}"]')
    expect(row).to_have_class(re.compile("is-gone"))
    expect(row).to_contain_text("⇥")
    assert places(page) == before, "nothing moves under the pointer"
    widths = "() => ['#queue-box', '.panel.queue'].map(one => document.querySelector(one).offsetWidth)"
    box_px, pane_px = page.evaluate(widths)
    assert box_px <= pane_px, "however much is said above the list, it keeps its width"
    expect(page.locator("#moved-all li")).to_have_count(3)
    assert int(page.locator("#load strong").inner_text()) == load - 1
    page.locator("#waiting").click()
    assert not {left, surge} & set(order(page))

    # and the other way round: what comes from elsewhere brings its alert along, which no view of this desk has
    grid = "990200001001001"
    came = desk.row(
        300,
        now_ms,
        grid=grid,
        desk=grid[:9],
        priority=1,
        unacked=True,
        alerts=["05-c1-0"],
        left_ms=-desk.H_MS * 9,
        due_ms=now_ms - desk.H_MS * 9,
    )
    told = town.alert("05-c1-0", now_ms=now_ms, priority=1, case=came["id"], scope=grid, clock="resolve")
    gateway.about[came["id"]] = desk.about(came, now_ms)
    taken = {"taken": [{"scope": grid[:12], "desk": grid[:9]}]}
    gateway.move("", [*rows, came], moved=taken, alerts=[told])
    page.mouse.move(5, 5)
    page.wait_for_function("name => wf.desk.queue.order[0] === name", arg=came["id"])
    assert {left, surge} <= set(order(page)), "what was given is back"
    page.keyboard.press("j")
    page.wait_for_function("name => wf.desk.current === name", arg=came["id"])
    expect(page.locator("#detail")).to_contain_text("Taken over from")
    page.keyboard.press("a")
    page.wait_for_function("() => wf.desk.toast")
    assert [(one["action"], one["alert"]) for one in gateway.commands()] == [("acknowledge", "05-c1-0")]


@pytest.mark.tolerates("403")  # nor is there a duty view for a county
def test_a_supervisor_moves_a_scope_by_names_without_a_pointer_or_a_code(
    around: town.Surroundings, gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    assert isinstance(around.keeper, town.OpenDoor)
    around.keeper.roles = [{"role": "supervisor", "scope": town.COUNTY, "team": ""}]
    gateway.queues[town.COUNTY], gateway.views[town.COUNTY] = gateway.queues[""], gateway.views[""]
    page = open_desk(path=f"/dispatch?scope={town.COUNTY}")
    page.locator("#move-scope").press("Enter")
    fields = page.locator("#dialog input")
    expect(fields.nth(0)).to_have_value(f"Bay county centre · {town.COUNTY}")
    lists = page.locator("#dialog datalist")
    expect(lists.nth(1).locator("option")).to_have_count(len(town.PLACES) + 1)
    assert lists.nth(2).locator("option").count() == len(town.PLACES) + 1
    page.keyboard.press("Tab")
    page.keyboard.type("Birch Hollow")
    page.keyboard.press("Tab")
    page.keyboard.type(town.township(3))
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('dialog').open")
    (moved,) = gateway.of_type("desk", 1)
    assert (moved["desk"], moved["scope"], moved["to"]) == (town.COUNTY, town.township(2), town.township(3))


def test_panes_and_views_go_with_the_account_to_another_browser_and_shared_ones_to_the_desk(
    around: town.Surroundings, open_desk: OpenDesk, browser: Browser, wall: str
) -> None:
    page = open_desk(path="/dispatch?view=critical&q=amber")

    def save(name: str, *, shared: bool, path: str) -> None:
        page.locator("#view-filter button").click()
        page.locator("#dialog input[type=text]").fill(name)
        page.locator("#dialog input[type=radio]").nth(int(shared)).check()
        with page.expect_response(lambda answer: answer.url.endswith(path)):
            page.locator("#dialog-do").click()

    save("Own lamps", shared=False, path="/arrangement")
    save("All our lamps", shared=True, path="/arrangement/shared")
    # left at once; meanwhile another browser has other keys, which are not undone by what is changed here
    keys = {"on": True, "map": {"ack": "q"}}
    there = wall + "/arrangement"
    assert page.request.post(there, data={"keys": keys}, headers={"origin": wall}).ok
    with page.expect_response(lambda answer: "panes" in (answer.request.post_data or "")) as told:
        page.locator("#split-1").press("ArrowLeft")
        page.evaluate("() => window.dispatchEvent(new Event('pagehide'))")
    assert told.value.request.post_data_json == {"panes": [44, 34]}
    assert page.request.get(f"{there}?desk=").json()["own"]["keys"] == keys
    width = page.locator("#split-1").get_attribute("aria-valuenow")
    assert width == "44"
    assert isinstance(around.keeper, town.OpenDoor)
    for account, views, at in ((desk.ME, 2, width), (desk.OTHER, 1, "46")):
        around.keeper.here = Who(state="account", account=account, sign_in="s")
        elsewhere = browser.new_context()
        other = elsewhere.new_page()
        other.goto(f"{wall}/dispatch?")
        expect(other.locator("#presets .own-view")).to_have_count(views)
        expect(other.locator("#split-1")).to_have_attribute("aria-valuenow", at)
        other.locator(".own-view", has_text="All our lamps").get_by_role("button").first.click()
        assert "view=critical&q=amber" in other.url
        elsewhere.close()
    around.keeper.here = Who(state="account", account=desk.ME, sign_in="s")
    assert page.request.post(there, data={"keys": {"on": True, "map": {}}}, headers={"origin": wall}).ok
    page.locator("#split-1").dblclick()
    for _ in range(2):
        with page.expect_response(lambda answer: "/arrangement" in answer.url):
            page.locator("#presets .own-view .bare").first.click()
    expect(page.locator("#presets .own-view")).to_have_count(0)


def test_the_slower_of_two_desks_reads_what_the_faster_did(gateway: FakeGateway, open_desk: OpenDesk) -> None:
    winner = {
        "action": "park",
        "account": desk.OTHER,
        "name": "Desk two",
        "t_ms": gateway.now_ms(),
        "step": "dispatch",
    }
    gateway.answer = lambda asked: {
        "ok": False,
        "code": "stale",
        "reason": "stale",
        "version": 4,
        "step": "dispatch",
        "winner": winner,
    }
    page = open_desk()
    page.keyboard.press("j")
    page.keyboard.press("g")
    page.wait_for_selector("#dialog[open]")
    page.keyboard.press("Enter")
    said = page.locator(".toast[data-state=failed]")
    expect(said).to_contain_text("Desk two was faster: Park at ")
    expect(said).to_contain_text("It is now in the step Dispatch.")
    page.wait_for_timeout(300)
    expect(said).to_be_visible()
    said.get_by_role("button", name="Look at it").click()
    assert page.evaluate("() => wf.desk.current") == CRITICAL


def test_without_live_data_nothing_can_be_done_but_notes_which_wait_in_sight(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    page = open_desk()
    page.keyboard.press("j")
    page.wait_for_selector("#do-assign")
    live = gateway.beat
    gateway.beat = {**live, "freshness": {"state": "none", "age_ms": 9_000, "cause": "worker"}}
    expect(page.locator("#banner")).to_contain_text("NO LIVE DATA")
    expect(page.locator("#do-assign")).to_be_disabled()
    page.keyboard.press("a")
    page.keyboard.press("n")
    page.keyboard.type("crew is on its way")
    page.keyboard.press("Enter")
    expect(page.locator("#notes-waiting")).to_have_text("1 notes wait to be sent")
    assert gateway.commands() == gateway.acts() == []
    page.reload()
    expect(page.locator("#notes-waiting")).to_have_text("1 notes wait to be sent")
    gateway.beat = live
    expect(page.locator("#notes-waiting")).to_be_hidden()
    (note,) = gateway.acts(1)
    assert (note["action"], note["case"], note["given"]) == ("note", CRITICAL, {"text": "crew is on its way"})


def test_opening_a_case_claims_it_going_back_releases_it_and_a_held_one_is_taken_over_with_a_reason(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    page = open_desk()
    page.keyboard.press("j")
    page.wait_for_selector("#do-claim")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'detail'")
    page.wait_for_timeout(200)
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    assert [(one["action"], one["case"]) for one in gateway.acts(2)] == [
        ("claim", CRITICAL),
        ("release", CRITICAL),
    ]
    assert [one["cases"] for one in gateway.heard if one["type"] == "beat"] == [[CRITICAL]]
    held = list(gateway.queues[""].values())[4]["id"]
    page.evaluate("id => wf.desk.queue.focus(id)", held)
    expect(page.locator(".claim")).to_have_text("Front desk is working on it")
    page.wait_for_selector("#do-claim")
    page.keyboard.press("i")
    page.keyboard.press("Enter")
    expect(page.locator(".dialog-say")).to_have_text("Still needed: Reason.")
    page.keyboard.type("shift ended")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('dialog').open")
    taken = gateway.acts(3)[-1]
    assert (taken["action"], taken["given"]) == ("take_over", {"reason": "shift ended"})


def test_a_view_is_in_the_address_and_the_command_bar_finds_names_by_pinyin(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    for name, one in gateway.queues[""].items():
        gateway.about[name] = desk.about(one, gateway.now_ms(), chinese=True)
    page = open_desk("/dispatch?view=critical&lang=zh")
    assert order(page) == [CRITICAL]
    page.locator('[data-view="parked"]').click()
    assert "view=parked" in page.url
    page.wait_for_function("() => wf.desk.queue.order.length === 1")
    page.locator('[data-view="all"]').click()
    page.evaluate("id => wf.desk.queue.focus(id)", CRITICAL)
    page.wait_for_selector("#do-assign")
    page.keyboard.press("/")
    page.keyboard.type("g 0000 wgyj")
    expect(page.locator("#command-offers li").first).to_contain_text("→ 网格员甲")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.toast')")
    assert gateway.acts(1)[-1]["given"]["assignee"] == "w-17"
    page.keyboard.press("/")
    page.keyboard.type("s 0001 30m")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog h2")).to_have_text("搁置")


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768)])
def test_the_desk_fits_its_screen_and_nothing_of_it_is_cut(
    open_desk: OpenDesk, size: tuple[int, int]
) -> None:
    page = open_desk(size=size)
    page.keyboard.press("j")
    page.wait_for_selector("#do-assign")
    assert page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    ) == list(size)
    cut: list[Message] = page.evaluate(
        """() => Array.from(document.querySelectorAll('.act, .preset, .chip, .button, #detail h2, .detail-title p'))
            .filter(node => node.offsetParent && (node.scrollWidth > node.clientWidth + 1 || node.getBoundingClientRect().right > innerWidth + 1))
            .map(node => node.textContent)"""
    )
    assert cut == []


def test_what_is_unacknowledged_comes_first_then_priority_then_the_working_time_left_and_at_once(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    page = open_desk()
    first = page.evaluate(
        "() => wf.desk.queue.order.map(id => wf.desk.item(id)).map(one => [one.unacked ? 0 : 1, one.shelved ? 1 : 0, one.priority])"
    )
    assert first == sorted(first)
    left = page.evaluate(
        "() => wf.desk.queue.order.map(id => wf.desk.item(id)).filter(one => one.priority === 4 && !one.unacked && one.left_ms !== null).map(one => one.left_ms)"
    )
    assert left == sorted(left)
    assert len(left) > 10
    page.mouse.move(5, 5)
    gateway.put("", desk.row(300, gateway.now_ms(), priority=1, unacked=True, left_ms=-desk.H_MS * 9))
    page.wait_for_function("id => wf.desk.queue.order[0] === id", arg="12-012c")
    expect(page.locator("#waiting")).to_be_hidden()


def test_from_a_new_case_to_assigned_with_three_keys(gateway: FakeGateway, open_desk: OpenDesk) -> None:
    def sent() -> list[Message]:
        return [one for one in gateway.acts() if one["action"] != "claim"]

    gateway.answer = lambda asked: {"ok": True, "reason": "", "version": asked["version"] + 1, "step": "x"}
    page = open_desk()
    for acts in (["assign"], ["assign", "accept", "assign"]):  # of a dispatched case, then of one just filed
        page.keyboard.press("j")
        page.keyboard.press("g")
        page.wait_for_selector("#dialog[open]")
        page.keyboard.press("Enter")
        expect(page.locator(".toast", has_text="Assign")).to_have_count(acts.count("assign"))
        assert [one["action"] for one in sent()] == acts
    assert [(one["case"], one["version"]) for one in sent()] == [(CRITICAL, 3), (FILED, 3), (FILED, 4)]
    assert sent()[-1]["given"] == {"assignee": "w-17", "proposed": ["w-17", "w-21", "t-water"]}
    assert page.evaluate("() => document.getElementById('queue-box').contains(document.activeElement)")
    # another than the proposed one needs a reason
    page.wait_for_function("() => !wf.desk.pending(wf.desk.current)")
    page.keyboard.press("g")
    expect(page.locator("#dialog")).to_contain_text("2 open cases")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".dialog-say")).to_have_text("Say why it does not go to the first proposed.")
    page.keyboard.type("knows the pump")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('dialog').open")
    expect(page.locator(".toast", has_text="Assign")).to_have_count(3)
    assert (sent()[-1]["given"]["assignee"], sent()[-1]["given"]["reason"]) == ("w-21", "knows the pump")


def test_what_is_pressed_shows_at_once_is_tried_again_under_its_id_and_taken_back(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    unsure = "not confirmed yet: it may still be done; look at it before you try again"
    gateway.answer = lambda asked: {"ok": False, "reason": unsure}
    page = open_desk()
    page.keyboard.press("j")
    page.wait_for_selector("#do-ack")
    page.evaluate(
        """() => {
            const row = document.querySelector('.ag-center-cols-container .ag-row.is-current');
            document.addEventListener('keydown', () => (window.pressed = performance.now()), {capture: true, once: true});
            new MutationObserver(() => row.querySelector('.q-pending') && (window.shown = window.shown || performance.now())).observe(row, {childList: true, subtree: true, attributes: true, characterData: true});
        }"""
    )
    page.keyboard.press("a")
    failed = page.locator(".toast[data-state=failed]")
    expect(failed).to_contain_text("not confirmed yet")
    assert page.evaluate("() => window.shown - window.pressed") < 100
    gateway.answer = lambda asked: {"ok": True, "reason": ""}
    failed.get_by_role("button", name="Try again").click()
    expect(page.locator(".toast[data-state=done]")).to_contain_text("Acknowledge · Amber Quay A")
    first, second = gateway.commands(2)
    assert first == second
    page.keyboard.press("z")
    expect(page.locator(".toast").last).to_contain_text("Taken back: Acknowledge")
    undo = gateway.commands(3)[-1]
    assert (undo["action"], undo["undoes"], undo["alert"]) == ("undo", first["id"], "03-a1-0")
    page.keyboard.press("z")
    expect(page.locator(".toast").last).to_contain_text("Nothing that can still be taken back.")


def test_o_takes_out_of_service_until_it_is_returned_or_for_the_days_that_were_typed(
    around: town.Surroundings, gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    assert isinstance(around.keeper, town.OpenDoor)
    around.keeper.roles = [{"role": "supervisor", "scope": "", "team": ""}]
    page = open_desk()
    page.keyboard.press("j")
    page.wait_for_selector("#do-service")
    page.keyboard.press("o")
    page.wait_for_selector("#dialog[open]")
    page.keyboard.press("Enter")
    expect(page.locator(".dialog-say")).to_have_text("Still needed: Reason.")
    page.keyboard.type("pump is changed")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('dialog').open")
    (command,) = gateway.commands(1)
    assert (command["action"], command["reason"]) == ("out_of_service", "pump is changed")
    assert "for_s" not in command
    page.keyboard.press("/")
    page.keyboard.type("o 0002 7d crew")
    page.keyboard.press("Enter")
    page.wait_for_selector("#dialog[open]")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('dialog').open")
    command = gateway.commands(2)[-1]
    assert (command["alert"], command["for_s"], command["reason"]) == ("03-a3-0", 7 * 86_400, "crew")


def test_shelving_has_its_longest_and_its_reason_and_shift_a_leaves_what_is_critical(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    page = open_desk()
    page.keyboard.press("j")
    page.wait_for_selector("#do-shelve")
    page.keyboard.press("s")
    spans = page.locator("#dialog input[type=radio]")
    assert [spans.nth(n).is_disabled() for n in range(3)] == [False, True, True]
    # until the end of the shift, where that is not more than a critical one may be put aside for
    left_s = page.evaluate("() => wf.desk.plans.shift_left_s(wf.desk.plans.mine(''), wf.fresh.now_ms())")
    assert left_s is None, "no desk is listed for nowhere"
    now_ms = round(page.evaluate("() => wf.fresh.now_ms()"))
    left_ms = COUNTY_DESK.after(now_ms).end_ms - now_ms
    if abs(left_ms - 900_000) > 60_000:
        assert spans.nth(3).is_disabled() == (left_ms > 900_000)
    page.locator("#dialog select").select_option("other")
    page.locator("#dialog-do").click()
    expect(page.locator(".dialog-say")).to_have_text("Still needed: Reason.")
    page.keyboard.type("crew on site")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('dialog').open")
    (command,) = gateway.commands(1)
    assert (command["action"], command["for_s"], command["reason"]) == ("shelve", 900, "Other: crew on site")
    page.keyboard.press("x")
    for _ in range(3):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("Shift+A")
    expect(page.locator(".toast", has_text="selected, visible")).to_contain_text("3 acknowledged")
    alerts = sorted(one["alert"] for one in gateway.commands(4) if one["action"] == "acknowledge")
    assert alerts == ["03-a2-0", "03-a3-0", "04-b1-0"]
    page.keyboard.press("/")
    page.keyboard.type("s 0002 30m crew")
    page.keyboard.press("Enter")
    page.wait_for_selector("#dialog[open]")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('dialog').open")
    command = gateway.commands(5)[-1]
    assert (command["action"], command["alert"], command["for_s"]) == ("shelve", "03-a3-0", 1800)
    assert command["reason"].endswith(": crew")


def test_a_shift_ends_in_the_browser_when_it_ends_by_the_rule_set_also_in_nights_when_the_clocks_change(
    open_desk: OpenDesk,
) -> None:
    page = open_desk()
    day = 86_400_000
    spring, autumn, summer = (
        1_774_720_800_000,
        1_792_861_200_000,
        1_782_900_000_000,
    )  # 28 March, 24 October, 1 July 2026
    times = [
        start + part * 1_234_567 for start in (spring, autumn, summer) for part in range(day // 1_234_567)
    ]
    said = page.evaluate(
        "times => times.map(at => at + wf.desk.plans.shift_left_s('990100', at) * 1000)", times
    )
    told = [COUNTY_DESK.after(at).end_ms for at in times]
    assert all(abs(one - two) < 1000 for one, two in zip(said, told, strict=True))


def test_the_guidance_has_the_desk_of_the_level_above_with_its_number_or_says_that_there_is_none(
    open_desk: OpenDesk,
) -> None:
    page = open_desk(path=f"/dispatch?case={CRITICAL}")
    page.keyboard.press("j")
    above = page.locator(".why-list div", has_text="Escalate to").first
    expect(above).to_contain_text("Bay county centre · 000-5550199")
    assert page.evaluate("() => wf.desk.plans.above('990100001001')").endswith("· no number is filed")


def test_the_timeline_tells_what_a_command_changed_and_from_what(open_desk: OpenDesk) -> None:
    page = open_desk()
    page.evaluate("name => wf.desk.queue.focus(name)", CALM)
    entry = page.locator(".timeline li[data-kind=act]", has_text="Hand up").locator(".t-stand")
    expect(entry).to_contain_text(" → ")
    expect(page.locator(".timeline li[data-kind=opened] .t-stand")).not_to_contain_text("→")
    (filed, dispatched) = (
        page.evaluate("step => wf.desk.flowWord('hotline', 'step', step)", one)
        for one in ("file", "dispatch")
    )
    expect(entry).to_have_text(re.compile(f"{filed} → {dispatched}"))
    accepted = page.locator(".timeline li[data-kind=act]", has_text="Accept").locator(".t-stand")
    expect(accepted).to_contain_text("Village → Township")


def test_a_surge_says_its_score_and_what_it_rests_on(open_desk: OpenDesk) -> None:
    page = open_desk()
    page.evaluate("() => wf.desk.queue.focus('alert:04-b1-0')")
    why = page.locator(".why-list")
    for text in (
        "41 in 5 min; expected 9.4, normal from 3.1 to 17.8",
        "8.2: a normal interval has so many reports once in 200,000,000",
        "4.4 times what this hour and weekday have here (9.4 in 5 min)",
        "more than 17.8 in 5 min, at least 4; a normal interval gets there less than once in 1,000,000",
        "surge: its hours and weekdays, a half-life of 14 days, learned for 24 h before its first verdict",
        "journal / 4 / ",
    ):
        expect(why).to_contain_text(text)


def test_keys_can_be_others_or_none_and_what_is_private_is_asked_for_with_a_purpose(
    open_desk: OpenDesk,
) -> None:
    page = open_desk()
    asked: list[Any] = []
    page.route(
        "**/private",
        lambda route: (
            asked.append(route.request.post_data_json),
            route.fulfill(json={"reports": [{"reporter": "A. N.", "phone": "***"}], "texts": {}}),
        ),
    )
    page.keyboard.press("j")
    page.wait_for_selector("#private-open")
    expect(page.locator(".timeline")).to_contain_text("(sealed text)")
    assert asked == []
    page.locator("#private-open").click()
    page.locator("#dialog select").select_option("call_back")
    page.locator("#dialog-do").click()
    expect(page.locator(".private")).to_contain_text("A. N.")
    assert asked == [{"case": CRITICAL, "purpose": "call_back"}]
    page.evaluate("id => wf.desk.queue.focus(id)", FILED)
    expect(page.locator("#private-open")).to_be_visible()
    assert "A. N." not in page.content()

    page.keyboard.press("?")
    page.locator("#key-accept").press("w")
    page.locator("#dialog-do").click()
    expect(page.locator("#do-accept kbd")).to_have_text("w")
    page.keyboard.press("?")
    page.locator("#keys-on").uncheck()
    page.locator("#dialog-do").click()
    expect(page.locator("#do-accept kbd")).to_have_count(0)
    page.keyboard.press("n")
    page.wait_for_timeout(150)
    assert not page.locator("#dialog").is_visible()
    # as they were, for other tests
    with page.expect_response(lambda answer: '"map":{}' in (answer.request.post_data or "")):
        page.evaluate("() => wf.desk.kept.put('keys', {on: true, map: {}})")
    page.evaluate("() => localStorage.clear()")


def test_a_laden_desk_and_its_dialogs_have_no_grave_fault_of_accessibility(
    gateway: FakeGateway, open_desk: OpenDesk
) -> None:
    if not AXE.is_file():
        absent("axe-core is not there: `make install-dev` installs it with npm, from tests/browser/axe.")
    axe = AXE.read_text(encoding="utf-8")
    page = open_desk(calm=True)
    page.keyboard.press("j")
    page.wait_for_selector(".timeline")
    gateway.answer = lambda asked: {"ok": False, "reason": "no"}
    page.keyboard.press("a")
    page.wait_for_selector(".toast")
    found = faults(page, axe)
    for key in ("g", "?", "s"):
        page.keyboard.press(key)
        page.wait_for_selector("#dialog[open]")
        found += faults(page, axe)
        page.keyboard.press("Escape")
    storm(gateway)
    page.evaluate("wf.go({theme: 'dim', lang: 'zh-CN'})")
    page.wait_for_selector("html[data-theme=dim] #waiting:not([hidden])")
    assert [*found, *faults(page, axe)] == []
