"""Retention: what was said about a case is erased some days after it has left the state, without anybody asking.

What is written about a desk, or about an alert without a case, has no end: it is erased so many days after its own day.
"""

from collections.abc import Iterable

from config.vault import Vault
from domain.feeds.rules import DAY_MS, HOUR_MS
from domain.privacy.sealed import day_of

EVERY_MS = HOUR_MS
"""An hour more or less is nothing to a limit in days."""


class Retention:
    """Takes note of cases that left, and erases those whose time has come. One process does it, the courier.

    Parameters
    ----------
    vault
        Whose keys are deleted.
    keep_days
        How long after a case has left the state, or after the end of a desk's or an alert's day.

    """

    def __init__(self, vault: Vault, keep_days: int) -> None:
        self._vault = vault
        self._keep_ms = keep_days * DAY_MS
        self._next_ms = 0

    def left(self, case_id: str, reports: Iterable[str], left_ms: int) -> None:
        """Note that a case has left the state; told twice it is one.

        Raises
        ------
        config.vault.VaultError
            If the database does not answer: it is to be told again.

        """
        self._vault.retire(case_id, reports, erase_ms=left_ms + self._keep_ms)

    def step(self, now_ms: int) -> list[str]:
        """Erase what is due, once an hour, and return the cases, and the keys of what has none.

        There may be more, then the next call goes on at once.

        Raises
        ------
        config.vault.VaultError
            If the database does not answer; the next call tries again.

        """
        if now_ms < self._next_ms:
            return []
        erased = self._vault.erase_due(now_ms)
        if not erased:
            erased = self._vault.erase_days(day_of(now_ms - self._keep_ms - DAY_MS), at_ms=now_ms)
            self._next_ms = now_ms + EVERY_MS
        return erased
