"""Which places a desk has now: its own, without the scopes that another desk has for the time being, and with those of others.

Who may do what does not follow: rights are granted, and a moved scope is work that is somebody else's to do. That is why a
scope goes only to a desk where somebody at work has a right over it, and comes back when nobody has any more.
"""

from collections.abc import Iterable, Mapping

Moves = Mapping[str, Mapping[str, str]]
"""By desk and scope of it: the desk that has it now."""
Piece = tuple[str, tuple[str, ...]]
"""A code, and the codes below it that are not meant."""
Right = tuple[str, str]
"""A role and its scope."""

AT_WORK = frozenset({"dispatcher", "duty_officer"})
"""Who works down a desk's queue; a supervisor who moves a scope is no help with it."""


class Held:
    """What one desk has.

    Attributes
    ----------
    given
        Its own scopes that another desk has, and which.
    taken
        Scopes of other desks that it has, and whose they are.
    pieces
        All that it has.

    """

    __slots__ = ("given", "pieces", "taken")

    def __init__(self, code: str, moves: Moves) -> None:
        self.given = dict(sorted(moves.get(code, {}).items()))
        self.taken = {
            scope: name for name in sorted(moves) for scope, to in sorted(moves[name].items()) if to == code
        }
        own: Piece = (code, tuple(self.given))
        more = [
            # of a scope that the other desk gave here, a part may have gone elsewhere: the most exact one decides
            (scope, tuple(one for one, to in sorted(moves[name].items()) if to != code and below(one, scope)))
            for scope, name in self.taken.items()
        ]
        self.pieces: tuple[Piece, ...] = (own, *more)

    def has(self, place: str) -> bool:
        """Tell whether a place is the desk's now."""
        return bool(place) and within(self.pieces, place)


def within(pieces: Iterable[Piece], place: str) -> bool:
    """Tell whether a place lies in one of some pieces."""
    return any(place.startswith(code) and not place.startswith(without) for code, without in pieces)


def below(code: str, other: str) -> bool:
    """Tell whether a code lies inside another one and is not the same."""
    return code != other and code.startswith(other)


def manned(rights: Iterable[Iterable[Right]], scope: str, to: str) -> bool:
    """Tell whether anybody, of whom each has some rights, works at a desk and has a right over the whole of a scope."""
    for own in rights:
        scopes = [held for role, held in own if role in AT_WORK]
        if any(to.startswith(held) for held in scopes) and any(scope.startswith(held) for held in scopes):
            return True
    return False
