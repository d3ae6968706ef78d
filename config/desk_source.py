"""Desks and their shifts as a town writes them, with their zones' offsets from UTC written out for a rule set."""

import re
import tomllib
from importlib import resources
from pathlib import Path

import msgspec

from config.calendar_source import CalendarsError, hours_of, offsets_of, zone_of
from domain.codes import is_jurisdiction
from domain.duty.shifts import DeskEntry, DeskFile
from domain.rule_page import Page

FILE = "desks.toml"

PHONE = re.compile(r"\+?[0-9][0-9 ()-]{1,22}[0-9]")
"""Digits as a telephone directory writes them; an extension is said by the switchboard."""

MOBILE = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}")
"""A mobile number of the mainland belongs to whoever carries it; a desk's line is the only one that a rule set may have."""


def desk_file(config_dir: Path | None) -> bytes:
    """Return the file of desks in force: the town's own, else the shipped one."""
    shipped = Path(str(resources.files("config"))) / FILE
    own = shipped if config_dir is None else config_dir / FILE
    return (own if own.is_file() else shipped).read_bytes()


def expanded_desks(file: bytes) -> dict[str, bytes]:
    """Return the rule set's part `desks.json`.

    Raises
    ------
    CalendarsError
        With every mistake of the file.

    """
    mistakes: list[str] = []
    try:
        table = tomllib.loads(file.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise CalendarsError([f"{FILE}: is no TOML in UTF-8: {wrong}."]) from wrong
    page = Page(FILE, table, mistakes)
    desks: dict[str, DeskEntry] = {}
    zones: dict[str, list[tuple[int, int]]] = {}
    for code in sorted(table):
        if not code or not is_jurisdiction(code):
            page.wrong(code, 'must be the code of a jurisdiction, as ["990501"].')
            continue
        one = page.table(code)
        one.only("title", "phone", "zone", "shifts")
        zone = zone_of(one)
        shifts = hours_of(one, "shifts")
        if not shifts:
            one.wrong("shifts", 'must have a shift, as shifts = ["08:00-20:00", "20:00-08:00"].')
        desks[code] = DeskEntry(
            title=one.both("title"), zone=zone.key, shifts=list(shifts), phone=_phone(one)
        )
        if zone.key not in zones:
            zones[zone.key] = list(offsets_of(zone))
    if mistakes:
        raise CalendarsError(mistakes)
    return {"desks.json": msgspec.json.encode(DeskFile(desks=desks, zones=zones), order="deterministic")}


def _phone(desk: Page) -> str:
    """Return the desk's telephone number; empty where none is filed. That it is no person's is checked by its form only."""
    number = desk.text("phone")
    if number and not PHONE.fullmatch(number):
        desk.wrong("phone", f'must be a telephone number, as "000-5550101", and is {number!r}.')
    elif MOBILE.fullmatch(re.sub(r"[ ()-]", "", number)):
        desk.wrong("phone", "is a mobile number; give the desk's own line, no person's.")
    return number
