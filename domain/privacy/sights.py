"""Who may see what of a person, and for what: one table. Nobody sees more than the task in hand asks for."""

from collections.abc import Iterable
from typing import Literal

from domain.privacy.scrub import OUT, scrub

Purpose = Literal["feedback", "call_back", "handling", "complaint", "audit"]
PURPOSES: tuple[Purpose, ...] = ("feedback", "call_back", "handling", "complaint", "audit")
"""What a person's data may be looked at for; each look says which, and is logged with it."""

REACHING: frozenset[Purpose] = frozenset({"feedback", "call_back", "handling"})
"""Purposes for which somebody is rung up or written to: only then is a number shown whole."""

FIELDS = ("reporter", "phone", "account", "text")
"""What a report's `private` can hold, as the feed's file names it."""

Sight = Literal["whole", "masked", "none"]

SIGHTS: dict[str, dict[str, Sight]] = {
    "dispatcher": {"reporter": "masked", "phone": "masked", "account": "none", "text": "whole"},
    "duty_officer": {"reporter": "masked", "phone": "masked", "account": "none", "text": "whole"},
    "grid_worker": {"reporter": "masked", "phone": "masked", "account": "none", "text": "whole"},
    "clerk": {"reporter": "whole", "phone": "whole", "account": "masked", "text": "whole"},
    "verifier": {"reporter": "whole", "phone": "whole", "account": "masked", "text": "whole"},
    "handling_unit": {"reporter": "whole", "phone": "whole", "account": "masked", "text": "whole"},
    "supervisor": {"reporter": "none", "phone": "none", "account": "none", "text": "masked"},
    "ops": {"reporter": "none", "phone": "none", "account": "none", "text": "none"},
    "administrator": {"reporter": "none", "phone": "none", "account": "none", "text": "none"},
}
"""By role. A masked name is its first sign, a masked number its ends, a masked text is scrubbed of numbers."""

OF_THIS_CASE = frozenset({"handling_unit", "grid_worker"})
"""Roles that see as much as this only of cases that are assigned to them or their team; of others, nothing."""

_MOST_FIRST: tuple[Sight, ...] = ("whole", "masked", "none")
_KEPT_ENDS = (3, 4)
_LONG_NUMBER = 11


def sight_of(roles: Iterable[str], field: str, purpose: Purpose) -> Sight:
    """Return how much of a field accounts with these roles see for a purpose: the most that one of the roles gives."""
    given = {SIGHTS[role][field] for role in roles if role in SIGHTS}
    for sight in _MOST_FIRST:
        if sight in given:
            return "masked" if sight == "whole" and field != "text" and purpose not in REACHING else sight
    return "none"


def masked(field: str, value: str) -> str:
    """Return what is shown of a field that is seen masked."""
    if field == "text":
        return scrub(value)
    if field == "reporter":
        return value[:1] + OUT if value else ""
    return masked_number(value)


def masked_number(number: str) -> str:
    """Return a number's ends: three and four signs of a long one, the last two of a short one."""
    number = number.strip()
    if len(number) >= _LONG_NUMBER:
        return number[: _KEPT_ENDS[0]] + "*" * (len(number) - sum(_KEPT_ENDS)) + number[-_KEPT_ENDS[1] :]
    return "*" * max(len(number) - 2, 0) + number[-2:]
