"""A case: the matter itself, with its place, its step and its two SLA clocks."""

import msgspec

from domain.cases.work import Work
from domain.privacy.sealed import key_name
from domain.records import Opened

CLOSED = "closed"
FIRST_STEP = "file"

PRIVATE_KEPT = 20
"""Reports whose private part a case keeps, the newest: a matter that more people have reported is known to the town anyway."""

ACCEPT_SOON, ACCEPT_OVER, RESOLVE_SOON, RESOLVE_OVER = 1, 2, 4, 8
"""Bits of `Case.fired`: a mark fires once."""

MARKS = {
    ACCEPT_SOON: ("accept", False),
    ACCEPT_OVER: ("accept", True),
    RESOLVE_SOON: ("resolve", False),
    RESOLVE_OVER: ("resolve", True),
}
"""By each mark's bit: its clock, and whether it stands at the due instant (100 %) or before it (75 %)."""


class Case(msgspec.Struct, kw_only=True, gc=False):
    """One case. Mutated by its partition's fold alone. Instants in ms; `arrived_ms` is the journal's time of opening.

    `key` is empty once a newer case has come by the same id. `work` is there where people work on it here; else its feed
    says what becomes of it. `lay` is the place that its arrival is counted at, where that is no more and the case has passed on
    to another; empty: its own. `private` has what its reports may say of persons, sealed, the newest version of each report.
    """

    id: str
    key: str
    feed: str
    source_id: str
    grid: str
    area: str
    category: str
    step: str
    opened_ms: int
    arrived_ms: int
    accept_due_ms: int | None = None
    due_ms: int | None = None
    closed_ms: int | None = None
    leaves_ms: int | None = None
    overdue: bool = False
    fired: int = 0
    repeats: int = 0
    revisions: int = 0
    channel: str = ""
    lon: float | None = None
    lat: float | None = None
    flags: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    lay: str = ""
    work: Work | None = None

    def mark_ms(self, bit: int) -> int | None:
        """Return the instant of a mark, or None when its clock does not run."""
        due_ms = self.accept_due_ms if bit in {ACCEPT_SOON, ACCEPT_OVER} else self.due_ms
        if due_ms is None or self.closed_ms is not None:
            return None
        if bit in {ACCEPT_SOON, ACCEPT_OVER} and self.step != FIRST_STEP:
            return None
        if bit in {ACCEPT_OVER, RESOLVE_OVER}:
            return due_ms
        return None if due_ms <= self.arrived_ms else self.soon_ms(due_ms)

    def soon_ms(self, due_ms: int) -> int:
        """Return the first millisecond at which three quarters of the time from arrival to due have passed."""
        return self.arrived_ms + (3 * (due_ms - self.arrived_ms) + 3) // 4

    def alert_facts(self) -> dict[str, str]:
        """Return what an alert says of the case that it is about."""
        return {
            "scope": self.grid,
            "grid": self.grid,
            "category": self.category,
            "case": self.id,
            "feed": self.feed,
        }

    def public(self) -> dict[str, object]:
        """Return what screens and the command line may show."""
        shown = msgspec.structs.asdict(self)
        for inner in ("key", "fired", "leaves_ms", "lay", "work"):
            del shown[inner]
        if not self.private:
            del shown["private"]
        return shown if self.work is None else shown | self.work.shown()

    def take_over(self, record: Opened) -> None:
        """Take the plain fields of a later version; place, category, step, clocks and closing are the fold's."""
        self.opened_ms = self.opened_ms if record.opened_ms is None else record.opened_ms
        self.area = record.area
        self.channel = record.channel
        self.lon = record.lon
        self.lat = record.lat
        self.flags = tuple(record.flags)
        self.revisions += 1
        self.keep_private(record.private)

    def keep_private(self, sealed: str) -> None:
        """Keep what a version of a report has sealed, in place of the version before it."""
        if sealed:
            others = [one for one in self.private if key_name(one) != key_name(sealed)]
            self.private = (*others, sealed)[-PRIVATE_KEPT:]
