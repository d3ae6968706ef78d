import asyncio
import os
from pathlib import Path

import pytest
import redis

from watchfloor import valkey
from watchfloor.dev_stack import running_valkey


def test_the_socket_is_in_the_folder_where_its_path_fits() -> None:
    assert valkey.socket_path(Path("/srv/data/valkey")) == Path("/srv/data/valkey/valkey.sock")


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_stays_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    socket = valkey.socket_path(deep)
    assert len(os.fsencode(socket)) <= valkey.LONGEST_SOCKET_BYTES
    assert socket == valkey.socket_path(deep)
    assert socket != valkey.socket_path(deep / "other")


def test_a_key_outlives_a_kill(tmp_path: Path) -> None:
    with running_valkey(tmp_path / ("deep" * 25)) as server, redis.Redis.from_url(server.address) as client:
        client.set("kept", "yes")
        client.execute_command("WAITAOF", 1, 0, 5000)
        server.process.kill()
        server.process.wait(5)
    with running_valkey(tmp_path / ("deep" * 25)) as server, redis.Redis.from_url(server.address) as client:
        assert client.get("kept") == b"yes"


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    assert asyncio.run(valkey.answers(f"unix://{tmp_path}/nobody.sock")) is False


def test_without_a_program_the_sentence_names_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(valkey.MissingError, match="WATCHFLOOR_REDIS"):
        valkey.find_program()
