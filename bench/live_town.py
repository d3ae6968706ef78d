"""A whole system started for one measurement: `watchfloor up` on a data folder of its own, ended afterwards."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bench.latency import Town, measure

UP_WITHIN_S = 120


def report_to_socket(rate: int, seconds: float) -> list[float]:
    """Start a town without simulator, measure, and stop it."""
    data = Path(tempfile.mkdtemp(prefix="watchfloor-bench-"))
    command = [
        sys.executable,
        "-P",
        "-m",
        "watchfloor",
        "up",
        "--data",
        str(data),
        "--port",
        "0",
        "--no-simulator",
    ]
    up = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        if up.stdout is None or not (ready := up.stdout.readline()).startswith("ready "):
            raise SystemExit("The system did not start; try `watchfloor up` by hand.")
        wall = urlsplit(ready.split()[1])
        status = json.loads(
            subprocess.run(
                [sys.executable, "-P", "-m", "watchfloor", "status", "--data", str(data), "--json"],
                stdout=subprocess.PIPE,
                check=True,
                timeout=60,
            ).stdout
        )
        town = Town(
            kafka=status["kafka"],
            prefix="",
            gateway=status["gateway"],
            secret=(data / "secret").read_text().strip(),
            origin=f"{wall.scheme}://{wall.netloc}",
        )
        return asyncio.run(measure(town, rate, seconds))
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(20)
        shutil.rmtree(data, ignore_errors=True)
