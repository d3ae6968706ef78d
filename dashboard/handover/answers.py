"""The handover's answers over HTTP: the page as it would be now, the page as it was filled and kept, its texts, PDF and CSV."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from config.handover_store import HandoverStore
from config.wallclock import now_ms
from dashboard.answers.rulebook import RuleSets
from dashboard.entry.door import Doorkeeper, Who
from dashboard.handover.page import Material, Row, fill, sealed_of
from dashboard.handover.paper import Copy, Signatures, as_csv, as_pdf
from domain.codes import COUNTY_DIGITS, is_jurisdiction
from domain.duty.list import on_duty_in
from domain.duty.shifts import Shift
from domain.rules import Rules

PATHS = frozenset(
    {
        "/handover.json",
        "/handover/fill",
        "/handover/page",
        "/handover/texts",
        "/handover.pdf",
        "/handover.csv",
    }
)
POST_PATHS = frozenset({"/handover/fill", "/handover/texts"})
READERS = frozenset({"dispatcher", "duty_officer", "supervisor", "ops", "administrator"})
"""Who may read a desk's page, with a scope that holds the desk."""
ASKED_WITHIN_S = 4.0

OpenTexts = Callable[[Sequence[str], str, str], dict[str, str]]
"""Opens sealed texts for an account about a desk; those that are erased are left out. Runs in a thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverParts:
    """What the handover's answers are made of.

    Attributes
    ----------
    desk
        Returns what a desk's page is filled from, and the journal's instant.
    rules_hash
        The hash of the rule set in force.
    open_texts
        Opens what somebody wrote.
    clock
        Whose time the journal's is.

    """

    desk: Callable[[str], Awaitable[tuple[Material, int]]]
    rules_hash: Callable[[], Awaitable[str]]
    rule_sets: RuleSets
    store: HandoverStore
    open_texts: OpenTexts
    clock: Literal["wall", "feed"]


class _NotForYouError(Exception):
    """Who asks may not read this desk's page."""


class _Asked(msgspec.Struct, frozen=True):
    desk: str


class Handover:
    """Fills, keeps and finds pages, for who may read them."""

    def __init__(self, parts: HandoverParts, keeper: Doorkeeper) -> None:
        self._parts = parts
        self._keeper = keeper

    async def now(self, who: Who, code: str) -> Row:
        """Return the page as it would be filled now, what is known of the desk, and the desks that there are."""
        await self._allow(who, code)
        page, material, rules = await self._filled(code)
        plan = rules.desks.get(code)
        return {
            "page": page,
            "state": material.desks.get(code),
            "listed": plan is not None,
            "desks": [{"code": one, "title": plan.title} for one, plan in sorted(rules.desks.items())],
            "server_ms": now_ms(),
        }

    async def fill(self, who: Who, code: str) -> Row:
        """Fill the page and keep it: what is signed is what is kept."""
        await self._allow(who, code)
        page, _, _ = await self._filled(code)
        sha256 = await asyncio.to_thread(self._parts.store.keep, page)
        return {"page": page, "sha256": sha256, "texts": await self._texts(who, page)}

    async def kept(self, who: Who, sha256: str) -> Row:
        """Return a page that was kept, with what somebody wrote on it."""
        page = await asyncio.to_thread(self._parts.store.get, sha256)
        await self._allow(who, page["desk"])
        return {"page": page, "sha256": sha256, "texts": await self._texts(who, page)}

    async def texts(self, who: Who, code: str) -> dict[str, str]:
        """Return what somebody wrote that stands on the page now."""
        await self._allow(who, code)
        page, _, _ = await self._filled(code)
        return await self._texts(who, page)

    async def copy(self, who: Who, sha256: str) -> Copy:
        """Return a kept page as it is copied out, with who signed it, as far as the desk still knows."""
        kept = await self.kept(who, sha256)
        page: Row = kept["page"]
        material, _ = await self._parts.desk(page["desk"])
        desk = material.desks.get(page["desk"], {})
        open_, last = desk.get("open") or {}, desk.get("last") or {}
        signed: dict[str, Any] = {}
        if last.get("sha256") == sha256:
            signed = {
                name: last[name] for name in ("prepared_by", "prepared_ms", "accepted_by", "accepted_ms")
            }
        elif open_.get("sha256") == sha256:
            signed = {"prepared_by": open_["by"], "prepared_ms": open_["at_ms"]}
        rows = [row for table in page["tables"].values() for row in table]
        accounts = {str(row.get(key) or "") for row in rows for key in ("by", "acked_by", "account")}
        accounts |= {str(signed.get(key) or "") for key in ("prepared_by", "accepted_by")}
        names = await self._keeper.names(sorted(accounts - {""}))
        for key in ("prepared_by", "accepted_by"):
            if key in signed:
                signed[key] = names.get(signed[key], signed[key])
        return Copy(page=page, sha256=sha256, texts=kept["texts"], names=names, signed=Signatures(**signed))

    async def _filled(self, code: str) -> tuple[Row, Material, Rules]:
        async with asyncio.timeout(ASKED_WITHIN_S):
            material, clock_ms = await self._parts.desk(code)
            in_force = await self._parts.rules_hash()
        if not in_force:
            raise LookupError("No rule set is in force yet; `watchfloor up` publishes the first.")
        rules = await asyncio.to_thread(self._parts.rule_sets.rules_of, in_force)
        at_ms = clock_ms if self._parts.clock == "feed" else now_ms()
        plan = rules.desks.get(code)
        shift: Shift | None = None if plan is None else plan.nearest(at_ms)
        staffed = msgspec.structs.replace(
            material, staff=await asyncio.to_thread(staff_of, rules, code, at_ms)
        )
        return fill(code, staffed, rules, shift=shift, now_ms=at_ms), material, rules

    async def _texts(self, who: Who, page: Row) -> dict[str, str]:
        sealed = sealed_of(page)
        if not sealed:
            return {}
        return await asyncio.to_thread(self._parts.open_texts, sealed, who.account, page["desk"])

    async def _allow(self, who: Who, code: str) -> None:
        if not code or not is_jurisdiction(code):
            raise LookupError("A desk has the 2, 4, 6, 9, 12 or 15 digits of a jurisdiction's code.")
        if who.state == "open":
            return
        me = await self._keeper.me(who) if who.state == "account" else {"roles": []}
        if not any(one["role"] in READERS and code.startswith(one["scope"]) for one in me["roles"]):
            raise _NotForYouError


def staff_of(rules: Rules, code: str, at_ms: int) -> list[Row]:
    """Return who is on duty at a desk of a county or below, a row for each area whose roster says so: ids alone."""
    if len(code) < COUNTY_DIGITS:
        return []
    found: dict[str, Row] = {}
    for one in on_duty_in(rules, code, at_ms):
        if one.worker and one.by not in found:
            found[one.by] = {
                "place": one.by,
                "worker": one.worker,
                "stand_in": one.stand_in,
                "until_ms": one.until_ms,
            }
    return list(found.values())


def declare(server: FastAPI, parts: HandoverParts, keeper: Doorkeeper) -> None:
    """Put the answers onto a server."""
    handover = Handover(parts, keeper)

    @server.exception_handler(_NotForYouError)
    async def not_for_you(_request: Request, _problem: _NotForYouError) -> Response:
        return _json({"error": "handover_no_right"}, 403)

    @server.get("/handover.json")
    async def now(request: Request, desk: str = "") -> Response:
        return _json(await handover.now(request.state.who, desk))

    @server.post("/handover/fill")
    async def fill_page(request: Request) -> Response:
        return _json(await handover.fill(request.state.who, await _desk_of(request)))

    @server.post("/handover/texts")
    async def texts(request: Request) -> Response:
        return _json(await handover.texts(request.state.who, await _desk_of(request)))

    @server.get("/handover/page")
    async def kept(request: Request, sha256: str = "") -> Response:
        return _json(await handover.kept(request.state.who, sha256))

    @server.get("/handover.pdf")
    async def pdf(request: Request, sha256: str = "", lang: str = "en") -> Response:
        body = await _paper(handover.copy(request.state.who, sha256), lang, as_pdf)
        return _file(body, "application/pdf", f"handover-{sha256[:12]}.pdf")

    @server.get("/handover.csv")
    async def csv(request: Request, sha256: str = "", lang: str = "en") -> Response:
        body = await _paper(handover.copy(request.state.who, sha256), lang, as_csv)
        return _file(body, "text/csv; charset=utf-8", f"handover-{sha256[:12]}.csv")


async def _paper(copy: Awaitable[Copy], lang: str, made: Callable[[Copy, str], bytes]) -> bytes:
    language = "zh-CN" if lang.lower().startswith("zh") else "en"
    return await asyncio.to_thread(made, await copy, language)


async def _desk_of(request: Request) -> str:
    try:
        return msgspec.json.decode(await request.body(), type=_Asked).desk
    except msgspec.DecodeError:
        return ""


def _file(body: bytes, kind: str, name: str) -> Response:
    return Response(body, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
