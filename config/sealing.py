"""Commands on their way into the journal: what somebody wrote is sealed, and the rest must be codes.

The gateway and the command line both call this, so that no free text of a command stands in the clear anywhere.
"""

import re
from typing import Any

import msgspec

from config.vault import ErasedError, Vault, VaultError
from domain.flows.given import LONGEST_TEXT, MOST_PARTS
from domain.privacy.scrub import scrub
from domain.privacy.sealed import day_of, day_of_key, is_case, key_of_alert, key_of_case, key_of_desk
from domain.records import Command

CODES = frozenset({
    "assignee", "case", "category", "code", "critical", "department", "departments", "photo", "proposed", "scope", "sha256", "shift",
    "ticked", "to",
})  # fmt: skip
"""What of a command's `given` is a code, which folds and screens read; every other text is sealed, whatever it is called."""

LONGEST_CATEGORY = 120
"""Characters: categories are words in any language, as a feed or `categories.toml` has them."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/+-]{0,255}")
_OF_A_PERSON = re.compile(r"\+?(?:86)?1[3-9]\d{9}|[1-9]\d{16}[\dXx]")
"""A mobile number or an identity card where a code belongs; codes of places have 15 figures at most."""


class UnsealedError(Exception):
    """Why a command cannot be written, in a sentence for the person."""


def has_text(command: Command) -> bool:
    """Tell whether there is anything in a command to be sealed; sealing one without it asks no database."""
    if command.reason.strip():
        return True
    values = [value for key, value in command.given.items() if key not in CODES]
    return any(
        isinstance(one, str) for value in values for one in (value if isinstance(value, list) else [value])
    )


def seal_command(vault: Vault, command: Command, *, at_ms: int, about: str = "") -> Command:
    """Return a command with every text in it sealed. One without a text needs no vault and no database.

    Parameters
    ----------
    vault
        Where the keys are.
    command
        What a person wants, as they wrote it.
    at_ms
        When it is: what is about no case is sealed under a key of its day.
    about
        The case of the alert that it is about, where that has one.

    Raises
    ------
    UnsealedError
        If a text is too long, a code is none, or the vault cannot seal now.

    """
    _check_names(command)
    name = _key_name(command, about, day_of(at_ms))
    try:
        if day_of_key(name) and has_text(command):
            name = vault.still_writable(name)
        given = {key: _sealed(vault, name, key, value) for key, value in command.given.items()}
        reason = _text(vault, name, "reason", command.reason) if command.reason else ""
    except ErasedError as gone:
        raise UnsealedError("this is erased: nothing more can be written about it") from gone
    except VaultError as dead:
        raise UnsealedError(
            "what you wrote cannot be sealed now, because the vault does not answer; nothing was done, try again"
        ) from dead
    return msgspec.structs.replace(command, given=given, reason=reason)


def _key_name(command: Command, about: str, day: str) -> str:
    case = command.case or about
    if case:
        if not is_case(case):
            raise UnsealedError("there is no such case")
        return key_of_case(case)
    desk: str = getattr(command, "desk", "")
    return key_of_desk(desk, day) if desk else key_of_alert(command.alert, day)


def _check_names(command: Command) -> None:
    """Refuse a text where the page or the system names something."""
    for field in ("id", "action", "alert", "case", "desk", "undoes", "account", "screen"):
        value = getattr(command, field, "")
        if value:
            _code(field, value)


def _sealed(vault: Vault, name: str, key: str, value: Any) -> Any:
    _code("a name in `given`", key)
    if isinstance(value, str):
        if key == "category":
            return _category(value)
        return _code(key, value) if key in CODES else _text(vault, name, key, value)
    if isinstance(value, list):
        if len(value) > MOST_PARTS:
            raise UnsealedError(f"`{key}` has more than {MOST_PARTS} entries")
        return [_sealed(vault, name, key, one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    raise UnsealedError(f"`{key}` is neither a text nor a number nor a list of them")


def _text(vault: Vault, name: str, key: str, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise UnsealedError(f"`{key}` has {len(value):,} characters; at most {LONGEST_TEXT:,} are taken")
    # what is empty stays so, and the fold says that it is missing
    return vault.seal_text(name, value) if value.strip() else ""


def _category(value: str) -> str:
    if len(value) > LONGEST_CATEGORY or scrub(value) != value:
        raise UnsealedError("`category` is no category: it is too long, or has a number of a person")
    return value


def _code(key: str, value: str) -> str:
    if _CODE.fullmatch(value) is None or _OF_A_PERSON.fullmatch(value):
        raise UnsealedError(
            f"`{key}` is no code: it has latin letters, figures and signs only, and no name or number of a person"
        )
    return value
