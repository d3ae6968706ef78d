"""Action to visible confirmation: desks that follow their queues while reports come in, and some of them act.

For each action the time from sending it to its answer, and to the queue's row with the new version, at the desk that
acted; and how much of a processor the gateway took. `python -m bench.desks` runs it alone.
"""

import argparse
import asyncio
import gc
import json
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil
import websockets
from aiokafka import AIOKafkaProducer

from bench.latency import Town
from bench.live_town import running
from config.accounts import Accounts
from dashboard.entry import tickets
from domain.codes import lane_of
from domain.records import Report, encoder

DESKS, ACTING, RATE = 100, 20, 200
ACTS_A_SECOND = 0.5
"""Of an acting desk: faster than anybody decides."""
WARM_UP_S = 5.0
ANSWERED_WITHIN_S = 10.0
COUNTY = "990600"
FEED = f"""
title = {{en = "Desks", zh = "席位"}}
county = "{COUNTY}"
zone = "Asia/Shanghai"
public = true
flow = "grid"
calendar = "china"
clocks = "sla"
keep_closed_days = 30
remember_days = 90
[place]
by = "grid"
grid_m = 500
bounds = [9.03, 48.69, 9.32, 48.87]
"""
"""A feed whose cases people work on, of nine townships made of squares."""

_encode = json.dumps


@dataclass(kw_only=True)
class Result:
    """Seconds to the answer and to the row, and shares of a processor by process."""

    answers: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    refused: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    queued: int = 0
    bytes_s: float = 0.0


class Desk:
    """A desk on its socket. One that only watches reads and throws away; one that acts keeps its queue."""

    def __init__(self, socket: websockets.ClientConnection, *, acts: bool) -> None:
        self.socket, self.acts = socket, acts
        self.rows: dict[
            str, tuple[int, str]
        ] = {}  # version and step: a measure must not wait for its own memory
        self.bytes = 0
        self._waits: dict[str, tuple[asyncio.Future[float], dict[str, Any]]] = {}
        self._versions: dict[str, tuple[int, asyncio.Future[float]]] = {}

    async def read(self) -> None:
        """Read for ever."""
        async for frame in self.socket:
            self.bytes += len(frame)
            if self.acts:
                self._take(msgspec.json.decode(frame))

    def _take(self, message: dict[str, Any]) -> None:
        now = time.perf_counter()
        if message["type"] == "queue":
            if message.get("whole"):
                self.rows = {}
            for row in message.get("rows") or message.get("set") or ():
                self.rows[row["id"]] = (row["version"], row["step"])
                wanted = self._versions.get(row["id"])
                if wanted is not None and row["version"] > wanted[0] and not wanted[1].done():
                    wanted[1].set_result(now)
            for name in message.get("gone") or ():
                self.rows.pop(name, None)
        elif message["type"] == "answer" and (waits := self._waits.pop(message["id"], None)) is not None:
            waits[1].update(message)
            waits[0].set_result(now)

    async def act(self, chance: random.Random) -> tuple[float, float] | None:
        """Accept a case; return the seconds to answer and row, None where it was refused."""
        free = [case for case, (_, step) in self.rows.items() if step == "file"]
        if not free:
            return None
        case = chance.choice(free)
        version = self.rows[case][0]
        name, loop = secrets.token_hex(8), asyncio.get_running_loop()
        answered, shown, answer = loop.create_future(), loop.create_future(), {}
        self._waits[name], self._versions[case] = (answered, answer), (version, shown)
        begun = time.perf_counter()
        await self.socket.send(
            _encode(
                {
                    "type": "act",
                    "id": name,
                    "action": "accept",
                    "case": case,
                    "version": version,
                    "screen": "dispatch",
                }
            )
        )
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            answered_s = await answered - begun
            if not answer["ok"]:
                return None
            shown_s = await shown - begun
        del self._versions[case]
        return answered_s, shown_s


def scopes() -> Iterator[str]:
    """Give the desks' scopes: one in five is the county's, the others are the townships'."""
    townships = [f"{COUNTY}{number:03d}" for number in range(1, 10)]
    while True:
        for number, township in enumerate(townships * 5):
            yield COUNTY if number % 5 == 0 else township


def accounts_in(data: Path) -> list[str]:
    """Make an account with every right it needs for each acting desk; the gateway tells the journal."""
    with Accounts(f"sqlite:///{data / 'accounts.sqlite3'}") as accounts:
        made = [accounts.add(f"desk {n}", secrets.token_hex(8), now_ms=1) for n in range(ACTING)]
        for account in made:
            accounts.give(account, "clerk", COUNTY)
            accounts.give(account, "dispatcher", COUNTY)
        until = time.monotonic() + 60
        while accounts.untold():
            if time.monotonic() > until:
                raise SystemExit("The journal did not take the accounts' rights within a minute.")
            time.sleep(0.2)
    return made


async def measure(town: Town, data: Path, pids: dict[str, int], seconds: float) -> Result:
    """Let desks follow and act while reports come in."""
    gc.disable()  # looking for cycles among the messages would be measured as the system's delay
    accounts = await asyncio.to_thread(accounts_in, data)
    result, chance = Result(), random.Random(7)
    producer = AIOKafkaProducer(bootstrap_servers=town.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    desks = [
        Desk(await _open(town, accounts[number % ACTING], scope), acts=number < ACTING)
        for number, scope in zip(range(DESKS), scopes(), strict=False)
    ]
    reading = [asyncio.create_task(desk.read()) for desk in desks]
    sending = asyncio.create_task(_send(producer, town, seconds + WARM_UP_S))
    try:
        await asyncio.sleep(WARM_UP_S)
        processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        used = {name: _used_s(one) for name, one in processes.items()}
        begun, had = time.perf_counter(), sum(desk.bytes for desk in desks)
        await asyncio.gather(
            *(_acting(desk, result, random.Random(chance.random()), seconds) for desk in desks[:ACTING])
        )
        took = time.perf_counter() - begun
        result.shares = {name: (_used_s(one) - used[name]) / took for name, one in processes.items()}
        result.bytes_s = (sum(desk.bytes for desk in desks) - had) / took
        result.queued = max(len(desk.rows) for desk in desks)
        await sending
    finally:
        gc.enable()
        for task in (*reading, sending):
            task.cancel()
        await asyncio.gather(*(desk.socket.close() for desk in desks), return_exceptions=True)
        await producer.stop()
    return result


async def _open(town: Town, account: str, scope: str) -> websockets.ClientConnection:
    socket = await websockets.connect(town.gateway, origin=town.origin, max_size=1 << 24, compression=None)
    ticket = tickets.issue(town.secret, time.time_ns() // 1_000_000, tickets.Holder(account=account))
    await socket.send(_encode({"type": "hello", "token": ticket, "scope": scope, "replay": ""}))
    await socket.send(_encode({"type": "queue", "desk": scope}))
    return socket


async def _acting(desk: Desk, result: Result, chance: random.Random, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while True:
        wait_s = chance.expovariate(ACTS_A_SECOND)
        if time.perf_counter() + wait_s > until:
            await asyncio.sleep(max(until - time.perf_counter(), 0))
            return
        await asyncio.sleep(wait_s)
        took = await desk.act(chance)
        if took is None:
            result.refused += 1
            continue
        result.answers.append(took[0])
        result.rows.append(took[1])


async def _send(producer: AIOKafkaProducer, town: Town, seconds: float) -> None:
    """Send reports at a fixed rate, whatever comes back."""
    begun = time.perf_counter()
    for number in range(int(RATE * seconds)):
        wait = begun + number / RATE - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        report = Report(
            feed="desks",
            id=f"desk-{number}",
            lon=9.031 + number % 97 / 340,
            lat=48.691 + number % 89 / 500,
            category=f"c{number % 10}",
        )
        lane = lane_of("desks", shared=False)
        await producer.send(town.prefix + "reports", encoder.encode(report), partition=lane)


def _used_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def action_to_row(seconds: float) -> Result:
    """Start a town with such a feed, measure, and stop it."""
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        feeds = Path(folder) / "feeds"
        feeds.mkdir()
        (feeds / "desks.toml").write_text(FEED, encoding="utf-8")
        with running("--config", folder) as (town, data, status):
            pids = {one["name"]: int(one["pid"]) for one in status["processes"] if one["pid"]}
            ours = {name: pid for name, pid in pids.items() if name.startswith(("gateway", "worker"))}
            return asyncio.run(measure(town, data, ours, seconds))


def quantile(values: list[float], share: float) -> float:
    """Return the value below which so large a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    result = action_to_row(parser.parse_args().seconds)
    figures = {
        "desks": DESKS, "reports_s": RATE, "actions": len(result.rows), "refused": result.refused,
        "answer_p50_s": quantile(result.answers, 0.5), "answer_p99_s": quantile(result.answers, 0.99),
        "row_p50_s": quantile(result.rows, 0.5), "row_p99_s": quantile(result.rows, 0.99), "row_highest_s": max(result.rows),
        "rows_in_a_queue": result.queued, "megabytes_s": result.bytes_s / 1e6, "processor": result.shares,
    }  # fmt: skip
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
