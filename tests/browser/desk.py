"""An invented desk for the browser: rows of a queue and the answers about their cases, as the gateway would send them."""

import random
from typing import Any

from tests.browser import town
from tests.browser.fake_gateway import FakeGateway, Message

H_MS = 3_600_000
ME, OTHER = "u-0001", "u-0002"
STEPS = ("file", "dispatch", "handle", "feedback", "verify")


def row(number: int, now_ms: int, **more: Any) -> Message:
    """Return a calm row: acknowledged, low, four of eight working hours left."""
    code = town.township(number % len(town.PLACES) + 1)
    base = {
        "id": f"{number % 16:02d}-{number:04x}", "feed": "hotline", "grid": f"{code}00{number % 3 + 1}001",
        "category": town.CATEGORIES[number % 4], "step": "dispatch", "level": "township", "desk": code, "assignee": "",
        "teams": [], "is": [], "round": 1, "version": 3, "opened_ms": now_ms - 7 * H_MS, "arrived_ms": now_ms - 6 * H_MS - number * 60_000,
        "due_ms": now_ms + 4 * H_MS, "step_due_ms": now_ms + 2 * H_MS, "marks": [], "overdue": False, "paused": False,
        "supervised": False, "repeats": 0, "claim": None, "returned": False,
        "lon": 12.02 + (number * 37 % 100) / 280, "lat": 55.01 + (number * 53 % 100) / 660, "priority": 4, "unacked": False,
        "alerts": [], "left_ms": 4 * H_MS, "budget_ms": 8 * H_MS,
    }  # fmt: skip
    return {**base, **more}


def titles(name: str) -> dict[str, str]:
    return {
        "accept": {"en": "Accept", "zh": "受理立案"},
        "assign": {"en": "Assign", "zh": "派遣"},
        "return": {"en": "Return", "zh": "退回"},
        "park": {"en": "Park", "zh": "挂账"},
        "merge": {"en": "Merge", "zh": "并案"},
        "hand_up": {"en": "Hand up", "zh": "上报上级"},
        "note": {"en": "Note", "zh": "备注"},
        "close": {"en": "Close", "zh": "结案"},
        "triage": {"en": "Triage", "zh": "分类定级"},
    }[name]


NEEDS: dict[str, list[str]] = {
    "assign": ["assignee"], "return": ["reason"], "park": ["reason"], "merge": ["case"], "hand_up": ["reason"],
    "note": ["text"], "close": ["code", "photo"], "triage": ["category"],
}  # fmt: skip


def action(name: str) -> Message:
    outcomes = (
        {
            "settled": {"en": "Settled", "zh": "已解决"},
            "cannot": {"en": "Cannot be settled", "zh": "无法解决"},
        }
        if name == "close"
        else {}
    )
    return {
        "name": name,
        "title": titles(name),
        "needs": NEEDS.get(name, []),
        "outcomes": outcomes,
        "key": "",
    }


def about(one: Message, now_ms: int, *, chinese: bool = False) -> Message:
    """Return what the answer about a case has besides the case: what may be done, who is proposed, what is near."""
    names = ("网格员甲", "网格员乙", "市政抢修队") if chinese else ("Worker 17", "Worker 21", "Water repairs")
    acts = {
        "file": ("accept", "triage", "return", "merge", "hand_up", "note"),
        "dispatch": ("assign", "triage", "return", "park", "merge", "hand_up", "note"),
        "handle": ("assign", "park", "hand_up", "note"),
        "verify": ("close", "note"),
    }.get(one["step"], ("note",))
    return {
        "actions": [action(name) for name in acts],
        "proposals": [
            {"to": "w-17", "kind": "worker", "name": names[0],
             "reasons": [{"key": "on_duty", "area": one["grid"], "until_ms": now_ms + 3 * H_MS}],
             "against": [{"key": "open_assignments", "count": 2}]},
            {"to": "w-21", "kind": "worker", "name": names[1],
             "reasons": [{"key": "stand_in", "area": one["grid"], "worker": "w-17"}], "against": [{"key": "off_shift"}]},
            {"to": "t-water", "kind": "team", "name": names[2],
             "reasons": [{"key": "department", "category": one["category"], "area": one["desk"]}], "against": []},
        ],
        "duplicates": [{"case": "05-0019", "grid": one["grid"], "category": one["category"], "distance_m": 84, "minutes": 12, "step": "handle"}],
        "alerts": [],
        "claims": [{"name": "claim", "title": {"en": "Claim", "zh": "认领"}, "needs": []}],
    }  # fmt: skip


def case(one: Message, now_ms: int) -> Message:
    """Return the case of a row, with a story."""
    at = f"{int(one['id'][:2])}:"

    def told(kind: str, action: str, account: str, ago_ms: int, **more: Any) -> Message:
        return {
            "t_ms": now_ms - ago_ms, "n": f"{at}{(9000 - ago_ms // 60_000):x}", "kind": kind, "action": action, "account": account,
            "step": one["step"], "level": one["level"], "desk": one["desk"], "version": one["version"], "given": {}, "what": {}, **more,
        }  # fmt: skip

    story = [
        told("opened", "", "", 6 * H_MS, what={"channel": "phone"}, step="file", version=0),
        told("report", "", "", 5 * H_MS, step="file", version=0),
        told(
            "act",
            "hand_up",
            ME,
            5 * H_MS - 1,
            step="dispatch",
            level="village",
            desk=f"{one['desk']}001",
            version=1,
        ),
        told("act", "accept", OTHER, 4 * H_MS, version=1),
        told("act", "return", ME, 3 * H_MS, given={"reason": "sealed:c-01:AAAA"}, version=2),
        told("mark", "", "clock", 2 * H_MS, what={"clock": "resolve", "percent": 50}),
        told("refused", "close", OTHER, H_MS),
    ]
    return {
        **one, "source_id": f"2026-{one['id']}", "area": "", "channel": "phone", "revisions": 1, "closed_ms": None, "flags": [],
        "flow": "grid", "outcome": "", "tasks": [], "provisional": False, "story": story, "story_cut": 0,
        "supervision": {"since_ms": now_ms - H_MS, "due_ms": now_ms + H_MS, "by": OTHER, "urges": 1} if one["supervised"] else None,
        "receipt": None, "private": ["sealed:r-00:BBBB"],
    }  # fmt: skip


def busy(
    gateway: FakeGateway, scope: str = "", *, count: int = 60, chinese: bool = False
) -> dict[str, Message]:
    """Fill a desk with a laden afternoon; returns its rows."""
    now_ms = gateway.now_ms()
    chance = random.Random(5)
    rows = []
    for number in range(count):
        left_ms = int(chance.uniform(-1.5, 7) * H_MS)
        rows.append(
            row(
                number, now_ms,
                priority=chance.choice([2, 3, 3, 4, 4, 4]), step=chance.choice(STEPS), left_ms=left_ms,
                due_ms=now_ms + left_ms + (0 if number % 3 else 14 * H_MS), overdue=left_ms < 0,
                assignee=chance.choice(["", "", "w-17", "t-water"]), repeats=chance.choice([0, 0, 0, 2]),
                returned=number % 11 == 5, supervised=number % 13 == 6,
            )
        )  # fmt: skip
    rows[0] |= {
        "priority": 1,
        "unacked": True,
        "alerts": ["03-a1-0"],
        "step": "dispatch",
        "assignee": "",
        "left_ms": -130 * 60_000,
        "due_ms": now_ms - 130 * 60_000,
    }
    rows[1] |= {
        "priority": 2,
        "unacked": True,
        "alerts": ["03-a2-0"],
        "step": "file",
        "assignee": "",
        "left_ms": 40 * 60_000,
        "due_ms": now_ms + 40 * 60_000,
    }
    rows[2] |= {"priority": 3, "unacked": True, "alerts": ["03-a3-0"], "step": "dispatch", "assignee": ""}
    rows[3] |= {
        "is": ["parked"],
        "paused": True,
        "due_ms": None,
        "left_ms": None,
        "assignee": "",
        "step": "dispatch",
    }
    rows[4] |= {"claim": {"account": OTHER, "since_ms": now_ms - 90_000, "screen": "dispatch"}}
    rows[5] |= {"claim": {"account": ME, "since_ms": now_ms - 30_000, "screen": "dispatch"}}
    gateway.queues[scope] = {one["id"]: one for one in rows}
    for one in rows:
        gateway.cases[one["id"]] = case(one, now_ms)
        gateway.about[one["id"]] = about(one, now_ms, chinese=chinese)
    alerts = [
        town.alert("03-a1-0", now_ms=now_ms, priority=1, case=rows[0]["id"], scope=rows[0]["grid"], due_ms=now_ms - 130 * 60_000, clock="resolve"),
        town.alert("03-a2-0", now_ms=now_ms, priority=2, kind="due_soon", case=rows[1]["id"], scope=rows[1]["grid"], due_ms=now_ms + 40 * 60_000, clock="step"),
        town.alert("03-a3-0", now_ms=now_ms, priority=3, kind="due_soon", case=rows[2]["id"], scope=rows[2]["grid"], due_ms=now_ms + 240 * 60_000),
        town.alert("04-b1-0", now_ms=now_ms, priority=2, kind="surge", scope=town.township(9), seen=41, expected=9.4, low=3.1, high=17.8, score=8.2, category="drain-blocked"),
        town.alert("04-b2-0", now_ms=now_ms, priority=3, kind="surge", scope=town.township(4), seen=9, expected=2.0, low=0.0, high=6.5, state="shelved", shelved_until_ms=now_ms + 700_000, shelved_by=OTHER, shelved_why="known"),
    ]  # fmt: skip
    gateway.views[scope] = town.view(
        scope, [town.row(town.township(n + 1), 5) for n in range(len(town.PLACES))], alerts, now_ms
    )
    return gateway.queues[scope]
