"""The one way of the dashboard's processes to Redis: bounded in time and connections, and tried once.

Who asks tries again, and wants to know at once.
"""

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

ANSWER_WITHIN_S = 2.5
"""Below the 3 s after which the wall says DELAYED, so that a silent Redis is noticed before."""


def line_to(url: str, *, connections: int = 8, decoded: bool = False) -> redis.asyncio.Redis:
    """Return a client, which connects when it is first asked.

    Parameters
    ----------
    url
        `redis://`, `rediss://` or `unix://`.
    connections
        At most so many.
    decoded
        Answers are text instead of bytes.

    """
    return redis.asyncio.Redis.from_url(
        url,
        protocol=2,
        decode_responses=decoded,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
        max_connections=connections,
    )
