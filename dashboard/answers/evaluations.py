"""Evaluation for the page: counted in a thread, one at a time, and kept for a moment, because everybody asks for the same."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from config.accounts import Accounts
from config.passages import PassageArchive
from config.people import People
from config.wallclock import monotonic_s
from dashboard.gateway.redis_reader import RedisReader
from domain.codes import JOURNAL_PARTITIONS
from domain.evaluation.case_record import OpenCase, Period, open_case
from domain.evaluation.figures import By, Evaluation, Tally

KEPT_S = 30.0
"""The archive itself is up to a minute behind."""
KEPT = 32
"""Evaluations kept at once; a county's has some hundred rows."""
WAIT_S = 45.0
"""A year of a county is counted in some seconds; who waits longer stands behind too many others."""

Asked = tuple[str, Period, By]
"""Scope, period, and by what."""


class Evaluating(Protocol):
    """Where the page's figures come from. Raises `OSError` or `TimeoutError` where they cannot be had."""

    least: int
    """The fewest people of a team with figures."""

    async def clock_ms(self) -> int:
        """Return the instant that the folds have reached; 0 before the first record."""

    async def found(self, asked: Asked, steps: Iterable[str]) -> Evaluation:
        """Return an evaluation, its steps in this order."""

    async def team_names(self, teams: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return what teams are called, of those that have a name."""


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of a case's read model; the rest is not even decoded."""

    id: str
    grid: str
    arrived_ms: int
    closed_ms: int | None = None
    due_ms: int | None = None
    desk: str | None = None
    assignee: str = ""


_decoder = msgspec.json.Decoder(_Shown)


class Evaluations:
    """The live system's evaluations.

    Parameters
    ----------
    reader
        Of the live read models: the cases that are open.
    archive
        The passages.
    accounts, people
        How large teams are, and what they are called.
    least
        The fewest people of a team with figures.

    """

    def __init__(
        self, reader: RedisReader, archive: PassageArchive, accounts: Accounts, people: People, least: int
    ) -> None:
        self.least = least
        self._reader = reader
        self._archive = archive
        self._accounts = accounts
        self._people = people
        self._one_at_a_time = asyncio.Lock()
        self._kept: dict[Asked, tuple[float, Evaluation]] = {}

    async def clock_ms(self) -> int:
        """Return the instant that the folds have reached; 0 before the first record.

        Raises
        ------
        ConnectionError
            If Redis does not answer.

        """
        partitions = await self._reader.partitions()
        return max((status.get("clock_ms") or 0 for status in partitions.values()), default=0)

    async def found(self, asked: Asked, steps: Iterable[str]) -> Evaluation:
        """Return an evaluation, its steps in this order.

        Raises
        ------
        ConnectionError, TimeoutError
            If Redis does not answer, or too many others ask.

        """
        async with asyncio.timeout(WAIT_S), self._one_at_a_time:
            kept = self._kept.pop(asked, None)
            if kept is None or monotonic_s() - kept[0] > KEPT_S:
                sizes = await asyncio.to_thread(self._accounts.team_sizes)
                # the open ones first: what is closed meanwhile has its passage by then, or a minute later
                opened = await self._open_cases(sizes)
                counted = await asyncio.to_thread(self._count, asked, opened, sizes, tuple(steps))
                kept = (monotonic_s(), counted)
            self._kept[asked] = kept
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
            return kept[1]

    async def team_names(self, teams: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return what teams are called, of those that have a name."""
        return await asyncio.to_thread(self._people.team_names, list(teams))

    async def _open_cases(self, sizes: Mapping[str, int]) -> list[list[OpenCase]]:
        opened: list[list[OpenCase]] = []
        for partition in range(JOURNAL_PARTITIONS):
            here: dict[str, OpenCase] = {}
            async for portion in self._reader.cases(partition):
                for shown in map(_decoder.decode, portion):
                    case = open_case(msgspec.structs.asdict(shown), sizes)
                    if case is not None:
                        here[case.case] = case
            opened.append(list(here.values()))
        return opened

    def _count(
        self, asked: Asked, opened: list[list[OpenCase]], sizes: Mapping[str, int], steps: tuple[str, ...]
    ) -> Evaluation:
        scope, period, by = asked
        tally = Tally(period, scope, by)
        for partition, cases in enumerate(opened):
            open_now = {one.case for one in cases}
            tally.add(self._archive.read_for(partition, period, open_now), cases)
        return tally.result(steps, sizes, self.least)


def step_titles(flows: Iterable[Any]) -> dict[str, dict[str, str]]:
    """Return the steps of the flows in which people work, in their order, with what they are called."""
    return {name: dict(step.title) for flow in flows if not flow.by_feed for name, step in flow.steps.items()}
