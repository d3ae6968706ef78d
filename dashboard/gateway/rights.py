"""Who may do what, as the journal told and casework showed: what the gateway needs to say which cases and actions are somebody's.

It decides nothing: the fold checks each command against the grants that it has folded itself. Scopes that are moved to
another desk change whose queue a case is in, and nobody's rights.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from domain.codes import partition_of_name
from domain.desks.held import Held, Piece, below
from domain.flows.flow import ROLES
from domain.grants import REPORTER

LOCAL = "local"
"""Who acts without an account, on a bare laptop: only until the first grant is folded."""

PEOPLE = frozenset(ROLES) - {REPORTER}
"""The roles that have to do with cases at a desk."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What of a desk's work somebody's queue has, and what it is to say of scopes that are moved.

    Attributes
    ----------
    pieces
        What it has; nothing: there is no queue for them.
    given
        Scopes that another desk has now, and which.
    taken
        Scopes of other desks that the queue has, and whose they are.
    beyond
        Scopes that this desk has now, and over which this account has no right: their cases are not in the queue.
    outside
        The pieces that do not lie below the desk's code: a view of the desk does not have their alerts.

    """

    pieces: tuple[Piece, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    taken: tuple[tuple[str, str], ...] = ()
    beyond: tuple[tuple[str, str], ...] = ()
    outside: tuple[Piece, ...] = ()


class Rights:
    """The rights of all accounts, by account [role, scope, team], and the scopes that desks have moved."""

    def __init__(self) -> None:
        self._rights: dict[str, list[list[str]]] = {}
        self._moves: dict[str, dict[str, str]] = {}

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

    def take_desks(self, changed: Mapping[str, Mapping[str, Any]], *, partition: int | None = None) -> bool:
        """Take over the desks that changed, or all of a partition; tell whether a scope is with another desk than before."""
        before = self._moves
        kept = {
            code: moved
            for code, moved in before.items()
            if partition is None or partition_of_name(code) != partition
        }
        self._moves = kept | moves_of(changed)
        self._moves = {code: moved for code, moved in self._moves.items() if moved}
        return self._moves != before

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

    def reach(self, account: str, desk: str) -> Reach:
        """Return what an account's queue of a desk has: its parts of it, as far as they have not been moved, and what has been.

        Where the account has only a part of the desk, the part is its desk: a moved scope follows whoever it was moved to.
        """
        pieces: list[Piece] = []
        given: dict[str, str] = {}
        taken: dict[str, str] = {}
        beyond: dict[str, str] = {}
        elsewhere: list[Piece] = []
        for part in self.parts(account, desk):
            held = Held(part, self._moves)
            pieces.append(held.pieces[0])
            given |= held.given
            for (scope, without), name in zip(held.pieces[1:], held.taken.values(), strict=True):
                own = self.parts(account, scope)
                if own:
                    taken[scope] = name
                    elsewhere += [(code, tuple(one for one in without if below(one, code))) for code in own]
                if own != (scope,):
                    beyond[scope] = name
        return Reach(
            pieces=(*pieces, *elsewhere),
            given=tuple(given.items()),
            taken=tuple(taken.items()),
            beyond=tuple(beyond.items()),
            outside=tuple(piece for piece in elsewhere if not piece[0].startswith(desk)),
        )

    def sees(self, account: str, grid: str) -> bool:
        """Tell whether a case of a grid is among those that an account sees."""
        return bool(self.parts(account, grid))


def moves_of(desks: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return which desk has which scope of each, as the read models of desks say."""
    return {
        code: {scope: one["to"] for scope, one in desk.get("moved", {}).items() if one["to"] != code}
        for code, desk in desks.items()
    }


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
