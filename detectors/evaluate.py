"""Measures the detectors on recorded and planted series: ``python -m detectors.evaluate FOLDER`` prints the figures.

It changes nothing and is no part of the running system; the figures are kept in ``docs/dev/detectors.md``.
"""

import csv
import gzip
import heapq
import math
import random
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from detectors.bank import Bank
from detectors.surge import SurgeDetector
from domain.detection import DetectorRules, Verdict, pair_key

DAY_MS = 86_400_000
REPEAT_MS = 36 * 3_600_000
"""Stuttgart's scraper shows a report again for up to 36 hours."""

WEEKS_WARM = 26
"""Half a year of weeks before the weekly series are judged."""

SURGE_INTERVALS = 2
"""A planted surge counts as found when an anomaly begins in its first two intervals."""


class Found(NamedTuple):
    """What was found in a set of series; ``units`` are judged intervals outside surges."""

    name: str
    surges: int
    found: int
    false_alarms: int
    units: int

    def line(self) -> str:
        """The figures as one line."""
        found = f"{self.found} of {self.surges} surges" if self.surges else "no surges planted"
        rate = 1000 * self.false_alarms / max(1, self.units)
        return f"{self.name}: {found}, {self.false_alarms} alarms in {self.units} other intervals ({rate:.3f} per 1000)"


def weekly(path: Path, enter: float) -> Found:
    """A weekly series with its outbreak weeks marked, judged by the bare model without a rhythm of the day."""
    with path.open(newline="") as file:
        rows = [(int(row["observed"]), row["outbreak"] == "1") for row in csv.DictReader(file)]
    detector = SurgeDetector(
        per_slot=1,
        slots=1,
        half_life=WEEKS_WARM,
        warmup=WEEKS_WARM,
        enter=enter,
        leave=max(0.05, 2 * enter),
        min_count=3,
    )
    surges = found = alarms = units = 0
    hit = before = False
    for count, outbreak in rows:
        over = detector.warm and count > detector.expected().high
        if detector.warm:
            if outbreak and not before:
                surges, hit = surges + 1, False
            if outbreak and over and not hit:
                found, hit = found + 1, True
            if not outbreak:
                units, alarms = units + 1, alarms + over
            before = outbreak
        detector.learn_one({"count": count})
    return Found(path.stem, surges, found, alarms, units)


def stuttgart(path: Path) -> list[tuple[int, str]]:
    """Arrival (epoch ms, local time taken as UTC) and category of every report that is not a repeat."""
    sightings: dict[tuple[str, ...], int] = {}
    reports = []
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            seen = datetime.fromisoformat(row["first_seen_at_timestamp"]).replace(tzinfo=UTC)
            t_ms = int(seen.timestamp()) * 1000
            key = (row["category"], row["location"], row["lat"], row["lon"])
            if t_ms - sightings.get(key, -REPEAT_MS - 1) > REPEAT_MS:
                reports.append((t_ms, row["category"]))
            sightings[key] = t_ms
    return sorted(reports)


def judged(reports: Iterable[tuple[int, str]], rules: DetectorRules) -> Iterator[tuple[int, str, Verdict]]:
    """Every close of a bank that counts these reports, as a partition of the journal would call it."""
    bank = Bank(rules)
    heap: list[tuple[int, str]] = []
    for t_ms, category in reports:
        while heap and heap[0][0] <= t_ms:
            due_ms, pair = heapq.heappop(heap)
            verdict, next_ms = bank.close(pair, due_ms)
            if next_ms is not None:
                heapq.heappush(heap, (next_ms, pair))
            yield due_ms, pair, verdict
        opened_ms = bank.count("all", category, "feed", t_ms)
        if opened_ms is not None:
            heapq.heappush(heap, (opened_ms, pair_key("all", category)))


def planted(
    reports: list[tuple[int, str]], rules: DetectorRules, size: int, seed: int
) -> tuple[list[tuple[int, str]], dict[tuple[str, int], bool]]:
    """The reports with a surge of ``size`` reports in ten minutes about every 20 days of each category, and its start.

    Only categories with a report a day on average take part, from their 60th day on.
    """
    rng = random.Random(seed)  # noqa: S311 - a seeded plan, not a secret
    times: dict[str, list[int]] = {}
    for t_ms, category in reports:
        times.setdefault(category, []).append(t_ms)
    surges: dict[tuple[str, int], bool] = {}
    added = []
    for category, seen in sorted(times.items()):
        days = (seen[-1] - seen[0]) // DAY_MS
        if len(seen) < days:
            continue
        for day in range(60, days, 20):
            at_ms = seen[0] + (day + rng.randrange(15)) * DAY_MS + rng.randrange(DAY_MS)
            start_ms = at_ms // rules.interval_ms * rules.interval_ms
            surges[pair_key("all", category), start_ms] = False
            span_ms = SURGE_INTERVALS * rules.interval_ms
            added += [(start_ms + number * span_ms // size, category) for number in range(size)]
    return sorted(reports + added), surges


def measured(
    name: str, reports: list[tuple[int, str]], rules: DetectorRules, size: int | None = None, seed: int = 1
) -> Found:
    """Alarms of the reports, with surges of ``size`` planted if given."""
    surges: dict[tuple[str, int], bool] = {}
    if size is not None:
        reports, surges = planted(reports, rules, size, seed)
    begun: set[tuple[str, int]] = set()
    for _, pair, verdict in judged(reports, rules):
        if verdict.since_ms is not None:
            begun.add((pair, verdict.since_ms))
    false_alarms = 0
    for pair, since_ms in begun:
        starts = [(pair, since_ms - back * rules.interval_ms) for back in range(SURGE_INTERVALS)]
        hits = [start for start in starts if start in surges]
        false_alarms += not hits
        for start in hits:
            surges[start] = True
    pairs = len({category for _, category in reports})
    units = pairs * (reports[-1][0] - reports[0][0]) // rules.interval_ms
    return Found(name, len(surges), sum(surges.values()), false_alarms, units)


def rhythmic(mean: float, pairs: int, days: int, interval_ms: int, seed: int) -> list[tuple[int, str]]:
    """Poisson reports with quiet nights and half as many on weekends; ``mean`` an interval, averaged over a day."""
    rng = random.Random(seed)  # noqa: S311 - a seeded series, not a secret
    peak = 2 * mean / interval_ms
    reports = []
    for pair in range(pairs):
        t_ms = 0.0
        while True:
            t_ms += rng.expovariate(peak)
            day, within = divmod(t_ms, DAY_MS)
            if day >= days:
                break
            share = 0.5 - 0.5 * math.cos(2 * math.pi * within / DAY_MS)
            weekend = 0.5 if day % 7 in {2, 3} else 1.0
            if rng.random() < share * weekend:
                reports.append((int(t_ms), f"category {pair}"))
    return sorted(reports)


def figures(folder: Path) -> Iterator[str]:
    """The lines of a whole evaluation; a source that is not in the folder is named as absent."""
    rules = DetectorRules()
    for mean, pairs in ((0.02, 20), (0.3, 10), (3.0, 3)):
        reports = rhythmic(mean, pairs, 120, rules.interval_ms, seed=7)
        yield measured(f"planted rhythm, mean {mean}", reports, rules).line()
        size = math.ceil(10 + 8 * mean)
        yield measured(f"planted rhythm, mean {mean}, surges of {size}", reports, rules, size).line()
    city = folder / "stuttgart" / "reports.csv.gz"
    if city.is_file():
        reports = stuttgart(city)
        yield f"stuttgart: {len(reports)} reports, {len({category for _, category in reports})} pairs"
        yield measured("stuttgart", reports, rules).line()
        looser = DetectorRules(enter_probability=1e-4)
        yield measured(f"stuttgart at {looser.enter_probability:g}", reports, looser).line()
        for size in (10, 20, 40):
            yield measured(f"stuttgart, surges of {size}", reports, rules, size).line()
    else:
        yield f"stuttgart: absent, {city} is not there"
    names = [folder / "surveillance" / f"{name}.csv" for name in ("k1", "m1", "m2", "m3", "n1", "s1", "s2")]
    series = [path for path in names if path.is_file()]
    for enter in (1e-2, 1e-3, rules.enter_probability):
        found = [weekly(path, enter) for path in series]
        yield Found(
            f"surveillance at {enter:g}",
            *(sum(column) for column in zip(*(f[1:] for f in found), strict=True)),
        ).line()
    yield from (weekly(path, 1e-2).line() for path in series)


def main() -> int:
    """Print the figures of the folder given."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its folder
        sys.stderr.write("Give the folder of recorded data: python -m detectors.evaluate FOLDER\n")
        return 2
    for line in figures(Path(sys.argv[1])):
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
