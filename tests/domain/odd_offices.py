"""Offices for the clocks' oracle: the shipped ones and odd ones, each as its files and as a person would tell it."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from random import Random

import holidays
import msgspec

from config.calendar_source import WEEKDAYS, calendar_files, expanded
from domain.clocks.calendars import Calendar, read_calendar
from tests.oracles.clock_walk import Minutes, Office, Shifts, office

SHIPPED = {
    "china": ("Asia/Shanghai", "CN", None, [("08:30", "12:00"), ("14:00", "17:30")]),
    "los-angeles": ("America/Los_Angeles", "US", "CA", [("08:00", "17:00")]),
    "stuttgart": ("Europe/Berlin", "DE", "BW", [("08:00", "16:00")]),
}
"""Zone, country, subdivision and hours, written once more by hand."""
NIGHT: Shifts = [("13:00", "17:00"), ("22:00", "06:00")]
CHANGE: Shifts = [("00:30", "01:45"), ("02:15", "02:45"), ("03:10", "05:00")]
ALWAYS: Shifts = [("00:00", "24:00")]
LATE: Shifts = [("16:00", "24:00")]


def _shipped(name: str) -> Office:
    zone, country, subdivision, hours = SHIPPED[name]
    place = holidays.country_holidays(country, subdiv=subdivision, years=range(2023, 2029))
    return Office(zone=zone, hours_on=lambda day: hours if place.is_working_day(day) else [])


def _plain(name: str) -> Office:
    zone, _, _, hours = SHIPPED[name]
    return office(zone, [hours] * 5 + [[], []])


def _toml(zone: str, week: list[Shifts]) -> bytes:
    lines = ["title = {en = 'Odd', zh = '怪'}", f"zone = '{zone}'", "[hours]"]
    lines += [f"{name} = {_list(shifts)}" for name, shifts in zip(WEEKDAYS, week, strict=True)]
    return "\n".join(lines).encode()


def _list(shifts: Shifts) -> str:
    return "[" + ", ".join(f"'{opens}-{closes}'" for opens, closes in shifts) + "]"


def _files(zone: str, week: list[Shifts], other: dict[date, Shifts]) -> dict[str, bytes]:
    files = {"calendars/odd.toml": _toml(zone, week)}
    for year in sorted({day.year for day in other}):
        lines = ["complete = true", "[days]"]
        lines += [f"{day} = {_list(shifts)}" for day, shifts in other.items() if day.year == year]
        files[f"calendars/odd/{year}.toml"] = "\n".join(lines).encode()
    return files


def _days(first: str, count: int) -> Iterable[date]:
    return (date.fromisoformat(first) + timedelta(days=number) for number in range(count))


def _random(seed: int) -> tuple[str, list[Shifts], dict[date, Shifts]]:
    rng = Random(seed)
    zone = rng.choice(
        ("Asia/Shanghai", "America/St_Johns", "Europe/Berlin", "Africa/Casablanca", "Asia/Kathmandu")
    )

    def hours() -> Shifts:
        cuts = sorted(rng.sample(range(0, 1440, 5), 2 * rng.choice((0, 1, 1, 2, 3))))
        texts = [f"{cut // 60:02d}:{cut % 60:02d}" for cut in cuts]
        return list(zip(texts[::2], texts[1::2], strict=True))

    week = [hours() for _ in range(6)] + [[("09:00", "09:05")]]
    few = [hours() for _ in range(9)]
    other = {day: rng.choice(few) for day in _days("2024-01-01", 1000) if rng.random() < 0.1}
    return zone, week, other


NIGHTS = [NIGHT, NIGHT, [("22:00", "04:30")], NIGHT, [("09:00", "13:00")], [], [("20:00", "02:00")]]
ODD: dict[str, tuple[str, list[Shifts], dict[date, Shifts]]] = {
    "nights": (
        "Europe/Berlin",
        NIGHTS,
        {date(2025, 5, 1): [], date(2025, 10, 25): NIGHT, date(2026, 3, 28): NIGHT},
    ),
    "changes": ("America/New_York", [CHANGE] * 7, {date(2025, 7, 4): []}),
    "half an hour": ("Australia/Lord_Howe", [ALWAYS, ALWAYS, LATE, [], ALWAYS, [], CHANGE], {}),
    "worked sundays": (
        "Asia/Shanghai",
        [[("08:30", "12:00"), ("14:00", "17:30")]] * 5 + [[], []],
        {day: [] for day in _days("2025-02-10", 8)}
        | {
            date(2025, 2, 8): [("08:30", "12:00"), ("14:00", "17:30")],
            date(2025, 2, 23): [("09:00", "11:00")],
        },
    ),
    **{f"random {seed}": _random(seed) for seed in range(4)},
}
SPANS = {
    "behind the years": (date(2100, 12, 1), date(2102, 1, 1)),
    "before the years": (date(1998, 12, 1), date(2000, 3, 1)),
}
"""The plain week of `china`, where no library says anything; the zone has no daylight saving then."""
NAMES = (*SHIPPED, *ODD, *SPANS)


@cache
def shipped_parts() -> dict[str, bytes]:
    return expanded(calendar_files(None))


@cache
def calendar_of(name: str) -> Calendar:
    if name in ODD:
        return read_calendar(expanded(_files(*ODD[name]))["calendars/odd.json"])
    return read_calendar(shipped_parts()[f"calendars/{'china' if name in SPANS else name}.json"])


@cache
def minutes_of(name: str) -> Minutes:
    if name in SPANS:
        return Minutes(_plain("china"), *SPANS[name])
    told = office(*ODD[name]) if name in ODD else _shipped(name)
    return Minutes(told, date(2024, 1, 1), date(2026, 12, 20))


def file_of(name: str) -> dict[str, object]:
    """The expanded file of a shipped calendar, as plain values."""
    return msgspec.json.decode(shipped_parts()[f"calendars/{name}.json"], type=dict[str, object])
