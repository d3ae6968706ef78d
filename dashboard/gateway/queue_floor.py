"""The queues that desks follow: each worked out once for all screens of the same desk and rights, from the changed cases alone."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from dashboard.gateway.figures import Figures
from dashboard.gateway.frames import text_frame
from dashboard.gateway.queue import SLOTS, QueueBook
from dashboard.gateway.queue_channel import QueueChannel
from dashboard.gateway.rights import Reach, Rights
from dashboard.gateway.sessions import Session
from domain.rules import Rules

PUBLISH_EVERY_S = 0.05
"""Twenty versions a second: a desk waits for its own action, and a version is a few rows."""
COST_SHARE = 5
"""A version that takes long is made less often: at most a fifth of the time goes into it."""
AGAIN_S = 0.05
"""So soon are screens looked at again that could not take all at once."""
TICK_S = 1.0
KEPT_IDLE_S = 60.0
"""A queue that nobody follows is kept so long, for a screen that comes back."""
AT_ONCE = 500
"""Rows made before others get a turn: some milliseconds."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The time by which the clocks of cases run, the wall's, and one that never goes back."""

    clock_ms: Callable[[], int]
    now_ms: Callable[[], int]
    monotonic_s: Callable[[], float]


@dataclass(slots=True, eq=False)
class _Followed:
    channel: QueueChannel
    sessions: set[Session] = field(default_factory=set)
    idle_since_s: float = 0.0


class QueueFloor:
    """The queues of one floor.

    Parameters
    ----------
    book, rights
        The rows, and who sees which.
    figures
        Where it is counted what was done.
    times
        What time it is.
    known
        Tells whether rows and rights have been read.

    """

    def __init__(
        self, book: QueueBook, rights: Rights, figures: Figures, times: Times, known: Callable[[], bool]
    ) -> None:
        self._book, self._rights, self._figures, self._known = book, rights, figures, known
        self._clock_ms, self._now_ms, self._monotonic_s = times.clock_ms, times.now_ms, times.monotonic_s
        self._followed: dict[tuple[str, Reach], _Followed] = {}
        self._dirty: set[str] = set()
        self._due = asyncio.Event()

    async def run(self) -> None:
        """Publish and tick until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish())
            tasks.create_task(self._tick())

    # -- screens

    def subscribe(self, session: Session, desk: str) -> None:
        """Let a screen follow the queue of a desk, as far as its holder sees it; who sees nothing is told so.

        Before rights and rows are known, it waits for them.
        """
        self.leave(session)
        session.desk = desk
        if not self._known():
            return
        account = session.holder.account
        reach = session.desk_reach = self._rights.reach(account, desk) if account else Reach()
        if not reach.pieces:
            who_watches = "this screen only shows; sign in to see the queue"
            nobody = "no role of yours has to do with cases here"
            self.refuse(session, desk, nobody if account else who_watches)
            return
        followed = self._followed.get((desk, reach))
        if followed is None:
            if not self._followed:
                # nobody has looked at the time left meanwhile
                for name in self._book.items:
                    self._book.renew(name)
            channel = QueueChannel(desk, reach, self._book.urgency)
            followed = self._followed[desk, reach] = _Followed(channel)
        followed.sessions.add(session)
        session.follow_queue(followed.channel)
        self._due.set()

    def leave(self, session: Session) -> None:
        """Let a screen follow no queue any more."""
        for followed in self._followed.values():
            if session in followed.sessions:
                followed.sessions.discard(session)
                followed.idle_since_s = self._monotonic_s()
        session.desk = session.desk_reach = None
        session.follow_queue(None)

    def refuse(self, session: Session, desk: str, reason: str) -> None:
        """Tell a screen that there is no queue for it, and why."""
        nothing = {"type": "queue", "desk": desk, "seq": 0, "server_ms": self._now_ms(), "total": 0}
        session.tell(text_frame(_encode(nothing | {"whole": True, "rows": [], "refused": reason})))

    # -- what changes

    def changed(self, cases: Iterable[str]) -> None:
        """Look at cases again: their rows, or what stands beside them, may be others."""
        if self._followed:
            self._dirty.update(cases)
            self._due.set()

    def rights_changed(self, sessions: Iterable[Session]) -> None:
        """Let each screen see what its holder may see now."""
        for session in list(sessions):
            if session.desk is None:
                continue
            account = session.holder.account
            reach = self._rights.reach(account, session.desk) if account else Reach()
            if session.desk_reach != reach:
                self.subscribe(session, session.desk)

    def follow_rules(self, rules: Rules) -> None:
        """Count by another rule set."""
        self.changed(self._book.follow_rules(rules))

    # -- at work

    async def _publish(self) -> None:
        next_s = 0.0
        while True:
            behind = any(not one.queue_current for each in self._followed.values() for one in each.sessions)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S if behind else None):
                    await self._due.wait()
            wait_s = next_s - self._monotonic_s()
            if self._due.is_set() and wait_s > 0:
                await asyncio.sleep(wait_s)
            if self._due.is_set():
                self._due.clear()
                begun_s = self._monotonic_s()
                spent_s = await self._version()
                next_s = begun_s + max(PUBLISH_EVERY_S, COST_SHARE * spent_s)
            await self._deliver()

    async def _version(self) -> float:
        """Make what is new known to every queue that is followed; return the seconds of work in it."""
        spent_s = 0.0
        for followed in [one for one in self._followed.values() if not one.channel.ready]:
            spent_s += await self._fill(followed.channel)
        begun_s = self._monotonic_s()
        dirty, self._dirty = self._dirty, set()
        if not dirty:
            return spent_s
        clock_ms, book = self._clock_ms(), self._book
        rows = [(name, book.grid(name)) for name in sorted(dirty)]
        for number, (name, grid) in enumerate(rows, start=1):
            if grid and any(one.channel.holds(grid) for one in self._followed.values()):
                book.encoded(name, clock_ms)
            if number % AT_ONCE == 0:
                spent_s += self._monotonic_s() - begun_s
                await asyncio.sleep(0)
                begun_s = self._monotonic_s()
        for followed in self._followed.values():
            channel = followed.channel
            if channel.ready and channel.publish(self._of(channel, dirty, clock_ms)):
                self._figures.versions.inc()
        return spent_s + self._monotonic_s() - begun_s

    def _of(
        self, channel: QueueChannel, names: Iterable[str], clock_ms: int
    ) -> Iterable[tuple[str, bytes | None]]:
        """Give the rows of a queue among those that changed, and those that are not in it any more."""
        for name in names:
            grid = self._book.grid(name)
            if grid and channel.holds(grid):
                yield name, self._book.encoded(name, clock_ms)
            elif channel.has(name):
                yield name, None

    async def _fill(self, channel: QueueChannel) -> float:
        """Put all rows into a new queue; return the seconds of work. What changes meanwhile comes with the next version."""
        spent_s, begun_s, book = 0.0, self._monotonic_s(), self._book
        names = [name for name in list(book.items) if channel.holds(book.grid(name))]
        for number, name in enumerate(names, start=1):
            if name in book.items:
                book.encoded(name, self._clock_ms())
            if number % AT_ONCE == 0:
                spent_s += self._monotonic_s() - begun_s
                await asyncio.sleep(0)
                begun_s = self._monotonic_s()
        channel.tell_alerts(self._book.alerts_in(channel.reach.outside))
        channel.publish(self._of(channel, names, self._clock_ms()))
        channel.ready = True
        return spent_s + self._monotonic_s() - begun_s

    async def _deliver(self) -> None:
        now_ms = self._now_ms()
        for followed in list(self._followed.values()):
            for number, session in enumerate(list(followed.sessions), start=1):
                size = session.deliver_queue(now_ms)
                if size:
                    self._figures.frames.inc()
                    self._figures.bytes.inc(size)
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _tick(self) -> None:
        """Look each second at a sixtieth of the rows: is the time left another than pages show? And let idle queues go."""
        slot = 0
        while True:
            await asyncio.sleep(TICK_S)
            now_s = self._monotonic_s()
            for key, followed in list(self._followed.items()):
                if followed.channel.tell_alerts(self._book.alerts_in(followed.channel.reach.outside)):
                    self._due.set()
                if not followed.sessions and now_s - followed.idle_since_s > KEPT_IDLE_S:
                    del self._followed[key]
            slot = (slot + 1) % SLOTS
            if self._followed:
                self.changed(self._book.ticked(slot, self._clock_ms()))
