"""A queue's versions: whole, then what changed, and never more than a screen can take."""

import json
import random
from typing import Any

import pytest

from dashboard.gateway import queue_channel
from dashboard.gateway.queue_channel import QueueChannel
from dashboard.gateway.rights import Reach


def message(frame: bytes) -> dict[str, Any]:
    return json.loads(frame[frame.index(b"{") :])


class Screen:
    """What a page makes of the messages of a queue."""

    def __init__(self, channel: QueueChannel) -> None:
        self.channel = channel
        self.rows: dict[str, Any] = {}
        self.seq: int | None = None
        self.messages = 0

    def read(self) -> None:
        """Take what there is."""
        frame = None if self.seq is None else self.channel.since(self.seq, 0)
        if frame is not None:
            self.take(message(frame))
            return
        first, rest = self.channel.whole(0)
        self.take(message(first))
        assert self.seq is not None
        while rest:
            self.take(message(self.channel.piece(self.seq, rest[: queue_channel.PIECE_ROWS], 0)))
            rest = rest[queue_channel.PIECE_ROWS :]

    def take(self, said: dict[str, Any]) -> None:
        self.messages += 1
        if said.get("whole"):
            self.rows = {row["id"]: row for row in said["rows"]}
        else:
            assert said["after"] == self.seq
            self.rows |= {row["id"]: row for row in said["set"]}
            for name in said["gone"]:
                self.rows.pop(name, None)
        self.seq = said["seq"]


def body(name: str, value: int) -> bytes:
    return json.dumps({"id": name, "value": value}).encode()


def channel() -> QueueChannel:
    return QueueChannel("990100", Reach(pieces=(("990100", ()),)), lambda name: (True, 4, 0, name))


@pytest.mark.parametrize("seed", range(8))
def test_whole_and_changes_give_what_the_queue_has(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(queue_channel, "PIECE_ROWS", 7)
    monkeypatch.setattr(queue_channel, "GONE_KEPT", 9)
    monkeypatch.setattr(queue_channel, "MOST_ROWS", 25)
    chance = random.Random(seed)
    here, all_rows = channel(), {}
    screens = [Screen(here) for _ in range(3)]
    for step in range(300):
        changed: dict[str, bytes | None] = {}
        for _ in range(chance.randrange(4)):
            name = f"{chance.randrange(40):02d}"
            changed[name] = None if chance.random() < 0.4 else body(name, step)
            all_rows[name] = changed[name]
        here.publish(changed.items())
        for one in screens:
            if chance.random() < 0.2:
                one.read()
    shown = sorted(name for name, value in all_rows.items() if value is not None)
    assert here.total == len(shown)
    for one in screens:
        one.read()
        assert one.rows == {name: json.loads(all_rows[name]) for name in shown[:25]}


def test_a_slow_screen_gets_the_newest_value_of_each_row_and_no_more() -> None:
    here = channel()
    here.publish([("a", body("a", 0)), ("b", body("b", 0))])
    screen = Screen(here)
    screen.read()
    for value in range(1, 100):
        here.publish([("a", body("a", value))])
    frame = here.since(screen.seq or 0, 0)
    assert frame is not None
    assert [row["value"] for row in message(frame)["set"]] == [99]


def test_the_same_value_makes_no_version() -> None:
    here = channel()
    assert here.publish([("a", body("a", 0))])
    assert not here.publish([("a", body("a", 0)), ("b", None)])
    assert here.seq == 1


def test_screens_at_the_same_version_share_one_frame() -> None:
    here = channel()
    here.publish([("a", body("a", 0))])
    here.publish([("a", body("a", 1))])
    assert here.since(1, 0) is here.since(1, 5)
