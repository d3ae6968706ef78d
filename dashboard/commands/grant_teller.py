"""Tells the journal of rights that have changed in SQL, until every partition has answered for each of them.

The commands of `watchfloor user` do so themselves, and wait; what they could not finish, and what a provider's claims
changed, is told from here.
"""

import asyncio
from collections.abc import Sequence

import structlog

from config.accounts import Accounts, Right
from dashboard.commands.command import Answer, CommandBook
from domain.codes import JOURNAL_PARTITIONS

LOOK_EVERY_S = 0.5
"""Who comes in by a provider waits for this before the first command is allowed."""
AGAIN_S = 3.0
"""A worker that was killed answers within 4 s; one that has folded a right answers again, and changes nothing."""
MOST_AT_ONCE = 20
"""Rights told at once: 320 records, below the commands that may be under way."""

log = structlog.get_logger()


class GrantTeller:
    """Tells one installation's journal.

    Parameters
    ----------
    accounts
        Where the rights are.
    book
        The way into the journal and its answers.

    """

    def __init__(self, accounts: Accounts, book: CommandBook) -> None:
        self._accounts = accounts
        self._book = book

    async def run(self) -> None:
        """Tell until cancelled; a database that does not answer is asked again."""
        while True:
            wait_s = LOOK_EVERY_S
            try:
                untold = await asyncio.to_thread(self._accounts.untold)
                missing = await self._tell(untold[:MOST_AT_ONCE])
            except ConnectionError as silent:
                log.warning("grants.database", why=str(silent))
                wait_s = AGAIN_S
            else:
                if missing:
                    log.warning("grants.unanswered", rights=missing)
                    wait_s = AGAIN_S
            await asyncio.sleep(wait_s)

    async def _tell(self, rights: Sequence[Right]) -> int:
        """Tell of rights, in their order; return how many were not answered by every partition."""
        told = await asyncio.gather(*(self._tell_one(right) for right in rights))
        for right in (right for right, done in zip(rights, told, strict=True) if done):
            await asyncio.to_thread(self._accounts.told, right)
        return told.count(False)

    async def _tell_one(self, right: Right) -> bool:
        grant = right.grant()
        answers: list[asyncio.Future[Answer]] = []
        for partition in range(JOURNAL_PARTITIONS):
            heard: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            answers.append(heard)
            name = f"{grant.id}:{partition}"
            await self._book.ask(partition, grant, heard.set_result, name=name)
        return all(answer.ok for answer in await asyncio.gather(*answers))
