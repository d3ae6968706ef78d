"""How long a category's cases may take, as `sla.toml` says."""

from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from domain.clocks.clock import KINDS, Kind, Limit
from domain.feeds.rules import HOUR_MS
from domain.rule_page import Page

LEAST_PRIORITY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaLimit:
    """How long a category's cases may take, both from their arrival. `priority` 1 is critical, 4 low.

    `whole` is the limit of the whole clock where people work on cases here: `resolve_ms`, unless the file gives a kind.
    """

    accept_ms: int
    resolve_ms: int
    priority: int
    whole: Limit


DEFAULT_LIMIT = SlaLimit(
    accept_ms=4 * HOUR_MS,
    resolve_ms=72 * HOUR_MS,
    priority=3,
    whole=Limit(kind="wall_clock", ms=72 * HOUR_MS),
)


def read_sla(page: Page) -> tuple[SlaLimit, dict[str, SlaLimit]]:
    """Return the default limit, and those of the categories that have their own; mistakes are noted on the page."""
    page.only("default", "categories")
    default = _read_limit(page.table("default"), DEFAULT_LIMIT)
    own = page.table("categories")
    return default, {category: _read_limit(own.table(category), default) for category in own.values}


def _read_limit(page: Page, base: SlaLimit) -> SlaLimit:
    page.only("accept_h", "resolve_h", "priority", "kind", "amount")
    accept, resolve = page.span_ms("accept_h", HOUR_MS), page.span_ms("resolve_h", HOUR_MS)
    priority = page.number("priority", base.priority, least=1, most=LEAST_PRIORITY) or base.priority
    if accept == 0 or resolve == 0:
        page.wrong("accept_h", "and resolve_h must be more than 0 hours.")
    resolve_ms = base.resolve_ms if resolve is None else resolve
    return SlaLimit(
        accept_ms=base.accept_ms if accept is None else accept,
        resolve_ms=resolve_ms,
        priority=int(priority),
        whole=_read_whole(page, base, resolve_ms),
    )


def _read_whole(page: Page, base: SlaLimit, resolve_ms: int) -> Limit:
    """Return the whole clock's limit: of its own kind, else the same hours as `resolve_h`, else the default's."""
    if "kind" in page.values or "amount" in page.values:
        kind = cast("Kind", page.choice("kind", KINDS, "wall_clock"))
        amount = page.number("amount", None)
        if amount is None:
            page.wrong("amount", "is missing: `kind` needs a number of hours or of working days.")
            return base.whole
        try:
            return Limit.of(kind, Decimal(str(amount)))
        except ValueError as wrong:
            page.wrong("amount", str(wrong).partition(" ")[2])
    elif "resolve_h" in page.values:
        return Limit(kind="wall_clock", ms=resolve_ms)
    return base.whole
