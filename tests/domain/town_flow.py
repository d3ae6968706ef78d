"""The shipped flow, and people who may act in it."""

from functools import cache
from pathlib import Path
from typing import Any

from domain.flows.file import read_flows
from domain.flows.flow import ROLES, Flow
from domain.flows.moves import Case, Move, Refusal, Request, next_step, open_case

GRID = "990100001002003"
SHIPPED = Path(__file__).resolve().parents[2] / "config" / "flow.toml"
LEVELS = {"village": GRID[:12], "township": GRID[:9], "county": GRID[:6]}
DAY_MS = 86_400_000

GIVEN: dict[str, Any] = {
    "reason": "because", "text": "so it is", "photo": "photo 1", "code": "settled", "category": "waste",
    "assignee": "team a", "departments": ["team a", "team b", "team c"], "case": "00-1", "amount": 2,
    "parts": ["one", "other"], "satisfied": True,
}  # fmt: skip
"""One of everything that an action may need."""


@cache
def flow(name: str = "grid") -> Flow:
    flows, mistakes = read_flows(SHIPPED.read_bytes(), lambda _: 30)
    assert not mistakes
    return flows[name]


def ask(action: str, *, role: str = "", scope: str = GRID[:6], account: str = "", **fields: Any) -> Request:
    """A request by somebody with one role at the county, or with every role; teams are `team a` unless said."""
    grants = tuple((one, scope) for one in ((role,) if role else ROLES))
    given = fields.pop("given", {})
    known = {"teams": frozenset({"team a"}), "at_ms": 0} | fields
    outcomes = flow().actions[action].outcomes if action in flow().actions else ()
    code = {"code": outcomes[0]} if outcomes else {}
    return Request(
        action=action,
        account=account or role or "everybody",
        grants=grants,
        given=GIVEN | code | given,
        **known,
    )


def walk(*actions: str, case: Case | None = None, **fields: Any) -> Case:
    """A case after actions that are all accepted; each is taken by an account of its own role."""
    now = case or open_case(flow(), GRID)
    for action in actions:
        now = moved(now, ask(action, role=flow().actions[action].by[0], **fields)).case
    return now


def moved(case: Case, request: Request) -> Move:
    made = next_step(flow(), case, request)
    assert isinstance(made, Move), made
    return made


def refused(case: Case, request: Request) -> str:
    made = next_step(flow(), case, request)
    assert isinstance(made, Refusal), made
    assert made.sentence.endswith(".")
    return made.reason
