"""How old what the screens show is, and whose fault: judged by wall stamps alone, never by a feed's time. Pure."""

from collections.abc import Iterable
from typing import Literal

import msgspec

LIVE_WITHIN_MS = 3_000
DELAYED_WITHIN_MS = 8_000
"""SCREENS W-2: LIVE up to 3 s, DELAYED up to 8 s, then NO LIVE DATA."""

State = Literal["live", "delayed", "none"]
Cause = Literal["", "worker", "broker", "redis"]


class Stamps(msgspec.Struct, frozen=True, kw_only=True):
    """A source's part of a worker's health: wall stamps in ms, None where there is none."""

    offset: int = -1
    end: int = -1
    fetched_ms: int | None = None
    oldest_unfolded_ms: int | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker said of itself, at most 30 s ago."""

    worker: str
    at_ms: int
    pid: int = 0
    partitions: dict[str, Stamps] = {}
    folded_per_s: float = 0.0


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """The age of what is shown, the state of the chip, and the cause where it is not LIVE."""

    state: State
    age_ms: int
    cause: Cause


class Watch(msgspec.Struct, kw_only=True):
    """What has been heard so far. Mutated by `heard` alone.

    `last` maps a source to the newest (at, fetched, oldest unfolded) that any worker said of it.
    """

    since_ms: int
    redis_ms: int
    last: dict[str, tuple[int, int, int | None]] = {}

    def heard(self, now_ms: int, workers: Iterable[Health]) -> None:
        """Take in an answer of Redis, with what the workers say."""
        self.redis_ms = now_ms
        for worker in workers:
            for source, stamps in worker.partitions.items():
                known = self.last.get(source)
                if known is None or worker.at_ms >= known[0]:
                    # a worker that just took a partition over has not fetched yet: the last fetch is another's
                    fetched_ms = stamps.fetched_ms or (known[1] if known else 0)
                    self.last[source] = (worker.at_ms, fetched_ms, stamps.oldest_unfolded_ms or None)


def judge(watch: Watch, now_ms: int, sources: Iterable[str]) -> Freshness:
    """Say how fresh the screens are.

    Parameters
    ----------
    watch
        What has been heard.
    now_ms
        The wall's time.
    sources
        Those that must be heard of (`journal:0` …); one that nobody names is as old as the watch itself.

    """
    redis_age_ms = now_ms - watch.redis_ms
    # while Redis is silent nobody can say how the workers are: their ages count as of its last answer
    seen_ms = now_ms if redis_age_ms <= LIVE_WITHIN_MS else watch.redis_ms
    worker_age_ms = broker_age_ms = fold_age_ms = 0
    for source in {*watch.last, *sources}:
        at_ms, fetched_ms, unfolded_ms = watch.last.get(source, (watch.since_ms, watch.since_ms, None))
        worker_age_ms = max(worker_age_ms, seen_ms - at_ms)
        broker_age_ms = max(broker_age_ms, at_ms - (fetched_ms or watch.since_ms))
        if unfolded_ms is not None:
            fold_age_ms = max(fold_age_ms, at_ms - unfolded_ms)
    ages: list[tuple[int, Cause]] = [
        (worker_age_ms, "worker"),
        (broker_age_ms, "broker"),
        (fold_age_ms, "worker"),
        (redis_age_ms, "redis"),
    ]
    age_ms, cause = max(ages, key=lambda one: one[0])
    if not watch.last:
        return Freshness(state="none", age_ms=max(age_ms, 0), cause=cause)
    state = _state(age_ms)
    return Freshness(state=state, age_ms=max(age_ms, 0), cause="" if state == "live" else cause)


def judge_replay(watch: Watch, now_ms: int) -> Freshness:
    """Say how fresh a replay's screens are: its numbers are old on purpose, so only Redis can fail it."""
    age_ms = max(now_ms - watch.redis_ms, 0)
    state = _state(age_ms)
    return Freshness(state=state, age_ms=age_ms, cause="" if state == "live" else "redis")


def _state(age_ms: int) -> State:
    if age_ms <= LIVE_WITHIN_MS:
        return "live"
    return "delayed" if age_ms <= DELAYED_WITHIN_MS else "none"
