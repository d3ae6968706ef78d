"""Feeds that share a township and category share its detector."""

from tests.domain.small_town import GRIDS
from tests.domain.timetable import Timetable


def test_a_second_feeds_report_in_an_open_interval_is_counted_with_the_firsts() -> None:
    t = Timetable()
    for n in range(4):
        t.at(n * 300_000).report(f"{n}", "sightings", category="bird")
    t.at(3 * 300_000 + 1).report("x", "promises", category="bird")
    assert t.counts(GRIDS[0], "bird")[5] == 5
