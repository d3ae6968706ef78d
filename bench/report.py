"""docs/performance.md, written from one run's results and from nothing else."""

import statistics
from pathlib import Path
from typing import Any

WHAT = {
    "S0": "stock Faust, counts by grid in a `Table`, an event at a time",
    "L0": "the fold alone, records in memory",
    "L1": "raw `aiokafka`, nothing done with the records",
    "pipeline": "journal → decode → fold (cases, counters, clocks, detectors) → alerts, snapshots, read models",
}
GOAL_S0 = 10
"""What the first release is held to; BENCHMARKS.md wants 40 later."""


def rate(result: dict[str, Any]) -> float:
    """Return messages a second."""
    return float(result["messages"] / result["seconds"])


def write(
    out: Path,
    results: dict[str, list[dict[str, Any]]],
    delays: dict[int, list[float]],
    machine: dict[str, str],
    messages: int,
) -> None:
    """Write the page."""
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
        p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * q))] for q in (0.5, 0.95, 0.99))
        lines.append(
            f"| {per_s} | {len(ordered):,} | {p50:.3f} | {p95:.3f} | {p99:.3f} | {ordered[-1]:.3f} |"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join([*lines, ""]), encoding="utf-8")
