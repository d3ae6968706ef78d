import signal

from hypothesis import given
from hypothesis import strategies as st

from watchfloor.restarts import LONGEST_DELAY_S, MOST_FAILURES, Again, Exit, GiveUp, judge, keep_recent


def exits(*codes: int, every_s: float = 5.0, excused: bool = False) -> list[Exit]:
    return [Exit(at_s=index * every_s, code=code, excused=excused) for index, code in enumerate(codes)]


def test_the_first_accident_is_followed_by_a_start_at_once() -> None:
    assert judge(exits(1), 0.0) == Again(delay_s=0.1)


def test_five_failures_within_a_minute_are_a_crash_loop() -> None:
    assert judge(exits(1, 1, 1, 1), 15.0) == Again(delay_s=0.8)
    assert judge(exits(1, 1, 1, 1, 1), 20.0) == GiveUp(exits=5)


def test_failures_of_an_hour_ago_do_not_count() -> None:
    assert judge([*exits(1, 1, 1, 1), Exit(at_s=3600.0, code=1)], 3600.0) == Again(delay_s=0.1)


def test_somebody_elses_kill_is_no_fault_of_the_child() -> None:
    killed = exits(*[-signal.SIGKILL] * 20, every_s=2.0)
    assert judge(killed, 38.0) == Again(delay_s=0.5)


def test_an_exit_while_the_broker_was_away_is_excused() -> None:
    assert judge(exits(1, 1, 1, 1, 1, 1, excused=True), 25.0) == Again(delay_s=0.1)


@given(st.lists(st.tuples(st.floats(0, 1000), st.integers(-15, 3), st.booleans()), max_size=60))
def test_a_delay_is_never_longer_than_its_limit_and_old_exits_never_matter(
    drawn: list[tuple[float, int, bool]],
) -> None:
    history = [Exit(at_s=at_s, code=code, excused=excused) for at_s, code, excused in sorted(drawn)]
    verdict = judge(history, 1000.0)
    assert verdict == judge(keep_recent(history, 1000.0), 1000.0)
    if isinstance(verdict, Again):
        assert 0 < verdict.delay_s <= LONGEST_DELAY_S
    else:
        assert verdict.exits >= MOST_FAILURES
