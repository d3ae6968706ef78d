"""A whole system for a scenario: `watchfloor up` as a person starts it, its processes by name, its commands by their JSON."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from config.wallclock import monotonic_s
from watchfloor.launch import bound_to_us, python_module

READY_WITHIN_S = 90.0
COMMAND_WITHIN_S = 400.0


class RunningTown:
    """`up` on a data folder, and what a person does with it.

    Parameters
    ----------
    data
        The data folder.
    options
        Further options of `up`.

    """

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._options = options
        self.up = self._start()

    def _start(self) -> subprocess.Popen[str]:
        log = (self.data.parent / "up.log").open("ab")
        up = subprocess.Popen(
            bound_to_us(
                python_module("watchfloor", "up", "--data", str(self.data), "--port", "0", *self._options)
            ),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        log.close()
        self.up = up
        assert up.stdout is not None
        begun = monotonic_s()
        readable, _, _ = select.select([up.stdout], [], [], READY_WITHIN_S)
        line = up.stdout.readline() if readable else ""
        self.ready_after_s = monotonic_s() - begun
        if not line.startswith("ready "):
            self.stop()
            raise AssertionError(
                f"up did not become ready: {(self.data.parent / 'up.log').read_text()[-2000:]}"
            )
        self.wall = line.split()[1]
        return up

    def again(self) -> None:
        """Start it again on the same folder."""
        if self.up.stdout is not None:
            self.up.stdout.close()
        self._start()

    def stop(self) -> float:
        """End it as TERM does; return the seconds that took."""
        begun = monotonic_s()
        self.up.send_signal(signal.SIGTERM)
        self.up.wait(30)
        if self.up.stdout is not None:
            self.up.stdout.close()
        return monotonic_s() - begun

    def everyone(self) -> list[psutil.Process]:
        """Return every living process of the folder."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.data) in process.environ().get("WATCHFLOOR_DATA", "") or str(
                    self.data
                ) in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return [
            p for p in found if p.pid != os.getpid() and p.is_running() and p.status() != psutil.STATUS_ZOMBIE
        ]

    def run(self, *words: str, code: int = 0) -> Any:
        """Run a command on the folder; return the object that it printed."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "watchfloor", *words, "--data", str(self.data), "--json"],
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert done.returncode == code, f"{words} ended with {done.returncode}: {done.stderr[-2000:]}"
        return json.loads(done.stdout)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command on the folder and go on."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "watchfloor", *words, "--data", str(self.data), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )

    def status(self) -> dict[str, Any]:
        """Return what `status` says."""
        return dict(self.run("status"))

    def pid(self, name: str) -> int:
        """Return the process of a name."""
        return next(
            int(one["pid"]) for one in self.status()["processes"] if one["name"] == name and one["pid"]
        )

    def kill(self, name: str) -> None:
        """End a process at once, without a word; one that is being started again is waited for."""
        until = monotonic_s() + 20
        while True:
            try:
                os.kill(self.pid(name), signal.SIGKILL)
            except (ProcessLookupError, StopIteration):
                assert monotonic_s() < until, f"{name} did not come back"
                time.sleep(0.1)
            else:
                return

    def topic(self, name: str) -> list[list[tuple[int, int, bytes]]]:
        """Return a topic's records (offset, stamp, value), partition by partition."""
        return asyncio.run(_read(self.status()["kafka"], name))


async def _read(kafka: str, name: str) -> list[list[tuple[int, int, bytes]]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        parts = [
            TopicPartition(name, p)
            for p in sorted(consumer.partitions_for_topic(name) or await _partitions(consumer, name))
        ]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        found: list[list[tuple[int, int, bytes]]] = [[] for _ in parts]
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for part, records in (await consumer.getmany(timeout_ms=2000)).items():
                found[part.partition] += [(r.offset, r.timestamp, r.value) for r in records]
        return found
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, name: str) -> set[int]:
    """Ask the broker for a topic's partitions."""
    await consumer._client.add_topic(name)
    return set(consumer.partitions_for_topic(name) or ())


def effects(alerts: list[list[tuple[int, int, bytes]]]) -> dict[str, bytes]:
    """Return each effect of the topic `alerts` once; sent twice, it must be the same bytes."""
    seen: dict[str, bytes] = {}
    for records in alerts:
        for _, _, value in records:
            name = json.loads(value)["effect"]
            assert seen.setdefault(name, value) == value, f"effect {name} came with two contents"
    return seen


def by_area(cases: list[dict[str, Any]]) -> Counter[str]:
    """Count cases by the source's own area."""
    return Counter(case["area"] for case in cases)
