"""The story of a case: what came, what people did, what clocks and rules did, newest last, as far as a page holds.

Each entry points at the journal's record that it comes of. Values in `given` are as the command brought them: texts of
people are sealed there, and nothing here looks into them.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

KEPT = 60
"""A case that has more entries is a long one, and the journal has them all."""

Kind = Literal[
    "opened", "report", "act", "mark", "clock", "message", "delivered", "claim", "merge", "split"
]  # fmt: skip

RULES = "rules"
"""Who acts when a rule set moves a case."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry: `n` is the partition and the offset (in hex) of its record; step to version are as it left them.

    `account` is who did it, empty for a feed. `what` has small facts for a screen, never a person's words.
    """

    t_ms: int
    n: str
    kind: Kind
    action: str
    account: str
    step: str
    level: str
    desk: str
    version: int
    given: Mapping[str, Any] = {}
    what: Mapping[str, Any] = {}


def with_entry(story: tuple[Entry, ...], entry: Entry) -> tuple[tuple[Entry, ...], int]:
    """Return a story that goes on, and how many of its oldest entries had to go for that."""
    longer = (*story, entry)
    return longer[-KEPT:], max(0, len(longer) - KEPT)
