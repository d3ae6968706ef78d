"""`up` as a program of its own over a real broker and Valkey, with stand-ins for our own processes."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer

from config.wallclock import monotonic_s
from watchfloor.runfile import status
from watchfloor.topics import TOPICS

PROGRAM = [sys.executable, "-P", str(Path(__file__).with_name("upstand.py"))]
# Measured 6 s on two idle cores; a busy machine gets ten times that.
READY_WITHIN_S = 60.0


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A folder whose every process is ended, whatever the test did."""
    folder = (tmp_path / "data").resolve()
    yield folder
    for process in on(folder):
        process.kill()


def start(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, str(data), "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ready_line(up: subprocess.Popen[str]) -> str:
    assert up.stdout is not None
    readable, _, _ = select.select([up.stdout], [], [], READY_WITHIN_S)
    assert readable, "no line on standard output in time"
    return up.stdout.readline()


def on(data: Path) -> list[psutil.Process]:
    """Every process that works on the folder, whoever started it."""
    found = []
    for process in psutil.process_iter():
        try:
            named = process.environ().get("WATCHFLOOR_DATA") == str(data) or str(data) in process.cmdline()
            if named and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def test_up_keeps_everything_through_a_kill_of_all_and_stops_within_ten_seconds(data: Path) -> None:
    with start(data) as up:
        line = ready_line(up)
        said = status(data)
        assert line == f"ready {said['wall']}\n", up.stderr.read() if up.stderr and not line else line
        wait_for(lambda: [one["state"] for one in status(data)["processes"]] == ["ready"] * 8)
        producer = KafkaProducer(bootstrap_servers=said["kafka"], enable_idempotence=True, acks="all")
        producer.send("journal", b"kept", partition=3).get(10)
        producer.close()
        with redis.Redis.from_url(said["redis"]) as client:
            client.set("kept", "yes")
            client.execute_command("WAITAOF", 1, 0, 5000)

        second = subprocess.run(
            [*PROGRAM, str(data), "0"], capture_output=True, text=True, timeout=60, check=False
        )
        assert second.returncode == 1
        assert f"already run by process {up.pid} since 20" in second.stderr
        assert second.stdout == ""

        for process in on(data):
            with contextlib.suppress(psutil.NoSuchProcess):  # it went with its supervisor
                process.kill()
    wait_until_gone(data)

    began_s = monotonic_s()
    with start(data) as up:
        ready_line(up)
        assert monotonic_s() - began_s < 30, "the wall was not alive within 30 s of a kill of everything"
        again = status(data)
        assert (again["kafka"], again["redis"], again["gateway"]) == (
            said["kafka"],
            said["redis"],
            said["gateway"],
        )
        assert journal_of(again["kafka"]) == [b"kept"]
        with redis.Redis.from_url(again["redis"], decode_responses=True) as client:
            assert client.get("kept") == "yes"
        began_s = monotonic_s()
        up.terminate()
        out, err = up.communicate(timeout=20)
        assert monotonic_s() - began_s < 10
        assert (up.returncode, out) == (0, "")
        assert "worker did not stop within 4 s and is killed" in err
    wait_until_gone(data)
    assert status(data)["running"] is False


def test_a_supervisor_that_is_killed_takes_all_with_it_and_the_next_start_finds_no_one(data: Path) -> None:
    with start(data) as up:
        ready_line(up)
        pids = [one["pid"] for one in json.loads((data / "run.json").read_text())["processes"]]
        frozen = psutil.Process(pids[0])
        frozen.send_signal(signal.SIGSTOP)
        os.kill(up.pid, signal.SIGKILL)
    wait_until_gone(data)


def test_a_taken_port_is_refused_before_anything_is_started(data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("standin.py")), "serve", "0"], stdout=subprocess.PIPE
    ) as taken:
        assert taken.stdout is not None
        taken.stdout.readline()
        port = wait_for_port(taken.pid)
        up = subprocess.run(
            [*PROGRAM, str(data), str(port)], capture_output=True, text=True, timeout=60, check=False
        )
        taken.kill()
    assert up.returncode == 1
    assert up.stderr == f"Port {port} is taken by another program: choose another with --port.\n"


def test_mistaken_rule_files_end_it_with_a_sentence_for_each_mistake_and_nothing_else(
    data: Path, tmp_path: Path
) -> None:
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "sla.toml").write_text("[default]\naccept_hours = 4\n")
    words = ("up", "--data", str(data), "--port", "0", "--no-simulator", "--config", str(tmp_path / "town"))
    up = subprocess.run(
        [sys.executable, "-P", "-m", "watchfloor", *words],
        capture_output=True,
        text=True,
        timeout=READY_WITHIN_S,
        check=False,
    )
    assert up.returncode == 1
    said = up.stderr.split("The rule files have mistakes:\n")[1].splitlines()
    assert len(said) == 1
    assert said[0].startswith("sla.toml: `default.accept_hours` is not known")
    wait_until_gone(data)


def journal_of(kafka: str) -> list[bytes]:
    assert TOPICS[1].name == "journal"
    consumer = KafkaConsumer(
        "journal", bootstrap_servers=kafka, auto_offset_reset="earliest", consumer_timeout_ms=8000
    )
    try:
        return [next(consumer).value]
    finally:
        consumer.close()


def wait_for(claim: Callable[[], bool], within_s: float = 20.0) -> None:
    end_s = monotonic_s() + within_s
    while not claim():
        assert monotonic_s() < end_s, "it did not come to pass in time"
        time.sleep(0.05)


def wait_until_gone(data: Path, within_s: float = 5.0) -> None:
    end_s = monotonic_s() + within_s
    while left := on(data):
        assert monotonic_s() < end_s, f"left behind: {left}"


def wait_for_port(pid: int, within_s: float = 10.0) -> int:
    end_s = monotonic_s() + within_s
    while True:
        for connection in psutil.Process(pid).net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return int(connection.laddr.port)
        assert monotonic_s() < end_s
