"""The chip: LIVE, DELAYED, NO LIVE DATA, and whose fault it is."""

import pytest

from dashboard.gateway.freshness import Health, Stamps, Watch, judge, judge_replay

BEGIN_MS = 1_700_000_000_000
SOURCES = ("journal:0", "journal:1")


def health(at_ms: int, fetched_ms: int | None = None, unfolded_ms: int | None = None) -> Health:
    stamps = Stamps(fetched_ms=at_ms if fetched_ms is None else fetched_ms, oldest_unfolded_ms=unfolded_ms)
    return Health(worker="w", at_ms=at_ms, partitions=dict.fromkeys(SOURCES, stamps))


def watch() -> Watch:
    heard = Watch(since_ms=BEGIN_MS, redis_ms=BEGIN_MS)
    heard.heard(BEGIN_MS, [health(BEGIN_MS)])
    return heard


@pytest.mark.parametrize(
    ("after_ms", "state", "cause"),
    [
        (0, "live", ""),
        (3_000, "live", ""),
        (3_001, "delayed", "worker"),
        (8_000, "delayed", "worker"),
        (8_001, "none", "worker"),
    ],
)
def test_a_dead_worker_shows_by_its_last_stamp(after_ms: int, state: str, cause: str) -> None:
    one = watch()
    one.heard(BEGIN_MS + after_ms, [health(BEGIN_MS)])
    said = judge(one, BEGIN_MS + after_ms, SOURCES)
    assert (said.state, said.age_ms, said.cause) == (state, after_ms, cause)


def test_a_dead_broker_shows_by_the_last_fetch_while_the_worker_lives() -> None:
    one = watch()
    now_ms = BEGIN_MS + 9_000
    one.heard(now_ms, [health(now_ms, fetched_ms=BEGIN_MS)])
    said = judge(one, now_ms, SOURCES)
    assert (said.state, said.cause) == ("none", "broker")


def test_a_worker_that_falls_behind_shows_by_its_oldest_record() -> None:
    one = watch()
    now_ms = BEGIN_MS + 5_000
    one.heard(now_ms, [health(now_ms, unfolded_ms=BEGIN_MS)])
    said = judge(one, now_ms, SOURCES)
    assert (said.state, said.age_ms, said.cause) == ("delayed", 5_000, "worker")


def test_a_silent_redis_is_not_laid_at_the_workers_door() -> None:
    said = judge(watch(), BEGIN_MS + 9_000, SOURCES)
    assert (said.state, said.age_ms, said.cause) == ("none", 9_000, "redis")


def test_a_partition_that_nobody_has_is_no_live_data() -> None:
    one = watch()
    now_ms = BEGIN_MS + 10_000
    one.heard(now_ms, [health(now_ms)])
    assert judge(one, now_ms, SOURCES).state == "live"
    assert judge(one, now_ms, (*SOURCES, "journal:2")).state == "none"


def test_another_worker_that_takes_a_partition_over_makes_it_live_again() -> None:
    one = watch()
    now_ms = BEGIN_MS + 10_000
    fresh = Health(worker="v", at_ms=now_ms, partitions=health(now_ms).partitions)
    one.heard(now_ms, [fresh, health(BEGIN_MS)])
    assert judge(one, now_ms, SOURCES).state == "live"


def test_before_anything_was_heard_nothing_is_live() -> None:
    one = Watch(since_ms=BEGIN_MS, redis_ms=BEGIN_MS)
    assert judge(one, BEGIN_MS + 1, SOURCES).state == "none"


def test_a_clock_that_runs_ahead_makes_no_negative_age() -> None:
    one = Watch(since_ms=BEGIN_MS, redis_ms=BEGIN_MS)
    one.heard(BEGIN_MS, [health(BEGIN_MS + 2_000)])
    said = judge(one, BEGIN_MS, SOURCES)
    assert (said.state, said.age_ms) == ("live", 0)


def test_a_replay_is_fresh_as_long_as_redis_answers() -> None:
    one = Watch(since_ms=BEGIN_MS, redis_ms=BEGIN_MS)
    assert judge_replay(one, BEGIN_MS + 1_000).state == "live"
    assert judge_replay(one, BEGIN_MS + 9_000).cause == "redis"


def test_a_worker_that_just_started_is_as_fresh_as_the_last_fetch() -> None:
    one = watch()
    now_ms = BEGIN_MS + 2_000
    starting = Health(worker="w", at_ms=now_ms, partitions=dict.fromkeys(SOURCES, Stamps()))
    one.heard(now_ms, [starting])
    assert judge(one, now_ms, SOURCES).state == "live"
    later_ms = BEGIN_MS + 9_000
    one.heard(later_ms, [Health(worker="w", at_ms=later_ms, partitions=starting.partitions)])
    assert judge(one, later_ms, SOURCES).cause == "broker"
