"""One screen's connection: which version it was sent, how much of it still lies here, and how much it may ask for.

Nothing is queued for a screen: it is sent the difference from the version that it has when it can take it, so a slow
one gets the latest value of each key, and one that takes nothing is cut off.
"""

from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from dashboard.entry.tickets import Holder
from dashboard.gateway.channel import Channel
from dashboard.gateway.frames import queued_bytes, write
from dashboard.gateway.queue_channel import PIECE_ROWS, QueueChannel
from dashboard.gateway.rights import Reach

QUEUE_BYTES = 32 * 1024
"""With more than this unsent, a screen is sent nothing new; together with one message it bounds what it costs."""
SLOW_AFTER_S = 8.0
"""So long may bytes lie here unsent: a wall that is 8 s behind shows NO LIVE DATA by itself."""
CLOSED_AFTER_S = 2.0
"""So long may a connection take to end once its ping was not answered or a close was sent."""
MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 10.0, 40.0
"""A page sends one `ack` a second; the rest is for people and scope changes."""
COMMANDS_A_SECOND, COMMANDS_AT_ONCE = 1.0, 20.0
"""Who works by keyboard claims, assigns and releases a case in some seconds, and acknowledges a selection at once."""
CASES_A_SECOND, CASES_AT_ONCE = 5.0, 20.0
"""A desk asks for the case under the cursor, and again when it changes."""
QUEUES_A_SECOND, QUEUES_AT_ONCE = 0.2, 5.0
"""A queue sent whole is some megabytes: a desk asks for it when it opens, changes its scope, or has missed something."""

SLOW = 4408


@dataclass(slots=True)
class Allowance:
    """So many at once, and so many a second."""

    a_second: float
    at_once: float
    left: float
    at_s: float

    def take(self, now_s: float) -> bool:
        """Take one; tell whether there was one."""
        self.left = min(self.at_once, self.left + (now_s - self.at_s) * self.a_second)
        self.at_s = now_s
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(slots=True, eq=False)
class Session:
    """A screen that said hello.

    Attributes
    ----------
    holder
        Who acts on it.
    sent_seq
        The version of the channel's epoch that it was sent; None: it needs a snapshot.
    shown_seq, shown_s
        What it said that it has painted, and when.
    desk, desk_reach, queue
        The desk whose queue it asked for (None: it did not), what of it it sees (None: not known yet), and
        the queue that it follows.
    queue_seq, queue_rest
        The version of the queue that it was sent (None: it needs it whole), and the rows of it that are still to come.
    behind_since_s
        Since when bytes for it have lain here; None: they do not.

    """

    connection: ServerConnection
    opened_s: float
    holder: Holder
    channel: Channel | None = None
    epoch: str = ""
    sent_seq: int | None = None
    shown_seq: int = 0
    shown_s: float = 0.0
    desk: str | None = None
    desk_reach: Reach | None = None
    queue: QueueChannel | None = None
    queue_seq: int | None = None
    queue_rest: list[str] = field(default_factory=list)
    behind_since_s: float | None = None
    ending_since_s: float | None = None
    messages: Allowance = field(init=False)
    commands: Allowance = field(init=False)
    cases: Allowance = field(init=False)
    queues: Allowance = field(init=False)

    def __post_init__(self) -> None:
        at_s = self.opened_s
        self.shown_s = at_s
        self.messages = Allowance(MESSAGES_A_SECOND, MESSAGES_AT_ONCE, MESSAGES_AT_ONCE, at_s)
        self.commands = Allowance(COMMANDS_A_SECOND, COMMANDS_AT_ONCE, COMMANDS_AT_ONCE, at_s)
        self.cases = Allowance(CASES_A_SECOND, CASES_AT_ONCE, CASES_AT_ONCE, at_s)
        self.queues = Allowance(QUEUES_A_SECOND, QUEUES_AT_ONCE, QUEUES_AT_ONCE, at_s)

    def watch(self, channel: Channel, epoch: str | None = None, seq: int | None = None) -> None:
        """Turn to a channel, with what the screen has of it."""
        self.channel = channel
        self.sent_seq = channel.position(epoch, seq)
        self.epoch = channel.epoch

    def deliver(self, server_ms: int) -> int:
        """Send what the screen does not have yet, if it can take it.

        Returns
        -------
        int
            Bytes handed over; 0 where there is nothing to send or no room.

        """
        channel = self.channel
        if channel is None or channel.view is None:
            return 0
        if self.epoch != channel.epoch:
            self.epoch, self.sent_seq = channel.epoch, None
        if self.sent_seq == channel.seq or queued_bytes(self.connection) > QUEUE_BYTES:
            return 0
        frame = None if self.sent_seq is None else channel.since(self.sent_seq)
        if frame is None:
            frame = channel.snapshot(server_ms)
        if not write(self.connection, frame):
            return 0
        self.sent_seq = channel.seq
        return len(frame)

    @property
    def current(self) -> bool:
        """Whether it has been sent the newest version of what it watches."""
        channel = self.channel
        return (
            channel is None
            or channel.view is None
            or (self.epoch == channel.epoch and self.sent_seq == channel.seq)
        )

    def follow_queue(self, queue: QueueChannel | None) -> None:
        """Turn to a queue, which it needs whole, or to none."""
        self.queue, self.queue_seq, self.queue_rest = queue, None, []

    def deliver_queue(self, server_ms: int) -> int:
        """Send what the screen does not have of its queue, as much as it can take; return the bytes handed over."""
        queue, sent = self.queue, 0
        while queue is not None and not self.queue_current and queued_bytes(self.connection) <= QUEUE_BYTES:
            frame, seq, rest = self._next_of(queue, server_ms)
            if not write(self.connection, frame):
                break
            self.queue_seq, self.queue_rest = seq, rest
            sent += len(frame)
        return sent

    @staticmethod
    def _head_of(queue: QueueChannel, server_ms: int) -> tuple[bytes, int, list[str]]:
        frame, rest = queue.whole(server_ms)
        return frame, queue.seq, rest

    def _next_of(self, queue: QueueChannel, server_ms: int) -> tuple[bytes, int, list[str]]:
        seq, rest = self.queue_seq, self.queue_rest
        if seq is None:
            return self._head_of(queue, server_ms)
        if rest:
            return queue.piece(seq, rest[:PIECE_ROWS], server_ms), seq, rest[PIECE_ROWS:]
        frame = queue.since(seq, server_ms)
        return self._head_of(queue, server_ms) if frame is None else (frame, queue.seq, [])

    @property
    def queue_current(self) -> bool:
        """Whether it has been sent the newest version of its queue."""
        queue = self.queue
        return queue is None or not queue.ready or (self.queue_seq == queue.seq and not self.queue_rest)

    def tell(self, frame: bytes) -> bool:
        """Send a frame that is the screen's own, if it can take it."""
        return queued_bytes(self.connection) <= QUEUE_BYTES and write(self.connection, frame)

    def judge(self, now_s: float) -> str:
        """Say what is to be done with the connection: nothing (""), end it as `slow`, or `abort` it.

        A failed ping alone ends nothing in websockets 17: its handler waits to drain what nobody reads.
        """
        if self.connection.protocol.state is not State.OPEN:
            self.ending_since_s = now_s if self.ending_since_s is None else self.ending_since_s
            return "abort" if now_s - self.ending_since_s >= CLOSED_AFTER_S else ""
        if queued_bytes(self.connection) == 0:
            self.behind_since_s = None
            return ""
        self.behind_since_s = now_s if self.behind_since_s is None else self.behind_since_s
        return "slow" if now_s - self.behind_since_s >= SLOW_AFTER_S else ""

    def cut_off(self) -> None:
        """Say goodbye behind what is unsent; the next looks of the watchdog abort what does not end by it."""
        if self.connection.protocol.state is State.OPEN:
            self.connection.protocol.send_close(SLOW, "slow: too far behind")
            self.connection.send_data()
