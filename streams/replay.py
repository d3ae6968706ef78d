"""Replay: a stretch of the past, folded again at a pace into read models of its own; it has no producer, so it can send nothing."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

import msgspec

from config.settings import Settings
from config.wallclock import monotonic_s
from domain.fold import FOLD_VERSION, Fold
from streams.archive_files import Row
from streams.offline import BeginningGoneError, fold_rows, read_range, topic_ends
from streams.partition import Partition
from streams.redis_writer import RedisWriter
from streams.snapshots import Snapshots
from streams.sources import EVERY_SOURCE, Source

# Screens follow in steps of this, as live.
STEP_S = 0.05
# The end that a replayed partition never reaches: whatever its read models say is its own.
NO_END = 2**62


class _When(msgspec.Struct):
    """The feed's own time of a record, where it has one."""

    t_ms: int | None = None


_when = msgspec.json.Decoder(_When)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is replayed: journal time from `from_ms` on, up to and with `to_ms`, `speed` journal seconds a second (None: as fast as it goes)."""

    from_ms: int
    to_ms: int
    speed: float | None


@dataclass(slots=True, kw_only=True)
class _Track:
    """One partition on its way through the window."""

    partition: Partition
    batches: AsyncGenerator[list[Row], None]
    rows: list[Row] = field(default_factory=list)
    at: int = 0
    ended: bool = False


class Replay:
    """Folds a window of the past into Redis under the prefix `replay.<id>:`.

    Parameters
    ----------
    settings
        Where archive, snapshots, brokers and Redis are.
    new_fold
        Makes the empty fold of a partition, as `streams.worker.folds` gives it.
    replay_id
        Tells its read models from others.
    window
        What is replayed.
    """

    def __init__(
        self, settings: Settings, new_fold: Callable[[Source], Fold], replay_id: str, window: Window
    ) -> None:
        self._settings = settings
        self._new_fold = new_fold
        self._window = window
        self._tracks: list[_Track] = []
        prefix = f"{settings.prefix}wf{FOLD_VERSION}:replay.{replay_id}:"
        self._writer = RedisWriter(
            settings.redis, prefix, lambda: [track.partition for track in self._tracks]
        )
        self.messages = 0

    async def run(self, begun: Callable[[], None] = lambda: None) -> int:
        """Replay the whole window.

        Parameters
        ----------
        begun
            Called when the state at the window's beginning is in Redis.

        Returns
        -------
        int
            Records folded, those before the window included.

        Raises
        ------
        BeginningGoneError
            If neither a snapshot nor archive and topic reach back far enough.

        """
        ends = await topic_ends(self._settings)
        snapshots = Snapshots(str(self._settings.data / "snapshots"), "replay")
        for source in EVERY_SOURCE:
            fold = self._new_fold(source)
            content = snapshots.load(
                self._settings.topic(source.word), source.number, before_ms=self._window.from_ms
            )
            if content is not None:
                fold.restore(content.state)
            partition = Partition(source=source, fold=fold, end=NO_END, loaded_offset=fold.offset)
            batches = read_range(self._settings, source, fold.offset + 1, ends[source] - 1)
            self._tracks.append(_Track(partition=partition, batches=batches))
        try:
            await self._fold_before(self._window.from_ms)
            await self._writer.write_round()
            begun()
            await self._pace()
        finally:
            await self._writer.close()
            for track in self._tracks:
                await track.batches.aclose()
        return self.messages

    async def _pace(self) -> None:
        begun_s, speed = monotonic_s(), self._window.speed
        now_ms = self._window.from_ms
        while now_ms <= self._window.to_ms and not all(track.ended for track in self._tracks):
            if speed is None:
                now_ms = self._window.to_ms + 1
            else:
                now_ms = self._window.from_ms + int((monotonic_s() - begun_s) * 1000 * speed)
            await self._fold_before(min(now_ms, self._window.to_ms + 1))
            await self._writer.write_round()
            await asyncio.sleep(STEP_S)

    async def _fold_before(self, until_ms: int) -> None:
        """Fold what came before an instant of the journal's time."""
        for track in self._tracks:
            while not track.ended:
                if track.at >= len(track.rows):
                    track.rows = await anext(track.batches, [])
                    track.at = 0
                    track.ended = not track.rows
                    continue
                begin = track.at
                while track.at < len(track.rows) and self._time_ms(track.rows[track.at]) < until_ms:
                    track.at += 1
                fold_rows(track.partition.fold, track.rows[begin : track.at])
                self.messages += track.at - begin
                await asyncio.sleep(0)
                if track.at < len(track.rows):
                    break

    def _time_ms(self, row: Row) -> int:
        """Return when a record was: the broker's stamp, or the feed's own time (0 where it has none: at once)."""
        if self._settings.clock == "wall":
            return row.timestamp_ms
        try:
            return _when.decode(row.value or b"").t_ms or 0
        except msgspec.DecodeError:
            return 0


__all__ = ["BeginningGoneError", "Replay", "Window"]
