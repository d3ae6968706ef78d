"""A replay shows the past as it was, beside the live read models, and sends nothing."""

import asyncio
import time

from config.wallclock import now_ms
from streams.replay import Replay, Window
from tests.streams.counting_fold import new_fold
from tests.streams.town import Town


def replayed(town: Town, replay_id: str) -> int:
    """Return how many reports a replay's read models count."""
    pattern = town.key(f"replay.{replay_id}:cases:*")
    return sum(int(count) for key in town.redis.scan_iter(pattern) for count in town.redis.hvals(key))


def test_a_replay_begins_with_the_state_before_it_and_ends_with_its_last_instant(town: Town) -> None:
    with town.worker():
        town.send(800)
        town.wait_counted()
        time.sleep(2.5)  # a snapshot of every partition is taken
        first_ms = now_ms()
        time.sleep(0.2)
        town.send(300)
        town.wait_counted()
        time.sleep(0.2)
        last_ms = now_ms()
        town.send(100)
        town.wait_counted()
    ends = {word: len(town.read(word)) for word in ("reports", "journal", "alerts")}
    begun: list[int] = []
    replay = Replay(town.settings, new_fold, "one", Window(from_ms=first_ms, to_ms=last_ms, speed=None))
    asyncio.run(replay.run(lambda: begun.append(replayed(town, "one"))))
    assert begun == [800]
    assert replayed(town, "one") == 1_100
    assert replay.messages < 1_600, "it began with the beginning of the journal, not with a snapshot"
    assert town.counts().total() == 1_200
    assert {word: len(town.read(word)) for word in ends} == ends


def test_a_replay_keeps_its_pace(town: Town) -> None:
    with town.worker():
        town.send(50)
        town.wait_counted()
        first_ms = now_ms()
        for _ in range(4):
            town.send(50)
            time.sleep(0.5)
        last_ms = now_ms()
        town.wait_counted()
    replay = Replay(town.settings, new_fold, "two", Window(from_ms=first_ms, to_ms=last_ms, speed=2.0))
    begun_s = time.monotonic()
    asyncio.run(replay.run())
    assert time.monotonic() - begun_s >= (last_ms - first_ms) / 2_000
    assert replayed(town, "two") == 250
