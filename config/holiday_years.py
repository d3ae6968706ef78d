"""The holidays library behind one function: which dates of a place are free or worked, and which years it knows."""

import hashlib
from datetime import date
from importlib import metadata
from pathlib import Path

import msgspec


class PlaceError(ValueError):
    """The library has no such country or subdivision; the message goes behind a field's name."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Whose holidays are asked for.

    Attributes
    ----------
    country, subdivision
        ISO 3166 codes; the subdivision may be empty.
    years
        First and last.
    announced
        The country announces its holidays year by year together with make-up working days, as China does: a year in
        which the library has none of these is not known yet.
    without
        Names of holidays, as the library has them in English, on which this place works.

    """

    country: str
    subdivision: str
    years: tuple[int, int]
    announced: bool
    without: tuple[str, ...] = ()


class HolidayYears(msgspec.Struct, frozen=True, kw_only=True):
    """Public holidays, make-up working days, and the years of which both were known."""

    free: frozenset[date]
    worked: frozenset[date]
    known: frozenset[int]


def holiday_years(place: Place, kept: Path | None = None) -> HolidayYears:
    """Return a place's holidays.

    Parameters
    ----------
    place
        Whose.
    kept
        A folder that keeps the answers of each version of the library; a damaged file in it is made anew.

    Raises
    ------
    PlaceError
        If the library does not have the place.

    """
    if kept is None:
        return _asked(place)
    version = metadata.version("holidays")
    key = hashlib.sha256(msgspec.json.encode([version, place])).hexdigest()[:16]
    path = kept / f"{place.country}-{version}-{key}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=HolidayYears)
    except (OSError, msgspec.DecodeError):
        years = _asked(place)
        kept.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(years, order="deterministic"))
        return years


def _asked(place: Place) -> HolidayYears:
    import holidays  # noqa: PLC0415 - it takes half a second, and only publishing needs it

    subdivision = place.subdivision or None
    free: set[date] = set()
    worked: set[date] = set()
    known: set[int] = set()
    try:
        nothing = holidays.country_holidays(place.country, subdiv=subdivision)
    except NotImplementedError as wrong:
        name = f"{place.country} {place.subdivision}".strip()
        raise PlaceError(f"must be a place that the holidays library has, and {name} is none.") from wrong
    language = "en_US" if "en_US" in nothing.supported_languages else None
    first, last = max(place.years[0], nothing.start_year), min(place.years[1], nothing.end_year)
    for year in range(first, last + 1):
        one = holidays.country_holidays(place.country, subdiv=subdivision, years=year, language=language)
        free |= {day for day, name in one.items() if not set(name.split("; ")) <= set(place.without)}
        worked |= one.weekend_workdays
        if not place.announced or any(day.year == year for day in one.weekend_workdays):
            known.add(year)
        elif known:
            break  # what comes after the last announcement is not known either
    return HolidayYears(free=frozenset(free), worked=frozenset(worked), known=frozenset(known))
