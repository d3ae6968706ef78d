"""Who may do what, as the journal told and casework showed: what the gateway needs to say which cases and actions are somebody's.

It decides nothing: the fold checks each command against the grants that it has folded itself.
"""

from collections.abc import Iterable, Mapping

from domain.flows.flow import ROLES
from domain.grants import REPORTER

LOCAL = "local"
"""Who acts without an account, on a bare laptop: only until the first grant is folded."""

PEOPLE = frozenset(ROLES) - {REPORTER}
"""The roles that have to do with cases at a desk."""


class Rights:
    """The rights of all accounts: by account [role, scope, team]."""

    def __init__(self) -> None:
        self._rights: dict[str, list[list[str]]] = {}

    @property
    def begun(self) -> bool:
        """Whether a grant has ever been folded: from then on nobody acts without an account."""
        return bool(self._rights)

    def take(self, changed: Mapping[str, list[list[str]] | None], *, whole: bool = False) -> set[str]:
        """Take over what changed, or all that is; return the accounts whose rights are others now."""
        before = self._rights
        after = {} if whole else dict(before)
        for account, rights in changed.items():
            if rights is None:
                after.pop(account, None)
            else:
                after[account] = rights
        self._rights = after
        return {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}

    def of(self, account: str) -> tuple[tuple[str, str], ...]:
        """Return an account's roles with their scopes, sorted."""
        return tuple(sorted({(role, scope) for role, scope, _ in self._rights.get(account, ())}))

    def teams(self, account: str) -> frozenset[str]:
        """Return the departments and teams for which an account acts."""
        return frozenset(team for _, _, team in self._rights.get(account, ()) if team)

    def parts(self, account: str, desk: str) -> tuple[str, ...]:
        """Return the codes below which an account sees the cases of a desk: the desk, or its own parts of it; or nothing."""
        if account == LOCAL:
            return () if self.begun else (desk,)
        return parts_of(self.of(account), desk)

    def sees(self, account: str, grid: str) -> bool:
        """Tell whether a case of a grid is among those that an account sees."""
        return bool(self.parts(account, grid))


def parts_of(grants: Iterable[tuple[str, str]], desk: str) -> tuple[str, ...]:
    """Return the codes below which somebody with these roles and scopes sees the cases of a desk."""
    scopes = {scope for role, scope in grants if role in PEOPLE}
    return _fewest(
        desk if desk.startswith(scope) else scope
        for scope in scopes
        if desk.startswith(scope) or scope.startswith(desk)
    )


def _fewest(codes: Iterable[str]) -> tuple[str, ...]:
    """Return codes without those that lie inside another, sorted."""
    kept: list[str] = []
    for code in sorted(set(codes)):
        if not kept or not code.startswith(kept[-1]):
            kept.append(code)
    return tuple(kept)
