"""People who work on cases at random: commands legal, stale, forged and out of turn, between reports, rights and rule sets."""

from random import Random
from typing import Any

from domain.cases.acts import NO_RIGHT
from domain.cases.case import Case
from domain.flows import moves as flow_moves
from domain.flows.flow import ROLES
from domain.records import Tick
from tests.domain.small_town import HOUR, MINUTE, NAMES
from tests.domain.workshop import Workshop, rules_of

PLACES = (*NAMES[:3], *NAMES[:3], NAMES[4])
"""The last one's cases lie in another partition."""
PAUSES = (0, 0, 1, 1, 1000, 3000, 7000, MINUTE, MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, 30 * HOUR)
ONWARD = (
    "accept", "assign", "joint", *("task_done",) * 3, *("task_back",) * 3, "receive", "done", "feed_back",
    "agree", "close", "evaluate",
)  # fmt: skip
"""Taken where they can be, so that cases come to their end now and then."""
OF_TASK = ("task_done", "task_back")
SELDOM = ("undo", *("merge",) * 5, "agree", "split", "fly", "claim", "release", "take_over", "claim_lapsed")
"""Taken also where nothing says that they can be."""

SERVICE = ("out_of_service", "return_to_service")


class Riot:
    """Reports, revisions, closings, commands by whoever, grants and rule sets, at random.

    What partitions send each other arrives at once or, for a while, late.
    """

    def __init__(self, rng: Random, *, shared: bool) -> None:
        self.rng = rng
        self.shop = Workshop(shared=shared)
        for team in ("team a", "team b"):
            self.shop.grant("handling_unit", "handling_unit", team=team)
        self.shop.grant("other_unit", "handling_unit", team="team c")
        self.shop.grant("everybody", "clerk", "990100001")
        self.ids = 0
        self.last: tuple[str, str, Case] | None = None
        self.on_alerts = ("", "")
        self.accepted = 0
        self.shared = shared
        self.ms = 0

    def run(self, steps: int) -> Workshop:
        floor = self.shop.floor
        self.report()
        for _ in range(steps):
            self.ms += self.rng.choice(PAUSES)
            self.shop.at(self.ms)
            chance = self.rng.random()
            if chance < 0.12:
                self.report()
            elif chance < 0.14:
                floor.publish(self.rng.choice(("first", "faster", "renamed", "redrawn")))
            elif chance < 0.18:
                role = self.rng.choice(ROLES)
                self.shop.grant(role, role, on=self.rng.random() < 0.8, team="team a")
            elif chance < 0.21:
                floor.slow = not floor.slow
            elif chance < 0.25:
                floor.arrive(self.rng.randint(1, 3))
            elif chance < 0.28:
                for work in floor.casework:
                    floor.into_journal(work.partition, Tick(t_ms=floor.now_ms))
            elif chance < 0.34:
                self.on_alert()
            else:
                self.command()
        floor.slow = False
        floor.arrive()
        return self.shop

    def on_alert(self) -> None:
        """Act on an alert that is there, or take back what was done to one last."""
        alerts = [alert for work in self.shop.floor.casework for alert in work.alerts]
        action = self.rng.choice(
            ("acknowledge", "unacknowledge", "shelve", "unshelve", *SERVICE, *SERVICE, "undo", "undo")
        )
        fields: dict[str, Any] = {"undoes": self.on_alerts[0]} if action == "undo" else {}
        if action == "shelve":
            fields = {"for_s": self.rng.choice((1, 4, 600)), "reason": "known"}
        if action == "out_of_service":
            fields = {
                "for_s": self.rng.choice((None, 1, 4, 600)),
                "reason": "repair",
                "given": {"reference": "T 1"},
            }
        alert = self.on_alerts[1] if action == "undo" else self.rng.choice(alerts) if alerts else ""
        if alert:
            by = self.rng.choice(
                ("supervisor",) if action in SERVICE else ("dispatcher", "dispatcher", "clerk")
            )
            answer = self.shop.on_alert(action, alert, by=by, **fields)
            self.on_alerts = (answer["id"], alert)

    def report(self) -> None:
        if self.ids < 3 or self.rng.random() < 0.3:
            self.ids += 1
        fields: dict[str, Any] = {"closed_ms": self.ms} if self.rng.random() < 0.1 else {}
        if self.rng.random() < 0.3:
            fields["private"] = f"sealed:r-{self.rng.randint(1, 3)}:abc#{self.rng.choice('ab') * 32}"
        if self.shared:
            fields["t_ms"] = self.shop.floor.now_ms
        self.shop.report(
            str(self.rng.randint(1, self.ids)),
            self.rng.choice(PLACES),
            category=self.rng.choice(("lamp", "waste", "noise", "slow", "slow", "slow")),
            **fields,
        )

    def any_case(self) -> Case:
        return self.rng.choice([c for work in self.shop.floor.casework for c in work.cases.values()])

    def possible(self, case: Case) -> list[str]:
        """What somebody with every right could do now, so that half of what is asked for gets somewhere."""
        assert case.work is not None
        who = flow_moves.Request(
            action="",
            account="everybody",
            grants=tuple((role, "990100") for role in ROLES),
            teams=frozenset({"team a", "team b", "team c"}),
            at_ms=self.shop.floor.now_ms,
        )
        flow = rules_of("first").flows["grid"]
        return flow_moves.possible(flow, flow_moves.placed(flow, case.work.stand), who) or ["note"]

    def action(self, case: Case) -> str:
        chance = self.rng.random()
        possible = self.possible(case)
        onward = [one for one in ONWARD if one in possible]
        if chance < 0.4 and onward:
            return self.rng.choice(onward)
        if chance < 0.7:
            return self.rng.choice(possible)
        if chance < 0.85:
            return self.rng.choice(SELDOM)
        return self.rng.choice([*rules_of("first").flows["grid"].actions])

    def given(self, action: str) -> dict[str, Any]:
        """Something else than the usual, now and then; merges lead to another case, to a stranger or to none."""
        if action == "merge":
            cases = [self.any_case() for _ in range(6)]
            opened = [one.id for one in cases if one.closed_ms is None]
            return {"case": self.rng.choice((*opened, cases[0].id, "02-00000fffff", "nowhere"))}
        if action in {"split", "joint"}:
            return self.several(action)
        if action in OF_TASK and self.rng.random() < 0.5:
            return {"department": self.rng.choice(("team b", "team c"))}
        if action == "take_over":
            return {"reason": "gone home"}
        if self.rng.random() < 0.1:
            return {"amount": 1.5, "category": "noise", "assignee": "nobody"}
        return {}

    def several(self, action: str) -> dict[str, Any]:
        """Parts of a case, or departments for it: now and then too few."""
        if action == "split":
            return {"parts": [f"part {number}" for number in range(self.rng.randint(1, 4))]}
        return {"departments": self.rng.sample(("team a", "team b", "team c"), self.rng.choice((1, 2, 3, 3)))}

    def version(self, case: Case, action: str) -> int | None:
        """The version that holds, and now and then another."""
        assert case.work is not None
        if self.rng.random() < 0.1:
            return self.rng.choice((None, 1, 99))
        versions = [task.version for task in case.work.tasks]
        return self.rng.choice(versions) if action in OF_TASK and versions else case.work.version

    def taker(self, action: str, case: Case) -> str:
        """Who may take an action, most of the time."""
        if self.rng.random() < 0.15:
            return self.rng.choice((*ROLES, "everybody", "forged"))
        if action in OF_TASK:
            open_parts = (
                [] if case.work is None else [name for name, done in case.work.stand.tasks if not done]
            )
            team = self.rng.choice(open_parts or ["team c"])
            return "other_unit" if team == "team c" else "handling_unit"
        if action in {"claim", "release", "take_over"}:
            return self.rng.choice(ROLES)
        if action == "claim_lapsed":
            return "gateway"
        known = rules_of("first").flows["grid"].actions.get(action)
        return self.rng.choice(known.by) if known else "clerk"

    def command(self) -> None:
        case = self.any_case()
        action, fields = self.action(case), {}
        by = self.taker(action, case)
        if self.last is not None and (action == "undo" or self.rng.random() < 0.1):
            fields["undoes"], by, case = self.last
            action = "undo"
            by = by if self.rng.random() < 0.9 else "clerk"
        self.carry_out(case, action, by, fields)
        if action in {"assign", "joint"} and self.rng.random() < 0.8:
            self.carry_out(case, "receive", "handling_unit", {})

    def carry_out(self, case: Case, action: str, by: str, fields: dict[str, Any]) -> None:
        """Command something, and look at the answer and at what it left."""
        floor = self.shop.floor
        tick = Tick(t_ms=floor.now_ms if self.shared else None)
        floor.into_journal(int(case.id[:2]), tick)  # what time alone does is not the command's doing
        if case.id not in floor.casework[int(case.id[:2])].cases:
            return  # it left with that time
        assert case.work is not None
        before = case.public(), case.work.version
        fields |= {"given": self.given(action), "version": self.version(case, action)}
        answer = self.shop.do(action, by=by, case=case, **fields)
        if answer["ok"]:
            self.last = answer["id"], by, case
            self.accepted += 1
            at_once = action == "merge" and not floor.slow  # then it has been answered by now as well
            assert at_once or (answer["version"], answer["step"]) == (case.work.version, case.step)
        else:
            assert answer["reason"]
            assert answer["sentence"].endswith(".")
            assert (case.public(), case.work.version) == before, answer
            assert (answer["version"] is None) == (answer["reason"] in NO_RIGHT)
