"""Screens that do not read: they are cut off, cost little, and nobody else notices."""

import asyncio
import json
import socket
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dashboard.gateway import sessions, views
from dashboard.gateway.channel import RING_BYTES, Channel
from dashboard.gateway.levels import no_children
from dashboard.gateway.model import Entry, Model
from dashboard.gateway.sessions import QUEUE_BYTES
from tests.dashboard.written import CLOCK_MS, ORIGIN, Screen, alert, running_gateway, written

GRID = "990100002003004"


async def never_reading(url: str, token: str) -> ClientConnection:
    """Open a socket, say hello, and read no more."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(0)
    host, port = url.removeprefix("ws://").removesuffix("/live").split(":")
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    connection = await connect(url, sock=raw, origin=ORIGIN, proxy=None, compression=None)
    await connection.send(json.dumps({"type": "hello", "token": token, "scope": "990100"}))
    connection.transport.pause_reading()
    return connection


def test_a_screen_that_never_reads_is_cut_off_and_others_are_served(
    valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SLOW_AFTER_S", 1.0)
    monkeypatch.setattr(sessions, "CLOSED_AFTER_S", 0.5)

    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.count(GRID, 1)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            healthy = await gateway.screen("990100")
            first = await healthy.hear("snapshot")
            slow = await never_reading(gateway.url, gateway.ticket())
            await asyncio.sleep(0.2)
            floor = gateway.gateway.floor_of("")
            assert len(floor.sessions) == 2
            view, most, longest_s = first["view"], 0, 0.0
            begun = time.monotonic()
            number = 0
            while len(floor.sessions) == 2 and time.monotonic() - begun < 15:
                number += 1
                for n in range(20):
                    await store.alert(f"{n}", GRID, shelved_why=f"{number} " * 300)
                sent = time.monotonic()
                while f"{number} " not in (view["alerts"]["set"] or [{"shelved_why": ""}])[-1].get(
                    "shelved_why", ""
                ):
                    view = views.apply(view, (await healthy.hear("changes"))["view"])
                longest_s = max(longest_s, time.monotonic() - sent)
                for session in floor.sessions:
                    most = max(most, session.connection.transport.get_write_buffer_size())
            assert len(floor.sessions) == 1
            assert gateway.gateway.figures.value(gateway.gateway.figures.kicked) >= 1
            # one message of at most 20 changed alerts may stand on top of the limit
            assert QUEUE_BYTES < most < QUEUE_BYTES + 64 * 1024
            assert longest_s < 1.0
            slow.transport.abort()
            await healthy.close()
        await store.redis.aclose()

    asyncio.run(scenario())


def test_a_slow_screen_that_reads_on_hears_that_it_was_slow(
    valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SLOW_AFTER_S", 0.5)
    monkeypatch.setattr(sessions, "CLOSED_AFTER_S", 5.0)

    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.count(GRID, 1)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            slow = await never_reading(gateway.url, gateway.ticket())
            figures = gateway.gateway.figures
            number = 0
            while figures.value(figures.kicked) == 0 and number < 100:
                number += 1
                for n in range(20):
                    await store.alert(f"{n}", GRID, shelved_why=f"{number} " * 300)
                await asyncio.sleep(0.1)
            slow.transport.resume_reading()
            with pytest.raises(ConnectionClosed) as closed:
                await Screen(slow).hear("no such", within_s=5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4408
        await store.redis.aclose()

    asyncio.run(scenario())


def test_a_screen_that_catches_up_gets_the_latest_value_of_each_key() -> None:
    model, channel = Model(), Channel("", "e")
    for offset in range(50):
        body = {"grids": {GRID[:9]: {"grids": {GRID: {"noise": [offset] * 6}}, "trend": []}}}
        body["alerts"] = {f"{offset % 3}": alert(f"{offset % 3}", GRID, seen=offset)}
        model.apply(Entry(id="1-0", source="journal:0", offset=offset, clock_ms=CLOCK_MS, body=body))
        channel.publish(views.build(model, "", no_children))
        if offset == 9:
            shown, seq = channel.view, channel.seq
    frame = channel.since(seq)
    assert frame is not None
    message = json.loads(frame[frame.index(b"{") :])
    assert (message["after"], message["seq"]) == (seq, channel.seq)
    assert [one["id"] for one in message["view"]["alerts"]["set"]] == ["1", "2", "0"]
    assert views.apply(shown, message["view"]) == channel.view


def test_what_is_kept_to_resume_from_is_bounded() -> None:
    model, channel = Model(), Channel("", "e")
    for offset in range(300):
        facts = {"alerts": {f"{n}": alert(f"{n}", GRID, shelved_why=f"{offset} " * 100) for n in range(40)}}
        model.apply(Entry(id="1-0", source="journal:0", offset=offset, clock_ms=CLOCK_MS, body=facts))
        channel.publish(views.build(model, "", no_children))
    assert channel._ring_bytes <= RING_BYTES
    assert channel.since(2) is None
    assert channel.position(channel.epoch, 2) is None
    assert channel.position(channel.epoch, channel.seq - 1) == channel.seq - 1


def test_a_lost_history_begins_a_new_epoch_with_the_same_view() -> None:
    model, channel = Model(), Channel("", "e")
    channel.publish(views.build(model, "", no_children))
    epoch, seq, view = channel.epoch, channel.seq, channel.view
    channel.lose()
    assert channel.epoch != epoch
    assert channel.position(epoch, seq) is None
    assert channel.view == view
