"""The full pipeline: a real worker process folds a filled journal to cases, counters, clocks, detectors, alerts, snapshots and read models."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import redis

from bench.workload import Workload
from config.rules import RuleStore, gather
from config.settings import Settings, child_environment
from domain.fold import FOLD_VERSION

WITHIN_S = 300
LOOK_EVERY_S = 0.02


def rules_hash(data: Path) -> str:
    """Put the shipped rules where the worker looks for them, and return their hash."""
    return RuleStore(str(data / "rules")).put(gather(None, None))


def run(kafka: str, valkey: str, prefix: str, workload: Workload, cpus: set[int]) -> dict[str, object]:
    """Fold the workload's topics from their beginning with a fresh data folder; rate between first and last write."""
    data = Path(tempfile.mkdtemp(prefix="watchfloor-bench-"))
    rules_hash(data)
    client = redis.Redis.from_url(valkey, decode_responses=True)
    client.flushall()
    settings = Settings(
        kafka=kafka, redis=valkey, data=data, clock="feed", prefix=prefix, worker="bench", secret="bench"
    )
    goal = sum(len(records) for records in workload.partitions)
    with (data / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "streams.worker"],
            env=child_environment(settings) | {"PYTHONPATH": str(Path.cwd())},
            stdout=log,
            stderr=log,
        )
    try:
        os.sched_setaffinity(worker.pid, cpus)
        looks = _watch(client, f"{prefix}wf{FOLD_VERSION}:pos", goal, psutil.Process(worker.pid))
        right = _total(client, f"{prefix}wf{FOLD_VERSION}:") == sum(workload.opened.values())
    finally:
        worker.terminate()
        try:
            worker.wait(15)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait(5)
        said = (data / "worker.log").read_text(errors="replace")[-2000:]
        shutil.rmtree(data, ignore_errors=True)
    if not looks or looks[-1][1] < goal:
        raise SystemExit(f"The worker did not fold the journal within {WITHIN_S} s. Its last words:\n{said}")
    (t0, n0, c0), (t1, n1, c1) = looks[0], looks[-1]
    return {"messages": n1 - n0, "seconds": t1 - t0, "cpu_s": c1 - c0, "right": right}


def _watch(
    client: redis.Redis, key: str, goal: int, worker: psutil.Process
) -> list[tuple[float, int, float]]:
    """Look at the written offsets until all is written: time, records, CPU seconds of the worker."""
    looks: list[tuple[float, int, float]] = []
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until and worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        written = client.hgetall(key)
        done = sum(int(offset) + 1 for name, offset in written.items() if name.startswith("journal:"))
        if done and (not looks or done > looks[-1][1]):
            used = worker.cpu_times()
            looks.append((time.monotonic(), done, used.user + used.system))
        if done >= goal:
            break
        time.sleep(LOOK_EVERY_S)
    return looks


def _total(client: redis.Redis, space: str) -> int:
    """Add up the reports of all grids from the read models."""
    return sum(
        counts[5]
        for p in range(16)
        for block in client.hvals(f"{space}grids:{p}")
        for categories in json.loads(block)["grids"].values()
        for counts in categories.values()
    )
