"""`POST /private`: what a person at a desk may see of whoever reported a case, and of what was written about it.

A case that has left the state is not opened here any more: who had a role over it hears when and how it was closed, and how
long what was written about it is kept.

Within the account's scope, as much as its roles there see for the stated purpose (`domain.privacy.sights`), and each look is
logged before anything is shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response
from starlette.requests import Request

from config.accounts import Accounts, Right
from config.vault import Vault, VaultError
from domain.evaluation.passages import Passage
from domain.privacy.sealed import is_case, is_sealed, key_of_case
from domain.privacy.sights import FIELDS, OF_THIS_CASE, Purpose, masked, sight_of

PATHS = frozenset({"/private"})

WITHIN_S = 5.0
"""The vault answers in milliseconds; a person asks again rather than wait for a database that is dead."""

NO_CASE = "There is no such case in your jurisdiction, or not any more."
SEES_NOTHING = "Your roles see nothing of persons and of what was written."
LEFT = "This case is closed and has left the desks: what was written about it is kept for a while, and not shown here."
LEFT_ERASED = "This case is closed and has left the desks, and what was written about it is erased."

Case = Mapping[str, Any]
CaseOf = Callable[[str], Awaitable[Case | None]]
ClosingOf = Callable[[str], Passage | None]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a desk asks: whose data, and for what."""

    case: str
    purpose: Purpose


class NotShownError(Exception):
    """Why nothing is shown: an HTTP status and a sentence, and what is known all the same."""

    def __init__(self, status: int, sentence: str, known: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.known = known or {}


class PrivateView(Protocol):
    """Shows what may be seen of persons."""

    async def look(self, account: str, asked: Asked) -> dict[str, Any]:
        """Return what an account may see; raises NotShownError."""


class Desk:
    """The view of an installation.

    Parameters
    ----------
    vault, accounts
        What opens, and who has which rights.
    case_of
        Returns a case as screens read it, None where there is none.
    closing_of
        Returns the last closing of a case that has left the state, None where none is known. Runs in a thread.
    now_ms
        When it is, for the log.

    """

    def __init__(
        self,
        vault: Vault,
        accounts: Accounts,
        case_of: CaseOf,
        closing_of: ClosingOf,
        now_ms: Callable[[], int],
    ) -> None:
        self._closing_of = closing_of
        self._vault = vault
        self._accounts = accounts
        self._case_of = case_of
        self._now_ms = now_ms
        # of its own, so that a database that hangs keeps no other answer waiting
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="private")

    async def look(self, account: str, asked: Asked) -> dict[str, Any]:
        """Return `reports`, each with the fields that may be seen, and `texts` by the story's entries.

        Raises
        ------
        NotShownError
            If the case is not there, has left the state or is outside the account's scope, its roles see nothing, or the
            vault does not answer.

        """
        case = await self._case_of(asked.case)
        work = partial(self._opened, account, case, asked)
        try:
            async with asyncio.timeout(WITHIN_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except VaultError as closed:
            raise NotShownError(503, str(closed)) from closed
        except TimeoutError as silent:
            raise NotShownError(503, "The vault does not answer; try again in a moment.") from silent

    def _opened(self, account: str, case: Case | None, asked: Asked) -> dict[str, Any]:
        known = self._accounts.of_id(account)
        rights = () if known is None else known.rights
        if case is None:
            raise self._left(account, rights, asked.case)
        roles = roles_over(account, rights, case)
        if not roles:
            raise NotShownError(404, NO_CASE)
        sights = {field: sight_of(roles, field, asked.purpose) for field in FIELDS}
        seen = [field for field, sight in sights.items() if sight != "none"]
        if not seen:
            raise NotShownError(403, SEES_NOTHING)
        texts = texts_of(case.get("story") or ())
        reports = [one for one in case.get("private") or () if is_sealed(one)]
        if sights["text"] == "none":
            texts = {}
        wanted = [*reports, *(one for given in texts.values() for one in _flat(given))]
        found = self._vault.open_all(
            wanted,
            account=account,
            case=asked.case,
            purpose=asked.purpose,
            at_ms=self._now_ms(),
            fields=seen,
        )
        return {
            "reports": [_report(found[one], sights) for one in reports if one in found],
            "texts": {
                n: said for n, given in texts.items() if (said := _texts(given, found, sights["text"]))
            },
            "seen": sights,
            "erased": any(one not in found for one in wanted),
        }

    def _left(self, account: str, rights: Iterable[Right], case_id: str) -> NotShownError:
        """Return what is said of a case that is not in the state; that there was one, only to who had a role over it."""
        closing = self._closing_of(case_id) if rights and is_case(case_id) else None
        if closing is None:
            return NotShownError(404, NO_CASE)
        roles = roles_over(account, rights, {"grid": closing.grid, "assignee": closing.team})
        if not roles:
            return NotShownError(404, NO_CASE)
        if all(sight_of(roles, field, "handling") == "none" for field in FIELDS):
            return NotShownError(403, SEES_NOTHING)
        erased = bool(self._vault.erased([key_of_case(case_id)]))
        known = {
            "closed_ms": closing.end_ms,
            "outcome": closing.outcome,
            "merged_into": closing.merged_into,
            "erased": erased,
            "erase_ms": None if erased else self._vault.erase_at(case_id),
        }
        return NotShownError(410, LEFT_ERASED if erased else LEFT, known)


def roles_over(account: str, rights: Iterable[Right], case: Case) -> set[str]:
    """Return the roles that an account has over a case: in scope, and of some only where it is assigned to them."""
    handlers = {case.get("assignee"), *map(_team, case.get("tasks") or ())}
    return {
        right.role
        for right in rights
        if right.given
        and str(case["grid"]).startswith(right.scope)
        and (right.role not in OF_THIS_CASE or account in handlers or (right.team and right.team in handlers))
    }


def _team(task: Any) -> Any:
    return task.get("team") if isinstance(task, Mapping) else task[0]


def texts_of(story: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the sealed values of a story's entries, by the entry's `n` and the value's name."""
    found: dict[str, dict[str, Any]] = {}
    for entry in story:
        sealed = {
            name: value for name, value in (entry.get("given") or {}).items() if any(_flat({name: value}))
        }
        if sealed:
            found.setdefault(str(entry["n"]), {}).update(sealed)
    return found


def _flat(given: Mapping[str, Any]) -> list[str]:
    """Return the sealed texts of some values, those in lists as well."""
    return [
        one
        for value in given.values()
        for one in (value if isinstance(value, list) else [value])
        if is_sealed(one)
    ]


def _report(text: str, sights: Mapping[str, str]) -> dict[str, str]:
    said: dict[str, str] = msgspec.json.decode(text)
    return {
        field: value if sights[field] == "whole" else masked(field, value)
        for field, value in said.items()
        if sights.get(field, "none") != "none"
    }


def _texts(given: Mapping[str, Any], found: Mapping[str, str], sight: str) -> dict[str, Any]:
    def said(sealed: Any) -> Any:
        text = found.get(sealed) if isinstance(sealed, str) else None
        return text if text is None or sight == "whole" else masked("text", text)

    shown = {
        name: [said(one) for one in value] if isinstance(value, list) else said(value)
        for name, value in given.items()
    }
    return {
        name: value for name, value in shown.items() if any(value if isinstance(value, list) else [value])
    }


def declare(server: FastAPI, view: PrivateView | None) -> None:
    """Put the answer onto a server."""

    @server.post("/private")
    async def private(request: Request) -> Response:
        try:
            said, status = await _answer(view, request), 200
        except NotShownError as no:
            said, status = {"error": str(no), **no.known}, no.status
        return Response(msgspec.json.encode(said), status, media_type="application/json")


async def _answer(view: PrivateView | None, request: Request) -> dict[str, Any]:
    who = request.state.who
    if view is None or who.state != "account":
        raise NotShownError(403, "Sign in to see what was written.")
    try:
        asked = msgspec.json.decode(await request.body(), type=Asked)
    except msgspec.DecodeError as wrong:
        raise NotShownError(400, f"Send case and purpose: {wrong}.") from wrong
    return await view.look(who.account, asked)
