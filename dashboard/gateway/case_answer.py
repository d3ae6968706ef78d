"""What a desk is told of one case besides the case: what its account may do now, who could have it, what is near, why an alert fired.

Pure: from the case as it is shown, the rule set in force, rights and rows. The fold decides about every command anew.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from dashboard.gateway.alert_stack import Alert
from dashboard.gateway.queue import QueueBook
from dashboard.gateway.rights import LOCAL, PEOPLE, Rights
from dashboard.words.case import CASE_WORDS
from domain.cases.work_clocks import AGAIN, SOON
from domain.clocks.clock import DUE, Limit
from domain.duty.proposals import Facts, Proposal, propose
from domain.flows import moves as flow_moves
from domain.flows.flow import Flow
from domain.flows.moves import Request
from domain.rules import Rules

Shown = Mapping[str, Any]
"""A case as it is read from its read model."""

PERCENTS = {"due_soon": SOON, "overdue": DUE}
"""Where a clock's alert stands; an overdue one is announced again at three times the limit."""

KEYS = {"assign": "g", "hand_up": "e", "note": "n", "merge": "f", "close": "c"}
"""Keys of the desk's page (SCREENS D-3)."""

OWN = ("story", "story_cut", "private", "claim", "assignee", "taken", "receipt", "supervision")
"""What of a case is only for accounts that have to do with it."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer is made of: the rule set and the time by which cases run, who asks, and what else there is."""

    rules: Rules | None
    rights: Rights
    queue: QueueBook
    account: str
    at_ms: int


def for_anybody(case: Shown) -> dict[str, Any]:
    """Return a case as any screen may show it."""
    return {name: value for name, value in case.items() if name not in OWN}


def about(case: Shown, given: Given) -> dict[str, Any]:
    """Return `actions`, `claims`, `duplicates` and `alerts` for an account that sees the case."""
    rules = given.rules
    flow = None if rules is None else rules.flow_of(case["feed"])
    near = given.queue.near(case["id"])
    return {
        "actions": [] if flow is None or "version" not in case else _actions(case, flow, given),
        "claims": [] if flow is None else _claims(case, flow, given),
        "duplicates": [one for one in near if given.rights.sees(given.account, one["grid"])],
        "alerts": [_alert(one, case, flow, given) for one in given.queue.alerts_of(case["id"])],
    }


def proposed(case: Shown, rules: Rules, open_assignments: Mapping[str, int], at_ms: int) -> list[Proposal]:
    """Return to whom a case that is open may go. Reads a county's roster the first time, which takes a moment."""
    if case.get("closed_ms") is not None or "version" not in case:
        return []
    unreceived = {
        str(entry["what"]["was"])
        for entry in case.get("story") or ()
        if entry["action"] == "not_received" and entry.get("what", {}).get("was")
    }
    lon, lat = case.get("lon"), case.get("lat")
    point = None if lon is None or lat is None else (lon, lat)
    facts = Facts(grid=case["grid"], category=case["category"], assignee=case["assignee"], point=point)
    return propose(rules, facts, open_assignments, frozenset(unreceived), at_ms)


def winner_of(case: Shown, asked: int | None) -> tuple[str, str, int, str] | None:
    """Return action, account, instant and step of what made the version that there is now, where a person did it."""
    last, version = None, 0
    for entry in case.get("story") or ():
        if entry["version"] > version:
            last, version = entry, entry["version"]
    if (
        last is None
        or (asked is not None and version <= asked)
        or last["kind"] != "act"
        or not last["account"]
    ):
        return None
    return last["action"], last["account"], last["t_ms"], last["step"]


def holder_of(case: Shown) -> tuple[str, str, int, str] | None:
    """Return the same of who has claimed a case."""
    claim = case.get("claim")
    return None if claim is None else ("claim", claim["account"], claim["since_ms"], case["step"])


def _actions(case: Shown, flow: Flow, given: Given) -> list[dict[str, Any]]:
    stand = flow_moves.Case(
        grid=case["grid"],
        step=case["step"],
        level=case["level"],
        desk=case["desk"],
        assignee=case["assignee"],
        tasks=tuple((task["team"], task["done"]) for task in case["tasks"]),
        flags=tuple(flag for flag in case["is"] if flag in flow.flags),
        round=case["round"],
        taken=tuple((action, account) for action, account in case["taken"]),
        outcome=case["outcome"],
        closed_ms=case["closed_ms"],
        due_ms=case["due_ms"],
        step_due_ms=case["step_due_ms"],
    )
    if stand.step not in flow.steps or stand.level not in flow.levels:
        return []  # of the rule set before this one: the fold is about to move it
    who = Request(
        action="",
        account=given.account,
        grants=given.rights.of(given.account),
        teams=given.rights.teams(given.account),
        at_ms=given.at_ms,
    )
    task = flow_moves.task_of(stand, who)
    versions = {one["team"]: one["version"] for one in case["tasks"]}
    return [
        {
            "name": name,
            "title": action.title,
            "needs": action.needs,
            "outcomes": {code: flow.outcomes[code] for code in action.outcomes},
            "key": KEYS.get(name, ""),
            # a department's part has versions of its own
            "version": versions[task] if action.of_task else case["version"],
            "task": task if action.of_task else "",
        }
        for name in flow_moves.possible(flow, stand, who)
        for action in (flow.actions[name],)
    ]


def _claims(case: Shown, flow: Flow, given: Given) -> list[dict[str, Any]]:
    """Return what the account can do about the claim; each of these needs a role of the flow in whose scope the case is."""
    roles = {role for action in flow.actions.values() for role in action.by} & PEOPLE
    grants = given.rights.of(given.account)
    if given.account == LOCAL or not any(
        role in roles and case["grid"].startswith(scope) for role, scope in grants
    ):
        return []
    claim = case.get("claim")
    name = "claim" if claim is None else "release" if claim["account"] == given.account else "take_over"
    en, zh = CASE_WORDS[f"act_{name}"]
    needs = ["reason"] if name == "take_over" else []
    return [{"name": name, "title": {"en": en, "zh": zh}, "needs": needs}]


def _alert(alert: Alert, case: Shown, flow: Flow | None, given: Given) -> dict[str, Any]:
    """Return an alert with its rule's words, what it was held against, and the journal's record that raised it."""
    rule = None if given.rules is None else given.rules.alerts.get(alert["kind"])
    partition, offset = str(alert["id"]).split("-")[:2]
    return {
        **alert,
        "rule": None
        if rule is None
        else {
            "title": rule.title,
            "cause": rule.cause,
            "consequence": rule.consequence,
            "action": rule.action,
            "time_available": rule.time_available,
        },
        "threshold": _threshold(alert, case, flow, given),
        "link": {"topic": "journal", "partition": int(partition), "offset": int(offset, 16)},
    }


def _threshold(alert: Alert, case: Shown, flow: Flow | None, given: Given) -> dict[str, Any] | None:
    """Return how much of which limit had passed; of counts the alert itself has what was seen and expected."""
    percent = PERCENTS.get(alert["kind"])
    if percent is None:
        return None
    item = given.queue.items.get(case["id"])
    limit: Limit | None = None
    if alert["clock"] == "resolve" and item is not None:
        limit = item.clock.limit
    elif alert["clock"] == "step" and flow is not None and case["step"] in flow.steps:
        limit = flow.steps[case["step"]].clock
    return {
        "percent": percent,
        "again": AGAIN,
        "limit": None if limit is None else msgspec.to_builtins(limit),
    }
