"""Who may do what, as the journal has told so far: accounts with their roles and jurisdictions, and never a name."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.records import Grant, encoder

Right = tuple[str, str, str]
"""Role, scope (a code prefix, "" is everywhere) and team."""

REPORTER, GATEWAY = "reporter", "gateway"
"""Accounts that are no people: the one of whoever has a case's code, and the one that notices a desk that fell silent."""

RESERVED = frozenset({"local", "clock", "rules", GATEWAY, REPORTER})
"""Names that no grant can be given to: what they may do is settled here and in the fold."""

SHOWN_BY = 0
"""Rights go into every partition of the journal; this one shows them to the gateway."""


class Grants:
    """The rights of all accounts in one partition.

    Attributes
    ----------
    begun
        Whether a grant has ever been folded: from then on nobody acts without an account.
    dirty
        Accounts whose rights changed since the edge last took the read models, in order.

    """

    __slots__ = ("_numbers", "_rights", "_teams", "dirty")

    def __init__(self) -> None:
        self._rights: dict[str, set[Right]] = {}
        self._numbers: dict[str, dict[Right, int]] = {}
        self._teams: set[str] = set()
        self.dirty: dict[str, None] = {}

    @property
    def begun(self) -> bool:
        """Whether a grant has ever been folded."""
        return bool(self._numbers)

    def fold(self, grant: Grant) -> bool:
        """Let a right begin or end; one that is older than what is known of it changes nothing. Returns whether it was new.

        A reserved name has no rights to be given.
        """
        if grant.account in RESERVED:
            return False
        right = (grant.role, grant.scope, grant.team)
        numbers = self._numbers.setdefault(grant.account, {})
        if grant.number <= numbers.get(right, -1):
            return False
        numbers[right] = grant.number
        self._teams.add(grant.team)
        rights = self._rights.setdefault(grant.account, set())
        (rights.add if grant.on else rights.discard)(right)
        self.dirty[grant.account] = None
        return True

    def of(self, account: str) -> tuple[tuple[str, str], ...]:
        """Return an account's roles with their scopes, sorted. A reporter is one everywhere: the gateway has checked the code."""
        if account == REPORTER:
            return ((REPORTER, ""),)
        return tuple(sorted({(role, scope) for role, scope, _ in self._rights.get(account, ())}))

    def teams(self, account: str) -> frozenset[str]:
        """Return the departments and teams for which an account acts."""
        return frozenset(team for _, _, team in self._rights.get(account, ()) if team)

    def is_team(self, name: str) -> bool:
        """Tell whether a name is that of a team for which somebody has ever had a right, and of no account."""
        return bool(name) and name in self._teams and name not in self._numbers

    def may(self, account: str, roles: frozenset[str], code: str) -> bool:
        """Tell whether an account has one of the roles in a scope that holds a code."""
        return any(role in roles and code.startswith(scope) for role, scope in self.of(account))

    def anybody(self, roles: frozenset[str], code: str) -> bool:
        """Tell whether any account has one of the roles in a scope that holds a code."""
        return any(
            role in roles and code.startswith(scope)
            for rights in self._rights.values()
            for role, scope, _ in rights
        )

    def everybody(self) -> Iterator[tuple[tuple[str, str], ...]]:
        """Give the roles and scopes of each account, in the order of their first grants."""
        return (self.of(account) for account in self._rights)

    def shown(self, *, whole: bool = False) -> dict[str, bytes | None]:
        """Return what the gateway reads of the rights that changed, or of all: by account [role, scope, team], sorted.

        An account without any is there too, so that it can be seen that grants have begun.
        """
        return {
            account: encoder.encode(sorted(self._rights.get(account, ())))
            for account in (self._numbers if whole else self.dirty)
        }

    def plain(self) -> dict[str, Any]:
        """Return the rights as plain values: by account [role, scope, team, number, on], sorted."""
        return {
            account: [
                [*right, number, right in self._rights[account]] for right, number in sorted(numbers.items())
            ]
            for account, numbers in sorted(self._numbers.items())
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over rights that `plain` gave."""
        self._numbers = {
            account: {(role, scope, team): number for role, scope, team, number, _ in rights}
            for account, rights in plain.items()
        }
        self._teams = {team for numbers in self._numbers.values() for _, _, team in numbers}
        self._rights = {
            account: {(role, scope, team) for role, scope, team, _, on in rights if on}
            for account, rights in plain.items()
        }
