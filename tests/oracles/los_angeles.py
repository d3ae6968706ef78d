"""Counts Los Angeles' requests, their promises and their councils: `python -m tests.oracles.los_angeles FOLDER`."""

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import shapely

from tests.oracles.windows import Matter, Tally

FILES = ("2017_Subset.csv.gz", "2018_mini_b.csv.gz")
AREAS = "nc-boundary-2019-modified.json"
STAMP = "%m/%d/%Y %I:%M:%S %p"
ZONE = ZoneInfo("America/Los_Angeles")


def rows(folder: Path) -> Iterator[dict[str, str]]:
    """Give the rows of both files."""
    for name in FILES:
        with gzip.open(folder / name, "rt", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def late(folder: Path) -> set[str]:
    """Return the numbers of the requests that were closed after the local day that had been promised."""
    return {
        row["SRNumber"]
        for row in rows(folder)
        if row["ClosedDate"] and row["ServiceDate"] and _day(row["ClosedDate"]) > _day(row["ServiceDate"])
    }


def councils(folder: Path) -> dict[str, str]:
    """Return the council of each request by its point: the smallest of those around it, "" outside all."""
    features = json.loads((folder / AREAS).read_text(encoding="utf-8"))["features"]
    shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in features]
    tree = shapely.STRtree(shapes)
    codes = [one["properties"]["nc_id"] for one in features]
    found: dict[str, str] = {}
    for row in rows(folder):
        if row["Latitude"] and row["Longitude"]:
            point = shapely.Point(float(row["Longitude"]), float(row["Latitude"]))
            around = tree.query(point, predicate="intersects").tolist()
            found[row["SRNumber"]] = codes[min(around, key=lambda n: shapes[n].area)] if around else ""
    return found


def count(folder: Path) -> Tally:
    """Count the openings and closings of both files, and what stands at the end of them."""
    tally = Tally()
    area_of, late_ones = councils(folder), late(folder)
    for row in rows(folder):
        opened_ms = _ms(row["CreatedDate"])
        closed_ms = _ms(row["ClosedDate"]) if row["ClosedDate"] else None
        key = row["SRNumber"]
        assert key not in tally.matters, "the oracle counts on each number standing once"
        tally.outcome.rows += 1
        tally.outcome.accepted += 1
        tally.outcome.revised += closed_ms is not None
        tally.end_ms = max(tally.end_ms, opened_ms, closed_ms or 0)
        tally.matters[key] = Matter(
            area=area_of.get(key, "") or "unplaced",
            category=row["RequestType"].strip() or "uncategorised",
            arrived_ms=opened_ms,
            is_open=closed_ms is None,
            is_overdue=key in late_ones,
        )
    tally.outcome.sent = tally.outcome.accepted + tally.outcome.revised
    return tally


def _day(text: str) -> str:
    return datetime.strptime(text, STAMP).strftime("%Y-%m-%d")  # noqa: DTZ007 - a local day


def _ms(text: str) -> int:
    return int(datetime.strptime(text, STAMP).replace(tzinfo=ZONE).timestamp()) * 1000


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(count(folder).outcome)
    own = {row["SRNumber"]: row["NC"] for row in rows(folder)}
    by_point = councils(folder)
    placed = [key for key, code in by_point.items() if code]
    print("late", len(late(folder)), "placed", len(placed), "own", sum(own[k] == by_point[k] for k in placed))
    print("open", [row["ServiceDate"] for row in rows(folder) if not row["ClosedDate"]])
