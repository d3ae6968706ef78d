"""The tracking page's answers: who has a code sees how far their matter is, and can say that it is not settled.

No login, no script, no code in any log. A code that is none of ours and one whose case is erased get the same answer after
the same time.
"""

import asyncio
import hashlib
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from config.vault import VaultError
from config.wallclock import monotonic_s
from dashboard.answers.rulebook import RuleSets
from dashboard.commands.command import Answer, Reported
from dashboard.track.page import LONGEST_TEXT, Shown, instant, lang_of, render
from dashboard.track.view import TrackView, view
from domain.rules import Rules

PATH, FOLDER = "/track", "/track/"
NOTHING_AFTER_S = 0.6
"""Longer than any look into the vault takes: so long it is until one hears that there is nothing to be shown."""
MOST_ASKED, ASKED_S = 30, 60
"""Codes that may be asked for from an address in a minute: a household behind one address, and nobody who tries."""
MERGES_FOLLOWED = 5
LONGEST_CODE = 200
SENTENCES = {
    "too_late": "track_no_too_late",
    "once": "track_no_once",
    "stale": "track_no_stale",
    "wrong_step": "track_no_wrong_step",
}
"""What is said for a refusal of the fold; of any other that it was not taken down."""

UNKNOWN = "track_unknown"
"""Said of a code that is none of ours, and of one whose case is erased."""

CaseRead = tuple[dict[str, Any] | None, int]
"""A case's read model, None where it has left the state, and the journal's instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackParts:
    """What the tracking page is made of.

    Attributes
    ----------
    case_of_code
        Returns the case of a code; None where it is none of ours or erased. Runs in a thread, raises VaultError.
    case
        Reads a case. Raises ConnectionError.
    code_of_case
        Returns a case's code. Runs in a thread.
    closed
        Returns when a case was closed that has left the state, and of which feed it was; None where that is not known.
        Runs in a thread.
    open_text
        Opens what was written for the reporter, scrubbed: sealed text and case; empty where it is erased. In a thread.
    say
        Brings a reporter's answer to the gateway.
    wait_s
        Counts a question from an address; returns for how many seconds no more may be asked, 0 where one may.

    """

    case_of_code: Callable[[str], str | None]
    code_of_case: Callable[[str], str]
    case: Callable[[str], Awaitable[CaseRead]]
    closed: Callable[[str], tuple[int, str] | None]
    open_text: Callable[[str, str], str]
    say: Callable[[str, Reported], Awaitable[Answer]]
    wait_s: Callable[[str], Awaitable[int]]
    rules_hash: Callable[[], Awaitable[str]]
    rule_sets: RuleSets


class _Found:
    """A case that a code leads to: `case` is the one that goes on, where it was merged."""

    __slots__ = ("case", "shown")

    def __init__(self, case: str, shown: TrackView | None) -> None:
        self.case = case
        self.shown = shown


class Tracking:
    """Answers questions about codes."""

    def __init__(self, parts: TrackParts) -> None:
        self._parts = parts

    async def look(self, code: str, lang: str) -> Shown:
        """Return what the page shows for a code."""
        begun_s = monotonic_s()
        case = await asyncio.to_thread(self._parts.case_of_code, code) if code else None
        if case is None:
            await asyncio.sleep(max(0.0, NOTHING_AFTER_S - (monotonic_s() - begun_s)))
            return Shown(lang=lang, said=UNKNOWN, bad=True)
        found = await self._found(case)
        if found.shown is None:
            return await self._gone(found.case, lang)
        texts = {}
        for sealed in {found.shown.question, found.shown.answer} - {""}:
            texts[sealed] = await asyncio.to_thread(self._parts.open_text, sealed, found.case)
        return Shown(lang=lang, code=code, view=found.shown, texts=texts)

    async def not_settled(self, code: str, version: int, text: str) -> tuple[str, bool]:
        """Say for whoever has the code that the case is not settled; return what is told them, and whether it was done."""
        case = await asyncio.to_thread(self._parts.case_of_code, code)
        found = None if case is None else await self._found(case)
        if found is None or found.shown is None:
            return "track_no_failed", False
        # a page that is sent twice asks for the same thing: the fold does it once
        name = hashlib.sha256(f"{found.case} {found.shown.rounds} {version}".encode()).hexdigest()[:32]
        if found.case != case:
            code = await asyncio.to_thread(self._parts.code_of_case, found.case)
        answer = await self._parts.say(
            found.case, Reported(id=name, code=code, version=version, text=text[:LONGEST_TEXT])
        )
        if answer.ok:
            return "track_reopened", True
        return SENTENCES.get(answer.code, "track_no_failed"), False

    async def _found(self, case: str) -> _Found:
        """Follow a case to the one that it was merged into."""
        first = case
        for _ in range(MERGES_FOLLOWED):
            read, at_ms = await self._parts.case(case)
            into = "" if read is None else str(read.get("merged_into") or "")
            if read is None or not into:
                break
            case = into
        if read is None:
            return _Found(case, None)
        return _Found(case, view(read, await self._rules(), at_ms, merged=case != first))

    async def _gone(self, case: str, lang: str) -> Shown:
        """Say what is known of a case that has left the state."""
        closed = await asyncio.to_thread(self._parts.closed, case)
        if closed is None:
            return Shown(lang=lang, said="track_archived")
        rules = await self._rules()
        feed = rules.feeds.get(closed[1])
        zone = "UTC" if feed is None else feed.zone.key
        return Shown(lang=lang, said="track_closed_since", filled={"time": instant(closed[0], zone, lang)})

    async def _rules(self) -> Rules:
        in_force = await self._parts.rules_hash()
        return await asyncio.to_thread(self._parts.rule_sets.rules_of, in_force)


def declare(server: FastAPI, parts: TrackParts) -> None:
    """Put the tracking page onto a server."""
    tracking = Tracking(parts)

    async def answered(request: Request, code: str, form: dict[str, str]) -> Response:
        lang = lang_of(form.get("lang", ""), request.headers.get("accept-language", ""))
        code = code.strip()[:LONGEST_CODE]
        if not code:
            return _page(Shown(lang=lang))
        try:
            wait_s = await parts.wait_s(address_of(request))
            if wait_s:
                shown = Shown(lang=lang, said="track_wait", filled={"n": str(wait_s)}, bad=True)
                return _page(shown, 429, {"retry-after": str(wait_s)})
            return await _asked(tracking, code, lang, form)
        except (OSError, TimeoutError, LookupError, VaultError):
            return _page(Shown(lang=lang, said="track_silent", bad=True), 503)

    @server.get(PATH)
    async def ask(request: Request, code: str = "", lang: str = "") -> Response:
        return await answered(request, code, {"lang": lang})

    @server.get(FOLDER + "{code:path}")
    async def look(request: Request, code: str, lang: str = "") -> Response:
        return await answered(request, code, {"lang": lang})

    @server.post(PATH)
    async def say(request: Request) -> Response:
        try:
            fields = parse_qs((await request.body()).decode(), max_num_fields=10)
        except (UnicodeDecodeError, ValueError):
            fields = {}
        form = {name: values[0] for name, values in fields.items()}
        return await answered(request, form.get("code", ""), form)


async def _asked(tracking: Tracking, code: str, lang: str, form: dict[str, str]) -> Response:
    """Answer a question, or take down what is said, and show how the case is then."""
    settled = form.get("settled", "")
    said, bad = "", False
    if settled == "yes":
        said = "track_thanks"
    elif settled == "no":
        version = form.get("version", "")
        number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0  # noqa: PLR2004 - more digits are no version
        said, done = await tracking.not_settled(code, number, form.get("text", ""))
        bad = not done
    shown = await tracking.look(code, lang)
    if said and shown.view is not None:
        shown = Shown(
            lang=lang, code=code, said=said, bad=bad, view=shown.view, texts=shown.texts, ask=said == "track_no_stale"
        )  # fmt: skip
    return _page(shown, 404 if shown.said == UNKNOWN else 200)


def address_of(request: Request) -> str:
    """Return whom questions are counted for: an address, of IPv6 its network, which is one household's."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network(f"{host}/64", strict=False))  # noqa: PLR2004 - IPv4


def _page(shown: Shown, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(
        render(shown),
        status,
        headers={
            "cache-control": "no-store",
            "x-robots-tag": "noindex, nofollow",
            "content-language": shown.lang,
        }
        | (headers or {}),
    )
