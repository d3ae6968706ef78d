"""One list of checks over every detector in the catalogue."""

import doctest
import inspect
import math
import sys
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river.base import AnomalyDetector

from detectors.base import BYTES_A_PAIR, CountDetector
from detectors.catalogue import CATALOGUE, maker
from domain.detection import DetectorRules
from tests.detectors.series import A_DAY, flat, rhythmic

Begin = Callable[[], CountDetector]

counts = st.lists(st.one_of(st.just(0), st.integers(0, 4), st.integers(0, 2000)), max_size=60)


@pytest.fixture(scope="module", params=sorted(CATALOGUE))
def begin(request: pytest.FixtureRequest) -> Begin:
    make = maker(DetectorRules(model=request.param))
    return lambda: make(5_666_400)


def learned(begin: Begin, series: list[int]) -> CountDetector:
    detector = begin()
    for count in series:
        detector.learn_one({"count": count})
    return detector


def test_it_is_a_river_anomaly_detector(begin: Begin) -> None:
    assert isinstance(begin(), AnomalyDetector)
    assert begin().clone().plain() == begin().plain()


def test_its_example_runs_and_its_weaknesses_are_told(begin: Begin) -> None:
    kind = type(begin())
    assert "Weaknesses" in (inspect.getdoc(kind) or "")
    ran = doctest.testmod(sys.modules[kind.__module__])
    assert ran.attempted > 0
    assert ran.failed == 0


@given(before=counts, after=counts)
@settings(max_examples=30, deadline=None)
def test_a_restored_detector_goes_on_as_if_nothing_had_happened(
    begin: Begin, before: list[int], after: list[int]
) -> None:
    one = learned(begin, before)
    two = begin()
    two.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(one.plain())))
    for count in after:
        assert one.score_one({"count": count}) == two.score_one({"count": count})
        assert one.expected() == two.expected()
        one.learn_one({"count": count})
        two.learn_one({"count": count})
    assert one.plain() == two.plain()


@given(before=counts, runs=st.lists(st.integers(0, 700), max_size=5), after=counts, look=st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_run_of_empty_intervals_equals_as_many_single_ones(
    begin: Begin, before: list[int], runs: list[int], after: list[int], look: bool
) -> None:
    in_one, in_runs, singly = learned(begin, before), learned(begin, before), learned(begin, before)
    in_one.learn_empty(sum(runs))
    for run in runs:
        in_runs.learn_empty(run)
        if look:
            in_runs.expected()
    for _ in range(sum(runs)):
        singly.learn_one({"count": 0})
    assert in_one.plain() == in_runs.plain() == singly.plain()
    for count in after:
        for detector in (in_one, in_runs, singly):
            detector.learn_one({"count": count})
    assert in_one.plain() == in_runs.plain() == singly.plain()


def test_equal_calls_give_equal_bytes(begin: Begin) -> None:
    one, two = (learned(begin, list(rhythmic(3, 0.7, 3 * A_DAY))) for _ in range(2))
    assert msgspec.msgpack.encode(one.plain()) == msgspec.msgpack.encode(two.plain())


def test_looking_changes_nothing(begin: Begin) -> None:
    detector = learned(begin, flat(4, 0.3, 400))
    detector.learn_empty(1000)
    before = msgspec.msgpack.encode(detector.plain())
    detector.score_one({"count": 7})
    detector.expected()
    assert msgspec.msgpack.encode(detector.plain()) == before


def test_the_state_stays_under_its_bound_and_its_parts_are_plain(begin: Begin) -> None:
    detector = learned(begin, [1_000_000 + n for n in range(2 * A_DAY)])
    detector.learn_empty(100 * 365 * A_DAY)
    detector.learn_one({"count": 3})
    plain = detector.plain()
    assert len(msgspec.msgpack.encode(plain)) <= BYTES_A_PAIR // 2  # the pair's own fields need the rest
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(plain)) == plain


def test_it_warms_up_before_it_speaks(begin: Begin) -> None:
    detector = learned(begin, flat(5, 0.5, A_DAY - 1))
    assert not detector.warm
    detector.learn_one({"count": 0})
    assert detector.warm


def test_scores_and_ranges_are_in_their_bounds_and_agree(begin: Begin) -> None:
    for mean in (0.0, 0.02, 1.0, 30.0):
        detector = learned(begin, flat(6, mean, 3 * A_DAY))
        expected = detector.expected()
        assert 0 <= expected.low <= expected.calm <= expected.high
        assert expected.mean <= expected.high
        scores = [detector.score_one({"count": count}) for count in range(200)]
        assert scores == sorted(scores)
        assert scores[0] == 0.0
        assert all(0.0 <= score <= 16.0 and math.isfinite(score) for score in scores)
        assert scores[expected.high + 1] > 6.0  # enter_probability is 1e-6


def test_two_reports_are_never_alarming(begin: Begin) -> None:
    detector = learned(begin, [1])
    detector.learn_empty(365 * A_DAY)
    assert detector.expected().high >= 3


def test_the_hours_are_told_apart_after_two_weeks(begin: Begin) -> None:
    detector = learned(begin, list(rhythmic(7, 4.0, 14 * A_DAY)))
    night = detector.expected()
    detector.learn_empty(A_DAY // 2)
    noon = detector.expected()
    assert noon.mean > 8 * night.mean
    assert noon.high > night.high


def test_a_surge_does_not_teach_itself(begin: Begin) -> None:
    detector = learned(begin, flat(8, 0.5, 7 * A_DAY))
    before = detector.expected()
    for _ in range(6):
        detector.learn_one({"count": 60})
    assert detector.expected().high < before.high * 4
    assert detector.score_one({"count": 60}) > 6.0


def test_skipped_intervals_are_not_learned_as_zeros(begin: Begin) -> None:
    skipped, emptied = (learned(begin, flat(9, 2.0, 7 * A_DAY)) for _ in range(2))
    before = skipped.expected().mean
    skipped.skip(7 * A_DAY)
    emptied.learn_empty(7 * A_DAY)
    assert skipped.expected().mean == pytest.approx(before, rel=0.15)
    assert emptied.expected().mean < 0.75 * before


def test_years_of_silence_leave_finite_numbers(begin: Begin) -> None:
    detector = learned(begin, flat(10, 5.0, 2 * A_DAY))
    detector.learn_empty(40 * 365 * A_DAY)
    detector.learn_one({"count": 2})
    expected = detector.expected()
    assert math.isfinite(expected.mean)
    assert expected.mean < 0.1
