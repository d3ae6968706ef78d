"""A tiny writer of read models, as the contract says that a worker writes them, and a gateway over them."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import redis.asyncio
from websockets.asyncio.client import ClientConnection, connect

from config.settings import Settings
from dashboard.entry.tickets import Holder, issue
from dashboard.gateway.process import Gateway, listening
from dashboard.gateway.redis_reader import key_prefix
from domain.codes import JOURNAL_PARTITIONS, partition_of
from domain.records import Command

SECRET = "a secret of the tests"
ORIGIN = "http://127.0.0.1:8050"
CLOCK_MS = 1_700_000_000_000


class Written:
    """Read models of one prefix, written by hand."""

    def __init__(self, url: str, prefix: str) -> None:
        self.redis = redis.asyncio.Redis.from_url(url, socket_timeout=5)
        self.prefix = prefix
        self.offsets: dict[str, int] = {}
        self.rules = ""

    def key(self, name: str) -> str:
        return self.prefix + name

    async def change(
        self, source: str, body: dict, *, clock_ms: int = CLOCK_MS, silent: bool = False
    ) -> None:
        offset = self.offsets[source] = self.offsets.get(source, -1) + 1
        kind, _, number = source.partition(":")
        pipe = self.redis.pipeline()
        pipe.hset(self.key("pos"), source, offset)
        if kind == "journal":
            status = {
                "offset": offset,
                "clock_ms": clock_ms,
                "rules": self.rules,
                "cases": 0,
                "alerts_active": 0,
            }
            pipe.hset(self.key("partitions"), number, json.dumps(status))
        for name in ("grids", "alerts", "pairs", "queue", "grants"):
            for field, value in body.get(name, {}).items():
                if value is None:
                    pipe.hdel(self.key(f"{name}:{number}"), field)
                else:
                    pipe.hset(self.key(f"{name}:{number}"), field, json.dumps(value))
        for name in ("feeds", "lanes"):
            for field, value in body.get(name, {}).items():
                pipe.hset(self.key(name), field, json.dumps(value))
        if not silent:
            entry = {"src": source, "offset": offset, "clock_ms": clock_ms, "body": json.dumps(body)}
            pipe.xadd(self.key("changes"), entry, maxlen=20_000)
        await pipe.execute()

    async def count(self, grid: str, open_: int, **more: int) -> None:
        partition = partition_of(grid)
        await self.change(f"journal:{partition}", {"grids": {grid[:9]: block(grid, open_, **more)}})

    async def alert(self, name: str, grid: str, **facts: object) -> dict:
        partition = partition_of(grid)
        one = alert(name, grid, **facts)
        await self.change(f"journal:{partition}", {"alerts": {name: one}})
        return one

    async def health(self, **late: int) -> None:
        now_ms = time.time_ns() // 1_000_000
        stamps = {
            "offset": 1,
            "end": 1,
            "fetched_ms": now_ms - late.get("fetched_ms", 0),
            "oldest_unfolded_ms": None,
        }
        sources = [f"journal:{p}" for p in range(JOURNAL_PARTITIONS)]
        said = {
            "worker": "w",
            "pid": 1,
            "at_ms": now_ms - late.get("at_ms", 0),
            "partitions": dict.fromkeys(sources, stamps),
        }
        await self.redis.set(self.key("health:w"), json.dumps(said), ex=30)

    async def beating(self) -> None:
        while True:
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                await self.health()
            await asyncio.sleep(0.5)


def block(grid: str, open_: int, *, overdue: int = 0, trend: list | None = None) -> dict:
    return {"grids": {grid: {"noise": [open_, open_, open_, open_, overdue, open_]}}, "trend": trend or []}


def alert(name: str, grid: str, **facts: object) -> dict:
    return {
        "id": name,
        "partition": partition_of(grid),
        "kind": "overdue",
        "priority": 2,
        "key": name,
        "scope": grid[:9],
        "grid": grid,
        "clock": "resolve",
        "raised_ms": CLOCK_MS,
        "changed_ms": CLOCK_MS,
        "due_ms": CLOCK_MS,
        "active": True,
        "acked": False,
        "state": "unack",
    } | facts


class ListedJournal:
    """A journal that only remembers what was written to it."""

    def __init__(self) -> None:
        self.written: list[tuple[int, Command]] = []
        self.arrived = asyncio.Event()

    async def write(self, partition: int, command: Command) -> None:
        self.written.append((partition, command))
        self.arrived.set()


class Running:
    """A gateway that serves, and the ways of a screen to it."""

    def __init__(self, gateway: Gateway, port: int, journal: ListedJournal) -> None:
        self.gateway, self.port, self.journal = gateway, port, journal
        self.url = f"ws://127.0.0.1:{port}/live"

    def ticket(self, holder: Holder | None = None) -> str:
        return issue(SECRET, time.time_ns() // 1_000_000, holder or Holder(account="local"))

    async def screen(self, scope: str = "", origin: str | None = ORIGIN, **hello: object) -> "Screen":
        # pings off and frames unlimited, so that the test alone decides what is read
        connection = await connect(self.url, origin=origin, max_size=None, proxy=None, compression=None)
        words = {"type": "hello", "token": self.ticket(), "scope": scope} | hello
        await connection.send(json.dumps(words))
        return Screen(connection)


class Screen:
    """A screen of the tests."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self, *kinds: str, within_s: float = 5.0) -> dict:
        """Return the next message of these kinds, leaving others aside."""
        async with asyncio.timeout(within_s):
            while True:
                message = json.loads(await self.connection.recv())
                if message["type"] in kinds:
                    return message

    async def heard(self, for_s: float) -> list[dict]:
        """Return all messages of a time."""
        messages = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                while True:
                    messages.append(json.loads(await self.connection.recv()))
        return messages

    async def close(self) -> None:
        await self.connection.close()


@contextlib.asynccontextmanager
async def running_gateway(redis_url: str, prefix: str, data: Path, port: int = 0) -> AsyncIterator[Running]:
    settings = Settings(
        kafka="127.0.0.1:1", redis=redis_url, data=data, prefix=prefix, secret=SECRET, wall_port=8050
    )
    listener = listening("127.0.0.1", port)
    stop, journal = asyncio.Event(), ListedJournal()
    gateway = Gateway(settings, journal)
    task = asyncio.create_task(gateway.run(listener, stop))
    try:
        yield Running(gateway, listener.getsockname()[1], journal)
    finally:
        stop.set()
        await task


def written(redis_url: str, prefix: str, replay: str = "") -> Written:
    return Written(redis_url, key_prefix(prefix, replay))
