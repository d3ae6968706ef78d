"""Whatever is commanded, in whatever order and by whomever: no illegal state, no silent refusal, and the same again."""

import os
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import flow_moves
from domain.audit import CLOCK, Line
from domain.case_acts import NO_RIGHT
from domain.cases import Case
from domain.clocks import DUE, timetable
from domain.flow import LEVEL_DIGITS, ROLES
from domain.records import Command, Grant, Tick, journal_decoder
from tests.domain.small_town import HOUR, MINUTE, NAMES
from tests.domain.test_laws import check_laws
from tests.domain.workshop import Workshop, rules_of

PROVE = os.environ.get("WATCHFLOOR_PROVE") == "1"
SEQUENCES = 2_000 if PROVE else 25
STEPS = 80 if PROVE else 40
PAUSES = (0, 1, 3_000, 7_000, MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, 30 * HOUR)
WAYS = (
    *("accept", "assign", "done", "feed_back", "close", "evaluate", "park", "resume", "undo") * 2,
    *("triage", "ask", "answer", "hand_up", "hand_down", "return", "send_back", "joint", "task_done"),
    *("ask_extension", "grant_extension", "refuse_extension", "supervise", "agree", "urge", "answer_urge"),
    *(
        "redo",
        "not_passed",
        "reject",
        "call_back",
        "reopen",
        "not_settled",
        "receive",
        "note",
        "merge",
        "fly",
    ),
    *("claim", "release", "take_over", "claim_lapsed"),
)


class Riot:
    """Reports, revisions, closings, commands by whoever, grants and rule sets, at random."""

    def __init__(self, rng: Random, *, shared: bool) -> None:
        self.rng = rng
        self.shop = Workshop(shared=shared)
        self.shop.grant("handling_unit", "handling_unit", team="team a")
        self.shop.grant("handling_unit", "handling_unit", team="team b")
        self.shop.grant("everybody", "clerk", "990100001")
        self.ids = 0
        self.last = ""
        self.on_alerts = ("", "")
        self.accepted = 0
        self.shared = shared
        self.ms = 0

    def run(self, steps: int) -> Workshop:
        self.report()
        for _ in range(steps):
            self.ms += self.rng.choice(PAUSES)
            self.shop.at(self.ms)
            chance = self.rng.random()
            if chance < 0.12:
                self.report()
            elif chance < 0.16:
                self.shop.floor.publish(self.rng.choice(("first", "faster", "renamed")))
            elif chance < 0.2:
                role = self.rng.choice(ROLES)
                self.shop.grant(role, role, on=self.rng.random() < 0.8, team="team a")
            elif chance < 0.25:
                for work in self.shop.floor.casework:
                    self.shop.floor.into_journal(work.partition, Tick(t_ms=self.shop.floor.now_ms))
            elif chance < 0.32:
                self.on_alert()
            else:
                self.command()
        return self.shop

    def on_alert(self) -> None:
        """Act on an alert that is there, or take back what was done to one last."""
        alerts = [alert for work in self.shop.floor.casework for alert in work.alerts]
        action = self.rng.choice(("acknowledge", "unacknowledge", "shelve", "unshelve", "undo", "undo"))
        fields: dict[str, Any] = {"undoes": self.on_alerts[0]} if action == "undo" else {}
        if action == "shelve":
            fields = {"for_s": self.rng.choice((1, 4, 600)), "reason": "known"}
        alert = self.on_alerts[1] if action == "undo" else self.rng.choice(alerts) if alerts else ""
        if alert:
            by = self.rng.choice(("dispatcher", "dispatcher", "clerk"))
            answer = self.shop.on_alert(action, alert, by=by, **fields)
            self.on_alerts = (answer["id"], alert)

    def report(self) -> None:
        if self.ids < 3 or self.rng.random() < 0.3:
            self.ids += 1
        fields: dict[str, Any] = {"closed_ms": self.ms} if self.rng.random() < 0.15 else {}
        if self.rng.random() < 0.3:
            fields["private"] = f"sealed:r-{self.rng.randint(1, 3)}:abc#{self.rng.choice('ab') * 32}"
        if self.shared:
            fields["t_ms"] = self.shop.floor.now_ms
        self.shop.report(
            str(self.rng.randint(1, self.ids)),
            self.rng.choice(NAMES[:3]),
            category=self.rng.choice(("lamp", "waste", "noise")),
            **fields,
        )

    def possible(self, case: Case) -> list[str]:
        """What somebody with every right could do now, so that half of what is asked for gets somewhere."""
        assert case.work is not None
        who = flow_moves.Request(
            action="",
            account="everybody",
            grants=tuple((role, "990100") for role in ROLES),
            teams=frozenset({"team a"}),
            at_ms=self.shop.floor.now_ms,
        )
        flow = rules_of("first").flows["grid"]
        return flow_moves.possible(flow, flow_moves.placed(flow, case.work.stand), who) or ["note"]

    def command(self) -> None:
        case = self.rng.choice([c for work in self.shop.floor.casework for c in work.cases.values()])
        assert case.work is not None
        tick = Tick(t_ms=self.shop.floor.now_ms if self.shared else None)
        self.shop.floor.into_journal(
            int(case.id[:2]), tick
        )  # what time alone does is not the command's doing
        before = case.public(), case.work.version
        action = self.rng.choice(self.possible(case) if self.rng.random() < 0.5 else WAYS)
        fields: dict[str, Any] = {}
        if self.rng.random() < 0.1:
            fields["version"] = self.rng.choice((None, 1, 99))
        if self.rng.random() < 0.1:
            fields["given"] = {"amount": 1.5, "category": "noise", "assignee": "nobody"}
        known = rules_of("first").flows["grid"].actions.get(action)
        by = self.rng.choice((*ROLES, "everybody", "forged")) if self.rng.random() < 0.2 else ""
        if action in {"undo", "claim", "release", "take_over"}:
            by = by or self.rng.choice(ROLES)
        if action == "undo":
            fields["undoes"] = self.last
        if action == "take_over":
            fields["given"] = {"reason": "gone home"}
        if action == "claim_lapsed":
            by = by or "gateway"
        answer = self.shop.do(
            action, by=by or (self.rng.choice(known.by) if known else "clerk"), case=case, **fields
        )
        if answer["ok"]:
            self.last = answer["id"]
            self.accepted += 1
            assert (answer["version"], answer["step"]) == (case.work.version, case.step)
        else:
            assert answer["reason"]
            assert answer["sentence"].endswith(".")
            assert (case.public(), case.work.version) == before, answer
            assert (answer["version"] is None) == (answer["reason"] in NO_RIGHT)


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
    assert kept.undo is None or kept.undo.until_ms > work.clock_ms or case.closed_ms is not None
    assert DUE in dict(kept.whole.marks)


def check_shop(shop: Workshop) -> None:
    for work in shop.floor.casework:
        for case in work.cases.values():
            check_case(case, shop)
        for alert in work.alerts.values():
            if alert.active and alert.case:
                case = work.cases[alert.case]
                assert case.closed_ms is None
                assert alert.grid == case.grid
        opened = [case for case in work.cases.values() if case.closed_ms is None]
        cells = [c for g in work.counters.cells.values() for k in g.values() for c in k.values()]
        assert sum(cell[3] for cell in cells) == len(opened)
        assert sum(cell[4] for cell in cells) == sum(case.overdue for case in opened)


def check_audit(shop: Workshop) -> None:
    """Each command and each grant has exactly one line, in its place and with its outcome."""
    lines = [msgspec.json.decode(effect.value, type=Line) for effect in shop.floor.audit]
    spoken = [(line.partition, line.offset, line.command) for line in lines if line.account != CLOCK]
    said = [
        (partition, offset, record.id)
        for partition, log in enumerate(shop.floor.journal)
        for offset, record in enumerate(journal_decoder.decode(value) for _, value in log)
        if isinstance(record, Command | Grant)
    ]
    assert sorted(spoken) == said
    assert all((line.outcome == "refused") == bool(line.reason) for line in lines)


@pytest.mark.parametrize("shared", [False, True], ids=["wall clock", "feed clock"])
@settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_no_sequence_of_commands_leads_to_an_illegal_state_and_all_of_it_folds_again(
    rng: Random, shared: bool
) -> None:
    riot = Riot(rng, shared=shared)
    shop = riot.run(STEPS)
    check_shop(shop)
    check_audit(shop)
    check_laws(shop.floor, rng)


def test_a_riot_gets_somewhere() -> None:
    riots = [Riot(Random(seed), shared=False) for seed in range(10)]
    for riot in riots:
        riot.run(120)
    assert sum(riot.accepted for riot in riots) > 300
    steps = {case.step for riot in riots for work in riot.shop.floor.casework for case in work.cases.values()}
    assert len(steps) >= 5
