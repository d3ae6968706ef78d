"""The answers behind the page of reports: figures as JSON and as a file, for who has a right in the scope."""

import asyncio
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response
from starlette.requests import Request

from dashboard.answers.evaluations import Evaluating, step_titles
from dashboard.answers.routes import ASKED_WITHIN_S, Readings
from dashboard.answers.rulebook import Bookshelf
from dashboard.entry.door import Doorkeeper, Who
from domain.codes import is_jurisdiction
from domain.evaluation import table as evaluation_table
from domain.evaluation.case_record import Period
from domain.evaluation.figures import BYS, Evaluation
from domain.evaluation.table import Language
from domain.rules import Rules

PATHS = frozenset({"/reports.json", "/reports.csv"})

LONGEST_MS = 400 * 86_400_000
"""A year and some; more than that is for the command line."""

LATEST_MS = 4_102_444_800_000
"""The year 2100, behind which no record's time lies."""

LANGUAGES = ("en", "zh")

SIMULATOR = "simulator"
"""The feed of the simulated province."""


class _RefusedError(Exception):
    """Why not, with the status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def declare(
    server: FastAPI, evaluating: Evaluating | None, keeper: Doorkeeper, rules_now: "RulesNow"
) -> None:
    """Put the answers onto a server."""
    if evaluating is None:
        return
    found = evaluating

    @server.exception_handler(_RefusedError)
    async def refused(_request: Request, problem: Exception) -> Response:
        assert isinstance(problem, _RefusedError)
        return _json({"error": str(problem)}, problem.status)

    @server.get("/reports.json")
    async def figures(request: Request) -> Response:
        asked = request.query_params
        scope = await _scope(keeper, request.state.who, asked.get("scope", ""))
        rules = await rules_now()
        head = {
            "clock_ms": await found.clock_ms(),
            "scope": scope,
            "places": _places(rules, scope),
            "simulated": await rules_now.simulated(),
        }
        if "from" not in asked:
            return _json(head)
        period, by = _period(asked.get("from", ""), asked.get("to", "")), _by(asked.get("by", ""))
        titles = step_titles(rules.flows.values())
        evaluation = await found.found((scope, period, by), titles)
        names = await _names(found, rules, evaluation, by)
        english = {code: words["en"] for code, words in names.items()}
        return _json(
            head
            | {"by": by, "from_ms": period.from_ms, "to_ms": period.to_ms, "least": found.least}
            | {"names": names, "titles": titles}
            | evaluation_table.plain(evaluation, english, found.least)
        )

    @server.get("/reports.csv")
    async def file(request: Request) -> Response:
        asked = request.query_params
        scope = await _scope(keeper, request.state.who, asked.get("scope", ""))
        rules = await rules_now()
        period, by = _period(asked.get("from", ""), asked.get("to", "")), _by(asked.get("by", ""))
        evaluation = await found.found((scope, period, by), step_titles(rules.flows.values()))
        names = await _names(found, rules, evaluation, by)
        language: Language = "zh" if asked.get("lang", "").startswith("zh") else "en"
        own = {code: words[language] for code, words in names.items()}
        # spreadsheets take a file for UTF-8 by its mark alone
        text = "\ufeff" + await asyncio.to_thread(
            evaluation_table.as_csv, evaluation, own, found.least, language
        )
        name = f"evaluation-{scope or 'all'}-{by}-{period.from_ms}-{period.to_ms}.csv"
        return Response(
            text.encode(),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )


class RulesNow:
    """The rule set in force, compiled.

    Parameters
    ----------
    shelf
        Where rule sets are kept.
    readings
        Which one is in force.

    """

    def __init__(self, shelf: Bookshelf, readings: Readings) -> None:
        self._shelf = shelf
        self._readings = readings

    async def __call__(self) -> Rules:
        """Return the rule set in force."""
        hash_ = await asyncio.wait_for(self._readings.rules_hash(), ASKED_WITHIN_S)
        rules, _ = await self._shelf.open(hash_)
        return rules

    async def simulated(self) -> bool:
        """Tell whether the simulator reports here: its figures are no town's, and the page must say so."""
        read = await asyncio.wait_for(self._readings.health(), ASKED_WITHIN_S)
        return SIMULATOR in read["feeds"]


async def _scope(keeper: Doorkeeper, who: Who, asked: str) -> str:
    """Return the scope, if who asks has a right in it; on a bare laptop everybody has."""
    if not is_jurisdiction(asked):
        raise _RefusedError(400, "A scope has 2, 4, 6, 9, 12 or 15 digits.")
    if who.state == "open":
        return asked
    if who.state != "account":
        raise _RefusedError(403, "This screen only shows the wall; sign in to see reports.")
    roles = (await keeper.me(who))["roles"]
    if not any(asked.startswith(role["scope"]) for role in roles):
        raise _RefusedError(403, "You have no right in this scope; choose one of yours.")
    return asked


def _period(begin: str, end: str) -> Period:
    for text in (begin, end):
        if not (text.isascii() and text.isdigit() and int(text) < LATEST_MS):
            raise _RefusedError(400, "A period is from=MS&to=MS, in epoch milliseconds.")
    period = Period(int(begin), int(end))
    if not 0 < period.to_ms - period.from_ms <= LONGEST_MS:
        raise _RefusedError(400, "A period ends after it begins, and is at most 400 days long.")
    return period


def _by(text: str) -> Any:
    if text not in BYS:
        raise _RefusedError(400, f"by is one of {', '.join(BYS)}.")
    return text


def _places(rules: Rules, scope: str) -> dict[str, Any]:
    """Return the way to a scope, and what lies directly below it."""
    return {
        "trail": [{"code": code, "name": _both(rules, code)} for code in rules.trail(scope) if code],
        "below": [{"code": code, "name": _both(rules, code)} for code in rules.children(scope)],
    }


async def _names(
    found: Evaluating, rules: Rules, evaluation: Evaluation, by: str
) -> dict[str, dict[str, str]]:
    codes = [row.code for row in evaluation.rows]
    if by == "team":
        return {code: {"en": code, "zh": code} for code in codes} | await found.team_names(codes)
    return {code: _both(rules, code) for code in codes}


def _both(rules: Rules, code: str) -> dict[str, str]:
    """Return a place's name in both languages; a desk's code ends with zeros where it is of unplaced cases."""
    return {language: rules.name_of(code, language) for language in LANGUAGES}


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
