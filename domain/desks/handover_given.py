"""What a command on a desk needs, and whether what was given is that: one sentence where it is not."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from domain.codes import is_jurisdiction
from domain.flows.given import MOST_PARTS
from domain.privacy.sealed import LONGEST_SEALED

MOST_ITEMS = MOST_PARTS
"""A page with more critical items is no handover any more, it is an emergency."""
SHA256 = re.compile(r"[0-9a-f]{64}")
ITEM = re.compile(r"[A-Za-z0-9_.:|-]{1,64}")


def _sha256(value: Any) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def _shift(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _items(value: Any) -> bool:
    return value is None or (
        isinstance(value, list)
        and len(value) <= MOST_ITEMS
        and all(isinstance(one, str) and ITEM.fullmatch(one) for one in value)
    )


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= LONGEST_SEALED


def _code(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and is_jurisdiction(value)


GIVEN: dict[str, dict[str, tuple[Callable[[Any], bool], str]]] = {
    "hand_over": {
        "sha256": (_sha256, "the SHA-256 of the page as it was filled"),
        "shift": (_shift, "the end of the shift, in ms"),
        "critical": (_items, f"the ids of its critical items, at most {MOST_ITEMS}"),
    },
    "take_post": {
        "sha256": (_sha256, "the SHA-256 of the page that was read"),
        "ticked": (_items, f"the ids of the items that were ticked, at most {MOST_ITEMS}"),
    },
    "note_shift": {"text": (_text, "a text, at most 2,000 characters")},
    "move_scope": {
        "scope": (_code, "the code of a jurisdiction of this desk"),
        "to": (_code, "the code of the desk that has it from now on"),
    },
}
"""What each action takes, and how to ask for it."""


def given_wrong(action: str, given: Mapping[str, Any]) -> str:
    """Return what is missing or wrong of what an action needs, in a sentence; an empty text when nothing is."""
    for name, (fits, words) in GIVEN[action].items():
        if not fits(given.get(name)):
            return f"Give `{name}`: {words}."
    return ""
