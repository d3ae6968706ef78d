"""The rows of the dispatch desk's queue: of each case that people still have to do with, what a list shows of it.

Cases whose feed says what becomes of them have no row, and cost nothing here.
"""

from collections.abc import Iterable, Mapping

from domain.cases.case import Case
from domain.cases.work import Work
from domain.flows.flow import Flow
from domain.records import encoder
from domain.rules import Rules


def rows_of(cases: Mapping[str, Case], names: Iterable[str], rules: Rules | None) -> dict[str, bytes | None]:
    """Return the rows of these cases as JSON, None for one that has none any more."""
    rows: dict[str, bytes | None] = {}
    for name in names:
        case = cases.get(name)
        if case is None:
            rows[name] = None
        elif case.work is not None:
            flow = None if rules is None else rules.flow_of(case.feed)
            rows[name] = (
                encoder.encode(_row(case, case.work, flow)) if _is_queued(case, case.work, flow) else None
            )
    return rows


def _is_queued(case: Case, work: Work, flow: Flow | None) -> bool:
    """Tell whether a case is open, or closed and not yet evaluated: in a step of the end before the last one."""
    if case.closed_ms is None:
        return True
    return (
        flow is not None and work.stand.step != [name for name, step in flow.steps.items() if step.ended][-1]
    )


def _row(case: Case, work: Work, flow: Flow | None) -> dict[str, object]:
    """Return a row. `clock` is what the time left follows from, `source_id` what two reports of one matter share."""
    stand, whole = work.stand, work.whole
    return {
        "id": case.id,
        "feed": case.feed,
        "source_id": case.source_id,
        "grid": case.grid,
        "category": case.category,
        "step": stand.step,
        "level": stand.level,
        "desk": stand.desk,
        "assignee": stand.assignee,
        "teams": [team for team, _ in stand.tasks],
        "is": stand.flags,
        "round": stand.round,
        "version": work.version,
        "opened_ms": case.opened_ms,
        "arrived_ms": case.arrived_ms,
        "closed_ms": case.closed_ms,
        "due_ms": whole.due_ms,
        "step_due_ms": None if work.step is None else work.step.due_ms,
        "marks": whole.marks,
        "clock": whole.clock,
        "overdue": case.overdue,
        "paused": whole.clock.paused,
        "supervised": "supervised" in stand.flags,
        "repeats": case.repeats,
        "claim": work.claim,
        "returned": flow is not None and work.visit.returned > 0 and _came_back(flow, work),
        "lon": case.lon,
        "lat": case.lat,
    }


def _came_back(flow: Flow, work: Work) -> bool:
    """Tell whether the last step that the case went was one back, on its level, and it has not gone on since."""
    order = {name: number for number, name in enumerate(flow.steps)}
    now = work.stand
    for entry in reversed(work.story):
        if entry.level != now.level:
            return False
        if entry.step != now.step:
            return order.get(entry.step, -1) > order.get(now.step, -1)
    return False
