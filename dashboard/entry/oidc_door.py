"""The way in by a provider of OpenID Connect: to its page, back with a code, and the rights that its claims say.

What went wrong is said on the sign-in page by a word; the reason is in the log, without anything of the person.
"""

import asyncio
import hmac
import re
import secrets
from urllib.parse import urlencode

import msgspec
import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.accounts import AccountError, Accounts
from config.subjects import Person, take_in
from config.wallclock import monotonic_s, now_ms
from dashboard.entry.cookies import BEGUN, SIGNED_IN, cookies_of, give
from dashboard.entry.oidc import Begun, Provider, ProviderError
from dashboard.entry.sign_ins import BEGUN_KEPT_S, KEPT_S, SignIns

PATHS = frozenset({"/oidc/start", "/oidc/back"})

TOLD_WITHIN_S = 4.0
"""The gateway tells every partition within a second; who waits longer comes in, and has the rights a moment later."""
LOOK_S = 0.1

OUR_PAGE = re.compile(r"^/(?![/\\])")
"""A path of this host: nobody is sent elsewhere by a link that begins here."""

log = structlog.get_logger()


class OidcDoor:
    """Signs people in whom a provider names.

    Parameters
    ----------
    provider, accounts, sign_ins
        Who answers for them, who they are here, and who is signed in.

    """

    def __init__(self, provider: Provider, accounts: Accounts, sign_ins: SignIns) -> None:
        self._provider = provider
        self._accounts = accounts
        self._sign_ins = sign_ins

    async def start(self, next_page: str) -> tuple[str, str]:
        """Return the address of the provider's page, and the state that the browser keeps meanwhile."""
        state = secrets.token_urlsafe(24)
        address, begun = await self._provider.begin(state, next_page)
        await self._sign_ins.keep_begun(state, msgspec.json.encode(begun))
        return address, state

    async def back(self, state: str, code: str) -> tuple[str, str]:
        """Return the browser's token and the page that it wanted.

        Raises
        ------
        ProviderError
            If nothing was begun, or the provider does not stand by it.
        AccountError
            If it gives no role, or one that is none.

        """
        kept = await self._sign_ins.take_begun(state)
        if not kept:
            raise ProviderError("nothing was begun under this state, or it was used")
        begun = msgspec.json.decode(kept, type=Begun)
        person = await self._provider.redeem(code, begun)
        account = await self._take_in(person)
        return await self._sign_ins.begin(account), begun.next

    async def _take_in(self, person: Person) -> str:
        account, changed = await asyncio.to_thread(take_in, self._accounts, person, now_ms=now_ms())
        if not person.roles:
            await self._sign_ins.end_all(account)
            raise AccountError("the provider gives this account no role")
        until_s = monotonic_s() + TOLD_WITHIN_S
        while changed and monotonic_s() < until_s:
            mine = {(one.account, one.number) for one in await asyncio.to_thread(self._accounts.untold)}
            if not any((one.account, one.number) in mine for one in changed):
                break
            await asyncio.sleep(LOOK_S)
        return account


def declare(server: FastAPI, door: OidcDoor | None) -> None:
    """Put the two answers onto a server; without a provider they lead to the sign-in page."""

    @server.get("/oidc/start")
    async def start(request: Request, next: str = "/wall") -> Response:  # noqa: A002 - the address's own word
        wanted = next if OUR_PAGE.match(next) else "/wall"
        if door is None:
            return _refused("signin_no_provider")
        try:
            address, state = await door.start(wanted)
        except ProviderError as silent:
            log.warning("oidc.silent", why=str(silent))
            return _refused("signin_provider_silent")
        answer = RedirectResponse(address, 303)
        give(answer, request.headers, BEGUN, state, BEGUN_KEPT_S)
        return answer

    @server.get("/oidc/back")
    async def back(request: Request, state: str = "", code: str = "") -> Response:
        kept = cookies_of(request.headers).get(BEGUN, "")
        if door is None or not kept or not hmac.compare_digest(kept.encode(), state.encode()):
            return _refused("signin_provider_again")
        try:
            token, wanted = await door.back(state, code)
        except ProviderError as wrong:
            log.warning("oidc.refused", why=str(wrong))
            return _refused("signin_provider_again")
        except AccountError as none:
            log.warning("oidc.no_role", why=str(none))
            return _refused("signin_provider_no_role")
        answer = RedirectResponse(wanted, 303)
        give(answer, request.headers, SIGNED_IN, token, KEPT_S)
        answer.delete_cookie(BEGUN)
        return answer


def _refused(word: str) -> Response:
    return RedirectResponse("/login?" + urlencode({"said": word}), 303)
