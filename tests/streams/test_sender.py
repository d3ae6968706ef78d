"""Effects leave in order, and it is known up to where they have arrived."""

import asyncio

import msgspec

from config.kafka_access import aiokafka_options
from domain.fold import Effect
from streams.sender import Sender
from streams.sources import Source
from tests.streams.town import Town

LANE = Source("reports", 1)


def effects(first: int, last: int, size: int = 10) -> list[Effect]:
    return [
        Effect(
            topic="alerts",
            partition=n % 3,
            id=str(n),
            value=msgspec.json.encode({"n": n, "padding": "x" * size}),
        )
        for n in range(first, last + 1)
    ]


def test_every_target_gets_its_effects_in_order_whatever_their_size(town: Town) -> None:
    async def run() -> None:
        sender = Sender(town.settings.topic, aiokafka_options(town.settings))
        await sender.start()
        for first in range(0, 3_000, 100):
            sender.queue(
                LANE, first + 99, effects(first, first + 99, size=600_000 if first == 1_000 else 300)
            )
            await sender.room()
        assert await sender.wait_acknowledged(LANE, 2_999, 20)
        assert sender.waiting_bytes == 0
        await sender.close()

    asyncio.run(run())
    by_partition: dict[int, list[int]] = {}
    for partition, _, value in town.read("alerts"):
        by_partition.setdefault(partition, []).append(msgspec.json.decode(value)["n"])
    assert by_partition == {partition: list(range(partition, 3_000, 3)) for partition in range(3)}


def test_an_offset_is_acknowledged_only_when_every_effect_up_to_it_is(town: Town) -> None:
    async def run() -> None:
        sender = Sender(town.settings.topic, aiokafka_options(town.settings))
        await sender.start()
        assert sender.acknowledged(LANE, 10**6), "nothing was queued"
        sender.queue(LANE, 99, effects(0, 99))
        assert not sender.acknowledged(LANE, 99)
        assert sender.acknowledged(LANE, 98)
        # the partition went and came back, and is folded again from below
        sender.queue(LANE, 49, effects(0, 49))
        assert not sender.acknowledged(LANE, 50)
        assert await sender.wait_acknowledged(LANE, 99, 10)
        assert sender.acknowledged(LANE, 99)
        assert sender.acknowledged(Source("journal", 1), 5)
        await sender.close()

    asyncio.run(run())
