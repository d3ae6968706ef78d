"""Accounts that a provider of OpenID Connect answers for: whom its subjects are here, and the rights that its claims say."""

from collections.abc import Iterable, Sequence

import msgspec

from config.accounts import ROLES_OF_ACCOUNTS, AccountError, Accounts, Right
from domain.codes import is_jurisdiction

MOST_ROLES = 50
"""More roles than that on one account are a mistake at the provider."""
EVERYWHERE = "all"

Wanted = tuple[str, str, str]
"""Role, scope and team."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in at the provider: `subject` is lasting there, `name` is what screens show, `roles` its claim."""

    issuer: str
    subject: str
    name: str
    roles: tuple[str, ...]


def read_role(text: str) -> Wanted:
    """Return what one text of the roles' claim says: `role:scope` or `role:scope:team`.

    Raises
    ------
    AccountError
        If it names no role or no jurisdiction.

    """
    role, _, rest = text.partition(":")
    scope, _, team = rest.partition(":")
    code = "" if scope == EVERYWHERE else scope
    if role not in ROLES_OF_ACCOUNTS or not scope or not is_jurisdiction(code) or len(team) > 64:  # noqa: PLR2004 - the column's length
        raise AccountError(
            f"The provider's role {text[:80]!r} is none: it must be ROLE:SCOPE or ROLE:SCOPE:TEAM, such as clerk:990501."
        )
    return role, code, team


def take_in(accounts: Accounts, person: Person, *, now_ms: int) -> tuple[str, list[Right]]:
    """Let a provider's person have exactly the rights that the provider says, and return account and changed rights.

    Raises
    ------
    AccountError
        If a role cannot be read; nothing is changed then.

    """
    if len(person.roles) > MOST_ROLES:
        raise AccountError(f"The provider says more than {MOST_ROLES} roles of one account.")
    wanted = {read_role(text) for text in person.roles}
    account = accounts.of_subject(person.issuer, person.subject)
    if not account:
        account = accounts.add_subject(
            person.issuer, person.subject, _free_name(accounts, person), now_ms=now_ms
        )
    here = accounts.of_id(account)
    rights = () if here is None else here.rights
    return account, _become(accounts, account, rights, wanted)


def _become(accounts: Accounts, account: str, rights: Iterable[Right], wanted: set[Wanted]) -> list[Right]:
    has = {(one.role, one.scope, one.team) for one in rights if one.given}
    ended = [accounts.give(account, *one, given=False) for one in sorted(has - wanted)]
    begun = [accounts.give(account, *one) for one in sorted(wanted - has)]
    return ended + begun


def _free_name(accounts: Accounts, person: Person) -> str:
    """Return the name that is shown; where somebody else has it, with a number behind it."""
    name = person.name.strip()[:100] or person.subject[:100]
    taken: Sequence[str] = [one.name for one in accounts.all()]
    return (
        name
        if name not in taken
        else next(f"{name} {n}" for n in range(2, len(taken) + 3) if f"{name} {n}" not in taken)
    )
