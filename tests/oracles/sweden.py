"""Counts the Swedish police's events: `python -m tests.oracles.sweden FOLDER [MONTH]`."""

import csv
import gzip
import json
import sys
from datetime import datetime
from pathlib import Path

from tests.oracles.windows import Matter, Tally


def count(folder: Path, month: str = "") -> Tally:
    """Count all observations, or those of one month (`2024-01`, in UTC)."""
    with (folder / "swedish_admin_areas.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    areas = {row["county_name"].lower(): "county " + row["county_code"] for row in rows}
    areas |= {row["municipality_name"].lower(): row["municipality_code"] for row in rows}
    tally = Tally()
    versions: dict[str, str] = {}
    with gzip.open(folder / "observations.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            seen = json.loads(line)
            if not seen["observed_at"].startswith(month):
                continue
            event = seen["event"]
            key, version = str(event["id"]), json.dumps(event, sort_keys=True)
            at_ms = int(datetime.fromisoformat(seen["observed_at"]).timestamp()) * 1000
            tally.outcome.rows += 1
            tally.outcome.sent += 1
            tally.end_ms = at_ms
            before = tally.matters.get(key)
            if before is None:
                tally.outcome.accepted += 1
            elif versions[key] == version:
                tally.outcome.repeated += 1
            else:
                tally.outcome.revised += 1
            versions[key] = version
            tally.matters[key] = Matter(
                area=areas.get(event["location"]["name"].strip().lower(), "unplaced"),
                category=event["type"].strip() or "uncategorised",
                arrived_ms=at_ms if before is None else before.arrived_ms,
            )
    return tally


if __name__ == "__main__":
    print(count(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "").outcome)
