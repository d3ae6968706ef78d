"""The figures of a period: each by its definition, and all of a month again by an oracle."""

import os
from random import Random
from typing import Any

import msgspec
import pytest

from domain.evaluation import table
from domain.evaluation.case_record import OpenCase, Period, facts_of
from domain.evaluation.figures import BYS, By, Figures, Tally
from domain.evaluation.passages import Passage
from domain.evaluation.statistics import quantile, rate
from tests.domain.month import TEAMS, month
from tests.domain.riot import Riot
from tests.domain.small_town import DAY, HOUR, T0
from tests.domain.workshop import Workshop
from tests.oracles.evaluation import evaluated, wilson

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
RIOTS = 300 if PROVE else 4

KNOWN = frozenset({*TEAMS, "team a", "team b", "team c"})
SCOPES = ("", "990100", "990100001", "990100002001")


def told(shop: Workshop) -> list[dict[str, Any]]:
    return [msgspec.json.decode(effect.value) for effect in shop.floor.sent["passages"]]


def open_cases(shop: Workshop) -> list[OpenCase]:
    return [
        OpenCase(
            case=case.id,
            grid=case.grid,
            desk=case.work.stand.desk,
            team=case.work.stand.assignee if case.work.stand.assignee in KNOWN else "",
            arrived_ms=case.arrived_ms,
            due_ms=case.due_ms,
        )
        for work in shop.floor.casework
        for case in work.cases.values()
        if case.work is not None and case.closed_ms is None
    ]


def plain(figures: Figures) -> dict[str, Any]:
    rates = ("close_rate", "on_time_rate", "satisfaction")
    return {
        **{
            name: getattr(figures, name)
            for name in ("accepted", "filed", "due", "closed", "returned", "reopened")
        },
        **{name: (getattr(figures, name).hits, getattr(figures, name).of) for name in rates},
        "steps": {
            step: (times.n, times.median_ms, times.p90_ms) for step, times in sorted(figures.steps.items())
        },
    }


@pytest.fixture(scope="module")
def busy() -> Workshop:
    return month(Random(4), 160)


@pytest.mark.parametrize("by", BYS)
def test_a_month_s_figures_are_the_oracle_s(busy: Workshop, by: By) -> None:
    assert len(told(busy)) > 700
    compare(busy, by, [(0, 31), (3, 10), (10, 17), (20, 30), (5, 5)])


@pytest.mark.parametrize("seed", range(RIOTS))
def test_of_whatever_people_do_the_figures_are_the_oracle_s(seed: int) -> None:
    """With merges, splits, joint handling, forged and late commands, and rule sets that follow each other."""
    shop = Riot(Random(seed), shared=False).run(120)
    for by in BYS:
        compare(shop, by, [(0, 40), (1, 3), (2, 9)])


def compare(shop: Workshop, by: By, days: list[tuple[int, int]]) -> None:
    passages, opened = told(shop), open_cases(shop)
    spans = [(begin * DAY, end * DAY) for begin, end in days]
    for scope in SCOPES:
        for begin, end in spans:
            tally = Tally(Period(T0 + begin, T0 + end), scope, by)
            for partition in range(16):
                mine = [one for one in passages if int(one["case"][:2]) == partition]
                tally.add(
                    msgspec.convert(mine, list[Passage]), [o for o in opened if int(o.case[:2]) == partition]
                )
            found = tally.result((), dict.fromkeys(KNOWN, 9), 5)
            mine_too = {row.code: plain(row.figures) for row in found.rows if row.figures is not None}
            assert [row.code for row in found.rows] == sorted(mine_too)
            mine_too = {code: row for code, row in mine_too.items() if tells(row)}
            theirs = evaluated(
                passages, [msgspec.structs.asdict(o) for o in opened], scope, T0 + begin, T0 + end, by
            )
            whole = theirs.pop("*", None)
            # the oracle has a row of zeros wherever a case ever was
            theirs = {code: row for code, row in theirs.items() if tells(row)}
            assert mine_too == theirs
            assert whole is None or plain(found.whole) == whole


def tells(row: dict[str, Any]) -> bool:
    """Tell whether anything in a row is not zero."""
    return any(value not in (0, (0, 0), [0, 0], {}) for value in row.values())


def test_the_month_has_what_the_figures_are_about(busy: Workshop) -> None:
    tally = Tally(Period(T0, T0 + 31 * DAY), "", "desk")
    tally.add(msgspec.convert(told(busy), list[Passage]), open_cases(busy))
    whole = tally.result((), {}, 5).whole
    figures = (whole.accepted, whole.filed, whole.due, whole.closed, whole.returned, whole.reopened)
    assert min(figures) > 5, figures
    assert 0 < whole.on_time_rate.hits < whole.close_rate.hits < whole.due
    assert 0 < whole.satisfaction.hits < whole.satisfaction.of


def test_what_is_sent_twice_after_a_crash_counts_once(busy: Workshop) -> None:
    passages = msgspec.convert(told(busy), list[Passage])
    for begin in (0, len(passages) // 2):
        one, twice = (Tally(Period(T0, T0 + 31 * DAY), "", "jurisdiction") for _ in range(2))
        one.add(passages, open_cases(busy))
        twice.add([*passages, *passages[begin:]], open_cases(busy))
        assert one.result((), {}, 5) == twice.result((), {}, 5)


def test_the_published_rates_of_a_city_come_out() -> None:
    """Tianmen's own report: 972 due, of them 911 closed (93.72 %) and 737 in time (75.82 %)."""
    closed, on_time = rate(911, 972), rate(737, 972)
    assert closed.rate == pytest.approx(0.9372, abs=5e-5)
    assert on_time.rate == pytest.approx(0.7582, abs=5e-5)
    assert (closed.low, closed.high) == pytest.approx((0.9202, 0.9508), abs=5e-5)


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (0, 10), (3, 10), (911, 972), (1, 100_000)])
def test_the_interval_is_wilson_s_and_stays_within_0_and_1(hits: int, of: int) -> None:
    found = rate(hits, of)
    assert (found.low, found.high) == pytest.approx(wilson(hits, of), abs=1e-9)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= hits / of <= found.high <= 1


def test_of_nothing_there_is_no_rate() -> None:
    assert rate(0, 0).rate is None


def test_a_quantile_is_a_value_that_occurred() -> None:
    assert [quantile([10, 20, 30, 40], percent) for percent in (1, 50, 75, 90, 100)] == [10, 20, 30, 40, 40]
    assert quantile([7], 90) == 7


GRID, DESK = "990100001001001", "990100001"


def passage(kind: str, t: int, **fields: Any) -> Passage:
    known: dict[str, Any] = {
        "effect": f"00-{t:x}-{kind}", "case": "00-1", "feed": "desk", "round": 1, "visit": 1, "step": "verify",
        "level": "township", "desk": DESK, "team": "", "grid": GRID, "category": "lamp", "arrived_ms": 0,
        "start_ms": 0, "end_ms": t,
    }  # fmt: skip
    return msgspec.convert(known | {"kind": kind, "t_ms": t} | fields, Passage)


def test_closing_at_the_due_instant_is_too_late() -> None:
    period = Period(0, 100)
    for end_ms, on_time in ((49, True), (50, False)):
        facts = facts_of([passage("closed", end_ms, whole_due_ms=50)], None, period)
        assert facts is not None
        assert (facts.due, facts.due_closed, facts.due_on_time) == (True, True, on_time)


def test_what_is_due_at_the_end_of_a_period_belongs_to_the_next() -> None:
    told_ = [passage("closed", 60, whole_due_ms=50)]
    for period, due in ((Period(0, 50), False), (Period(50, 70), True)):
        facts = facts_of(told_, None, period)
        assert facts is not None
        assert (facts.due, facts.due_closed) == (due, due)


def test_what_is_closed_after_the_period_was_open_in_it() -> None:
    facts = facts_of([passage("closed", 60, whole_due_ms=50)], None, Period(0, 55))
    assert facts is not None
    assert (facts.due, facts.due_closed, facts.closed) == (True, False, False)


def test_a_duplicate_is_left_out_whenever_it_was_found_to_be_one() -> None:
    told_ = [passage("closed", 60, duplicate=True, outcome="duplicate")]
    assert facts_of(told_, None, Period(0, 50)) is facts_of(told_, None, Period(0, 100)) is None


def test_the_last_round_counts_and_what_was_closed_before_is_open_again() -> None:
    told_ = [
        passage("closed", 20, whole_due_ms=50),
        passage("step", 30, visit=2, step="evaluate", reopened=True),
        passage("answer", 30, visit=2, satisfied=False),
        passage("closed", 70, round=2, visit=3, whole_due_ms=65),
        passage("answer", 80, round=2, visit=4, satisfied=True),
    ]
    early, middle, late = (facts_of(told_, None, Period(0, to)) for to in (25, 60, 90))
    assert early is not None
    assert middle is not None
    assert late is not None
    assert (early.closed, early.satisfied) == (True, None)
    assert (middle.closed, middle.reopened, middle.satisfied) == (False, True, None)
    assert (late.closed, late.due, late.due_on_time, late.satisfied) == (True, True, False, True)


def test_a_case_counts_where_it_was_closed_or_where_it_lay_at_the_end() -> None:
    other = "990100002001001"
    told_ = [passage("moved", 30, grid=other), passage("closed", 70, whole_due_ms=50)]
    for to, grid in ((30, other), (31, GRID), (90, GRID)):
        facts = facts_of(told_, None, Period(0, to))
        assert facts is not None
        assert facts.grid == grid


def test_a_team_of_few_people_has_no_figures() -> None:
    tally = Tally(Period(0, 100), "", "team")
    for n, team in enumerate(("roads", "water", "gone")):
        tally.add([passage("closed", 20, case=f"00-{n}", team=team, whole_due_ms=50)], [])
    rows = tally.result((), {"roads": 5, "water": 4}, 5).rows
    assert [(row.code, row.figures is not None) for row in rows] == [
        ("gone", False), ("roads", True), ("water", False),
    ]  # fmt: skip


def test_of_one_small_team_alone_the_figures_do_not_follow_from_the_others() -> None:
    tally = Tally(Period(0, 100), "", "team")
    for n, team in enumerate(("roads", "water", "parks", "parks", "parks")):
        tally.add([passage("closed", 20, case=f"00-{n}", team=team, whole_due_ms=50)], [])
    found = tally.result((), {"roads": 9, "water": 6, "parks": 3}, 5)
    shown = {row.code: row.figures for row in found.rows}
    assert [code for code, figures in shown.items() if figures is not None] == ["roads"]
    assert [(row.code, row.for_another) for row in found.rows] == [
        ("parks", False), ("roads", False), ("water", True),
    ]  # fmt: skip
    said = {row["code"]: row for row in table.plain(found, {}, 5)["rows"]}
    assert said["parks"] == {"code": "parks", "name": "parks", "fewer_than": 5}
    assert said["water"] == {"code": "water", "name": "water", "withheld": True}
    assert "would follow" in table.as_csv(found, {}, 5).splitlines()[3]
    assert "推算" in table.as_csv(found, {}, 5, "zh").splitlines()[3]
    every = tally.result((), {"roads": 9, "water": 6, "parks": 5}, 5).rows
    assert all(row.figures is not None and not row.for_another for row in every)
    two = tally.result((), {"roads": 9, "water": 4, "parks": 3}, 5).rows
    assert [row.figures is not None for row in two] == [False, True, False]
    alone = Tally(Period(0, 100), "", "team")
    alone.add([passage("closed", 20, team="parks", whole_due_ms=50)], [])
    assert [row.figures for row in alone.result((), {"parks": 3}, 5).rows] == [None]


def test_times_leave_pauses_out() -> None:
    tally = Tally(Period(0, DAY), "", "jurisdiction")
    tally.add([passage("step", HOUR, open_ms=HOUR, paused_ms=HOUR // 4)], [])
    steps = tally.result((), {}, 5).whole.steps
    assert steps == {}, "a case that is neither open nor closed is not known"
    tally.add(
        [passage("step", HOUR, open_ms=HOUR, paused_ms=HOUR // 4)],
        [OpenCase(case="00-1", grid=GRID, desk=DESK, team="", arrived_ms=0, due_ms=None)],
    )
    assert tally.result((), {}, 5).whole.steps["verify"].median_ms == 45 * 60_000
