"""A whole system started for one measurement: `watchfloor up` on a data folder of its own, ended afterwards."""

import asyncio
import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.latency import Town, measure

UP_WITHIN_S = 120


@contextlib.contextmanager
def running(*options: str) -> Iterator[tuple[Town, Path, dict[str, Any]]]:
    """Start a town without simulator; give where it is, its data folder and its status, and stop it."""
    data = Path(tempfile.mkdtemp(prefix="watchfloor-bench-"))
    ours = [sys.executable, "-P", "-m", "watchfloor"]
    command = [*ours, "up", "--data", str(data), "--port", "0", "--no-simulator", *options]
    up = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        if up.stdout is None or not (ready := up.stdout.readline()).startswith("ready "):
            raise SystemExit("The system did not start; try `watchfloor up` by hand.")
        wall = urlsplit(ready.split()[1])
        asked = [*ours, "status", "--data", str(data), "--json"]
        status = json.loads(subprocess.run(asked, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
        town = Town(
            kafka=status["kafka"],
            prefix="",
            gateway=status["gateway"],
            secret=(data / "secret").read_text().strip(),
            origin=f"{wall.scheme}://{wall.netloc}",
        )
        yield town, data, status
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(20)
        shutil.rmtree(data, ignore_errors=True)


def report_to_socket(rate: int, seconds: float) -> list[float]:
    """Start a town, measure, and stop it."""
    with running() as (town, _, _):
        return asyncio.run(measure(town, rate, seconds))
