"""Rosters made ready for rule sets: one file a county, by ids alone, written only where something changed."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from config.calendar_source import offsets_of
from domain.codes import COUNTY_DIGITS
from domain.duty.roster_file import DepartmentRow, DutyRow, RosterError, RosterFile, read_roster_file
from domain.rules import Rules
from producers.roster_csv import DepartmentLine, DutyLine

Line = TypeVar("Line", DutyLine, DepartmentLine)


class RosterKeptError(Exception):
    """A roster that is there and cannot be read, or a county whose zone nobody knows; the message says how to mend it."""


def duty_of(
    lines: Iterable[DutyLine], ids: Mapping[str, str], zones: Mapping[str, ZoneInfo], folder: Path
) -> list[RosterFile]:
    """Return the rosters of the counties that lines of duty name, each with its duty replaced.

    Parameters
    ----------
    lines
        As they were read.
    ids
        The worker's id of each of the town's keys.
    zones
        The zone of each county.
    folder
        `DATA/roster`.

    Raises
    ------
    RosterKeptError
        If a county's roster is there and is damaged.

    """
    files: list[RosterFile] = []
    for county, own in _by_county(lines).items():
        shifts = sorted({line.shift for line in own}, key=lambda shift: (shift.days, shift.hours))
        number = {shift: n for n, shift in enumerate(shifts)}
        rows = [
            DutyRow(
                line.area,
                number[line.shift],
                ids[line.worker],
                ids[line.stand_in] if line.stand_in else "",
                line.from_day,
                line.to_day,
            )
            for line in own
        ]
        rows.sort(key=msgspec.structs.astuple)
        base = _base(county, zones[county], folder)
        files.append(msgspec.structs.replace(base, shifts=shifts, duty=rows))
    return files


def departments_of(
    lines: Iterable[DepartmentLine], zones: Mapping[str, ZoneInfo], folder: Path
) -> list[RosterFile]:
    """Return the rosters of the counties that lines of departments name, each with its departments replaced."""
    files: list[RosterFile] = []
    for county, own in _by_county(lines).items():
        rows = [
            DepartmentRow(line.category, line.area, line.team, line.from_day, line.to_day) for line in own
        ]
        rows.sort(key=msgspec.structs.astuple)
        files.append(msgspec.structs.replace(_base(county, zones[county], folder), departments=rows))
    return files


def zones_of(
    rules: Rules, areas: Iterable[str], folder: Path, given: ZoneInfo | None = None
) -> dict[str, ZoneInfo]:
    """Return the zone of each county of some areas: the given one, that of a feed of the county, or the roster's before.

    Raises
    ------
    RosterKeptError
        If nobody says a county's zone.

    """
    zones: dict[str, ZoneInfo] = {}
    for county in sorted({area[:COUNTY_DIGITS] for area in areas}):
        zone = given or _zone_of(rules, county) or _zone_before(county, folder)
        if zone is None:
            raise RosterKeptError(
                f"No feed says in which zone the county {county} lies: give --zone, as Asia/Shanghai."
            )
        zones[county] = zone
    return zones


def write_rosters(files: Iterable[RosterFile], folder: Path) -> list[Path]:
    """Write rosters, each whole, those that are there with the same bytes left alone; return those that are new.

    Raises
    ------
    OSError
        If the folder cannot be written.

    """
    folder.mkdir(parents=True, exist_ok=True)
    ready: list[tuple[str, Path]] = []
    for file in files:
        path, body = folder / f"{file.county}.json", msgspec.json.encode(file)
        if path.exists() and path.read_bytes() == body:
            continue
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".part-", delete=False) as aside:
            aside.write(body)
        ready.append((aside.name, path))
    for written, path in ready:  # only now: a full disk leaves every roster as it was
        Path(written).replace(path)
    return [path for _, path in ready]


def _by_county(lines: Iterable[Line]) -> dict[str, list[Line]]:
    counties: dict[str, list[Line]] = {}
    for line in lines:
        counties.setdefault(line.area[:COUNTY_DIGITS], []).append(line)
    return counties


def _before(county: str, folder: Path) -> RosterFile | None:
    path = folder / f"{county}.json"
    if not path.exists():
        return None
    try:
        return read_roster_file(path.read_bytes())
    except RosterError as wrong:
        raise RosterKeptError(
            f"The roster {path} {wrong} Put it back from the backup, or remove it."
        ) from wrong


def _base(county: str, zone: ZoneInfo, folder: Path) -> RosterFile:
    """Return what a county's roster is built on: the one before, or an empty one, in the zone as it is known today."""
    before = _before(county, folder)
    offsets = list(offsets_of(zone))
    if before is None:
        return RosterFile(county=county, zone=zone.key, offsets=offsets)
    return msgspec.structs.replace(before, zone=zone.key, offsets=offsets)


def _zone_of(rules: Rules, county: str) -> ZoneInfo | None:
    for _, feed in sorted(rules.feeds.items()):
        if feed.county == county or (feed.areas is not None and feed.areas.has_county(county)):
            return feed.zone
    return None


def _zone_before(county: str, folder: Path) -> ZoneInfo | None:
    before = _before(county, folder)
    return None if before is None else ZoneInfo(before.zone)
