"""A month of a county at work: matters come, desks act on them well or late, some are parked, returned, closed, reopened."""

from random import Random

from domain.cases.case import Case
from tests.domain.small_town import DAY, NAMES, T0
from tests.domain.workshop import Workshop

TEAMS = ("roads", "water", "parks")
CATEGORIES = ("lamp", "waste", "noise")

NEXT = {
    "collect": ("submit", "submit", "reject"),
    "file": ("accept",) * 8 + ("return", "reject", "hand_up"),
    "dispatch": ("assign",) * 12 + ("return", "hand_up", "hand_down", "joint", "park", "merge"),
    "handle": ("done",) * 12 + ("send_back", "park", "hand_up", "assign", "triage", "ask_extension"),
    "feedback": ("feed_back",) * 6 + ("redo",),
    "verify": ("close",) * 7 + ("not_passed",),
    "evaluate": ("call_back",) * 5 + ("evaluate",) * 5 + ("reopen", "not_settled"),
    "closed": ("call_back",) * 10 + ("reopen", "not_settled"),
}
"""What is tried next in each step; what is refused changes nothing."""


def month(rng: Random, cases: int, *, days: int = 30, acts: int = 11) -> Workshop:
    """A workshop after so many matters in so many days; each is acted on so often, more or less."""
    shop = Workshop()
    for team in TEAMS:
        shop.grant("handling_unit", "handling_unit", team=team)
    ids = [str(n) for n in range(cases)]
    moments = sorted(rng.randrange(days * DAY) for _ in range(cases * acts))
    born = 0
    for moment in moments:
        ms = max(moment, shop.floor.now_ms - T0)
        shop.at(ms)
        if born < cases and rng.random() < 1.4 / acts:
            shop.report(ids[born], rng.choice(NAMES[:3]), category=rng.choice(CATEGORIES))
            born += 1
        elif born:
            back = rng.choice((1, 1, 1, 1, 2, 25))  # some are dealt with at once, others wait
            act(shop, rng, shop.case(rng.choice(ids[max(0, born - back) : born])), ms)
    return shop


def act(shop: Workshop, rng: Random, case: Case, ms: int) -> None:
    """Let somebody do the next thing to a case; now and then it is taken back at once, or the place was wrong."""
    work = case.work
    assert work is not None
    if rng.random() < 0.02:
        shop.report(case.source_id, rng.choice(NAMES[:3]), category=case.category)
        return
    if rng.random() < 0.01:
        shop.report(case.source_id, category=case.category, closed_ms=ms)
        return
    flags = work.stand.flags
    action = rng.choice(NEXT[work.stand.step])
    for flag, ends in (("parked", "resume"), ("waiting", "answer"), ("extending", "grant_extension")):
        if flag in flags and rng.random() < 0.8:
            action = ends
    if action in {"merge", "joint"}:
        return
    given: dict[str, object] = {
        "assignee": rng.choice((*TEAMS, "handling_unit")),
        "category": rng.choice(CATEGORIES),
        "satisfied": rng.random() < 0.7,
    }
    if action == "close" and "supervised" in flags:
        action = "agree"
    answer = shop.do(action, case=case, given=given)
    if answer["ok"] and action == "agree":
        answer = shop.do("close", case=case, given=given)
    if answer["ok"] and action == "assign" and rng.random() < 0.9:
        shop.do("receive", case=case)
    elif answer["ok"] and rng.random() < 0.03:
        shop.at(ms + rng.randrange(4_000))
        shop.do("undo", by=by_of(case), undoes=answer["id"], case=case)


def by_of(case: Case) -> str:
    """The account that acted on a case last."""
    assert case.work is not None
    return case.work.by[1] or "clerk"
