"""Report to socket: an open-loop source at a fixed rate, and a websocket client that sees the counters rise."""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass

import msgspec
import websockets
from aiokafka import AIOKafkaProducer

from dashboard.entry import tickets
from domain.codes import lane_of
from domain.records import Report, encoder

WARM_UP_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Town:
    """Where a running system is: its brokers, its gateway, and what signs a page's token."""

    kafka: str
    prefix: str
    gateway: str
    secret: str
    origin: str


async def measure(town: Town, rate: int, seconds: float) -> list[float]:
    """Send reports at a fixed rate; return for each the seconds until a frame counted it.

    The k-th report is counted by the first frame whose total has grown by k: reports of one lane keep their order.
    """
    sent: deque[float] = deque()
    delays: list[float] = []
    producer = AIOKafkaProducer(bootstrap_servers=town.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    async with websockets.connect(town.gateway, origin=town.origin, max_size=1 << 24) as socket:
        now_ms = int(time.time() * 1000)
        await socket.send(
            json.dumps(
                {
                    "type": "hello",
                    "token": tickets.issue(town.secret, now_ms, tickets.Holder(account="local")),
                    "scope": "",
                    "epoch": None,
                    "seq": None,
                    "replay": "",
                }
            )
        )
        totals = await _totals(socket)
        seen = sum(totals.values())

        counted, ended = asyncio.Event(), False

        async def follow() -> None:
            nonlocal seen
            async for frame in socket:
                message = msgspec.json.decode(frame)
                view = message.get("view")
                if view is None:
                    continue
                for area in view.get("areas", ()):
                    totals[area["code"]] = area["total"]
                now, total = time.perf_counter(), sum(totals.values())
                while seen < total and sent:
                    delays.append(now - sent.popleft())
                    seen += 1
                if ended and not sent:
                    counted.set()

        follower = asyncio.create_task(follow())
        try:
            count = int(rate * (seconds + WARM_UP_S))
            begun = time.perf_counter()
            for i in range(count):
                wait = begun + i / rate - time.perf_counter()
                if wait > 0:
                    await asyncio.sleep(wait)
                sent.append(time.perf_counter())
                report = Report(
                    feed="stuttgart",
                    id=f"latency-{time.time_ns()}-{i}",
                    lon=9.1 + i % 100 / 1000,
                    lat=48.75 + i % 70 / 1000,
                    category=f"c{i % 10}",
                )
                await producer.send(
                    town.prefix + "reports",
                    encoder.encode(report),
                    partition=lane_of("stuttgart", shared=False),
                )
            ended = True
            async with asyncio.timeout(10):
                await counted.wait()
        finally:
            follower.cancel()
            await producer.stop()
    return delays[int(rate * WARM_UP_S) :]


async def _totals(socket: websockets.ClientConnection) -> dict[str, int]:
    """Wait for the snapshot; return each area's total."""
    async with asyncio.timeout(10):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "snapshot":
                return {area["code"]: area["total"] for area in message["view"]["areas"]}
