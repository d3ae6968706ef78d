"""Calendar files become dates written out: what they say, what a town lays over them, and every mistake told."""

from pathlib import Path

import holidays
import msgspec
import pytest

from config import holiday_years as source
from config.calendar_source import CalendarsError, calendar_files, expanded
from domain.clocks.calendars import CalendarError, read_calendar
from domain.clocks.clock import Clock, Limit, timetable
from tests.domain.odd_offices import SHIPPED, shipped_parts
from tests.domain.shown import at, seen

DAY = Limit(kind="working_days", days=1)
WEEKLY = b'title = {en = "Odd", zh = "O"}\nzone = "Asia/Shanghai"\n[hours]\nmon = ["09:00-17:00"]\n'


def hours_on(body: bytes, day: str) -> list[list[int]]:
    file = msgspec.json.decode(body)
    year = file["dates"][int(day[:4]) - file["first_year"]]
    number = (at(f"{day}T00:00Z") - at(f"{day[:4]}-01-01T00:00Z")) // 86_400_000
    found: list[list[int]] = file["hours"][int(year[number], 36)]
    return found


def mistakes_of(**files: str) -> list[str]:
    named = {f"calendars/{path.replace('__', '/')}.toml": text.encode() for path, text in files.items()}
    with pytest.raises(CalendarsError) as caught:
        expanded(named)
    return caught.value.mistakes


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_calendar_works_when_the_library_says_so(name: str) -> None:
    _, country, subdivision, _ = SHIPPED[name]
    body = shipped_parts()[f"calendars/{name}.json"]
    place = holidays.country_holidays(country, subdiv=subdivision, years=range(2016, 2028))
    for year in range(2016, 2027):
        for month in range(1, 13):
            for day in range(1, 29):
                text = f"{year}-{month:02d}-{day:02d}"
                assert bool(hours_on(body, text)) == place.is_working_day(text), text


def test_the_same_files_give_the_same_bytes_also_from_what_was_kept(tmp_path: Path) -> None:
    files = calendar_files(None)
    assert expanded(files, tmp_path) == shipped_parts()
    assert expanded(files, tmp_path) == shipped_parts()


def test_a_newer_library_moves_no_instant_that_was_published(monkeypatch: pytest.MonkeyPatch) -> None:
    body = shipped_parts()["calendars/china.json"]
    clock = Clock(start_ms=at("2026-09-30T16:00+08:00"), limit=DAY)
    before = timetable(clock, read_calendar(body))
    monkeypatch.setattr(source, "holiday_years", None)
    read_calendar.cache_clear()
    assert timetable(clock, read_calendar(body)) == before


def test_a_year_that_a_town_completes_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "calendars" / "china"
    folder.mkdir(parents=True)
    (folder / "2027.toml").write_text(
        'complete = true\n[days]\n2027-01-01 = []\n2027-01-02 = ["09:00-12:00"]\n', encoding="utf-8"
    )
    calendar = read_calendar(expanded(calendar_files(tmp_path))["calendars/china.json"])
    found = timetable(Clock(start_ms=at("2026-12-31T16:00+08:00"), limit=DAY), calendar)
    assert (seen(found.due_ms or 0, "Asia/Shanghai"), found.provisional) == ("2027-01-02 12:00", False)


def test_a_town_works_on_a_holiday_that_it_excepts() -> None:
    files = dict(calendar_files(None))
    assert hours_on(expanded(files)["calendars/los-angeles.json"], "2024-02-15") == []
    files["calendars/los-angeles.toml"] += b'except = ["Susan B. Anthony Day"]\n'
    assert hours_on(expanded(files)["calendars/los-angeles.json"], "2024-02-15") == [[480, 1020]]


def test_every_mistake_is_told_with_its_file_and_field() -> None:
    told = mistakes_of(
        a="zone = 'Asia/Shanghei'\n[hours]\nmonday = []\ntue = ['9-17', '10:00-12:00', '11:00-13:00']\n",
        a__2027="[days]\n2028-01-01 = []\nfirst = []\n",
        a__next="complete = 1\n",
        b="title = {en = 'B', zh = 'B'}\nzone = 'UTC'\n[hours]\nmon = ['22:00-09:00']\ntue = ['08:00-12:00']\n",
        c__2027="",
    )
    for wanted in (
        "calendars/a.toml: `title` must have both languages",
        "calendars/a.toml: `zone` must be a zone",
        "calendars/a.toml: `hours.monday` is not known",
        "calendars/a.toml: `hours.tue` has the shift '9-17'",
        "calendars/a.toml: `hours.tue` has shifts that overlap",
        "calendars/a/2027.toml: `days.2028-01-01` is not of the year 2027",
        "calendars/a/2027.toml: `days.first` is no date",
        "calendars/a/next.toml: must be named by its year",
        "calendars/b.toml: has shifts that overlap after 1999-12-27",
        "calendars/c/2027.toml: there is no calendar calendars/c.toml",
    ):
        assert any(one.startswith(wanted) for one in told), f"{wanted}\n{told}"


def test_a_place_that_the_library_does_not_have_is_a_mistake() -> None:
    told = mistakes_of(a=WEEKLY.decode() + "[holidays]\ncountry = 'XX'\n")
    assert told == [
        "calendars/a.toml: `holidays.country` must be a place that the holidays library has, and XX is none."
    ]


@pytest.mark.parametrize(
    "change", [{"week": "0"}, {"dates": ["1"]}, {"offsets": []}, {"week": "0000000"}, {"more": 1}]
)
def test_a_damaged_expansion_is_refused(change: dict[str, object]) -> None:
    file = msgspec.json.decode(expanded({"calendars/a.toml": WEEKLY})["calendars/a.json"]) | change
    with pytest.raises(CalendarError):
        read_calendar(msgspec.json.encode(file))
