"""A desk's queue over real sockets, from read models as casework writes them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.entry.tickets import Holder
from dashboard.gateway import claims, queue_channel
from domain.codes import partition_of, partition_of_name
from tests.dashboard.rows import alert, row
from tests.dashboard.written import Running, Screen, Written, running_gateway, written
from tests.domain.desks.test_handovers import Post

GRID = "990100002003004"
OTHER = "990100005001001"
SOURCE = f"journal:{partition_of(GRID)}"
CASE = f"{partition_of(GRID):02d}-000000000a"
CLERK = [["clerk", "990100002", ""]]


async def put(store: Written, *rows: dict[str, Any], gone: tuple[str, ...] = (), **more: Any) -> None:
    await store.change(SOURCE, {"queue": {one["id"]: one for one in rows} | dict.fromkeys(gone), **more})


@contextlib.asynccontextmanager
async def town(valkey: str, prefix: str, data: Path) -> AsyncIterator[tuple[Running, Written]]:
    """A gateway over one case in each of two townships, and an account with rights over the first."""
    store = written(valkey, prefix)
    await store.change("journal:0", {"grants": {"a-1": CLERK, "a-2": [["dispatcher", "990100", ""]]}})
    await put(store, row(CASE, GRID), row(CASE[:-1] + "b", OTHER))
    await store.health()
    async with running_gateway(valkey, prefix, data) as gateway:
        try:
            yield gateway, store
        finally:
            await store.redis.aclose()


async def desk(gateway: Running, account: str = "a-1", code: str = "") -> Screen:
    screen = await gateway.screen("", token=gateway.ticket(Holder(account=account)))
    await screen.say(type="queue", desk=code)
    return screen


def test_a_desk_gets_its_queue_whole_then_follows(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, store):
            screen = await desk(gateway)
            first = await screen.hear("queue")
            assert first["whole"]
            assert [one["id"] for one in first["rows"]] == [CASE], "the other township is not theirs"
            assert (first["rows"][0]["priority"], first["total"]) == (4, 1)
            await put(store, row(CASE, GRID, version=3))
            second = await screen.hear("queue", within_s=0.5)
            assert (second["after"], [one["version"] for one in second["set"]]) == (first["seq"], [3])
            name = f"{CASE[:2]}-00000000aa-0"
            await store.change(SOURCE, {"alerts": {name: alert(name, CASE, grid=GRID, scope=GRID)}})
            third = await screen.hear("queue")
            assert (third["set"][0]["unacked"], third["set"][0]["alerts"]) == (True, [name])
            await put(store, gone=(CASE,))
            fourth = await screen.hear("queue")
            assert (fourth["after"], fourth["set"], fourth["gone"]) == (third["seq"], [], [CASE])
            await put(store, row(CASE[:-1] + "b", OTHER, version=9))
            assert not [one for one in await screen.heard(0.4) if one["type"] == "queue"]
            await screen.close()

    asyncio.run(scenario())


def test_desks_of_one_scope_and_rights_share_one_queue(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, store):
            screens = [await desk(gateway, account) for account in ("a-1", "a-1", "a-2")]
            assert [(await one.hear("queue"))["total"] for one in screens] == [1, 1, 2]
            followed = gateway.gateway.floor_of("").queues._followed
            assert sorted(len(one.sessions) for one in followed.values()) == [1, 2]
            await put(store, row(CASE, GRID, version=3))
            for one in screens:
                assert (await one.hear("queue"))["set"][0]["version"] == 3
                await one.close()

    asyncio.run(scenario())


def test_who_has_no_role_there_and_a_screen_that_only_shows_get_no_queue(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, _):
            for account in ("", "nobody", "local"):
                screen = await desk(gateway, account)
                said = await screen.hear("queue")
                assert (said["rows"], bool(said["refused"])) == ([], True)
                await screen.say(type="case", id=CASE)
                await screen.close()
            screen = await desk(gateway, "a-1", OTHER[:9])
            assert (await screen.hear("queue"))["refused"]
            await screen.close()

    asyncio.run(scenario())


def test_a_right_that_begins_or_ends_shows_at_once(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, store):
            screen = await desk(gateway)
            assert (await screen.hear("queue"))["total"] == 1
            await store.change("journal:0", {"grants": {"a-1": [["clerk", "990100", ""]]}})
            assert len((await screen.hear("queue"))["rows"]) == 2
            await store.change("journal:0", {"grants": {"a-1": []}})
            assert (await screen.hear("queue"))["refused"]
            await screen.close()

    asyncio.run(scenario())


def test_a_moved_scope_goes_from_one_desks_open_queue_to_the_others_and_back(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    there, village = OTHER[:9], GRID[:12]
    home = f"journal:{partition_of_name(GRID[:9])}"
    rest = CASE[:-1] + "c"

    post = Post(GRID[:9])

    def moved(to: str) -> dict[str, Any]:
        """What the fold itself says of the desk, after a supervisor's command."""
        assert post.do("move_scope", "chief", scope=village, to=to)["ok"]
        shown = post.work.whole().hashes["desks"][GRID[:9]]
        assert shown is not None
        return {"desks": {GRID[:9]: json.loads(shown)}}

    def ids(said: dict[str, Any]) -> list[str]:
        return sorted(one["id"] for one in said["rows"])

    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, store):
            grants = {"a-3": [["dispatcher", there, ""]]}
            await store.change("journal:0", {"grants": grants})
            await put(store, row(rest, GRID[:9] + "009001"))
            first = await desk(gateway, "a-2", GRID[:9])
            second = await desk(gateway, "a-2", there)
            blind = await desk(gateway, "a-3", there)
            begun = [ids(await one.hear("queue")) for one in (first, second, blind)]
            assert begun == [[CASE, rest], [CASE[:-1] + "b"], [CASE[:-1] + "b"]]
            await store.change(home, moved(there))
            left, came, told = [await one.hear("queue", within_s=2) for one in (first, second, blind)]
            assert (ids(left), left["moved"]) == ([rest], {"given": [{"scope": village, "desk": there}]})
            assert ids(came) == [CASE, CASE[:-1] + "b"]
            assert came["moved"] == {"taken": [{"scope": village, "desk": GRID[:9]}]}
            assert ids(told) == [CASE[:-1] + "b"], "a-3 could not act on it"
            assert told["moved"] == {"beyond": [{"scope": village, "desk": GRID[:9]}]}
            name = f"{CASE[:2]}-00000000aa-0"
            await store.change(SOURCE, {"alerts": {name: alert(name, CASE, grid=GRID, scope=GRID)}})
            alerts: list[dict[str, Any]] = []
            while not alerts:
                alerts = (await second.hear("queue", within_s=3)).get("alerts", [])
            assert [one["id"] for one in alerts] == [name], "no view of that desk has it"
            await put(store, row(CASE, GRID, version=5))
            assert [one["version"] for one in (await second.hear("queue"))["set"]] == [5]
            await store.change(home, moved(GRID[:9]))
            back, gone = [await one.hear("queue", within_s=2) for one in (first, second)]
            assert (ids(back), ids(gone)) == ([CASE, rest], [CASE[:-1] + "b"])
            assert "moved" not in back
            for one in (first, second, blind):
                await one.close()

    asyncio.run(scenario())


def test_a_screen_that_opens_later_finds_the_scopes_as_they_are_moved(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        given = {GRID[:12]: {"to": OTHER[:9], "by": "a-9", "since_ms": 1}}
        kept = json.dumps({"code": GRID[:9], "moved": given})
        await store.redis.hset(store.key("desks"), GRID[:9], kept)
        await store.change(f"journal:{partition_of_name(GRID[:9])}", {})
        await store.redis.aclose()
        async with town(valkey, topic_prefix, tmp_path) as (gateway, _):
            screen = await desk(gateway, "a-2", OTHER[:9])
            assert len((await screen.hear("queue"))["rows"]) == 2
            await screen.close()

    asyncio.run(scenario())


def test_a_long_queue_comes_in_pieces_and_a_partition_written_whole_is_told_as_what_changed(
    valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (queue_channel, __import__("dashboard.gateway.sessions", fromlist=["sessions"])):
        monkeypatch.setattr(module, "PIECE_ROWS", 10)

    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, store):
            many = [row(f"{CASE[:2]}-{number:010x}", GRID) for number in range(100, 134)]
            await put(store, *many)
            screen = await desk(gateway)
            rows: dict[str, Any] = {}
            while len(rows) < 35:
                said = await screen.hear("queue")
                assert len(said.get("rows") or said["set"]) <= 10
                rows |= {one["id"]: one for one in said.get("rows") or said["set"]}
            key = store.key(f"queue:{SOURCE[8:]}")
            await store.redis.hdel(key, many[0]["id"])
            await store.redis.hset(key, CASE, json.dumps(row(CASE, GRID, version=7)))
            await store.change(SOURCE, {"whole": True})
            said = await screen.hear("queue")
            assert ([one["version"] for one in said["set"]], said["gone"]) == ([7], [many[0]["id"]])
            await screen.close()

    asyncio.run(scenario())


def test_a_claim_without_a_beat_is_ended_by_one_command_and_one_with_beats_is_not(
    valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "SILENT_S", 2.0)
    monkeypatch.setattr(claims, "LOOK_EVERY_S", 0.2)
    held = {"account": "a-1", "since_ms": 1, "screen": "dispatch"}
    lasting = CASE[:-1] + "c"

    async def scenario() -> None:
        async with (
            town(valkey, topic_prefix, tmp_path) as (gateway, store),
            running_gateway(valkey, topic_prefix, tmp_path) as second,
        ):
            await put(store, row(CASE, GRID, claim=held), row(lasting, GRID, claim=held))
            screen = await desk(gateway)
            await screen.hear("queue")
            for _ in range(7):
                await screen.say(type="beat", cases=[lasting, "no-such"])
                await asyncio.sleep(0.5)
            lapsed = [one for each in (gateway, second) for one in each.journal.written]
            assert [(f"journal:{p}", one.action, one.case, one.account) for p, one in lapsed] == [
                (SOURCE, "claim_lapsed", CASE, "gateway")
            ]
            assert lapsed[0][1].given == {"account": "a-1"}
            await screen.close()

    asyncio.run(scenario())


def test_the_beats_of_somebody_else_keep_no_claim(
    valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "SILENT_S", 1.0)
    monkeypatch.setattr(claims, "LOOK_EVERY_S", 0.2)

    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, store):
            await put(store, row(CASE, GRID, claim={"account": "a-1", "since_ms": 1, "screen": "dispatch"}))
            screen = await desk(gateway, "a-2")
            await screen.hear("queue")
            for _ in range(6):
                await screen.say(type="beat", cases=[CASE])
                await asyncio.sleep(0.3)
            assert [one.action for _, one in gateway.journal.written] == ["claim_lapsed"]
            await screen.close()

    asyncio.run(scenario())


def test_whoever_was_too_slow_is_told_what_the_faster_one_did_and_a_case_says_what_may_be_done(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    entry = {"kind": "act", "action": "accept", "account": "a-2", "t_ms": 7, "step": "dispatch", "version": 3}
    shown = row(CASE, GRID, version=3) | {"story": [entry], "claim": None}

    async def scenario() -> None:
        async with town(valkey, topic_prefix, tmp_path) as (gateway, store):
            await store.redis.hset(store.key(f"cases:{SOURCE[8:]}"), CASE, json.dumps(shown))
            screen = await desk(gateway)
            await screen.hear("queue")
            await screen.say(type="act", id="11111111-1", action="accept", case=CASE, version=2)
            await asyncio.wait_for(gateway.journal.arrived.wait(), 5)
            said = {"id": "11111111-1", "ok": False, "reason": "stale", "sentence": "It moved.", "version": 3}
            await store.change(
                SOURCE, {"answers": {"11111111-1": {**said, "case": CASE, "step": "dispatch"}}}
            )
            answer = await screen.hear("answer")
            assert (answer["code"], answer["version"]) == ("stale", 3)
            assert answer["winner"] == {
                "action": "accept", "account": "a-2", "name": "", "t_ms": 7, "step": "dispatch",
            }  # fmt: skip
            await screen.say(type="case", id=CASE)
            assert (await screen.hear("case"))["case"]["story"] == [entry]
            other = await desk(gateway, "")
            await other.say(type="case", id=CASE)
            told = await other.hear("case")
            assert "story" not in told["case"]
            assert "actions" not in told
            await screen.close()
            await other.close()

    asyncio.run(scenario())
