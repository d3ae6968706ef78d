"""Which areas a scope's map shows: one level below it, levels with a single child passed through."""

from collections.abc import Callable

from domain.codes import COUNTY_DIGITS, GRID_DIGITS, LEVELS

Children = Callable[[str], list[str]]
"""The sorted codes one level below a code, as `domain.rules.Rules.children` gives them; empty where none are known."""


def no_children(_code: str) -> list[str]:
    """Know no areas: before a rule set has been read."""
    return []


def areas_below(scope: str, children: Children, seen: Callable[[int], set[str]]) -> list[str]:
    """Return the codes of the areas that a scope's map shows, sorted, all of one level.

    Parameters
    ----------
    scope
        A jurisdiction's code or a grid's; empty: the whole area.
    children
        What the rule set says.
    seen
        Gives the codes of so many digits inside the scope that have numbers; they are shown too where the rule set
        does not list them (an unplaced grid, a grid of an older rule set), and alone where there is no rule set yet.

    """
    below = children(scope)
    while len(below) == 1 and (further := children(below[0])):
        below = further
    digits = len(below[0]) if below else _level_of(scope, seen)
    return sorted(seen(digits).union(below)) or ([scope] if scope else [])


def _level_of(scope: str, seen: Callable[[int], set[str]]) -> int:
    for digits in LEVELS:
        if digits > len(scope) and sum(not _is_unplaced(code) for code in seen(digits)) > 1:
            return digits
    return GRID_DIGITS


def _is_unplaced(code: str) -> bool:
    return len(code) > COUNTY_DIGITS and not code[COUNTY_DIGITS:].strip("0")
