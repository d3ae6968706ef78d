"""How the tracking page brings a reporter's answer to the gateway: one short-lived socket, a ticket for that one case."""

import asyncio
from typing import Any

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from config.wallclock import now_ms
from dashboard.commands.command import ANSWER_WITHIN_S, Answer, Reported
from dashboard.commands.edge import REPORTER
from dashboard.entry.tickets import Holder, issue
from dashboard.gateway.socket import REPORTED

WITHIN_S = ANSWER_WITHIN_S + 2.0
"""The gateway itself says after five seconds that it does not know."""
LOST = Answer(id="", ok=False, reason="the gateway does not answer", code="lost")

_encode = msgspec.json.Encoder().encode


class ReporterLine:
    """The way to the gateway.

    Parameters
    ----------
    secret
        What dashboard and gateway share.
    gateway
        The gateway's host and port, as this process reaches it.

    """

    def __init__(self, secret: str, gateway: tuple[str, int]) -> None:
        self._secret = secret
        host, port = gateway
        self._url = f"ws://{f'[{host}]' if ':' in host else host}:{port}{REPORTED}"

    async def say(self, case: str, message: Reported) -> Answer:
        """Send what a reporter says about a case; the answer says whether it was done, and is `lost` without one."""
        ticket = issue(self._secret, now_ms(), Holder(account=REPORTER, case=case))
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                connect(self._url, origin=None, proxy=None, compression=None, user_agent_header=None) as line,
            ):
                await line.send(_encode({"type": "hello", "token": ticket}).decode())
                await line.send(_encode(message).decode())
                async for text in line:
                    said: dict[str, Any] = msgspec.json.decode(text)
                    if said.get("type") == "answer" and said.get("id") == message.id:
                        return msgspec.convert(said, Answer)
        except (OSError, TimeoutError, InvalidHandshake, WebSocketException, msgspec.MsgspecError):
            return LOST
        return LOST
