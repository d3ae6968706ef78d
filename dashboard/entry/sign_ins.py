"""Who is signed in, in Redis: a lost one means a new sign-in and nothing else.

A browser holds a random token; Redis holds its SHA-256, so that who reads Redis can sign in as nobody.
"""

import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from redis.exceptions import RedisError

from dashboard.redis_line import line_to

KEPT_S = 12 * 3600
"""A shift and what comes before and after it; then a person signs in again."""
MOST_TRIES, TRIES_S = 10, 60
"""Passwords that may be tried for a name, or from an address, within a minute."""
BEGUN_KEPT_S = 600
"""As long as a person may take at a provider's page, with a second factor."""
LOCAL = "local"
"""Who acts where nobody has an account yet, and the name of that sign-in."""


class SignIns:
    """The sign-ins of an installation.

    Every call raises ConnectionError when Redis does not answer.

    Parameters
    ----------
    url
        `redis://`, `rediss://` or `unix://`.
    prefix
        The setting `WATCHFLOOR_PREFIX`.

    """

    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = prefix
        self._redis = line_to(url, decoded=True)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def begin(self, account: str) -> str:
        """Sign an account in for 12 hours; return the browser's token."""
        token = secrets.token_urlsafe(32)
        of, pipe = self._of(account), self._redis.pipeline()
        pipe.set(self._key(name_of(token)), account, ex=KEPT_S)
        pipe.sadd(of, name_of(token))
        pipe.expire(of, KEPT_S)
        await _said(pipe)
        return token

    async def begin_local(self) -> None:
        """Let everybody be `local`, until `end_all(LOCAL)`."""
        pipe = self._redis.pipeline()
        pipe.set(self._key(LOCAL), LOCAL)
        pipe.sadd(self._of(LOCAL), LOCAL)
        await _said(pipe)

    async def account(self, token: str) -> str:
        """Return the account that a token signs in; empty when none."""
        pipe = self._redis.pipeline()
        pipe.get(self._key(name_of(token)))
        return str((await _said(pipe))[0] or "")

    async def end(self, token: str) -> None:
        """Sign out."""
        pipe = self._redis.pipeline()
        pipe.delete(self._key(name_of(token)))
        await _said(pipe)

    async def end_all(self, account: str) -> None:
        """End every sign-in of an account; its sockets close within seconds."""
        of, pipe = self._of(account), self._redis.pipeline()
        pipe.smembers(of)
        names = (await _said(pipe))[0]
        pipe.delete(of, *(self._key(name) for name in names))
        await _said(pipe)

    async def ended(self, names: Iterable[str]) -> set[str]:
        """Return which of these sign-ins are no more."""
        asked = sorted(set(names))
        pipe = self._redis.pipeline()
        for name in asked:
            pipe.exists(self._key(name))
        return {name for name, there in zip(asked, await _said(pipe), strict=True) if not there}

    async def keep_begun(self, state: str, begun: bytes) -> None:
        """Keep what a sign-in at a provider needs when the browser comes back, for 10 minutes."""
        pipe = self._redis.pipeline()
        pipe.set(self._begun(state), begun, ex=BEGUN_KEPT_S)
        await _said(pipe)

    async def take_begun(self, state: str) -> bytes:
        """Return what was kept, once; empty when there is nothing, or not any more."""
        pipe = self._redis.pipeline()
        pipe.getdel(self._begun(state))
        return str((await _said(pipe))[0] or "").encode()

    async def may_try(self, *whom: str) -> bool:
        """Count a try of a password for a name and from an address; tell whether there may be one more."""
        pipe = self._redis.pipeline()
        for one in whom:
            key = f"{self._prefix}tries:{name_of(one)}"
            pipe.set(key, 0, ex=TRIES_S, nx=True)
            pipe.incr(key)
        tries: list[int] = (await _said(pipe))[1::2]
        return max(tries) <= MOST_TRIES

    async def wait_s(self, whom: str, most: int, within_s: int) -> int:
        """Count a question from somebody who need not sign in; return for how many seconds no more may be asked.

        Parameters
        ----------
        whom
            For what it is counted; Redis holds its hash.
        most, within_s
            So many within so long.

        """
        key, pipe = f"{self._prefix}asked:{name_of(whom)}", self._redis.pipeline()
        pipe.set(key, 0, ex=within_s, nx=True)
        pipe.incr(key)
        pipe.ttl(key)
        _, asked, left_s = await _said(pipe)
        return max(int(left_s), 1) if asked > most else 0

    def _key(self, name: str) -> str:
        return f"{self._prefix}signin:{name}"

    def _begun(self, state: str) -> str:
        return f"{self._prefix}begun:{name_of(state)}"

    def _of(self, account: str) -> str:
        return f"{self._prefix}signins:{account}"


def name_of(token: str) -> str:
    """Return what a token is called where it must not stand itself."""
    return sha256(token.encode()).hexdigest()


async def _said(pipe: Any) -> list[Any]:
    """Send what the pipeline holds, and return the answers."""
    try:
        answers: list[Any] = await pipe.execute()
    except (RedisError, OSError, TimeoutError) as silent:
        raise ConnectionError("Redis does not answer; `watchfloor doctor` says why.") from silent
    return answers
