"""The live gateway's process: `python -P -m dashboard.gateway.process`, told everything by its settings."""

import asyncio
import contextlib
import gc
import secrets
import signal
import socket
import sys

import structlog
import uvloop

from config.accounts import accounts_of
from config.handover_store import handovers_of
from config.people import people_of
from config.rules import RuleStore
from config.settings import Settings
from config.vault import vault_of
from config.wallclock import monotonic_s, now_ms
from dashboard.answers.names import Names
from dashboard.commands.command import CommandBook, Journal
from dashboard.commands.grant_teller import GrantTeller
from dashboard.commands.journal_writer import JournalWriter
from dashboard.commands.sealer import Sealer
from dashboard.entry.sign_ins import SignIns
from dashboard.entry.tickets import TicketGate
from dashboard.gateway.claims import Claims
from dashboard.gateway.desk_line import DeskLine
from dashboard.gateway.figures import Figures
from dashboard.gateway.floor import Floor, FloorParts
from dashboard.gateway.queue import Row
from dashboard.gateway.redis_reader import RedisReader, key_prefix
from dashboard.gateway.socket import BACKLOG, SEND_BUFFER_BYTES, TOKEN, Live, LiveParts

MOST_REPLAYS = 4
"""Replays that are watched at once; each holds a read model of its own."""
REPLAY_KEPT_S = 60.0
SHED_EVERY_S = 5.0
SIGN_INS_EVERY_S = 1.5
"""A socket whose sign-in has ended is closed within 5 s."""
RESTART = 1012
STOP_WITHIN_S = 1.5
"""Within the two seconds that the supervisor gives after TERM."""
COLLECT_AFTER = (50_000, 20, 50)
"""Objects of the youngest generation, then generations of each below, between two looks for cycles: rows and views are
many objects and no cycles, and looking through all of them stopped every desk for 0.3 s, several times a minute."""

log = structlog.get_logger()


class Gateway:
    """Floors, screens and commands of one process.

    Parameters
    ----------
    settings
        Where everything is.
    journal
        Where commands are written to.

    """

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self.settings = settings
        self.figures = Figures()
        self.book = CommandBook(journal, monotonic_s)
        self._rules = RuleStore(str(settings.data / "rules"))
        self._sign_ins = SignIns(settings.redis, settings.prefix)
        self._grants = GrantTeller(accounts_of(settings), self.book)
        vault = vault_of(settings)
        self._sealer = Sealer(vault)
        self._claims = Claims(
            settings.redis,
            settings.prefix,
            claimed=self._claimed,
            book=self.book,
            monotonic_s=monotonic_s,
        )
        names = Names(accounts_of(settings), lambda: people_of(settings))
        self._epoch = secrets.token_hex(4)
        self._floors: dict[str, tuple[Floor, asyncio.Task[None]]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.live = Live(
            LiveParts(
                floor_of=self.floor_of,
                health=self.health,
                book=self.book,
                figures=self.figures,
                seal=self._sealer.seal,
                desk=DeskLine(names, self._claims),
                page_kept=handovers_of(settings).has,
                case_of_code=vault.case_of_code,
                gate=TicketGate(settings.secret.get_secret_value()),
                wall_port=settings.wall_port,
                public_gateway_url=settings.public_gateway_url,
                now_ms=now_ms,
                monotonic_s=monotonic_s,
            )
        )

    async def run(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serve on a listening socket until told to stop."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self.floor_of("")
            minding = [
                tasks.create_task(one())
                for one in (self._shed, self._mind_sign_ins, self._grants.run, self._claims.run)
            ]
            server = await self.live.serve(listener)
            await stop.wait()
            server.close(code=RESTART, reason="restart")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_WITHIN_S):
                    await server.wait_closed()
            for one in minding:
                one.cancel()
            for _, task in self._floors.values():
                task.cancel()

    def floor_of(self, replay: str) -> Floor:
        """Return the floor of a replay, or of live for "", begun when it is first asked for.

        Raises
        ------
        LookupError
            With a sentence, when too many replays are watched.

        """
        known = self._floors.get(replay)
        if known is not None:
            return known[0]
        if len(self._floors) > MOST_REPLAYS:
            raise LookupError(
                f"{MOST_REPLAYS} replays are being watched; close one and try again in a minute"
            )
        if self._tasks is None:
            raise LookupError("this gateway is not running")
        floor = Floor(
            FloorParts(
                reader=RedisReader(self.settings.redis, key_prefix(self.settings.prefix, replay)),
                book=self.book,
                figures=self.figures,
                epoch=f"{self._epoch}.{len(self._floors)}.{now_ms():x}",
                replay=replay,
                clock=self.settings.clock,
                rules_of=self._rules.rules_of,
                now_ms=now_ms,
                monotonic_s=monotonic_s,
            )
        )
        self._floors[replay] = (floor, self._tasks.create_task(floor.run()))
        return floor

    def health(self) -> dict[str, object]:
        """Return what `/healthz` says."""
        floor = self._floors[""][0]
        return {
            "clients": sum(len(one.sessions) for one, _ in self._floors.values()),
            "queued_bytes": self.figures.value(self.figures.queued),
            "kicked": self.figures.value(self.figures.kicked),
            "seq": floor.follower.changes,
            "loads": floor.follower.loads,
            "loaded": floor.follower.loaded,
            "pending_commands": len(self.book),
            "freshness": floor.freshness(),
        }

    def _claimed(self) -> list[Row]:
        """Return the rows of the live cases that are claimed."""
        queue = self._floors[""][0].queue
        return [queue.items[name].row for name in queue.claimed]

    async def _shed(self) -> None:
        """End the replays that nobody has watched for a minute."""
        while True:
            await asyncio.sleep(SHED_EVERY_S)
            for name, (floor, task) in list(self._floors.items()):
                if name and not floor.sessions and monotonic_s() - floor.idle_since_s > REPLAY_KEPT_S:
                    del self._floors[name]
                    task.cancel()

    async def _mind_sign_ins(self) -> None:
        """Close the sockets whose sign-in has ended; where Redis does not say, they stay."""
        try:
            while True:
                await asyncio.sleep(SIGN_INS_EVERY_S)
                open_ = [
                    one for floor, _ in self._floors.values() for one in floor.sessions if one.holder.sign_in
                ]
                with contextlib.suppress(ConnectionError):
                    ended = await self._sign_ins.ended(one.holder.sign_in for one in open_)
                    await asyncio.gather(
                        *(
                            one.connection.close(TOKEN, "signed out")
                            for one in open_
                            if one.holder.sign_in in ended
                        )
                    )
        finally:
            await self._sign_ins.aclose()


def listening(host: str, port: int) -> socket.socket:
    """Return a bound socket whose connections have small send buffers: what a screen that never reads may cost."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # inherited by every accepted connection
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listener.settimeout(0)
    return listener


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    journal = JournalWriter(settings)
    listener = listening(settings.gateway_host, settings.gateway_port)
    log.info("gateway.listening", host=settings.gateway_host, port=listener.getsockname()[1])
    try:
        await Gateway(settings, journal).run(listener, stop)
    finally:
        await journal.aclose()


def main() -> int:
    """Run the gateway until TERM; 2 when its settings cannot work."""
    settings = Settings()
    missing = [f"WATCHFLOOR_{name.upper()}" for name in ("kafka", "redis") if not getattr(settings, name)]
    if not settings.secret.get_secret_value():
        missing.append("WATCHFLOOR_SECRET")
    if missing:
        print(f"The gateway needs {', '.join(missing)}; set what is missing.", file=sys.stderr)  # noqa: T201 - for a person
        return 2
    gc.set_threshold(*COLLECT_AFTER)
    uvloop.run(_main(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
