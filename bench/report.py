"""docs/performance.md, written from one run's results and from nothing else."""

import statistics
from pathlib import Path
from typing import Any

from bench.desks import ACTING, DESKS, RATE, Result, quantile

WHAT = {
    "S0": "stock Faust, counts by grid in a `Table`, an event at a time",
    "L0": "the fold alone, records in memory",
    "L1": "raw `aiokafka`, nothing done with the records",
    "pipeline": "journal → decode → fold (cases, counters, clocks, detectors) → alerts, snapshots, read models",
}
GOAL_S0 = 10
"""What the first release is held to; BENCHMARKS.md wants 40 later."""

GOAL_ROW_S = 0.5
"""What a person at a desk waits for."""


def rate(result: dict[str, Any]) -> float:
    """Return messages a second."""
    return float(result["messages"] / result["seconds"])


def write(
    out: Path,
    results: dict[str, list[dict[str, Any]]],
    live: tuple[dict[int, list[float]], Result],
    machine: dict[str, str],
    messages: int,
) -> None:
    """Write the page; `live` is report to socket, by reports a second, and the desks."""
    delays, desks = live
    medians = {name: statistics.median(map(rate, runs)) for name, runs in results.items()}
    lines = [
        "# Performance",
        "",
        "Written by `make bench`; ratios of medians measured in one run. Machines are shared and noisy: only the ratios count.",
        "",
        f"- {machine['when']}; {machine['machine']}",
        f"- {machine['versions']}",
        f"- {messages:,} case events of about 300 bytes in 16 partitions, 122,800 grids in 1,365 townships; one processor for the program, the other for Kafka and Valkey; {len(results['S0'])} interleaved runs after a warm-up; every run's final state equals the oracle's",
        "",
        "| | what | messages/s: median | lowest | highest | a CPU-second | ratio to S0 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        rates = sorted(map(rate, runs))
        per_cpu = statistics.median(run["messages"] / max(run["cpu_s"], 1e-9) for run in runs)
        lines.append(
            f"| {name} | {WHAT[name]} | {medians[name]:,.0f} | {rates[0]:,.0f} | {rates[-1]:,.0f} | {per_cpu:,.0f} | {medians[name] / medians['S0']:.1f} |"
        )
    lines += [
        "",
        f"Full pipeline / S0: **{medians['pipeline'] / medians['S0']:.1f}** (held to at least {GOAL_S0}). Full pipeline / L1: {medians['pipeline'] / medians['L1']:.2f}.",
        "",
        "## Report to socket",
        "",
        "From the moment an open-loop source stamps a report to the websocket frame that counts it; everything on the same two processors.",
        "",
        "| reports/s | reports | p50 s | p95 s | p99 s | highest s |",
        "|---|---|---|---|---|---|",
    ]
    for per_s, seconds in delays.items():
        ordered = sorted(seconds)
        p50, p95, p99 = (quantile(ordered, q) for q in (0.5, 0.95, 0.99))
        lines.append(
            f"| {per_s} | {len(ordered):,} | {p50:.3f} | {p95:.3f} | {p99:.3f} | {ordered[-1]:.3f} |"
        )
    lines += _desks(desks)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _desks(result: Result) -> list[str]:
    """Return the section about desks."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in sorted(result.shares.items()))
    lines = [
        "",
        "## Action to visible confirmation",
        "",
        f"{DESKS} desks follow the queues of a county and its nine townships, up to {result.queued:,} rows long, while {RATE} reports/s come in; {ACTING} of them act. From sending a command to its answer, and to the row with the new version in the queue of the desk that acted; held to a p99 of at most {GOAL_ROW_S} s. Of one processor: {shares}; the gateway sends {result.bytes_s / 1e6:.1f} MB/s.",
        "",
        "| to | actions | p50 s | p95 s | p99 s | highest s |",
        "|---|---|---|---|---|---|",
    ]
    for name, values in (("the answer", result.answers), ("the row", result.rows)):
        p50, p95, p99 = (quantile(values, share) for share in (0.5, 0.95, 0.99))
        lines.append(f"| {name} | {len(values):,} | {p50:.3f} | {p95:.3f} | {p99:.3f} | {max(values):.3f} |")
    return lines
