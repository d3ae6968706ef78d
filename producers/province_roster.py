"""The fictional province's roster: ids of workers who do not exist, and teams of invented departments.

By day each grid has a worker, whose stand-in is the next grid's; at weekends another; at night one for the village.
"""

from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from config.calendar_source import offsets_of
from domain.duty.roster_file import DepartmentRow, DutyRow, RosterFile, Shift
from producers.province import GRIDS_A_COUNTY, GRIDS_A_VILLAGE, code_of, county_code
from producers.rosters import write_rosters

ZONE = ZoneInfo("Asia/Shanghai")

SHIFTS = [
    Shift("0000011", ((480, 1200),)),
    Shift("1111100", ((480, 1200),)),
    Shift("1111111", ((1200, 1920),)),
]
WEEKEND, WEEKDAYS, NIGHT = range(3)

TEAMS = {
    "urban": ("Urban management", "城市管理局"),
    "water": ("Water and drains", "水务局"),
    "roads": ("Roads and lights", "市政设施所"),
    "fire": ("Fire safety", "消防救援大队"),
    "order": ("Public order", "综治中心"),
    "civil": ("Civil affairs", "民政局"),
    "green": ("Parks and greenery", "园林绿化所"),
}
SETTLES = {
    "fire-hazard": "fire",
    "water-leak": "water",
    "drain-blocked": "water",
    "road-damage": "roads",
    "street-light": "roads",
    "noise": "order",
    "parking": "order",
    "dispute": "order",
    "elder-care": "civil",
    "greenery": "green",
    "": "urban",
}
"""Which team settles a category; urban management whatever nobody else does."""


def make_rosters(grids: int) -> list[RosterFile]:
    """Return the roster of each county of a province of so many grids."""
    return [
        _county(first // GRIDS_A_COUNTY, first, min(first + GRIDS_A_COUNTY, grids))
        for first in range(0, grids, GRIDS_A_COUNTY)
    ]


def ensure_rosters(folder: Path, grids: int) -> dict[str, tuple[str, str]]:
    """Write the roster of each of the province's counties that has none; return what their teams are called, by id.

    Parameters
    ----------
    folder
        `DATA/roster`; a county's roster that is there, perhaps a town's own, is left alone.
    grids
        As for `producers.province.make_province`.

    """
    counties = [county_code(number) for number in range(-(-grids // GRIDS_A_COUNTY))]
    missing = {county for county in counties if not (folder / f"{county}.json").exists()}
    if missing:
        write_rosters([file for file in make_rosters(grids) if file.county in missing], folder)
    return {_team(county, kind): names for county in missing for kind, names in TEAMS.items()}


def _county(number: int, first: int, end: int) -> RosterFile:
    county = county_code(number)
    duty: list[DutyRow] = []
    for start in range(first, end, GRIDS_A_VILLAGE):
        village = range(start, min(start + GRIDS_A_VILLAGE, end))
        for index in village:
            following = village[(index - start + 1) % len(village)]
            stand_in = following if following != index else None
            duty += [
                DutyRow(
                    code_of(index),
                    shift,
                    _worker(index, shift),
                    "" if stand_in is None else _worker(stand_in, shift),
                )
                for shift in (WEEKEND, WEEKDAYS)
            ]
        duty.append(DutyRow(code_of(start)[:12], NIGHT, _worker(start, NIGHT)))
    return RosterFile(
        county=county,
        zone=ZONE.key,
        offsets=list(offsets_of(ZONE)),
        shifts=SHIFTS,
        duty=sorted(duty, key=lambda row: (row.area, row.shift)),
        departments=[
            DepartmentRow(category, county, _team(county, kind)) for category, kind in sorted(SETTLES.items())
        ],
    )


def _worker(grid: int, shift: int) -> str:
    """Return the id of a worker who does not exist: the same for the same grid and shift."""
    return f"w-{sha256(f'{code_of(grid)}/{shift}'.encode()).hexdigest()[:16]}"


def _team(county: str, kind: str) -> str:
    return f"t-{county}-{kind}"
