"""The broker or Redis is ended hard and comes back: everything is right again by itself, and nothing counted twice."""

import shutil
import time
from pathlib import Path

import pytest

from tests.streams.town import Town
from watchfloor.dev_stack import running_broker, running_valkey

RATE = 300


@pytest.mark.parametrize(
    "kills", [pytest.param(1, id="short"), pytest.param(5, id="whole", marks=pytest.mark.prove)]
)
def test_counts_and_alerts_are_exact_when_the_broker_is_killed(
    valkey: str, topic_prefix: str, tmp_path: Path, kills: int
) -> None:
    with running_broker(tmp_path / "services") as broker:
        town = Town(broker.address, valkey, topic_prefix, tmp_path / "data")
        with town.worker() as worker:
            town.send(500)
            town.wait_counted()
            broker.process.kill()
            broker.process.wait(10)
            for _ in range(kills):
                with running_broker(tmp_path / "services") as again:
                    assert again.address == broker.address
                    returned_s = time.monotonic()
                    with town.stream(RATE):
                        time.sleep(3)
                    town.wait_counted(30)
                    assert time.monotonic() - returned_s < 30
                    again.process.kill()
                    again.process.wait(10)
            with running_broker(tmp_path / "services"):
                town.send(100)
                town.wait_counted()
                assert len(worker.exits) <= kills + 1
                worker.end()
                town.check_effects()


def test_read_models_are_right_again_when_redis_was_killed_and_came_back_empty(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    with running_valkey(tmp_path / "services") as valkey:
        town = Town(kafka, valkey.address, topic_prefix, tmp_path / "data")
        with town.worker() as worker:
            town.send(500)
            town.wait_counted()
            valkey.process.kill()
            valkey.process.wait(10)
            shutil.rmtree(tmp_path / "services" / "valkey")
            town.send(500)
            time.sleep(3)
            with running_valkey(tmp_path / "services") as again:
                assert again.address == valkey.address
                town.wait_counted(30)
                town.send(500)
                town.wait_counted(10)
                assert worker.exits == []
                worker.end()
