"""Counts Stuttgart's reports, which come again and again: `python -m tests.oracles.stuttgart FOLDER`."""

import csv
import gzip
import math
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.oracles.windows import HOUR_MS, Matter, Tally

AGAIN_WITHIN_MS = 36 * HOUR_MS
WEST, SOUTH, EAST, NORTH = 9.03, 48.69, 9.32, 48.87
SIDE_M = 500
METRES_PER_DEGREE = 111_195


def square(lon: str, lat: str) -> tuple[int, int] | str:
    """Return the column and row of a point's square of 500 m."""
    if not lon or not lat:
        return "unplaced"
    x, y = float(lon), float(lat)
    if not (WEST <= x < EAST and SOUTH <= y < NORTH):
        return "unplaced"
    shrunk = math.cos(math.radians((SOUTH + NORTH) / 2))
    return int((x - WEST) * METRES_PER_DEGREE * shrunk / SIDE_M), int(
        (y - SOUTH) * METRES_PER_DEGREE / SIDE_M
    )


def count(folder: Path) -> Tally:
    """Count all sightings; the same values within 36 hours of their last sighting are the same report."""
    tally = Tally()
    last: dict[tuple[str, ...], int] = {}
    with gzip.open(folder / "reports.csv.gz", "rt", encoding="utf-8") as file:
        for n, row in enumerate(csv.DictReader(file)):
            moment = datetime.fromisoformat(row["first_seen_at_timestamp"]).replace(tzinfo=UTC)
            at_ms = int(moment.timestamp()) * 1000
            key = (row["category"], row["location"], row["lat"], row["lon"])
            tally.outcome.rows += 1
            tally.outcome.sent += 1
            tally.end_ms = max(tally.end_ms, at_ms)
            if key in last and at_ms - last[key] <= AGAIN_WITHIN_MS:
                tally.outcome.repeated += 1
            else:
                tally.outcome.accepted += 1
                tally.matters[str(n)] = Matter(
                    area=square(row["lon"], row["lat"]),
                    category=row["category"].strip() or "uncategorised",
                    arrived_ms=at_ms,
                )
            last[key] = at_ms
    return tally


if __name__ == "__main__":
    print(count(Path(sys.argv[1])).outcome)
