"""A gateway that does exactly what a test says: the live protocol of docs/dev/contracts.md, with silence, gaps and cuts on demand."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]
SENT_WITHIN_S = 5.0


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class FakeGateway:
    """Runs in a thread of its own. `views` maps a scope to the view that it is given; `heard` keeps what pages said."""

    def __init__(self, views: dict[str, Message], port: int = 0) -> None:
        self.views = views
        self.port = port
        self.epoch = "e1"
        self.seq = 1
        self.beating = True
        self.beat: Message = {
            "mode": "wall",
            "freshness": {"state": "live", "age_ms": 200, "cause": ""},
            "feeds": [],
        }
        self.clock_ms: int | None = None
        self.offset_ms = 0  # the server's clock may be wrong against the browser's
        self.heard: list[Message] = []
        self.told: list[Message] = []  # alerts that an answer changed
        self.cases: dict[str, Message] = {}
        self.about: dict[
            str, Message
        ] = {}  # case → what its answer has besides: actions, proposals, duplicates, alerts
        self.queues: dict[str, dict[str, Message]] = {}  # desk → its rows by case
        self.queue_seq = 1
        self.moved: dict[str, Message] = {}  # desk → what its queue says of moved scopes, and their alerts
        self._desks: dict[ServerConnection, str] = {}
        self.answer: Callable[[Message], Message | None] = lambda asked: {"ok": True, "reason": ""}
        self._screens: dict[ServerConnection, str] = {}
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.open()
        self._ask(self._begin_beating())
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()
        self._ask(self._stop_beating())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SENT_WITHIN_S)
        self._loop.close()

    def open(self) -> None:
        """Listen; again on the same port after `shut`."""
        self._ask(self._open())

    def shut(self) -> None:
        """Cut every screen off and listen no more."""
        self._ask(self._shut())

    def show(self, scope: str, view: Message) -> None:
        """Give a scope another view, whole, and tell its screens."""
        self.views[scope] = view
        self.seq += 1
        self._ask(
            self._tell({"type": "snapshot", "scope": scope, "view": view, "server_ms": self.now_ms()}, scope)
        )

    def change(self, scope: str, changes: Message, *, lost: bool = False) -> None:
        """Change a scope's view. `lost` keeps the changes from its screens, as a fault on the way would."""
        self.views[scope] = merged(self.views[scope], changes)
        self.seq += 1
        message = {"type": "changes", "scope": scope, "after": self.seq - 1, "view": changes}
        if not lost:
            self._ask(self._tell(message, scope))

    def put(self, desk: str, *rows: Message, gone: tuple[str, ...] = ()) -> None:
        """Change rows of a desk's queue, and tell its screens."""
        self._ask(self._put(desk, rows, gone))

    def move(self, desk: str, rows: list[Message], **moved: Any) -> None:
        """Give a desk another queue, whole, as when a scope went to another one or came from there."""
        self.queues[desk] = {row["id"]: row for row in rows}
        self.moved[desk] = moved
        self.queue_seq += 1
        self._ask(self._whole(desk))

    async def _whole(self, desk: str) -> None:
        rows = list(self.queues[desk].values())
        message = {"type": "queue", "desk": desk, "seq": self.queue_seq, "server_ms": self.now_ms(), "whole": True, "rows": rows, **self.moved[desk]}  # fmt: skip
        for screen, watched in list(self._desks.items()):
            if watched == desk:
                await screen.send(msgspec.json.encode(message).decode())

    async def _put(self, desk: str, rows: tuple[Message, ...], gone: tuple[str, ...]) -> None:
        here = self.queues.setdefault(desk, {})
        here.update({row["id"]: row for row in rows})
        for name in gone:
            here.pop(name, None)
        self.queue_seq += 1
        message = {
            "type": "queue", "desk": desk, "seq": self.queue_seq, "after": self.queue_seq - 1,
            "server_ms": self.now_ms(), "set": list(rows), "gone": list(gone),
        }  # fmt: skip
        for screen, watched in list(self._desks.items()):
            if watched == desk:
                await screen.send(msgspec.json.encode(message).decode())

    def acts(self, at_least: int = 0) -> list[Message]:
        return self.of_type("act", at_least)

    def cut(self, code: int = 1012) -> None:
        """Close every screen's socket, and go on listening."""
        self._ask(self._cut(code))

    def now_ms(self) -> int:
        return wall_ms() + self.offset_ms

    @property
    def screens(self) -> int:
        return len(self._screens)

    def commands(self, at_least: int = 0) -> list[Message]:
        return self.of_type("command", at_least)

    def of_type(self, kind: str, at_least: int) -> list[Message]:
        """What was heard; a dialog closes before its message is on the way, so wait until there are so many."""
        until = time.monotonic() + SENT_WITHIN_S
        while True:
            found = [message for message in self.heard if message["type"] == kind]
            if len(found) >= at_least or time.monotonic() > until:
                return found
            time.sleep(0.01)

    def _ask(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(SENT_WITHIN_S)

    async def _open(self) -> None:
        self._server = await serve(
            self._screen, "127.0.0.1", self.port, ping_interval=None, close_timeout=0.2
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _cut(self, code: int) -> None:
        for screen in list(self._screens):
            await screen.close(code)

    async def _begin_beating(self) -> None:
        self._heart = asyncio.create_task(self._beat_each_second())

    async def _stop_beating(self) -> None:
        self._heart.cancel()

    async def _beat_each_second(self) -> None:
        while True:
            if self.beating:
                for scope in set(self._screens.values()):
                    await self._tell(self._heartbeat(), scope)
            await asyncio.sleep(1.0)

    def _heartbeat(self) -> Message:
        now_ms = self.now_ms()
        clock_ms = now_ms if self.clock_ms is None else self.clock_ms
        return {"type": "heartbeat", "server_ms": now_ms, "clock_ms": clock_ms, **self.beat}

    async def _tell(self, message: Message, scope: str) -> None:
        body = msgspec.json.encode({"epoch": self.epoch, "seq": self.seq, **message}).decode()
        for screen, watched in list(self._screens.items()):
            if watched == scope:
                try:
                    await screen.send(body)
                except ConnectionClosed:
                    self._screens.pop(screen, None)

    async def _screen(self, screen: ServerConnection) -> None:
        try:
            async for text in screen:
                message = msgspec.json.decode(text)
                self.heard.append(message)
                await self._answer(screen, message)
        except ConnectionClosed:
            pass
        finally:
            self._screens.pop(screen, None)
            self._desks.pop(screen, None)

    async def _answer(self, screen: ServerConnection, message: Message) -> None:
        kind = message["type"]
        if kind in {"hello", "scope"}:
            scope = message["scope"]
            self._screens[screen] = scope
            if kind == "hello" and (message["epoch"], message["seq"]) == (self.epoch, self.seq):
                return
            view = self.views.get(scope)
            if view is not None:
                head = {"epoch": self.epoch, "seq": self.seq, "scope": scope, "server_ms": self.now_ms()}
                await screen.send(msgspec.json.encode({"type": "snapshot", **head, "view": view}).decode())
            if self.beating:
                await screen.send(msgspec.json.encode({**self._heartbeat(), "seq": self.seq}).decode())
        elif kind == "queue":
            self._desks[screen] = message["desk"]
            rows = list(self.queues.get(message["desk"], {}).values())
            whole = {"type": "queue", "desk": message["desk"], "seq": self.queue_seq, "server_ms": self.now_ms(), "whole": True, "rows": rows, **self.moved.get(message["desk"], {})}  # fmt: skip
            await screen.send(msgspec.json.encode(whole).decode())
        elif kind in {"command", "act", "desk"}:
            answer = self.answer(message)
            if answer is not None:
                await screen.send(
                    msgspec.json.encode({"type": "answer", "id": message["id"], **answer}).decode()
                )
        elif kind == "case":
            found = self.cases.get(message["id"])
            await screen.send(
                msgspec.json.encode(
                    {"type": "case", "id": message["id"], "case": found, **self.about.get(message["id"], {})}
                ).decode()
            )


def merged(view: Message, changes: Message) -> Message:
    """Return a view with changes in it."""
    new = {**view, **{name: value for name, value in changes.items() if name not in {"areas", "alerts"}}}
    if "areas" in changes:
        rows = {row["code"]: row for row in (*view["areas"], *changes["areas"])}
        new["areas"] = [rows[code] for code in sorted(rows)]
    if "alerts" in changes:
        alerts = {alert["id"]: alert for alert in (*view["alerts"]["set"], *changes["alerts"].get("set", []))}
        for name in changes["alerts"].get("gone", []):
            alerts.pop(name, None)
        new["alerts"] = {"set": list(alerts.values())}
    return new
