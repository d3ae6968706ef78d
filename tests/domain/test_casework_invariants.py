"""What must hold of every history: alerts are those of the cases, and no mark that has passed was forgotten."""

from random import Random

import pytest

from domain.cases.case import FIRST_STEP, Case
from domain.casework import Casework
from domain.records import Tick, encoder
from tests.domain.scribbler import Scribbler


def wanted(case: Case, now_ms: int) -> dict[str, str]:
    """The alerts that a case must have now, by clock."""
    alerts = {}
    clocks = {"accept": case.accept_due_ms if case.step == FIRST_STEP else None, "resolve": case.due_ms}
    for clock, due_ms in clocks.items():
        if due_ms is None or case.closed_ms is not None:
            continue
        if now_ms >= due_ms:
            alerts[clock] = "overdue"
        elif 4 * (now_ms - case.arrived_ms) >= 3 * (due_ms - case.arrived_ms):
            alerts[clock] = "due_soon"
    return alerts


def check(work: Casework) -> None:
    found: dict[str, dict[str, str]] = {}
    for alert in work.alerts.values():
        assert alert.state == alert.derive()
        assert alert.state != "normal"
        if alert.case:
            case = work.cases[alert.case]
            assert (alert.scope, alert.category) == (case.grid, case.category)
            if not alert.active:
                assert alert.state == "out_of_service", "nothing else keeps what is over"
                continue
            found.setdefault(alert.case, {})[alert.clock] = alert.kind
            assert alert.due_ms == (case.due_ms if alert.clock == "resolve" else case.accept_due_ms)
    for case in work.cases.values():
        alerts = wanted(case, work.clock_ms)
        mine = found.get(case.id, {})
        assert mine == alerts, case
        if alerts.get("resolve") == "overdue":
            assert case.overdue, case


@pytest.mark.parametrize("shared", [False, True], ids=["wall clock", "feed clock"])
@pytest.mark.parametrize("seed", range(2))
def test_alerts_are_those_of_the_cases(seed: int, shared: bool) -> None:
    scribbler = Scribbler(Random(seed), shared=shared)
    for part in range(8):
        floor = scribbler.write(100 * (part + 1))
        floor.into_lane(0, encoder.encode(Tick(t_ms=floor.now_ms if shared else None)))
        for partition, work in enumerate(floor.casework):
            if not shared:
                floor.into_journal(partition, Tick())
            check(work)
