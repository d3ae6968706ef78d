"""A feed that falls silent: one alert in one partition, stale detectors in every one."""

import msgspec

from domain.codes import partition_of_name
from domain.records import Report, Tick, encoder
from tests.domain.memory_floor import Floor
from tests.domain.small_town import DAY, GRIDS, HOUR, MINUTE, T0, rules_of
from tests.domain.timetable import Timetable

LIMIT = 5 * HOUR  # of the feed "sightings"
HOME = partition_of_name("sightings")


def talkative() -> Timetable:
    """A feed that has detectors in three partitions."""
    t = Timetable()
    for n in range(12):
        t.at(n * 5 * MINUTE)
        for name in ("Well", "Bridge", "Hill"):
            t.report(f"{n} {name}", "sightings", name, category="bird")
    return t


def verdicts(t: Timetable) -> dict[int, str]:
    found = {}
    for work in t.floor.casework:
        for pair, body in work.whole().hashes.get(f"pairs:{work.partition}", {}).items():
            assert body is not None
            assert pair.endswith("|bird")
            found[work.partition] = msgspec.json.decode(body)["state"]
    return found


def test_a_silence_raises_one_alert_in_one_partition_and_makes_the_detectors_stale_everywhere() -> None:
    t = talkative()
    last = 55 * MINUTE
    t.at(last + LIMIT).tick_lanes()
    assert t.facts() == [], "as long as the limit is not longer than the limit"
    t.at(last + LIMIT + 1).tick_lanes()
    assert t.facts() == [(last + LIMIT + 1, "raised", "feed_silent", "sightings")]
    (alert,) = t.floor.casework[HOME].alerts.values()
    assert alert.since_ms == T0 + last
    assert set(verdicts(t).values()) == {"stale"}
    assert len(verdicts(t)) == 3


def test_the_alert_ends_when_the_feed_is_back_and_the_detectors_go_on() -> None:
    t = talkative()
    t.at(10 * HOUR).tick_lanes()
    t.facts()
    t.at(11 * HOUR).report("back", "sightings", category="bird")
    assert t.facts() == [(11 * HOUR, "cleared", "feed_silent", "sightings")]
    assert "stale" not in verdicts(t).values()
    assert t.alerts() == []


def test_a_refused_record_also_says_that_a_feed_is_alive() -> None:
    t = talkative()
    t.at(10 * HOUR).tick_lanes()
    t.floor.send(b'{"type":"report","feed":"sightings","id":5}', feed="sightings")
    assert t.facts()[-1][1] == "cleared"


def test_a_feed_that_falls_silent_again_while_its_old_alert_is_shelved_raises_it_again() -> None:
    t = talkative()
    t.at(10 * HOUR).tick_lanes()
    (alert,) = t.alerts()
    t.command("shelve", alert, for_s=8 * 3600, reason="known")
    t.at(11 * HOUR).report("back", "sightings", category="bird")
    t.at(17 * HOUR).tick_lanes()
    (again,) = t.floor.casework[HOME].alerts.values()
    assert again.active
    assert again.since_ms == T0 + 11 * HOUR


def test_other_rules_for_detectors_begin_anew_and_leave_no_old_verdict_behind() -> None:
    t = talkative()
    assert verdicts(t)
    t.floor.publish("wary")
    assert verdicts(t) == {}
    changes = t.work(GRIDS[0]).take_changes()
    assert changes is None, "the whole had it all"
    t.at(20 * HOUR).tick()


def test_a_feed_first_heard_before_any_time_was_told_falls_silent_like_any_other() -> None:
    floor = Floor(rules_of, shared=True, rules="first")
    floor.send(Report(feed="sightings", id="1"))
    floor.send(Report(feed="sightings", id="2", t_ms=T0))
    floor.into_lane(0, encoder.encode(Tick(t_ms=T0 + DAY)))
    assert [msgspec.json.decode(effect.value)["t_ms"] - T0 for effect in floor.alerts] == [LIMIT + 1]


def test_only_feeds_with_a_limit_fall_silent() -> None:
    t = Timetable()
    t.report("1", "promises")
    t.at(9000 * HOUR).tick_lanes()
    assert t.facts() == []
