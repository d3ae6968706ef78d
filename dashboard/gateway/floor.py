"""One set of read models with the screens that watch it: live, or a replay.

Each watched scope is worked out once, at most ten times a second, and only when something in it changed.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import structlog

from config.rules import RulesMissingError
from dashboard.commands.command import CommandBook
from dashboard.gateway import views
from dashboard.gateway.channel import Channel
from dashboard.gateway.figures import Figures
from dashboard.gateway.follower import Follower
from dashboard.gateway.frames import queued_bytes, text_frame
from dashboard.gateway.freshness import Freshness, Watch, judge, judge_replay
from dashboard.gateway.levels import Children, no_children
from dashboard.gateway.model import Model
from dashboard.gateway.queue import QueueBook
from dashboard.gateway.queue_floor import QueueFloor, Times
from dashboard.gateway.redis_reader import RedisReader
from dashboard.gateway.rights import Rights
from dashboard.gateway.sessions import Session
from domain.codes import JOURNAL_PARTITIONS
from domain.rules import Rules, RulesError

PUBLISH_EVERY_S = 0.1
"""Ten versions a second: faster than anybody reads, and a tenth of the second that a wall may lag."""
COST_SHARE = 5
"""A view that takes long is worked out less often: at most a fifth of the time goes into it."""
TREND_EVERY_S = 1.0
"""The trend's buckets are five minutes long; a second is enough for its last point."""
KEPT_IDLE_S = 60.0
"""A scope that nobody watches is kept so long, for a screen that comes back."""
IDLE_CHANNELS = 512
BEAT_S = 1.0
LOOK_S = 0.5
BURST = 500
"""Screens written to before others get a turn: some milliseconds."""
RULES_LOOK_S = 0.05
RULES_AGAIN_S = 10.0
BLIND_AFTER_S = 5.0

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True, eq=False)
class Watched:
    """A scope's channel, who watches it, and when it is worked out next."""

    channel: Channel
    sessions: set[Session] = field(default_factory=set)
    dirty: bool = True
    next_s: float = 0.0
    trend: list[list[int]] | None = None
    trend_s: float = 0.0
    trend_is_old: bool = False
    idle_since_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorParts:
    """What a floor is made of.

    Attributes
    ----------
    epoch
        A text that no other floor of any gateway has.
    rules_of
        Loads a rule set by its hash; runs in a thread.

    """

    reader: RedisReader
    book: CommandBook
    figures: Figures
    epoch: str
    replay: str
    clock: Literal["wall", "feed"]
    rules_of: Callable[[str], Rules]
    now_ms: Callable[[], int]
    monotonic_s: Callable[[], float]


class Floor:
    """The screens of one set of read models."""

    def __init__(self, parts: FloorParts) -> None:
        self.parts = parts
        self.model = Model()
        self.rights = Rights()
        self.queue = QueueBook(self.model.alerts)
        self.rules: Rules | None = None
        self.queues = QueueFloor(
            self.queue,
            self.rights,
            parts.figures,
            Times(clock_ms=self.clock_ms, now_ms=parts.now_ms, monotonic_s=parts.monotonic_s),
            known=lambda: self.follower.loaded,
        )
        self.watch = Watch(since_ms=parts.now_ms(), redis_ms=parts.now_ms())
        self.follower = Follower(
            reader=parts.reader,
            model=self.model,
            queue=self.queue,
            rights=self.rights,
            watch=self.watch,
            touched=self._touch,
            cases=self.queues.changed,
            granted=lambda: self.queues.rights_changed(self.sessions),
            lost=self._lose,
            answers=self._answered,
            now_ms=parts.now_ms,
        )
        self.sessions: set[Session] = set()
        self.idle_since_s = parts.monotonic_s()
        self._watched: dict[str, Watched] = {}
        self._epochs = 0
        self._due = asyncio.Event()
        self._children: Children = no_children
        self._rules_tried = False

    async def run(self) -> None:
        """Follow, publish, beat and watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                parts = (
                    self.follower.run,
                    self._publish,
                    self._beat,
                    self._look,
                    self._mind_rules,
                    self.queues.run,
                )
                for part in parts:
                    tasks.create_task(part())
        finally:
            await self.parts.reader.aclose()

    def join(self, session: Session, scope: str, epoch: str | None = None, seq: int | None = None) -> None:
        """Let a screen watch a scope, from what it still has of it or from a snapshot."""
        self._part(session)
        watched = self._watched.get(scope)
        if watched is None:
            self._epochs += 1
            watched = self._watched[scope] = Watched(Channel(scope, f"{self.parts.epoch}.{self._epochs}"))
        watched.sessions.add(session)
        self.sessions.add(session)
        if watched.dirty and len(watched.sessions) == 1:
            # for others the publisher has its turn soon, and sends it to all
            self._work_out(watched)
        session.watch(watched.channel, epoch, seq)
        if session.sent_seq is not None and session.current:
            # nothing missed: said with changes of nothing, so that the screen knows that it is up to date
            head = {"type": "changes", "epoch": session.epoch, "after": seq, "seq": seq, "scope": scope}
            self._count(len(text_frame(b"")) if session.tell(text_frame(_encode(head | {"view": {}}))) else 0)
        self._count(session.deliver(self.parts.now_ms()))

    def leave(self, session: Session) -> None:
        """Forget a screen."""
        self._part(session)
        self.queues.leave(session)
        self.sessions.discard(session)
        if not self.sessions:
            self.idle_since_s = self.parts.monotonic_s()

    def clock_ms(self) -> int:
        """Return the time by which cases run: the wall's, or with recorded feeds and replays the feeds' own."""
        return self.model.clock_ms if self.parts.replay or self.parts.clock == "feed" else self.parts.now_ms()

    def freshness(self) -> Freshness:
        """Say how old what the screens show is."""
        now_ms = self.parts.now_ms()
        if self.parts.replay:
            return judge_replay(self.watch, now_ms)
        lanes = [source for source in self.model.positions if source.startswith("reports:")]
        return judge(self.watch, now_ms, [*lanes, *(f"journal:{p}" for p in range(JOURNAL_PARTITIONS))])

    def _part(self, session: Session) -> None:
        if session.channel is not None and (watched := self._watched.get(session.channel.scope)) is not None:
            watched.sessions.discard(session)
            watched.idle_since_s = self.parts.monotonic_s()
        session.channel = None

    def _touch(self, places: set[str]) -> None:
        for scope, watched in self._watched.items():
            if not watched.dirty and any(one.startswith(scope) or scope.startswith(one) for one in places):
                watched.dirty = True
        self._due.set()

    def _lose(self) -> None:
        for watched in self._watched.values():
            watched.channel.lose()

    def _answered(self, answers: dict[str, dict[str, object]]) -> None:
        if not self.parts.replay:
            self.parts.book.answered(answers)

    async def _publish(self) -> None:
        """Work out what changed and is watched, as soon as it is its turn."""
        delay_s: float | None = None
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._due.wait()
            self._due.clear()
            next_s: list[float] = []
            for watched in list(self._watched.values()):
                if not watched.dirty or not watched.sessions:
                    continue
                if watched.next_s > self.parts.monotonic_s():
                    next_s.append(watched.next_s)
                elif self._work_out(watched):
                    await self._deliver(watched)
            delay_s = max(min(next_s) - self.parts.monotonic_s(), 0.0) if next_s else None

    def _work_out(self, watched: Watched) -> bool:
        """Work a scope's view out; tell whether it is another than before. Before the first load there is none."""
        if not self.follower.loaded or (self.model.rules() and not self._rules_tried):
            # without the rule set's areas the first view would have other areas than the second
            return False
        begun_s = self.parts.monotonic_s()
        if watched.trend is None or begun_s - watched.trend_s >= TREND_EVERY_S:
            watched.trend, watched.trend_s = views.trend_of(self.model, watched.channel.scope), begun_s
        watched.trend_is_old = watched.trend_s != begun_s
        view = views.build(self.model, watched.channel.scope, self._children, watched.trend)
        watched.dirty = False
        changed = watched.channel.publish(view)
        cost_s = self.parts.monotonic_s() - begun_s
        watched.next_s = begun_s + max(PUBLISH_EVERY_S, COST_SHARE * cost_s)
        self.parts.figures.view_seconds.observe(cost_s)
        if changed:
            self.parts.figures.versions.inc()
        return changed

    async def _deliver(self, watched: Watched) -> None:
        server_ms = self.parts.now_ms()
        for count, session in enumerate(list(watched.sessions), start=1):
            self._count(session.deliver(server_ms))
            if count % BURST == 0:
                await asyncio.sleep(0)

    async def _beat(self) -> None:
        """Say every second what time it is and how old everything is; a trend whose last point is old gets its turn."""
        while True:
            await asyncio.sleep(BEAT_S)
            tail = self._heartbeat()
            now_s, now_ms = self.parts.monotonic_s(), self.parts.now_ms()
            for watched in list(self._watched.values()):
                if not watched.sessions:
                    self._retire(watched, now_s)
                    continue
                if watched.trend_is_old:
                    watched.dirty = True
                    self._due.set()
                frame = text_frame(b'{"type":"heartbeat","seq":%d,%b' % (watched.channel.seq, tail))
                for count, session in enumerate(list(watched.sessions), start=1):
                    self._count(session.deliver(now_ms))
                    if session.current and session.tell(frame):
                        self._count(len(frame))
                    if count % BURST == 0:
                        await asyncio.sleep(0)

    def _heartbeat(self) -> bytes:
        mode = "feed" if self.parts.replay else self.parts.clock
        now_ms = self.parts.now_ms()
        reference_ms = now_ms if mode == "wall" else self.model.clock_ms
        feeds = [
            {
                "feed": name,
                "age_ms": max(reference_ms - int(feed.get("last_ms") or 0), 0)
                if feed.get("last_ms")
                else None,
                "silent": bool(feed.get("silent")),
            }
            for name, feed in sorted(self.model.feeds.items())
        ]
        beat = {
            "server_ms": now_ms,
            "clock_ms": self.model.clock_ms,
            "mode": mode,
            "freshness": self.freshness(),
            "feeds": feeds,
            # a screen that shows a part must say that there is something in another
            "unacked_all": sum(stack.unacked for _, stack in self.model.stacks("")),
        }
        return _encode(beat)[1:]

    def _retire(self, watched: Watched, now_s: float) -> None:
        idle = sum(not one.sessions for one in self._watched.values())
        if now_s - watched.idle_since_s >= KEPT_IDLE_S or idle > IDLE_CHANNELS:
            del self._watched[watched.channel.scope]

    async def _look(self) -> None:
        """Cut off the screens that do not take what they are sent, and tell askers that wait for too long."""
        figures = self.parts.figures
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = self.parts.monotonic_s()
            queued = blind = 0
            for count, session in enumerate(list(self.sessions), start=1):
                queued += queued_bytes(session.connection)
                verdict = session.judge(now_s)
                if verdict == "slow":
                    figures.kicked.labels("slow").inc()
                    session.cut_off()
                elif verdict == "abort":
                    figures.kicked.labels("aborted").inc()
                    session.connection.transport.abort()
                behind = session.channel is not None and session.shown_seq < session.channel.seq
                blind += behind and now_s - session.shown_s > BLIND_AFTER_S
                if count % BURST == 0:
                    await asyncio.sleep(0)
            if not self.parts.replay:
                figures.queued.set(queued)
                figures.blind.set(blind)
                figures.clients.set(len(self.sessions))
                figures.channels.set(len(self._watched))
                figures.redis_age.set((self.parts.now_ms() - self.watch.redis_ms) / 1000)
                self.parts.book.expire()

    async def _mind_rules(self) -> None:
        """Know the rule set in force: its areas, so that those without any report are shown too, flows and calendars."""
        known = ""
        while True:
            wait_s = BEAT_S if self.follower.loaded else RULES_LOOK_S
            wanted = self.model.rules()
            if wanted and wanted != known:
                try:
                    rules = await asyncio.to_thread(self.parts.rules_of, wanted)
                except (RulesMissingError, RulesError, OSError) as missing:
                    log.warning("rules.missing", hash=wanted, why=str(missing))
                    wait_s = RULES_AGAIN_S
                else:
                    known = wanted
                    self.rules, self._children = rules, rules.children
                    self.queues.follow_rules(rules)
                self._rules_tried = True
                self._touch({""})
            await asyncio.sleep(wait_s)

    def _count(self, size: int) -> None:
        if size:
            self.parts.figures.frames.inc()
            self.parts.figures.bytes.inc(size)
