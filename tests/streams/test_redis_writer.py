"""Read models follow the fold, never go back, and survive the loss of Redis."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import redis

from streams.partition import Partition
from streams.redis_writer import RedisWriter
from streams.sources import Source
from tests.streams.counting_fold import Counts
from watchfloor.dev_stack import running_valkey

SOURCE = Source("journal", 3)


class Floor:
    """A partition, its writer, and a look from outside."""

    def __init__(self, url: str, prefix: str) -> None:
        self.prefix = prefix
        self.partition = Partition(source=SOURCE, fold=Counts(3), end=10**9)
        self.writer = RedisWriter(url, prefix, lambda: [self.partition])
        self.look = redis.Redis.from_url(url)

    def fold(self, count: int) -> None:
        """Fold so many more reports of five keys."""
        for offset in range(self.partition.offset + 1, self.partition.offset + 1 + count):
            value = b'{"key":"key-%d","origin":[1,%d]}' % (offset % 5, offset)
            self.partition.fold.fold(offset, 1_000 + offset, value)

    def right(self) -> bool:
        """Tell whether Redis says what the fold says."""
        assert isinstance(self.partition.fold, Counts)
        stored = {
            key.decode(): int(count) for key, count in self.look.hgetall(f"{self.prefix}cases:3").items()
        }
        offset = self.look.hget(f"{self.prefix}pos", SOURCE.label)
        return stored == self.partition.fold.counts and offset == str(self.partition.offset).encode()

    def changes(self) -> list[bytes]:
        """Return the bodies of the stream of changes."""
        return [fields[b"body"] for _, fields in self.look.xrange(f"{self.prefix}changes")]


def run(url: str, prefix: str, steps: Callable[[Floor], Awaitable[None]]) -> None:
    """Run the steps in a loop of their own and let go of the connections."""

    async def all_steps() -> None:
        floor = Floor(url, prefix)
        try:
            await steps(floor)
        finally:
            await floor.writer.close()
            floor.look.close()

    asyncio.run(all_steps())


def test_changes_are_written_together_and_follow_each_other(valkey: str, topic_prefix: str) -> None:
    async def steps(floor: Floor) -> None:
        floor.fold(7)
        assert await floor.writer.write_round()
        floor.fold(2)
        assert await floor.writer.write_round()
        assert floor.right()
        first, second = floor.changes()
        assert first == b'{"whole":true}'
        assert msgspec.json.decode(second) == {"counts": {"key-2": 2, "key-3": 2}}
        assert await floor.writer.write_round()
        assert len(floor.changes()) == 2

    run(valkey, topic_prefix, steps)


def test_a_worker_that_comes_back_from_the_dead_turns_no_counter_back(valkey: str, topic_prefix: str) -> None:
    async def steps(zombie: Floor) -> None:
        zombie.fold(20)
        assert await zombie.writer.write_round()
        owner = Floor(valkey, topic_prefix)
        owner.fold(50)
        assert await owner.writer.write_round()
        zombie.fold(10)
        assert await zombie.writer.write_round()
        assert owner.right()
        # both fold the same journal: once the slower one is ahead, what it writes is right as well
        zombie.fold(40)
        assert await zombie.writer.write_round()
        assert await zombie.writer.write_round()
        assert zombie.right()
        owner.fold(60)
        assert await owner.writer.write_round()
        assert await owner.writer.write_round()
        assert owner.right()
        await owner.writer.close()
        owner.look.close()

    run(valkey, topic_prefix, steps)


def test_an_emptied_redis_is_written_whole_without_a_new_record(
    valkey: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.redis_writer.LOOK_S", 0.0)

    async def steps(floor: Floor) -> None:
        floor.fold(30)
        assert await floor.writer.write_round()
        for key in floor.look.scan_iter(f"{topic_prefix}*"):
            floor.look.delete(key)
        assert await floor.writer.write_round()
        assert floor.right()
        assert floor.changes() == [b'{"whole":true}']

    run(valkey, topic_prefix, steps)


def test_a_redis_that_lost_its_last_second_is_written_whole(valkey: str, topic_prefix: str) -> None:
    async def steps(floor: Floor) -> None:
        floor.fold(30)
        assert await floor.writer.write_round()
        before = floor.look.hgetall(f"{topic_prefix}cases:3")
        floor.fold(30)
        assert await floor.writer.write_round()
        floor.look.hset(f"{topic_prefix}cases:3", mapping=before)
        floor.look.hset(f"{topic_prefix}pos", SOURCE.label, 29)
        floor.fold(1)
        assert await floor.writer.write_round()
        assert await floor.writer.write_round()
        assert floor.right()

    run(valkey, topic_prefix, steps)


def test_read_models_of_a_journal_that_is_no_more_are_replaced(valkey: str, topic_prefix: str) -> None:
    async def steps(floor: Floor) -> None:
        floor.look.hset(f"{topic_prefix}pos", SOURCE.label, 5_000)
        floor.look.hset(f"{topic_prefix}cases:3", "key-old", 9)
        floor.partition.end = 31
        floor.fold(30)
        assert await floor.writer.write_round()
        assert floor.right()

    run(valkey, topic_prefix, steps)


def test_a_dead_redis_holds_up_nothing_and_is_right_again_when_it_comes_back_empty(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        with running_valkey(tmp_path) as server:
            floor = Floor(server.address, "w:")
            floor.fold(20)
            assert runner.run(floor.writer.write_round())
        floor.fold(20)
        begun_s = time.monotonic()
        assert not runner.run(floor.writer.write_round())
        assert time.monotonic() - begun_s < 3
        assert not floor.writer.healthy
        floor.fold(20)
        shutil.rmtree(tmp_path / "valkey")
        with running_valkey(tmp_path) as again:
            assert again.address == server.address
            assert runner.run(floor.writer.write_round())
            assert floor.right()
            runner.run(floor.writer.close())
            floor.look.close()
