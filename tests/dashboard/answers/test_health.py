"""What the operations page shows, out of the read models' raw values."""

from dashboard.answers.health import report

NOW_MS = 1_700_000_000_000


def position(offset: int, end: int, oldest_ms: int | None = None) -> dict[str, int | None]:
    return {"offset": offset, "end": end, "fetched_ms": NOW_MS - 40, "oldest_unfolded_ms": oldest_ms}


def test_lag_is_in_messages_and_in_seconds_since_the_oldest_unfolded() -> None:
    workers = {
        "w": {
            "worker": "w",
            "pid": 1,
            "at_ms": NOW_MS,
            "folded_per_s": 3.0,
            "partitions": {"journal:3": position(10, 21, NOW_MS - 2_500), "journal:4": position(20, 21)},
        }
    }
    rows = report(
        now_ms=NOW_MS, feeds={}, lanes={}, partitions={"3": {"clock_ms": NOW_MS, "cases": 7}}, workers=workers
    )["partitions"]
    assert [(row["partition"], row["lag"], row["lag_s"]) for row in rows] == [
        ("journal:3", 10, 2.5),
        ("journal:4", 0, 0),
    ]
    assert rows[0]["cases"] == 7


def test_a_partition_that_nobody_holds_is_still_listed_with_an_unknown_lag() -> None:
    made = report(
        now_ms=NOW_MS,
        feeds={},
        lanes={"0": {"offset": 5}},
        partitions={"12": {"offset": 9}, "2": {"offset": 1}},
        workers={},
    )
    assert [(row["partition"], row["worker"], row["offset"], row["lag"]) for row in made["partitions"]] == [
        ("reports:0", "", 5, None),
        ("journal:2", "", 1, None),
        ("journal:12", "", 9, None),
    ]
    assert made["totals"]["lag"] is None


def test_of_two_workers_that_claim_a_partition_the_one_heard_last_has_it() -> None:
    both = {
        name: {"worker": name, "at_ms": at_ms, "partitions": {"journal:1": position(offset, 9)}}
        for name, at_ms, offset in (("new", NOW_MS, 8), ("old", NOW_MS - 9_000, 3))
    }
    made = report(now_ms=NOW_MS, feeds={}, lanes={}, partitions={}, workers=both)
    assert made["partitions"][0]["worker"] == "new"
    assert [(row["worker"], row["late"]) for row in made["workers"]] == [("new", False), ("old", True)]


def test_a_feeds_age_is_measured_by_its_lanes_clock() -> None:
    feeds = {"bay": {"feed": "bay", "lane": 2, "last_ms": 5_000, "accepted": 3, "silent": True}}
    made = report(now_ms=NOW_MS, feeds=feeds, lanes={"2": {"clock_ms": 65_000}}, partitions={}, workers={})
    assert made["feeds"][0]["age_ms"] == 60_000
    assert made["totals"]["silent"] == 1


def test_dead_letters_are_told_by_lane_and_reason_the_most_first() -> None:
    lanes = {"0": {"dead": {"no JSON": 1, "opened before 2000": 4}}, "1": {"dead": {}}}
    made = report(now_ms=NOW_MS, feeds={}, lanes=lanes, partitions={}, workers={})
    assert [(row["reason"], row["count"]) for row in made["dead"]] == [
        ("opened before 2000", 4),
        ("no JSON", 1),
    ]
    assert made["totals"]["dead"] == 5


def test_rule_sets_in_force_are_each_named_once() -> None:
    made = report(
        now_ms=NOW_MS,
        feeds={},
        lanes={"0": {"rules": "b"}},
        partitions={"1": {"rules": "a"}, "2": {"rules": "b"}},
        workers={},
    )
    assert made["rules"] == ["a", "b"]
