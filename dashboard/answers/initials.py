"""Names by the initials of their pinyin, so that a hand on a keyboard finds 城管队 by `cgd`. No name is kept."""

import asyncio
from itertools import product
from typing import Annotated

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response
from msgspec import Meta
from starlette.requests import Request

PATHS = frozenset({"/initials"})

NAMES_AT_ONCE = 200
MOST_READINGS = 8
"""A character can be read in several ways (行 is x and h); a name of three such ones has this many."""


class _Asked(msgspec.Struct, frozen=True):
    of: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=NAMES_AT_ONCE)]


def initials(name: str) -> str:
    """Return a name's initials in each of its readings, parted by blanks.

    >>> initials("城管队")
    'cgd'
    >>> initials("重庆路")
    'cql'

    """
    # its readings of 40,000 words take half a second to load: not at the start, which waits for nobody's name
    from pypinyin import Style, pinyin  # noqa: PLC0415 - as said above

    # what is not Chinese comes as it is, several words at once
    pieces = pinyin(name, style=Style.FIRST_LETTER, heteronym=True)
    readings = [
        list(dict.fromkeys("".join(word[0] for word in way.lower().split()) for way in piece))
        for piece in pieces
    ]
    whole = ("".join(way) for way in product(*(one for one in readings if one)))
    return " ".join([word for word, _ in zip(whole, range(MOST_READINGS), strict=False)])


def declare(server: FastAPI) -> None:
    """Put the answer onto a server. Names come in the body: an address ends up in logs."""

    @server.post("/initials")
    async def of_names(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body(), type=_Asked)
        except msgspec.DecodeError:
            return Response(b'{"error":"Send the names as `of`."}', 400, media_type="application/json")
        found = await asyncio.to_thread(lambda: {name: initials(name) for name in asked.of})
        return Response(msgspec.json.encode(found), media_type="application/json")
