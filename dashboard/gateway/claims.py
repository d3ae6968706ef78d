"""Claims that fall silent: heartbeats of desks lie in Redis, and a claim without one for 45 s is ended by one command, however many gateways there are.

A beat is no fact of the journal. It is kept outside the read models, by case and account, under Redis's own clock, so
that gateways whose clocks differ agree.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from redis.exceptions import RedisError

from dashboard.commands.command import Answer, CommandBook
from dashboard.gateway.queue import Row
from dashboard.redis_line import line_to
from domain.cases.claims import LAPSED
from domain.codes import partition_of_case
from domain.grants import GATEWAY
from domain.records import Command

SILENT_S = 45.0
"""Three beats that did not come (SCREENS D-7)."""
LOOK_EVERY_S = 3.0
TAKEN_S = 30
"""So long has the gateway that took a lapse to write it; then another may."""
FORGET_S = 3_600

# KEYS: the beats. ARGV: seconds until one is forgotten, then what beats.
_BEAT = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""

# KEYS: the beats, the mark of who takes it. ARGV: what beats, the silence in s, how long the mark stands.
_TAKE = """
local beat = redis.call('ZSCORE', KEYS[1], ARGV[1])
if beat and tonumber(redis.call('TIME')[1]) - tonumber(beat) < tonumber(ARGV[2]) then return 0 end
if redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[3]) then return 1 end
return 0
"""

log = structlog.get_logger()


class Claims:
    """The claims that one gateway knows of.

    Parameters
    ----------
    url, prefix
        Redis, and the setting `WATCHFLOOR_PREFIX`.
    claimed
        Gives the rows of the cases that are claimed.
    book
        The way into the journal.
    monotonic_s
        A clock that never goes back.

    """

    def __init__(
        self,
        url: str,
        prefix: str,
        *,
        claimed: Callable[[], Iterable[Row]],
        book: CommandBook,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._redis: Any = line_to(url, connections=4)
        self._beats, self._marks = f"{prefix}beats", f"{prefix}lapsed:"
        self._beat_script = self._redis.register_script(_BEAT)
        self._take_script = self._redis.register_script(_TAKE)
        self._claimed, self._book, self._monotonic_s = claimed, book, monotonic_s
        self._alive_s: dict[str, float] = {}

    async def beat(self, account: str, rows: Iterable[Row]) -> None:
        """Take it that an account is at work on cases; those that it has not claimed are left out."""
        own = [_name(row) for row in rows if row["claim"] is not None and row["claim"]["account"] == account]
        if not own:
            return
        now_s = self._monotonic_s()
        self._alive_s.update(dict.fromkeys(own, now_s))
        try:
            await self._beat_script(keys=[self._beats], args=[FORGET_S, *own])
        except (RedisError, OSError, TimeoutError) as silent:
            # another gateway may end the claim, and its holder claims again: it guards nothing
            log.warning("claims.redis", why=str(silent))

    async def run(self) -> None:
        """End the claims that have fallen silent, until cancelled."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                try:
                    for row in self._silent():
                        if await self._take(row):
                            await self._end(row)
                except (RedisError, OSError, TimeoutError) as silent:
                    log.warning("claims.redis", why=str(silent))
        finally:
            await self._redis.aclose()

    def _silent(self) -> list[Row]:
        """Return the claims of which this gateway has heard nothing for 45 s; what it has not known so long has that time."""
        now_s, known = self._monotonic_s(), self._alive_s
        claimed = {_name(row): row for row in self._claimed()}
        self._alive_s = {name: known.get(name, now_s) for name in claimed}
        return [row for name, row in claimed.items() if now_s - self._alive_s[name] >= SILENT_S]

    async def _take(self, row: Row) -> bool:
        """Tell whether no gateway has heard of a claim for 45 s, and this one is to say so."""
        name = _name(row)
        keys = [self._beats, f"{self._marks}{name}"]
        return bool(await self._take_script(keys=keys, args=[name, int(SILENT_S), TAKEN_S]))

    async def _end(self, row: Row) -> None:
        claim: Mapping[str, Any] = row["claim"]
        partition = partition_of_case(row["id"])
        if partition is None:
            return
        command = Command(
            # the same from whichever gateway: the fold carries it out once
            id=f"lapsed-{row['id']}-{claim['since_ms']}",
            action=LAPSED,
            case=row["id"],
            given={"account": claim["account"]},
            account=GATEWAY,
            screen=GATEWAY,
        )
        log.info("claims.lapsed", case=row["id"])
        await self._book.ask(partition, command, _unanswered)


def _unanswered(answer: Answer) -> None:
    """Leave an answer aside: the row says whether the claim has ended, and it is asked again where it has not."""


def _name(row: Row) -> str:
    """Return what a claim beats under: another account's, or a newer one, is another."""
    claim: Mapping[str, Any] = row["claim"]
    return f"{row['id']}|{claim['account']}|{claim['since_ms']}"
