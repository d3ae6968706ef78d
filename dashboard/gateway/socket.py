"""The live socket: who may open it, what is said on it, and how it ends. The views come from a floor."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from config.vault import VaultError
from dashboard.commands.command import (
    Act,
    Answer,
    Ask,
    AskCase,
    Beat,
    ChangeScope,
    CommandBook,
    DeskAct,
    Hello,
    OpenQueue,
    Reported,
    Shown,
    decoder,
    for_alert,
    for_case,
)
from dashboard.commands.command import RefusedError as CannotBeError
from dashboard.commands.edge import for_desk, for_reporter
from dashboard.commands.sealer import Seal
from dashboard.entry.origins import origin_is_ours
from dashboard.entry.tickets import Holder, TicketGate
from dashboard.gateway.desk_line import DeskLine
from dashboard.gateway.figures import Figures
from dashboard.gateway.floor import Floor
from dashboard.gateway.frames import text_frame
from dashboard.gateway.sessions import Session
from domain.codes import is_jurisdiction
from domain.records import Command

HELLO_WITHIN_S = 3.0
MOST_CLIENTS = 6_000
"""What one process is measured for is 5,000; beyond this another gateway is needed."""
MOST_MESSAGE_BYTES = 64 * 1024
FRAMES_WAITING = 8
"""Read frames that wait for us: a page sends one a second."""
PING_EVERY_S, PING_WITHIN_S, CLOSE_WITHIN_S = 20, 20, 2
SEND_BUFFER_BYTES = 64 * 1024
"""The kernel's share of what a screen that does not read can cost; left alone it grows to megabytes."""
BACKLOG = 1024
"""Screens that come back all at once after a restart."""

POLICY, TRY_LATER, TOKEN = 1008, 1013, 4401

REPORTED = "/reported"
"""Where the tracking page's server brings a reporter's answer; a ticket that names a case is good here alone."""

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


class RefusedError(Exception):
    """A screen is sent away: the reason is said, then the socket is closed with the code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParts:
    """What the live socket is made of.

    Attributes
    ----------
    floor_of
        Returns the floor of a replay's id ("" for live); raises LookupError with a sentence where there is none.
    health
        The body of `/healthz`.
    seal
        Seals what somebody wrote in a command about an alert's case ("" where it has none), before it is written.
    desk
        Answers what dispatch desks ask.
    page_kept
        Tells whether the page of a handover is kept, by its SHA-256; runs in a thread.
    case_of_code
        Returns the case of a tracking code, or None; runs in a thread.

    """

    floor_of: Callable[[str], Floor]
    health: Callable[[], dict[str, object]]
    book: CommandBook
    figures: Figures
    gate: TicketGate
    wall_port: int
    public_gateway_url: str
    seal: Seal
    desk: DeskLine
    page_kept: Callable[[str], bool]
    case_of_code: Callable[[str], str | None]
    now_ms: Callable[[], int]
    monotonic_s: Callable[[], float]


class Live:
    """Serves screens."""

    def __init__(self, parts: LiveParts) -> None:
        self.parts = parts
        self.open = 0

    async def serve(self, listener: socket.socket) -> Server:
        """Serve the connections of a bound socket."""
        return await serve(
            self._handle,
            sock=listener,
            process_request=self._request,
            compression=None,
            max_size=MOST_MESSAGE_BYTES,
            max_queue=FRAMES_WAITING,
            write_limit=SEND_BUFFER_BYTES,
            ping_interval=PING_EVERY_S,
            ping_timeout=PING_WITHIN_S,
            close_timeout=CLOSE_WITHIN_S,
            open_timeout=HELLO_WITHIN_S,
            server_header=None,
        )

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP, and let only the wall's own pages open a socket."""
        path = request.path.partition("?")[0]
        if path == "/healthz":
            response = connection.respond(HTTPStatus.OK, _encode(self.parts.health()).decode())
            response.headers["Content-Type"] = "application/json"
            return response
        if path == "/metrics":
            return connection.respond(HTTPStatus.OK, self.parts.figures.text().decode())
        if path not in {"/live", REPORTED}:
            return connection.respond(HTTPStatus.NOT_FOUND, "The live socket is at /live.\n")
        origins, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
        if path == REPORTED and not origins:
            return None  # a browser says where its page is from; this is the tracking page's own server
        origin = origins[0] if len(origins) == 1 and path == "/live" else None
        host = hosts[0] if len(hosts) == 1 else ""
        if not origin_is_ours(origin, host, self.parts.wall_port, self.parts.public_gateway_url):
            self.parts.figures.refused.labels("origin").inc()
            return connection.respond(HTTPStatus.FORBIDDEN, "Only the wall's own pages may listen here.\n")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        self.open += 1
        try:
            await self._serve_one(connection)
        except RefusedError as refused:
            self.parts.figures.refused.labels(str(refused.code)).inc()
            with contextlib.suppress(ConnectionClosed):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await connection.send(_encode({"type": "error", "reason": refused.reason}).decode())
                    await connection.close(refused.code, refused.reason)
        except ConnectionClosed:
            pass
        finally:
            self.open -= 1

    async def _serve_one(self, connection: ServerConnection) -> None:
        if self.open > MOST_CLIENTS:
            raise RefusedError(TRY_LATER, "this gateway has as many screens as it can serve; try again later")
        hello, holder = await self._hello(connection)
        if bool(holder.case) != (connection.request is not None and connection.request.path == REPORTED):
            raise RefusedError(TOKEN, "ticket of another socket")
        try:
            floor = self.parts.floor_of(hello.replay)
        except LookupError as missing:
            raise RefusedError(POLICY, str(missing)) from missing
        session = Session(connection, self.parts.monotonic_s(), holder)
        try:
            if not holder.case:
                floor.join(session, _scope(hello.scope), hello.epoch, hello.seq)
            async for text in connection:
                if not session.messages.take(self.parts.monotonic_s()):
                    raise RefusedError(POLICY, "too many messages; a screen sends one a second")
                await self._hear(floor, session, _read(text))
        finally:
            floor.leave(session)

    async def _hello(self, connection: ServerConnection) -> tuple[Hello, Holder]:
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                hello = _read(await connection.recv())
        except TimeoutError:
            raise RefusedError(POLICY, "say hello within 3 seconds") from None
        if not isinstance(hello, Hello):
            raise RefusedError(POLICY, "say hello first")
        holder = self.parts.gate.redeem(hello.token, self.parts.now_ms())
        if isinstance(holder, str):
            raise RefusedError(TOKEN, f"ticket {holder}; ask the page's host for a new one at /ticket")
        return hello, holder

    async def _hear(self, floor: Floor, session: Session, message: object) -> None:
        if bool(session.holder.case) != isinstance(message, Reported):
            raise RefusedError(
                POLICY, "a reporter says that a case is not settled, and nobody else does so here"
            )
        match message:
            case Shown(seq=seq):
                if session.channel is not None and seq >= min(session.shown_seq + 1, session.channel.seq):
                    session.shown_seq, session.shown_s = seq, self.parts.monotonic_s()
            case ChangeScope(scope=scope):
                floor.join(session, _scope(scope))
                session.shown_seq = 0
            case Ask():
                about = floor.model.alerts.get(message.alert)
                case = str((about or {}).get("case") or "")
                await self._command(
                    floor,
                    session,
                    message.id,
                    lambda: for_alert(message, about, session.holder.account),
                    case,
                )
            case Act():
                await self._command(
                    floor, session, message.id, lambda: for_case(message, session.holder.account)
                )
            case DeskAct() | Reported():
                await self._at_the_edge(floor, session, message)
            case AskCase() | OpenQueue() | Beat():
                await self._of_desk(floor, session, message)
            case _:
                raise RefusedError(POLICY, "hello is said once")

    async def _at_the_edge(self, floor: Floor, session: Session, message: DeskAct | Reported) -> None:
        """Pass on what is about a desk, or what a reporter says: both are checked against what folds cannot know."""
        holder = session.holder
        if isinstance(message, DeskAct):
            kept = bool(message.sha256) and await asyncio.to_thread(self.parts.page_kept, message.sha256)
            await self._command(
                floor, session, message.id, lambda: for_desk(message, holder.account, kept=kept)
            )
            return
        case: str | None = None
        with contextlib.suppress(VaultError):  # a code that cannot be read now is no code
            case = await asyncio.to_thread(self.parts.case_of_code, message.code)
        await self._command(floor, session, message.id, lambda: for_reporter(message, case, holder.case))

    async def _command(
        self,
        floor: Floor,
        session: Session,
        name: str,
        meant: Callable[[], tuple[int, Command]],
        about: str = "",
    ) -> None:
        written: list[Command] = []

        def reply(answer: Answer) -> None:
            self.parts.figures.commands.labels(str(answer.ok).lower()).inc()
            if not (written and self.parts.desk.lost(floor, session, written[0], answer)):
                session.tell(text_frame(_encode(answer)))

        try:
            self._allow(floor, session)
            partition, command = meant()
            command = await self.parts.seal(command, about)
        except CannotBeError as no:
            reply(Answer(id=name, ok=False, reason=str(no)))
            return
        written.append(command)
        await self.parts.book.ask(partition, command, reply)

    def _allow(self, floor: Floor, session: Session) -> None:
        """Raise CannotBeError where no command can be given from this screen now."""
        if floor.parts.replay:
            raise CannotBeError("a replay takes no commands")
        if not session.holder.account:
            raise CannotBeError("this screen only shows; sign in to act")
        if not session.commands.take(self.parts.monotonic_s()):
            raise CannotBeError("too many commands; wait a second")

    async def _of_desk(self, floor: Floor, session: Session, message: AskCase | OpenQueue | Beat) -> None:
        now_s, desk = self.parts.monotonic_s(), self.parts.desk
        match message:
            case AskCase(id=name):
                if session.cases.take(now_s):
                    await desk.case(floor, session, name)
            case OpenQueue(desk=code):
                if not session.queues.take(now_s):
                    raise RefusedError(POLICY, "too many queues; a screen asks for one when it opens")
                desk.queue(floor, session, _scope(code))
            case Beat():
                await desk.beat(floor, session, message)


def _read(text: str | bytes) -> object:
    if isinstance(text, bytes):
        raise RefusedError(POLICY, "messages are text")
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as wrong:
        raise RefusedError(POLICY, f"not a message of this protocol: {wrong}"[:120]) from wrong


def _scope(code: str) -> str:
    if not is_jurisdiction(code):
        raise RefusedError(POLICY, "a scope has the 2, 4, 6, 9, 12 or 15 digits of a level, or none")
    return code
