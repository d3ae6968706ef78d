"""A month of worked cases for the page of reports: through the fold, counted by the product, one township after the other."""

from collections.abc import Iterable
from functools import cache
from random import Random
from typing import Any

import msgspec

from dashboard.answers.evaluations import Asked
from domain.evaluation.case_record import OpenCase, open_case
from domain.evaluation.figures import Evaluation, Tally
from domain.evaluation.passages import Passage
from tests.browser.town import township
from tests.domain.month import TEAMS, month
from tests.domain.small_town import DAY, T0

HOME = "990100001"
"""Where the month's cases lie; each further township has a month of its own."""

END_MS = T0 + 30 * DAY
SIZES = {"roads": 9, "water": 6, "parks": 3}


@cache
def months(townships: int, cases: int, acts: int) -> tuple[list[list[Passage]], list[list[OpenCase]]]:
    """The passages and the open cases of each township."""
    told, opened = [], []
    for number in range(1, townships + 1):
        shop = month(Random(number), cases + cases * (number % 4) // 2, acts=acts)
        own = township(number).encode()
        effects = [effect.value.replace(HOME.encode(), own) for effect in shop.floor.sent["passages"]]
        told.append([msgspec.json.decode(value, type=Passage) for value in effects])
        shown: list[dict[str, Any]] = [
            msgspec.json.decode(msgspec.json.encode(case.public()).replace(HOME.encode(), own))
            for work in shop.floor.casework
            for case in work.cases.values()
        ]
        opened.append([one for row in shown if (one := open_case(row, TEAMS)) is not None])
    return told, opened


class MonthEvaluations:
    """The figures of that month; a test may take them away."""

    least = 5

    def __init__(self, townships: int = 3, cases: int = 40, acts: int = 11) -> None:
        self.silent = ""
        self.empty = False
        self._size = (townships, cases, acts)

    async def clock_ms(self) -> int:
        return END_MS

    async def found(self, asked: Asked, steps: Iterable[str]) -> Evaluation:
        if self.silent:
            raise ConnectionError(self.silent)
        scope, period, by = asked
        tally = Tally(period, scope, by)
        if not self.empty:
            for told, opened in zip(*months(*self._size), strict=True):
                tally.add(told, opened)
        return tally.result(steps, SIZES, self.least)

    async def team_names(self, teams: Iterable[str]) -> dict[str, dict[str, str]]:
        known = {
            "roads": {"en": "Road gang", "zh": "道路班组"},
            "water": {"en": "Water works", "zh": "供水班组"},
        }
        return {team: known[team] for team in teams if team in known}
