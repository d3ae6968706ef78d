"""What an action may need, and whether what was given is that: one sentence where it is not."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.privacy.sealed import LONGEST_SEALED, is_sealed

LONGEST_TEXT = 2000
"""More than a page is a document, and belongs into an attachment."""
MOST_PARTS = 20
"""Joint handling or a split of more than 20 is a slip of the pen."""


def _text(value: Any) -> bool:
    """Tell whether a value is a text that somebody wrote. One that is sealed was measured before, by who sealed it."""
    if not isinstance(value, str) or not value.strip():
        return False
    return len(value) <= LONGEST_TEXT or (len(value) <= LONGEST_SEALED and is_sealed(value))


def _several(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and 2 <= len(value) <= MOST_PARTS  # noqa: PLR2004 - one alone is not several
        and all(_text(one) for one in value)
        and len(set(value)) == len(value)
    )


def _amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _yes_or_no(value: Any) -> bool:
    return isinstance(value, bool)


def _ids(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) <= MOST_PARTS
        and all(isinstance(one, str) and ID.fullmatch(one) for one in value)
    )


NEEDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "reason": (_text, "a reason, at most 2,000 characters"),
    "text": (_text, "a text, at most 2,000 characters"),
    "photo": (_text, "the reference of a photo"),
    "code": (_text, "an outcome"),
    "category": (_text, "a category"),
    "assignee": (_text, "who is to handle it"),
    "departments": (_several, "2 to 20 different departments, the lead first"),
    "case": (_text, "the other case"),
    "amount": (_amount, "how much longer, in the clock's own kind"),
    "parts": (_several, "2 to 20 different parts"),
    "satisfied": (_yes_or_no, "whether the reporter is satisfied, true or false"),
}
"""What an action can need: whether a value is that, and how to ask for it."""

ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
"""What a worker, a team or an account is known by: no name, and no room for one."""


def given_wrong(needs: Sequence[str], given: Mapping[str, Any], *, outcomes: Sequence[str]) -> str:
    """Return what is missing or wrong of what an action needs, in a sentence; an empty text when nothing is.

    Besides it, every action may carry `proposed`: who was proposed to the person who decided.
    """
    for need in needs:
        fits, words = NEEDS[need]
        if not fits(given.get(need)):
            return f"Give `{need}`: {words}."
        if need == "code" and given["code"] not in outcomes:
            return f"`code` must be one of {', '.join(outcomes)}."
    if "proposed" in given and not _ids(given["proposed"]):
        return "`proposed` is who was proposed: a list of at most 20 ids."
    return ""
