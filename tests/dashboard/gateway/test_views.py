"""Views: numbers add up, zero is not missing, and a snapshot with its changes is the new snapshot."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.gateway import views
from dashboard.gateway.levels import areas_below, no_children
from dashboard.gateway.model import Entry, Model, PartitionHashes
from domain.codes import JOURNAL_PARTITIONS, partition_of, unplaced
from domain.counters import BUCKET_MS
from tests.dashboard.written import CLOCK_MS, alert

TOWNSHIPS = ["990100001", "990100002", "990200001"]
GRIDS = [f"{township}00100{n}" for township in TOWNSHIPS for n in (1, 2)] + [str(unplaced("990100"))]

counts = st.lists(st.integers(0, 5), min_size=6, max_size=6)


@st.composite
def bodies(draw: st.DrawFn) -> dict:
    body: dict = {}
    grid = draw(st.sampled_from(GRIDS))
    if draw(st.booleans()):
        trend = [
            [CLOCK_MS - CLOCK_MS % BUCKET_MS, *draw(st.lists(st.integers(0, 3), min_size=4, max_size=4))]
        ]
        body["grids"] = {grid[:9]: {"grids": {grid: {"noise": draw(counts)}}, "trend": trend}}
    if draw(st.booleans()):
        name = draw(st.sampled_from(["a", "b", "c", "d"]))
        state = draw(st.sampled_from(["unack", "acked", "rtnun", "shelved", "suppressed", "out_of_service"]))
        facts = {
            "state": state,
            "priority": draw(st.integers(1, 4)),
            "kind": draw(st.sampled_from(["due_soon", "surge"])),
        }
        body["alerts"] = {name: None if draw(st.booleans()) else alert(name, grid, **facts)}
    if draw(st.booleans()):
        state = draw(st.sampled_from(["warming", "normal", "anomalous", "stale"]))
        body["pairs"] = {f"{grid[:9]}|noise": {"state": state}}
    if draw(st.booleans()):
        body["feeds"] = {"f": {"feed": "f", "silent": draw(st.booleans())}}
    return body


def entry(body: dict, offset: int, partition: int) -> Entry:
    return Entry(
        id=f"{offset}-0", source=f"journal:{partition}", offset=offset, clock_ms=CLOCK_MS + offset, body=body
    )


@given(
    st.lists(st.tuples(st.integers(0, 2), bodies()), min_size=1, max_size=12),
    st.sampled_from(["", "9901", "990100", "990100001", "990100001001", "990100001001002"]),
    st.integers(1, 11),
)
@settings(deadline=None, max_examples=200)
def test_a_snapshot_with_its_changes_is_the_new_snapshot(changes: list, scope: str, cut: int) -> None:
    model = Model()
    known = {"": ["99"], "99": ["9901"], "9901": ["990100"], "990100": TOWNSHIPS[:2]}
    painted = merged_from = views.build(model, scope, lambda code: known.get(code, []))
    merged: dict = {}
    for offset, (partition, body) in enumerate(changes):
        assert model.apply(entry(body, offset, partition)) is not None
        view = views.build(model, scope, lambda code: known.get(code, []))
        told = views.difference(painted, view)
        if told is None:
            # an area is gone: only a snapshot can say it
            assert {row["code"] for row in painted["areas"]} - {row["code"] for row in view["areas"]}
            painted = merged_from = view
            merged = {}
            continue
        painted = views.apply(painted, told)
        assert painted == view
        merged = views.merge(merged, told)
        assert views.apply(merged_from, merged) == view
        if offset == cut:
            merged_from, merged = view, {}


@given(st.lists(st.tuples(st.integers(0, 2), bodies()), min_size=1, max_size=8))
@settings(deadline=None, max_examples=50)
def test_every_level_has_the_same_totals(changes: list) -> None:
    model = Model()
    for offset, (partition, body) in enumerate(changes):
        model.apply(entry(body, offset, partition))
    whole = views.build(model, "", no_children)
    for scope in ("99", "9901", "990100"):
        view = views.build(model, scope, no_children)
        assert sum(row["open"] for row in view["areas"]) == view["kpis"]["open"]
    parts = [views.build(model, scope, no_children) for scope in ("990100", "990200")]
    for name in ("open", "overdue", "new_1h", "new_24h"):
        assert sum(part["kpis"][name] for part in parts) == whole["kpis"][name]
    assert sum(part["alerts_total"] for part in parts) == whole["alerts_total"]


def test_the_order_of_partitions_does_not_matter() -> None:
    """A partition counts for its own cases, also where their grids moved to another township."""
    bodies_of = [
        (partition, {"grids": {TOWNSHIPS[0]: {"grids": {GRIDS[0]: {"noise": [n] * 6}}, "trend": []}}})
        for partition, n in ((0, 1), (1, 20), (2, 300))
    ]
    random.Random(1).shuffle(bodies_of)
    model = Model()
    for partition, body in bodies_of:
        model.apply(entry(body, 0, partition))
    assert views.build(model, TOWNSHIPS[0], no_children)["kpis"]["open"] == 321


def test_an_area_without_any_report_is_zero_and_not_missing() -> None:
    model = Model()
    known = {"990100": TOWNSHIPS[:2]}
    view = views.build(model, "990100", lambda code: known.get(code, []))
    assert [(row["code"], row["open"], row["state"]) for row in view["areas"]] == [
        ("990100001", 0, "nodata"),
        ("990100002", 0, "nodata"),
    ]
    part = PartitionHashes(
        partition=partition_of("990100001"), offset=4, status={"clock_ms": 1}, grids={}, alerts={}, pairs={}
    )
    model.take_partition(part)
    states = {
        row["code"]: row["state"]
        for row in views.build(model, "990100", lambda code: known.get(code, []))["areas"]
    }
    assert states["990100001"] == "warming"


def test_an_entry_that_is_in_already_changes_nothing() -> None:
    model = Model()
    body = {"grids": {TOWNSHIPS[0]: {"grids": {GRIDS[0]: {"noise": [1] * 6}}, "trend": []}}}
    assert model.apply(entry(body, 5, 0)) == {TOWNSHIPS[0]}
    assert model.apply(entry(body, 5, 0)) is None
    assert model.apply(entry(body, 4, 0)) is None


def test_reading_a_partition_again_takes_away_what_it_no_longer_has() -> None:
    model = Model()
    body = {
        "grids": {TOWNSHIPS[0]: {"grids": {GRIDS[0]: {"noise": [1] * 6}}, "trend": []}},
        "alerts": {"a": alert("a", GRIDS[0])},
        "pairs": {f"{TOWNSHIPS[0]}|noise": {"state": "anomalous"}},
    }
    model.apply(entry(body, 5, 3))
    part = PartitionHashes(partition=3, offset=6, status={}, grids={}, alerts={}, pairs={})
    assert model.take_partition(part) == {TOWNSHIPS[0]}
    view = views.build(model, "", no_children)
    assert (view["kpis"]["open"], view["alerts_total"], view["areas"]) == (0, 0, [])


def test_the_trend_is_what_is_open_now_with_everything_since_taken_back() -> None:
    now_ms = CLOCK_MS - CLOCK_MS % BUCKET_MS
    model = Model()
    trend = [[now_ms - 2 * BUCKET_MS, 5, 1, 2, 0], [now_ms, 1, 3, 0, 1]]
    body = {"grids": {TOWNSHIPS[0]: {"grids": {GRIDS[0]: {"noise": [0, 0, 0, 10, 1, 30]}}, "trend": trend}}}
    model.apply(Entry(id="1-0", source="journal:0", offset=0, clock_ms=now_ms + 5, body=body))
    rows = views.trend_of(model, "990100")
    assert len(rows) == 72
    assert rows[-3:] == [
        [now_ms - 2 * BUCKET_MS, 5, 1, 2, 12, 0],
        [now_ms - BUCKET_MS, 0, 0, 2, 12, 0],
        [now_ms, 1, 3, 1, 10, 1],
    ]
    assert rows[-4][3:] == [0, 8, 0]
    kpis = views.build(model, "990100", no_children)["kpis"]
    assert kpis["on_time_rate_6h"] == 0.75, "one of four was closed overdue"
    empty = views.build(Model(), "990100", no_children)
    assert empty["kpis"]["on_time_rate_6h"] is None
    assert empty["urgent"] == [0, 0, 0, 0]
    assert views.trend_of(model, GRIDS[0]) == []


def test_the_stack_has_the_unacknowledged_first_and_counts_what_it_does_not_list() -> None:
    model = Model()
    facts = [
        ("low", "unack", 4),
        ("seen", "acked", 1),
        ("top", "unack", 1),
        ("aside", "shelved", 1),
        ("ruled", "suppressed", 1),
        ("out", "out_of_service", 1),
        ("back", "rtnun", 2),
    ]
    alerts = {name: alert(name, GRIDS[0], state=state, priority=priority) for name, state, priority in facts}
    alerts |= {f"z{n}": alert(f"z{n}", GRIDS[1], state="acked", priority=3) for n in range(300)}
    model.apply(entry({"alerts": alerts}, 0, 0))
    view = views.build(model, "990100", no_children)
    assert [one["id"] for one in view["alerts"]["set"]][:4] == ["top", "low", "back", "seen"]
    assert len(view["alerts"]["set"]) == 200
    assert (view["alerts_total"], view["unacked"], view["shelved"]) == (307, 3, 3)
    assert view["urgent"] == [1, 0, 0, 1], "what has gone back by itself is not urgent"


def test_cases_due_within_the_hour_are_counted_by_their_due_soon_alerts() -> None:
    model = Model()
    due = [CLOCK_MS - 1, CLOCK_MS + 1, CLOCK_MS + 3_600_000, CLOCK_MS + 3_600_001]
    alerts = {str(n): alert(str(n), GRIDS[0], kind="due_soon", due_ms=due_ms) for n, due_ms in enumerate(due)}
    alerts["accept"] = alert("accept", GRIDS[0], kind="due_soon", clock="accept", due_ms=CLOCK_MS + 5)
    model.apply(entry({"alerts": alerts}, 0, 0))
    assert views.build(model, "", no_children)["kpis"]["due_1h"] == 2


def test_levels_with_a_single_child_are_passed_through() -> None:
    known = {
        "": ["99"],
        "99": ["9901"],
        "9901": ["990100"],
        "990100": TOWNSHIPS[:2],
        TOWNSHIPS[0]: [GRIDS[0][:12]],
    }
    known[GRIDS[0][:12]] = GRIDS[:2]

    def children(code: str) -> list[str]:
        return known.get(code, [])

    def nothing(_digits: int) -> set[str]:
        return set()

    assert areas_below("", children, nothing) == TOWNSHIPS[:2]
    assert areas_below(TOWNSHIPS[0], children, nothing) == GRIDS[:2]
    assert areas_below(GRIDS[0], children, nothing) == [GRIDS[0]]


def test_an_unplaced_grid_is_shown_but_chooses_no_level() -> None:
    seen = [GRIDS[0], GRIDS[1], str(unplaced("990100"))]
    codes = areas_below("990100", no_children, lambda digits: {grid[:digits] for grid in seen})
    assert codes == [str(unplaced("990100")), GRIDS[0], GRIDS[1]]


def test_a_part_of_a_township_is_not_anomalous_by_itself() -> None:
    model = Model()
    grids = {GRIDS[0]: {"noise": [1] * 6}, GRIDS[1]: {"noise": [1] * 6}}
    pairs = {f"{TOWNSHIPS[0]}|noise": {"state": "anomalous"}}
    model.apply(entry({"grids": {TOWNSHIPS[0]: {"grids": grids, "trend": []}}, "pairs": pairs}, 0, 0))
    assert [row["state"] for row in views.build(model, "990100", lambda _: [])["areas"]] == [
        "normal",
        "normal",
    ]
    assert (
        views.build(model, "", lambda code: {"": [TOWNSHIPS[0], TOWNSHIPS[2]]}.get(code, []))["areas"][0][
            "state"
        ]
        == "anomalous"
    )


def test_partitions_are_as_many_as_the_views_expect() -> None:
    model = Model()
    model.statuses = {partition: {} for partition in range(JOURNAL_PARTITIONS)}
    view = views.build(model, "", lambda code: {"": ["98", "99"]}.get(code, []))
    assert {row["state"] for row in view["areas"]} == {"warming"}
