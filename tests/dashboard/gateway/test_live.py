"""The live socket with real sockets and a real Valkey."""

import asyncio
import contextlib
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from config.rules import RuleStore, gather
from dashboard.entry.sign_ins import SignIns, name_of
from dashboard.entry.tickets import Holder, issue
from dashboard.gateway import views
from domain.codes import partition_of
from tests.dashboard.written import CLOCK_MS, ORIGIN, SECRET, Running, Written, running_gateway, written

GRID = "990100002003004"
OTHER = "990100005001001"


@contextlib.asynccontextmanager
async def floor(valkey: str, prefix: str, data: Path) -> AsyncIterator[tuple[Running, Written]]:
    store = written(valkey, prefix)
    await store.count(GRID, 3)
    await store.count(OTHER, 1)
    await store.health()
    async with running_gateway(valkey, prefix, data) as gateway:
        try:
            yield gateway, store
        finally:
            await store.redis.aclose()


def painted(view: dict, messages: list[dict]) -> dict:
    """What a screen shows after these messages."""
    for one in messages:
        if one["type"] == "snapshot":
            view = one["view"]
        elif one["type"] == "changes":
            view = views.apply(view, one["view"])
    return view


async def ending(connection: ClientConnection) -> int | None:
    """Read until the connection ends; return the close code that was received."""
    try:
        while True:
            await connection.recv()
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code


def test_a_screen_gets_a_snapshot_then_follows(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, store):
            screen = await gateway.screen("990100")
            first = await screen.hear("snapshot")
            view = first["view"]
            assert view["scope"] == {"code": "990100", "level": "county"}
            assert [row["code"] for row in view["areas"]] == ["990100002", "990100005"]
            assert view["kpis"]["open"] == 4
            begun = time.monotonic()
            await store.count(GRID, 5)
            changes = await screen.hear("changes")
            assert time.monotonic() - begun < 0.3
            assert (changes["epoch"], changes["after"], changes["seq"]) == (
                first["epoch"],
                first["seq"],
                first["seq"] + 1,
            )
            view = views.apply(view, changes["view"])
            assert view["kpis"]["open"] == 6
            assert [row["code"] for row in changes["view"]["areas"]] == ["990100002"]
            await screen.close()

    asyncio.run(scenario())


def test_a_screen_of_another_scope_hears_nothing_of_it(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, store):
            screen = await gateway.screen("990100005")
            await screen.hear("snapshot")
            await store.count(GRID, 9)
            assert {one["type"] for one in await screen.heard(1.5)} == {"heartbeat"}
            await screen.say(type="scope", scope="990100002")
            assert (await screen.hear("snapshot"))["view"]["kpis"]["open"] == 9
            await screen.close()

    asyncio.run(scenario())


def test_heartbeats_carry_time_freshness_and_feed_ages(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, store):
            now_ms = time.time_ns() // 1_000_000
            feed = {"feed": "la311", "lane": 1, "last_ms": now_ms - 60_000, "silent": False}
            await store.change("reports:1", {"feeds": {"la311": feed}})
            beating = asyncio.create_task(store.beating())
            screen = await gateway.screen("990100")
            await screen.hear("snapshot")
            await screen.hear("heartbeat")
            beat = await screen.hear("heartbeat")
            assert abs(beat["server_ms"] - now_ms) < 5_000
            assert beat["clock_ms"] == CLOCK_MS
            assert beat["mode"] == "wall"
            assert beat["freshness"]["state"] == "live", beat
            assert beat["feeds"][0]["feed"] == "la311"
            assert 59_000 < beat["feeds"][0]["age_ms"] < 65_000
            beating.cancel()
            await screen.close()

    asyncio.run(scenario())


def test_a_break_is_resumed_by_what_was_missed(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, store):
            stays = await gateway.screen("990100")
            screen = await gateway.screen("990100")
            first = await screen.hear("snapshot")
            await screen.close()
            for count in (5, 6, 7):
                await store.count(GRID, count)
                await stays.hear("changes")
            back = await gateway.screen("990100", epoch=first["epoch"], seq=first["seq"])
            missed = json.loads(await back.connection.recv())
            assert missed["type"] == "changes"
            assert missed["after"] == first["seq"]
            assert views.apply(first["view"], missed["view"])["kpis"]["open"] == 8
            await back.close()
            again = await gateway.screen("990100", epoch=missed["epoch"], seq=missed["seq"])
            nothing = json.loads(await again.connection.recv())
            assert (nothing["type"], nothing["seq"], nothing["view"]) == ("changes", missed["seq"], {})
            await again.close()
            await stays.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "resume",
    [
        {"epoch": "of another run", "seq": 1},
        {"epoch": None, "seq": 1},
        {"epoch": "", "seq": 1},
        {"seq": 999},
        {"seq": None},
    ],
)
def test_what_cannot_be_resumed_gets_a_snapshot(
    valkey: str, topic_prefix: str, tmp_path: Path, resume: dict
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            first = await gateway.screen("990100")
            epoch = (await first.hear("snapshot"))["epoch"]
            screen = await gateway.screen("990100", **({"epoch": epoch} | resume))
            assert json.loads(await screen.connection.recv())["type"] == "snapshot"
            await screen.close()
            await first.close()

    asyncio.run(scenario())


def test_a_trimmed_stream_gives_a_new_epoch_and_no_silent_gap(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, store):
            screen = await gateway.screen("990100")
            first = await screen.hear("snapshot")
            # written, and trimmed before the gateway could read it
            pipe = store.redis.pipeline()
            await store.change("journal:1", {}, silent=True)
            await store.count(GRID, 50)
            pipe.xtrim(store.key("changes"), maxlen=0)
            await pipe.execute()
            await store.count(OTHER, 60)
            pipe.xtrim(store.key("changes"), maxlen=0)
            await pipe.execute()
            messages = await screen.heard(2.5)
            snapshots = [one for one in messages if one["type"] == "snapshot"]
            assert [one["epoch"] != first["epoch"] for one in snapshots] == [True]
            assert painted(first["view"], messages)["kpis"]["open"] == 110
            await screen.close()

    asyncio.run(scenario())


def test_a_partition_that_was_written_whole_is_read_again(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, store):
            screen = await gateway.screen("990100")
            view = (await screen.hear("snapshot"))["view"]
            source = f"journal:{partition_of(GRID)}"
            township = {"grids": {GRID: {"noise": [0, 0, 0, 44, 0, 44]}}, "trend": []}
            await store.redis.hset(
                store.key(source.replace("journal", "grids")), GRID[:9], json.dumps(township)
            )
            await store.change(source, {"whole": True})
            view = views.apply(view, (await screen.hear("changes"))["view"])
            assert view["kpis"]["open"] == 45
            await screen.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 403),
        ("http://evil.example:8050", 403),
        ("null", 403),
        ("https://127.0.0.1:8050", 403),
        ("http://127.0.0.1:8051", 403),
    ],
)
def test_a_page_of_another_origin_is_refused(
    valkey: str, topic_prefix: str, tmp_path: Path, origin: str | None, status: int
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            with pytest.raises(InvalidStatus) as refused:
                await connect(gateway.url, origin=origin, proxy=None)
            assert refused.value.response.status_code == status

    asyncio.run(scenario())


def test_bad_used_and_expired_tickets_are_refused(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            used = gateway.ticket()
            screen = await gateway.screen("990100", token=used)
            await screen.hear("snapshot")
            old = issue(SECRET, time.time_ns() // 1_000_000 - 31_000, Holder())
            forged = issue("another secret", time.time_ns() // 1_000_000, Holder())
            for token in (used, old, forged, "", "a.b", used[:-1]):
                refused = await gateway.screen("990100", token=token)
                assert "ticket" in (await refused.hear("error"))["reason"]
                assert await ending(refused.connection) == 4401
            await screen.close()

    asyncio.run(scenario())


def test_a_screen_acts_with_its_account_and_one_that_only_shows_does_not(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            act = {"type": "act", "action": "accept", "case": "07-000000000a", "version": 3, "account": "a-2"}
            shows = await gateway.screen("990100", token=gateway.ticket(Holder()))
            await shows.say(**act, id="11111111-1111")
            answer = await shows.hear("answer")
            assert (answer["ok"], "sign in" in answer["reason"]) == (False, True)
            acts = await gateway.screen("990100", token=gateway.ticket(Holder(account="a-1")))
            await acts.say(**act, id="22222222-2222")
            await asyncio.wait_for(gateway.journal.arrived.wait(), 5)
            assert [(p, one.account, one.version) for p, one in gateway.journal.written] == [(7, "a-1", 3)]
            await acts.say(**{**act, "case": "17-000000000a"}, id="33333333-3333")
            assert not (await acts.hear("answer"))["ok"]
            await shows.close()
            await acts.close()

    asyncio.run(scenario())


def test_a_socket_is_closed_within_5_seconds_after_its_sign_in_ended_and_no_other(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        here = SignIns(valkey, topic_prefix)
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            screens = []
            for account in ("a-1", "a-2", ""):
                name = name_of(await here.begin(account)) if account else ""
                token = gateway.ticket(Holder(account=account, sign_in=name))
                screens.append(await gateway.screen("990100", token=token))
                await screens[-1].hear("snapshot")
            await here.end_all("a-1")
            begun = time.monotonic()
            assert await ending(screens[0].connection) == 4401
            assert time.monotonic() - begun < 5
            for screen in screens[1:]:
                await screen.hear("heartbeat")
                await screen.close()
        await here.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("no json", 1008),
        ('{"type":"ack","seq":1}', 1008),
        ('{"type":"hello","token":"x","scope":"12345"}', 4401),
        ("[" * 10_000, 1008),
        ("x" * 70_000, 1009),
    ],
)
def test_first_words_that_are_no_hello_end_the_connection(
    valkey: str, topic_prefix: str, tmp_path: Path, words: str, code: int
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            connection = await connect(gateway.url, origin=ORIGIN, proxy=None)
            await connection.send(words)
            assert await ending(connection) == code

    asyncio.run(scenario())


def test_who_says_nothing_is_sent_away_after_3_seconds(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            begun = time.monotonic()
            connection = await connect(gateway.url, origin=ORIGIN, proxy=None)
            assert await ending(connection) == 1008
            assert 2.5 < time.monotonic() - begun < 4.5

    asyncio.run(scenario())


def test_a_flood_of_messages_ends_the_connection(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            screen = await gateway.screen("990100")
            with contextlib.suppress(ConnectionClosed):
                for seq in range(200):
                    await screen.say(type="ack", seq=seq)
            assert await ending(screen.connection) == 1008

    asyncio.run(scenario())


def test_health_and_metrics_are_served_on_the_same_port(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    def get(url: str) -> str:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()

    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, _):
            screen = await gateway.screen("990100")
            await screen.hear("heartbeat")
            base = f"http://127.0.0.1:{gateway.port}"
            health = json.loads(await asyncio.to_thread(get, base + "/healthz"))
            assert health["clients"] == 1
            assert health["loaded"] is True
            assert health["kicked"] == 0
            metrics = await asyncio.to_thread(get, base + "/metrics")
            assert "watchfloor_gateway_clients 1.0" in metrics
            await screen.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("stored", [True, False])
def test_the_first_view_has_the_rule_sets_areas_or_does_without(
    valkey: str, topic_prefix: str, tmp_path: Path, stored: bool
) -> None:
    async def scenario() -> None:
        areas = [{"code": f"99010000{n}001001", "source": str(n), "name": f"Town {n}"} for n in (1, 2, 3)]
        folder = tmp_path / "areas"
        folder.mkdir()
        (folder / "town.json").write_text(json.dumps({"set": "town", "county": "990100", "areas": areas}))
        store = written(valkey, topic_prefix)
        store.rules = "0" * 64
        if stored:
            store.rules = RuleStore(str(tmp_path / "rules")).put(gather(None, folder))
        await store.count(GRID, 3)
        await store.count(OTHER, 3)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100")
            rows = (await screen.hear("snapshot"))["view"]["areas"]
            known = {"990100001": 0, "990100003": 0} if stored else {}
            assert {row["code"]: row["open"] for row in rows} == {"990100002": 3, "990100005": 3} | known
            await screen.close()
        await store.redis.aclose()

    asyncio.run(scenario())


def test_a_screen_that_comes_and_goes_misses_nothing_and_paints_nothing_twice(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with floor(valkey, topic_prefix, tmp_path) as (gateway, store):

            async def writing() -> None:
                for number in range(60):
                    await store.count(GRID if number % 2 else OTHER, number)
                    await asyncio.sleep(0.02)

            stays = await gateway.screen("990100")
            writer = asyncio.create_task(writing())
            view: dict = {}
            epoch = seq = None
            snapshots = resumed = 0
            while not writer.done():
                screen = await gateway.screen("990100", epoch=epoch, seq=seq)
                for number in range(3):
                    message = json.loads(await screen.connection.recv())
                    if message["type"] == "snapshot":
                        snapshots += 1
                        view, epoch, seq = message["view"], message["epoch"], message["seq"]
                    elif message["type"] == "changes":
                        resumed += number == 0
                        assert (message["epoch"], message["after"]) == (epoch, seq)
                        view, seq = views.apply(view, message["view"]), message["seq"]
                screen.connection.transport.abort()
            await writer
            await asyncio.sleep(0.3)
            last = await gateway.screen("990100", epoch=epoch, seq=seq)
            fresh = await gateway.screen("990100")
            for message in await last.heard(1.5):
                view = painted(view, [message])
            assert painted({}, await fresh.heard(0.5)) == view
            assert view["kpis"]["open"] == 58 + 59
            assert snapshots == 1
            assert resumed >= 3
            for one in (stays, last, fresh):
                # one that never read would wait for its own unread messages
                one.connection.transport.abort()

    asyncio.run(scenario())
