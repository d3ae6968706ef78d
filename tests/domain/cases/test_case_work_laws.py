"""Whatever is commanded, in whatever order and by whomever: no illegal state, no silent refusal, and the same again."""

import os
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.audit import MACHINES, Line
from domain.cases.case import Case
from domain.cases.work import Work
from domain.clocks.clock import DUE, timetable
from domain.evaluation.passages import Passage
from domain.flows import moves as flow_moves
from domain.flows.flow import LEVEL_DIGITS
from domain.fold import canonical
from domain.records import Command, Grant, journal_decoder
from tests.domain.memory_floor import refold
from tests.domain.riot import Riot
from tests.domain.test_laws import check_laws, every_fold
from tests.domain.workshop import Workshop, rules_of

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
SEQUENCES = 5_000 if PROVE else 25
"""Of each clock: 10,000 in all take some twenty minutes of a core."""
FOLDED_AGAIN = 0.2 if PROVE else 1
"""Folding a sequence's journals three times takes twice as long as the sequence; of 10,000 every fifth is enough."""
STEPS = 60 if PROVE else 40
A_DIGEST = 1_000
"""After so many sequences one digest over all their states is compared with that of their journals folded again."""


class Digests:
    """A digest over the states of many sequences as they lived, and over their journals folded again once each."""

    def __init__(self) -> None:
        self._sequences = 0
        self._live, self._again = sha256(), sha256()

    def add(self, shop: Workshop) -> None:
        for _, make, log, live in every_fold(shop.floor):
            self._live.update(canonical(live.plain()))
            self._again.update(refold(make, log, batch=lambda: 500)[0])
        self._sequences += 1
        if self._sequences % A_DIGEST == 0:
            self.compare()

    def compare(self) -> None:
        assert self._live.digest() == self._again.digest(), f"within {self._sequences} sequences"


def check_case(case: Case, shop: Workshop) -> None:
    """A case is legal in its flow, and all that is kept of its clocks follows from the clocks."""
    work = shop.floor.casework[int(case.id[:2])]
    rules = rules_of(work.rules_hash)
    flow, kept = rules.flows["grid"], case.work
    assert kept is not None
    stand = kept.stand
    step = flow.steps[stand.step]
    assert case.step == stand.step
    assert stand.grid == case.grid
    assert stand.level in step.levels
    assert stand.desk == case.grid[: LEVEL_DIGITS[stand.level]]
    assert step.ended == (stand.closed_ms is not None) == (case.closed_ms is not None)
    assert (case.leaves_ms is not None) == (case.closed_ms is not None)
    standing = flow_moves.paused(flow, stand)
    assert kept.whole.clock.paused == ("whole" in standing)
    calendar = rules.calendars["china"]
    for timer in (kept.whole, kept.step):
        if timer is not None:
            assert dict(timer.marks) == timetable(timer.clock, calendar).marks
    assert (kept.step is None) == (step.clock is None)
    due_ms = kept.whole.due_ms
    assert case.due_ms == due_ms
    if case.closed_ms is None:
        assert case.overdue == (due_ms is not None and due_ms <= work.clock_ms)
        for timer in (kept.whole, kept.step):
            if timer is not None:
                passed = {p for p, at_ms in timer.marks if at_ms is not None and at_ms <= work.clock_ms}
                assert passed <= set(timer.fired), "a mark that is past has fired"
        areas = rules.feeds[case.feed].areas
        assert areas is not None
        if areas.heir(case.grid, case.lon, case.lat, work.clock_ms):
            due_ms = work.due_ms()
            assert due_ms is not None
            assert due_ms <= work.clock_ms, "where a place is no more, its cases pass on with the next record"
    check_tasks(kept)
    check_merging(kept, case, shop)
    assert kept.undo is None or kept.undo.until_ms > work.clock_ms or case.closed_ms is not None
    assert DUE in dict(kept.whole.marks)
    assert (kept.supervision is not None) == ("supervised" in stand.flags)
    own = kept.supervision
    if own is not None and own.timer is not None:
        assert dict(own.timer.marks) == timetable(own.timer.clock, calendar).marks
        assert own.timer.due_ms is None or own.timer.due_ms > work.clock_ms or own.timer.fired == (DUE,)
    receipt = kept.receipt
    if receipt is not None:
        assert receipt.to == stand.assignee
        assert stand.step == "handle"
        assert receipt.timer.clock.paused == ("receipt" in standing)
        assert dict(receipt.timer.marks) == timetable(receipt.timer.clock, None).marks
    assert all(held.until_ms > work.clock_ms for held in kept.held), "what was held has been released"


def check_tasks(work: Work) -> None:
    assert [task.team for task in work.tasks] == [team for team, _ in work.stand.tasks]
    versions = [task.version for task in work.tasks]
    assert len(set(versions)) == len(versions)
    assert all(0 < version <= work.task_changes for version in versions)
    assert all((task.timer is None) == (work.step is None) for task in work.tasks)
    for task in work.tasks:
        if task.timer is not None and work.step is not None:
            assert task.timer.clock.paused == work.step.clock.paused


def check_merging(work: Work, case: Case, shop: Workshop) -> None:
    """No merge is left without its answer; who was taken over is closed, and whoever took it knows."""
    assert work.merging is None
    assert "merging" not in work.stand.flags
    assert bool(work.merged_into) == (work.stand.outcome == "duplicate")
    if work.merged_into:
        assert case.closed_ms is not None
        there = shop.floor.casework[int(work.merged_into[:2])].cases.get(work.merged_into)
        if there is not None and there.work is not None:
            assert case.id in [name for name, _, _ in there.work.absorbed]
            assert there.repeats >= case.repeats + 1
    if work.parent:
        parent = shop.floor.casework[int(work.parent[:2])].cases.get(work.parent)
        assert parent is None or parent.work is None or case.id in parent.work.parts


def check_shop(shop: Workshop) -> None:
    for work in shop.floor.casework:
        for case in work.cases.values():
            check_case(case, shop)
        for alert in work.alerts.values():
            if alert.active and alert.case:
                case = work.cases[alert.case]
                assert case.closed_ms is None
                assert alert.grid == case.grid
    check_messages(shop)
    for work in shop.floor.casework:
        opened = [case for case in work.cases.values() if case.closed_ms is None]
        cells = [c for g in work.counters.cells.values() for k in g.values() for c in k.values()]
        assert all(min(cell) >= 0 for cell in cells)
        assert sum(cell[3] for cell in cells) == len(opened)
        assert sum(cell[4] for cell in cells) == sum(case.overdue for case in opened)


def check_messages(shop: Workshop) -> None:
    """No message comes twice, none is about a case in a version that it never had, and none is held for ever."""
    sent = shop.messages()
    assert len({message.key for message in sent}) == len(sent)
    assert len({message.effect for message in sent}) == len(sent)
    for message in sent:
        assert message.key.startswith(f"{message.case}/")
        assert message.address or message.kind == "left"
        case = shop.floor.casework[int(message.case[:2])].cases.get(message.case)
        assert case is None or case.work is None or message.version <= case.work.version


def check_audit(shop: Workshop) -> None:
    """Each command and each grant has exactly one line, in its place and with its outcome."""
    lines = [msgspec.json.decode(effect.value, type=Line) for effect in shop.floor.audit]
    spoken = [(line.partition, line.offset, line.command) for line in lines if line.account not in MACHINES]
    said = [
        (partition, offset, record.id)
        for partition, log in enumerate(shop.floor.journal)
        for offset, record in enumerate(journal_decoder.decode(value) for _, value in log)
        if isinstance(record, Command | Grant)
    ]
    assert sorted(spoken) == said
    assert all((line.outcome == "refused") == bool(line.reason) for line in lines)


def check_passages(shop: Workshop) -> None:
    """The visits of a case follow each other without a gap up to the present one, and each closing is told."""
    told = [msgspec.json.decode(effect.value, type=Passage) for effect in shop.floor.sent.get("passages", [])]
    assert not {one.team for one in told} - {"", "team a", "team b", "team c"}
    for case in (case for work in shop.floor.casework for case in work.cases.values()):
        visits: dict[int, Passage] = {}
        closings: dict[int, tuple[int, Passage]] = {}
        for one in (one for one in told if one.case == case.id):
            if one.kind == "step":
                assert one.visit == len(visits) + 1
                visits[one.visit] = one
            elif one.kind == "closed":
                closings[one.round] = (one.visit, one)
            elif one.kind == "undone":
                visits = {number: visit for number, visit in visits.items() if number < one.visit}
                closings = {of: closing for of, closing in closings.items() if closing[0] < one.visit}
        edges = [case.arrived_ms, *(visit.end_ms for visit in visits.values())]
        assert [visit.start_ms for visit in visits.values()] == edges[:-1]
        kept = case.work
        assert kept is not None
        assert (kept.visit.number, kept.visit.since_ms) == (len(visits) + 1, edges[-1])
        ended = sorted(closings) if case.closed_ms is None else sorted(closings)[:-1]
        # a part begins in the round of the case that it was split from
        assert ended == list(
            range(min(ended, default=kept.stand.round) if kept.parent else 1, kept.stand.round)
        )
        if case.closed_ms is not None:
            assert closings[kept.stand.round][1].end_ms == case.closed_ms
        assert all(
            0 <= visit.paused_ms <= visit.open_ms <= visit.end_ms - visit.start_ms
            for visit in visits.values()
        )


@pytest.fixture(scope="module")
def digests() -> Iterator[Digests]:
    """Over all sequences of this file; what is left over at its end is compared too."""
    made = Digests()
    yield made
    made.compare()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("shared", [False, True], ids=["wall clock", "feed clock"])
@settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_no_sequence_of_commands_leads_to_an_illegal_state_and_all_of_it_folds_again(
    digests: Digests, rng: Random, shared: bool
) -> None:
    riot = Riot(rng, shared=shared)
    shop = riot.run(STEPS)
    check_shop(shop)
    check_audit(shop)
    check_passages(shop)
    if PROVE:  # in the short form every sequence is folded again below
        digests.add(shop)
    if rng.random() < FOLDED_AGAIN:
        check_laws(shop.floor, rng)


def test_a_riot_gets_somewhere() -> None:
    riots = [Riot(Random(seed), shared=False) for seed in range(24)]
    for riot in riots:
        riot.run(120)
    assert sum(riot.accepted for riot in riots) > 300
    cases = [case for riot in riots for work in riot.shop.floor.casework for case in work.cases.values()]
    assert len({case.step for case in cases}) >= 5
    told = Counter(
        (one.kind, one.action) for case in cases if case.work is not None for one in case.work.story
    )
    for often in (
        ("merge", "merged"),
        ("merge", "not_merged"),
        ("merge", "absorbed"),
        ("split", "split"),
        ("act", "joint"),
        ("act", "task_done"),
        ("act", "task_back"),
        ("act", "undo"),
        ("report", ""),
        ("clock", "ack_lapsed"),
        ("act", "handed_over"),
    ):
        assert told[often] >= 3, often
