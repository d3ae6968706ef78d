"""Compiling a rule set: every mistake told at once, and what the rest of the system asks of it."""

import msgspec
import pytest

from config.rules import gather
from domain.clocks.clock import Limit
from domain.rules import ALERT_KINDS, Rules, RulesError, compile_rules

HOUR_MS = 3_600_000

AREAS = msgspec.json.encode(
    {
        "set": "la311",
        "county": "990200",
        "areas": [
            {"code": "990200001001001", "source": "10", "name": "Old Town", "geometry": None, "parent": ""},
            {"code": "990200002001001", "source": "47", "name": "Hill", "geometry": None, "parent": ""},
        ],
    }
)


def shipped(**more: bytes) -> Rules:
    return compile_rules(
        gather(None, None) | {path.replace("__", "/") + ".json": body for path, body in more.items()}, "h"
    )


def mistakes(**changed: str) -> list[str]:
    parts = gather(None, None) | {
        name.replace("__", "/") + ".toml": text.encode() for name, text in changed.items()
    }
    with pytest.raises(RulesError) as told:
        compile_rules(parts, "h")
    return told.value.mistakes


def test_the_shipped_feeds_say_what_the_recorded_sources_are() -> None:
    feeds = shipped().feeds
    clocks = {name: feed.clocks for name, feed in feeds.items()}
    assert clocks == {
        "sweden-police": "none",
        "stuttgart": "none",
        "la311": "promised",
        "chicago311": "sla",
        "grid-reports": "sla",
        "simulator": "sla",
    }
    assert feeds["chicago311"].sla_clocks == {"resolve"}
    assert feeds["stuttgart"].within_ms == 36 * HOUR_MS
    counties = [feed.county for feed in feeds.values()]
    assert len(set(counties)) == len(counties)
    assert all(county.startswith("99") and len(county) == 6 for county in counties)
    assert all(
        feed.keep_closed_ms is None and feed.remember_ms is None
        for name, feed in feeds.items()
        if name not in {"simulator", "grid-reports"}
    )


def test_every_kind_of_alert_says_in_both_languages_what_to_do() -> None:
    rules = shipped()
    assert set(rules.alerts) == set(ALERT_KINDS)
    for rule in rules.alerts.values():
        for text in (rule.title, rule.cause, rule.consequence, rule.action, rule.time_available):
            assert text["en"]
            assert text["zh"]
        assert 1 <= rule.priority <= 4


def test_all_mistakes_of_all_files_are_told_at_once_with_file_and_field() -> None:
    said = mistakes(
        feeds__la311='county = "12"\nzone = "Mars/Base"\nclocks = "sometimes"\ntypo = 1\npublic = "yes"\n[columns]\nformat = "xls"\n',
        sla="[default]\naccept_h = -1\n[categories.noise]\nresolve_h = 'x'\n",
        categories="noise = 'Noise'\n",
        detectors="min_count = 1\n",
    )
    wanted = [
        "feeds/la311.toml: `county`",
        "feeds/la311.toml: `zone`",
        "feeds/la311.toml: `clocks`",
        "feeds/la311.toml: `typo`",
        "feeds/la311.toml: `public`",
        "feeds/la311.toml: `title`",
        "feeds/la311.toml: `columns.format`",
        "feeds/la311.toml: `columns.id`",
        "sla.toml: `default.accept_h`",
        "sla.toml: `categories.noise.resolve_h`",
        "categories.toml: `noise`",
    ]
    for start in wanted:
        assert any(line.startswith(start) for line in said), start
    assert any("min_count" in line for line in said)


def test_a_file_that_is_no_toml_is_named_and_the_others_are_read_on() -> None:
    said = mistakes(sla="[default\n", categories="a = 1")
    assert any(line.startswith("sla.toml: is no TOML") for line in said)
    assert any(line.startswith("categories.toml: `a`") for line in said)


def test_areas_that_are_damaged_or_unsorted_are_mistakes() -> None:
    with pytest.raises(RulesError, match=r"areas/a\.json: is no areas file"):
        shipped(areas__a=b'{"set": 5}')
    torn = msgspec.json.decode(AREAS)
    torn["areas"].reverse()
    with pytest.raises(RulesError, match="must be sorted"):
        shipped(areas__a=msgspec.json.encode(torn))


def test_a_category_without_a_limit_has_the_default() -> None:
    rules = compile_rules(
        gather(None, None)
        | {"sla.toml": b"[default]\naccept_h = 2\nresolve_h = 10\n[categories.noise]\naccept_h = 0.5\n"},
        "h",
    )
    assert (rules.limit("noise").accept_ms, rules.limit("noise").resolve_ms) == (HOUR_MS // 2, 10 * HOUR_MS)
    assert rules.limit("else").accept_ms == 2 * HOUR_MS


def test_a_promised_day_ends_with_the_first_instant_after_it_in_the_feeds_zone() -> None:
    feed = shipped().feeds["la311"]
    assert feed.promise_end_ms("2018-01-05") == 1_515_225_600_000  # 2018-01-06T08:00Z
    # the day on which Los Angeles goes to summer time has 23 hours
    assert feed.promise_end_ms("2018-03-11") - feed.promise_end_ms("2018-03-10") == 23 * HOUR_MS
    assert feed.local_day(1_515_225_600_000 - 1).isoformat() == "2018-01-05"
    with pytest.raises(ValueError, match="isoformat"):
        feed.promise_end_ms("soon")


def test_codes_are_found_by_the_sources_own_code_and_name() -> None:
    rules = shipped(areas__la311=AREAS)
    assert rules.codes_of("47") == ["990200002001001"]
    assert rules.codes_of("old town") == ["990200001001001"]
    assert rules.codes_of("la311:10") == ["990200001001001"]
    assert rules.codes_of("990200002") == ["990200002"]
    assert rules.codes_of("nowhere") == []


def test_a_jurisdiction_has_its_children_its_trail_and_a_name() -> None:
    rules = shipped(areas__la311=AREAS)
    assert rules.children("990200") == ["990200001", "990200002"]
    assert rules.children("990200001001") == ["990200001001001"]
    assert rules.trail("990200001001001") == [
        "99",
        "9902",
        "990200",
        "990200001",
        "990200001001",
        "990200001001001",
    ]
    assert rules.name_of("990200002") == "Hill"
    assert rules.name_of("990200", "zh") == "洛杉矶 311"
    assert rules.name_of("990200000000000").endswith("not placed")
    assert rules.known("990200002001")
    assert not rules.known("990299")


def test_a_whole_clock_has_its_own_kind_or_the_hours_to_resolve() -> None:
    sla = "[default]\nresolve_h = 10\n[categories.a]\nresolve_h = 5\n[categories.b]\nkind = 'working_days'\namount = 3\n"
    rules = compile_rules(gather(None, None) | {"sla.toml": sla.encode()}, "h")
    assert rules.limit("else").whole == Limit(kind="wall_clock", ms=10 * HOUR_MS)
    assert rules.limit("a").whole == Limit(kind="wall_clock", ms=5 * HOUR_MS)
    assert rules.limit("b").whole == Limit(kind="working_days", days=3)
    assert rules.limit("b").resolve_ms == 10 * HOUR_MS
    assert mistakes(sla="[default]\nkind = 'working_days'\namount = 1.5\n")[0].startswith(
        "sla.toml: `default.amount`"
    )
    assert mistakes(sla="[default]\nkind = 'working_days'\n")[0].startswith(
        "sla.toml: `default.amount` is missing"
    )


def test_a_feed_follows_a_flow_that_is_there_with_the_hours_of_who_works_in_it() -> None:
    rules = shipped()
    flow = rules.flow_of("grid-reports")
    assert flow is not None
    assert flow.first == "file"
    assert rules.flow_of("la311") is None, "the source says what becomes of its cases"
    assert rules.calendar_of("grid-reports") is rules.calendars["china"]
    feed = 'title = {en = "T", zh = "T"}\ncounty = "990600"\nzone = "UTC"\n'
    assert mistakes(feeds__t=feed + 'flow = "fly"') == [
        "feeds/t.toml: `flow` names 'fly'; flow.toml has source, grid."
    ]
    assert mistakes(feeds__t=feed + 'flow = "grid"') == [
        "feeds/t.toml: `calendar` must name one of the calendars (china, los-angeles, stuttgart)."
    ]
    assert mistakes(feeds__t=feed + 'flow = "grid"\ncalendar = "china"\nkeep_closed_days = 10\n')[
        0
    ].startswith("flow.toml:")


def test_a_rule_set_from_before_there_were_flows_still_compiles() -> None:
    parts = {
        k: v for k, v in gather(None, None).items() if k != "flow.toml" and not k.startswith("calendars/")
    }
    del parts["feeds/grid-reports.toml"]
    assert compile_rules(parts, "h").flow_of("la311") is None
