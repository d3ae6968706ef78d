"""What somebody wrote in a command is sealed before it leaves the gateway; a dead vault refuses it and stops nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from config.sealing import UnsealedError, has_text, seal_command
from config.vault import Vault
from config.wallclock import now_ms
from dashboard.commands.command import RefusedError
from domain.records import Command

SEAL_WITHIN_S = 4.0
"""Sealing takes milliseconds; a person does not wait longer for a database that is dead."""

Seal = Callable[[Command, str], Awaitable[Command]]

log = structlog.get_logger()


class Sealer:
    """Asks the vault in threads of its own, so that a database that hangs keeps nobody else waiting.

    Parameters
    ----------
    vault
        Where the keys are.

    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="vault")

    async def seal(self, command: Command, about: str = "") -> Command:
        """Return a command as it may be written; `about` is the case of the alert that it is about.

        Raises
        ------
        RefusedError
            If it cannot be sealed, with a sentence for the person.

        """
        if not has_text(command):
            return self._sealed(command, about)
        asked = asyncio.get_running_loop().run_in_executor(self._threads, self._sealed, command, about)
        try:
            async with asyncio.timeout(SEAL_WITHIN_S):
                return await asked
        except TimeoutError as silent:
            log.warning("vault.silent")
            raise RefusedError(
                "what you wrote cannot be sealed now, because the vault does not answer; nothing was done, try again"
            ) from silent

    def _sealed(self, command: Command, about: str) -> Command:
        try:
            return seal_command(self._vault, command, at_ms=now_ms(), about=about)
        except UnsealedError as no:
            raise RefusedError(str(no)) from no
