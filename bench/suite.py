"""The whole suite on one machine in one run: `make bench`. Writes docs/performance.md from what it measured."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench import pipeline
from bench.desks import action_to_row
from bench.fill import fill
from bench.live_town import report_to_socket
from bench.report import write
from bench.workload import build
from watchfloor.dev_stack import running_broker, running_valkey

STOCK_SHARE = 25
"""Stock Faust reads one in so many of the records: at some thousands a second the whole would take minutes a run."""


def main() -> None:
    """Run every program the same number of times, interleaved, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20, help="of the latency runs")
    parser.add_argument("--out", type=Path, default=Path("docs/performance.md"))
    args = parser.parse_args()
    data = Path(tempfile.mkdtemp(prefix="watchfloor-bench-"))
    cpus = sorted(os.sched_getaffinity(0))
    ours, brokers = {cpus[0]}, {cpus[-1]}
    with running_valkey(data) as valkey, running_broker(data) as kafka:
        for service in (valkey, kafka):
            pin(service.process.pid, brokers)
        workload = build(args.messages, pipeline.rules_hash(data))
        few = [records[: len(records) // STOCK_SHARE] for records in workload.partitions]
        say(f"Filling topics: {args.messages} records")
        fill(kafka.address, "all.", "journal", workload.partitions)
        fill(kafka.address, "few.", "journal", few)
        all_messages, few_messages = (sum(map(len, ps)) for ps in (workload.partitions, few))
        results: dict[str, list[dict[str, Any]]] = {"S0": [], "L0": [], "L1": [], "pipeline": []}
        for run in range(args.runs + 1):  # the first is not counted
            say(f"Run {run} of {args.runs}" + (" (warm-up)" if run == 0 else ""))
            once = {
                "L0": program("bench.fold_alone", ours, "--messages", str(args.messages)),
                "L1": program(
                    "bench.raw_reader",
                    ours,
                    "--kafka",
                    kafka.address,
                    "--topic",
                    "all.journal",
                    "--messages",
                    str(all_messages),
                ),
                "S0": program(
                    "bench.stock_faust",
                    ours,
                    "--kafka",
                    kafka.address,
                    "--topic",
                    "few.journal",
                    "--messages",
                    str(few_messages),
                ),
                "pipeline": pipeline.run(kafka.address, valkey.address, "all.", workload, ours),
            }
            for name, result in once.items():
                if not result["right"]:
                    raise SystemExit(f"{name}: the final state is not the oracle's; the run is void.")
                say(f"  {name}: {result['messages'] / result['seconds']:,.0f} messages/s")
                if run:
                    results[name].append(result)
    say("Report to socket")
    delays = report_to_socket(200, args.seconds)
    say("Action to row")
    desks = action_to_row(args.seconds)
    write(args.out, results, ({200: delays}, desks), machine(), args.messages)
    say(f"Written: {args.out}")


def program(module: str, cpus: set[int], *args: str) -> dict[str, Any]:
    """Run one benchmark program on given processors; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *args],
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )
    result: dict[str, Any] = json.loads(
        next(line for line in done.stdout.splitlines() if line.startswith(b"{"))
    )
    return result


def pin(pid: int, cpus: set[int]) -> None:
    """Keep a process and its threads on given processors."""
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, cpus)


def machine() -> dict[str, str]:
    """Return what the figures stand beside."""
    names = ("faust-streaming", "aiokafka", "msgspec", "river", "redis", "websockets")
    return {
        "when": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} processors, {psutil.virtual_memory().total >> 30} GiB, {platform.system()} {platform.machine()}",
        "versions": ", ".join(
            [
                f"Python {platform.python_version()}",
                "Apache Kafka 4.3.1",
                *(f"{n} {version(n)}" for n in names),
            ]
        ),
    }


def say(line: str) -> None:
    """Show progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
