"""Roster files of a province as large as wanted, with keys and names that are nobody's."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from producers.province import GRIDS_A_COUNTY, code_of, county_code, workers_of
from producers.roster_csv import COLUMNS

CATEGORIES = ("waste", "noise", "road-damage", "water-leak", "")


def write(path: Path, kind: str, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS[kind])
        out.writerows(rows)
    return path


def people_file(path: Path, workers: int) -> Path:
    return write(path, "people", ((f"K{n}", f"worker {n}", f"1{n:010d}") for n in range(workers)))


def duty_file(path: Path, grids: int) -> Path:
    """Three or four workers a grid: by day, in the evening, at night, and from 2027 on by day."""
    hours = ("08:00-16:00", "16:00-24:00", "00:00-08:00", "08:00-16:00")
    rows = []
    worker = 0
    for index, count in enumerate(workers_of(grids, 1).tolist()):
        for n in range(count):
            first = "2027-01-01" if n == 3 else "2026-01-01"
            stand_in = f"K{worker - n + (n + 1) % count}"
            rows.append((code_of(index), f"K{worker}", stand_in, "", hours[n], first, ""))
            worker += 1
    return write(path, "duty", rows)


def departments_file(path: Path, grids: int, departments: int) -> Path:
    counties = -(-grids // GRIDS_A_COUNTY)
    rows = []
    for n in range(departments):
        county, kind = county_code(n % counties), n // counties
        category = CATEGORIES[kind % len(CATEGORIES)]
        area = county if kind < len(CATEGORIES) else f"{county}{kind - len(CATEGORIES) + 1:03d}"
        rows.append((f"t-{n}", f"Department {n}", f"第{n}科", category, area, "2026-01-01", ""))
    return write(path, "departments", rows)
