"""Names of accounts, workers and teams, which are in SQL alone: asked in threads, and left out where the database is silent."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog

from config.accounts import Accounts
from config.people import People
from config.sql import answering

WITHIN_S = 1.0
"""SQL answers in milliseconds; a screen shows ids rather than wait."""

log = structlog.get_logger()
T = TypeVar("T")


class Names:
    """The names of an installation.

    Parameters
    ----------
    accounts, people
        Where they are.

    """

    def __init__(self, accounts: Accounts, people: Callable[[], People]) -> None:
        self._accounts = accounts
        self._open_people = people
        self._people: People | None = None
        # of its own, so that a database that hangs keeps no other answer waiting
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="names")

    async def of_account(self, account: str) -> str:
        """Return an account's name; empty where there is none."""
        nobody: dict[str, str] = {}
        found = await self._asked(partial(self._accounts.names, [account]), nobody)
        return found.get(account, "")

    async def of_handlers(
        self, workers: Collection[str], teams: Collection[str]
    ) -> Mapping[str, str | dict[str, str]]:
        """Return the names of workers and, by language, of teams, of those that are known."""
        return await self._asked(partial(self._handlers, sorted(workers), sorted(teams)), {})

    def _handlers(self, workers: list[str], teams: list[str]) -> dict[str, str | dict[str, str]]:
        with answering():
            if self._people is None:
                self._people = self._open_people()
            named: dict[str, str | dict[str, str]] = {
                worker: one.name for worker, one in self._people.of(workers).items()
            }
            return named | self._people.team_names(teams)

    async def _asked(self, question: Callable[[], T], otherwise: T) -> T:
        try:
            async with asyncio.timeout(WITHIN_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, question)
        except (ConnectionError, TimeoutError) as silent:
            log.warning("names.silent", why=str(silent))
            return otherwise
