"""The holidays library behind one function: which dates of a place are free, which are worked instead, and which years it knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


class PlaceError(ValueError):
    """The library has no such country or subdivision; the message goes behind a field's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayYears:
    """Public holidays, make-up working days, and the years of which both were known."""

    free: frozenset[date]
    worked: frozenset[date]
    known: frozenset[int]


def holiday_years(
    country: str, subdivision: str, years: range, *, announced: bool, without: Sequence[str] = ()
) -> HolidayYears:
    """Return a place's holidays.

    Parameters
    ----------
    country, subdivision
        ISO 3166 codes; the subdivision may be empty.
    years
        Which to ask for.
    announced
        The country announces its holidays year by year together with make-up working days, as China does: a year in
        which the library has none of these is not known yet.
    without
        Names of holidays, as the library has them in English, on which this place works.

    Raises
    ------
    PlaceError
        If the library does not have the place.

    """
    import holidays  # noqa: PLC0415 - it takes half a second, and only publishing needs it

    free: set[date] = set()
    worked: set[date] = set()
    known: set[int] = set()
    try:
        nothing = holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as wrong:
        raise PlaceError(f"{country} {subdivision}".strip() + " is no place that the holidays library has.") from wrong
    language = "en_US" if "en_US" in nothing.supported_languages else None
    first, last = max(years.start, nothing.start_year), min(years.stop - 1, nothing.end_year)
    for year in range(first, last + 1):
        one = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language=language)
        free |= {day for day, name in one.items() if not set(name.split("; ")) <= set(without)}
        worked |= one.weekend_workdays
        if not announced or any(day.year == year for day in one.weekend_workdays):
            known.add(year)
        elif known:
            break  # what comes after the last announcement is not known either
    return HolidayYears(free=frozenset(free), worked=frozenset(worked), known=frozenset(known))
