"""The read models in Redis, as the command line reads them. The only module of the front door that speaks to Redis for its data."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
import redis
from redis.exceptions import RedisError

from config.settings import Settings
from domain.codes import JOURNAL_PARTITIONS
from domain.fold import FOLD_VERSION
from watchfloor.exceptions import MissingError

# Reading 60,000 cases takes about a second; a server that is silent for longer than this is not there.
ANSWER_WITHIN_S = 15.0
CONNECT_WITHIN_S = 3.0
# As long as the workers may take for their answers, and a margin; then the key is of no use to anybody.
ASKED_FOR_S = 60

_decode = msgspec.json.Decoder().decode


def key_prefix(settings: Settings, replay: str = "") -> str:
    """Return what every read model's key begins with.

    Parameters
    ----------
    settings
        Whose `prefix` stands in front.
    replay
        A replay's id; empty: the live one.

    """
    own = f"replay.{replay}:" if replay else ""
    return f"{settings.prefix}wf{FOLD_VERSION}:{own}"


class ReadModels:
    """A reader of the read models; a context manager.

    Every method raises `MissingError` with a sentence when Redis does not answer.
    """

    def __init__(self, settings: Settings, replay: str = "") -> None:
        self._url = settings.redis
        self._replay = replay
        self._prefix = key_prefix(settings, replay)
        try:
            self._redis = redis.Redis.from_url(
                settings.redis, socket_timeout=ANSWER_WITHIN_S, socket_connect_timeout=CONNECT_WITHIN_S
            )
        except ValueError as wrong:
            raise MissingError(
                f"WATCHFLOOR_REDIS is no address of a Redis: {settings.redis!r}; write redis://, rediss:// or unix://."
            ) from wrong

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()

    def positions(self) -> dict[str, int]:
        """Return the last offset folded and written by partition, as `journal:3` or `reports:0`."""
        (pos,) = self._hashes(["pos"])
        return {name.decode(): int(offset) for name, offset in pos.items()}

    def partitions(self) -> dict[int, dict[str, Any]]:
        """Return what is known of each journal partition: `offset`, `clock_ms`, `rules`, `cases`, `alerts_active`."""
        return {int(name): value for name, value in self._decoded("partitions").items()}

    def lanes(self) -> dict[int, dict[str, Any]]:
        """Return what is known of each lane: `offset`, `clock_ms`, `rules`, `refused`, `dead`."""
        return {int(name): value for name, value in self._decoded("lanes").items()}

    def feeds(self) -> dict[str, dict[str, Any]]:
        """Return each feed's counters by its name."""
        return dict(sorted(self._decoded("feeds").items()))

    def blocks(self) -> list[dict[str, dict[str, Any]]]:
        """Return the townships' blocks of every journal partition; who wants a sum adds them up."""
        return [
            {township.decode(): _decode(block) for township, block in one.items()}
            for one in self._hashes([f"grids:{p}" for p in range(JOURNAL_PARTITIONS)])
        ]

    def cases(self) -> list[dict[str, Any]]:
        """Return every case, in the order of their arrival."""
        return self._rows("cases", "arrived_ms")

    def alerts(self) -> list[dict[str, Any]]:
        """Return every alert, in the order of their raising."""
        return self._rows("alerts", "raised_ms")

    def health(self) -> list[dict[str, Any]]:
        """Return the last sign of life of each worker that gave one within 30 s."""
        try:
            keys = sorted(self._redis.scan_iter(match=f"{self._prefix}health:*", count=1000))
            values = self._redis.mget(keys) if keys else []
        except (RedisError, OSError) as gone:
            raise self._gone() from gone
        return [_decode(value) for value in values if value is not None]

    def forwarded(self, source: str) -> int:
        """Return up to which offset of a lane (`reports:0`) the broker has all that intake forwards; -1: not known."""
        stamps = [worker["partitions"].get(source) for worker in self.health()]
        return max((stamp["acked"] for stamp in stamps if stamp is not None), default=-1)

    def ask_digest(self, request: str) -> None:
        """Ask the workers for their states' hashes, under an id that nobody used before."""
        try:
            self._redis.set(f"{self._prefix}ask:digest", request, ex=ASKED_FOR_S)
        except (RedisError, OSError) as gone:
            raise self._gone() from gone

    def digest_answers(self, request: str) -> dict[str, dict[str, Any]]:
        """Return what was answered so far: partition → `offset`, `sha256`, `rules`."""
        return self._decoded(f"digest:{request}")

    def changes_end(self) -> str:
        """Return the id of the last entry of the changes, for `answers_after`."""
        try:
            last: Any = self._redis.xrevrange(f"{self._prefix}changes", count=1)
        except (RedisError, OSError) as gone:
            raise self._gone() from gone
        return last[0][0].decode() if last else "0-0"

    def answers_after(self, entry: str, within_s: float) -> tuple[str, dict[str, dict[str, Any]]]:
        """Return the answers of the folds in the next changes behind an entry, and the last entry that was read.

        Waits up to `within_s` seconds for one; without any, the same entry and no answers.
        """
        key = f"{self._prefix}changes"
        try:
            found: Any = self._redis.xread({key: entry}, count=1000, block=max(1, round(within_s * 1000)))
        except (RedisError, OSError) as gone:
            raise self._gone() from gone
        answers: dict[str, dict[str, Any]] = {}
        for _, entries in found or ():
            for name, fields in entries:
                entry = name.decode()
                answers |= _decode(fields[b"body"]).get("answers", {})
        return entry, answers

    def remove_replay(self) -> int:
        """Delete every key under this reader's prefix, and return how many there were.

        Raises
        ------
        ValueError
            If this is the live read model, which only its workers may change.

        """
        if not self._replay:
            raise ValueError("only a replay's keys may be removed")
        removed = 0
        try:
            for key in self._redis.scan_iter(match=f"{self._prefix}*", count=1000):
                self._redis.unlink(key)
                removed += 1
        except (RedisError, OSError) as gone:
            raise self._gone() from gone
        return removed

    def _rows(self, word: str, order: str) -> list[dict[str, Any]]:
        found = self._hashes([f"{word}:{p}" for p in range(JOURNAL_PARTITIONS)])
        rows = [_decode(value) for one in found for value in one.values()]
        rows.sort(key=lambda row: (row.get(order) or 0, row["id"]))
        return rows

    def _decoded(self, name: str) -> dict[str, Any]:
        (found,) = self._hashes([name])
        return {field.decode(): _decode(value) for field, value in found.items()}

    def _hashes(self, names: Sequence[str]) -> list[Mapping[bytes, bytes]]:
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                for name in names:
                    pipeline.hgetall(self._prefix + name)
                return list(pipeline.execute())
        except (RedisError, OSError) as gone:
            raise self._gone() from gone

    def _gone(self) -> MissingError:
        return MissingError(
            f"Redis does not answer at {self._url}: start it with `watchfloor up`, or mend WATCHFLOOR_REDIS."
        )
