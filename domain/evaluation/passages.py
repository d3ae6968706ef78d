"""What evaluation counts: a record for each ended step and each closing of a case that people work on, without a person.

The records of a case follow each other in one partition of the topic `passages`. Who reads them drops an effect that
came twice, and goes by the last of a case and round; `domain.evaluation.figures` does both.
"""

from typing import Literal

import msgspec

Kind = Literal["step", "closed", "moved", "answer", "undone"]


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One record. Where, who (a team, never an account) and due are as they were until `end_ms`.

    Attributes
    ----------
    effect
        Its id: the same one twice is the same record.
    kind
        `step`: a visit of a step ended. `closed`: the case did. `moved`: within a visit its grid, desk, team or category
        changed. `answer`: the reporter was asked, or said that it is not settled. `undone`: what ended the visit was
        taken back, and all that this case's records told from then on.
    t_ms
        When that was in the journal.
    visit
        Counts the case's visits from 1.
    start_ms, end_ms
        Of the visit; of a closing the case's arrival and its closing, which a feed may put at another time than `t_ms`.
    open_ms, paused_ms
        The time from start to end in the clock's own kind (working time where it counts that), and the part of it in
        pauses.
    due_ms, whole_due_ms
        Of the step and of the whole case; null while a pause lasts, and where there is no clock.
    by, to
        The action that ended it, empty for a feed, and the step that followed.
    back, reopened, closing
        Whether it went to an earlier step of the same level and round, into a new round, or into its end.
    returned
        How often it had gone back in this round.

    """

    effect: str
    kind: Kind
    t_ms: int
    case: str
    feed: str
    round: int
    visit: int
    step: str
    level: str
    desk: str
    team: str
    grid: str
    category: str
    arrived_ms: int
    start_ms: int
    end_ms: int
    open_ms: int = 0
    paused_ms: int = 0
    due_ms: int | None = None
    whole_due_ms: int | None = None
    by: str = ""
    to: str = ""
    back: bool = False
    reopened: bool = False
    closing: bool = False
    returned: int = 0
    outcome: str = ""
    satisfied: bool | None = None
    duplicate: bool = False
    merged_into: str = ""
