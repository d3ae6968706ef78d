"""The data folder: what is where in it, whose it is at the moment, and which clock it was made with."""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from config.settings import default_data_folder
from config.wallclock import now_ms
from watchfloor.exceptions import RefusedError

Clock = Literal["wall", "feed"]
CLOCKS: tuple[Clock, ...] = ("wall", "feed")
# 32 bytes: as long as the HMAC that it keys.
SECRET_BYTES = 32
FOLDERS = ("kafka", "valkey", "snapshots", "rules", "archive", "areas", "logs")


def chosen_folder(named: Path | None) -> Path:
    """Return the folder that a command means: the one named, `WATCHFLOOR_DATA`, or the user's own."""
    if named is not None:
        return named.expanduser().resolve()
    return Path(os.environ.get("WATCHFLOOR_DATA") or default_data_folder()).expanduser().resolve()


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A data folder, by its path; nothing is read or made before a method is called."""

    path: Path

    @property
    def kafka(self) -> Path:
        """The embedded broker's files."""
        return self.path / "kafka"

    @property
    def valkey(self) -> Path:
        """The embedded Valkey's files."""
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        """Each child's output."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What runs here, kept by the supervisor."""
        return self.path / "run.json"

    @property
    def ports(self) -> Path:
        """The ports that a restart takes again."""
        return self.path / "ports.json"

    def make(self) -> None:
        """Make the folder and those in it, open to this user only.

        Raises
        ------
        RefusedError
            If it cannot be made or written.

        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in FOLDERS:
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as failed:
            raise RefusedError(
                f"The data folder {self.path} cannot be made ({failed.strerror}): choose another with --data."
            ) from failed

    def clock(self, asked: Clock | None) -> Clock:
        """Return the folder's clock, fixing it if the folder is new.

        Parameters
        ----------
        asked
            What the command was told; None takes the folder's own, or `wall` for a new one.

        Raises
        ------
        RefusedError
            If the folder was made with the other clock.

        """
        kept = self.path / "clock"
        if not kept.is_file():
            chosen: Clock = asked or "wall"
            kept.write_text(chosen + "\n", encoding="utf-8")
            return chosen
        text = kept.read_text(encoding="utf-8").strip()
        fixed = next((clock for clock in CLOCKS if clock == text), None)
        if fixed is None:
            raise RefusedError(f"{kept} says {text!r} instead of wall or feed: write the right one into it.")
        if asked is not None and asked != fixed:
            raise RefusedError(
                f"{self.path} was made with --clock {fixed}, and a data folder keeps its clock: "
                f"leave --clock out, or choose another folder with --data."
            )
        return fixed

    def secret(self) -> str:
        """Return the secret of this installation, made at the first call and readable by this user only."""
        kept = self.path / "secret"
        with contextlib.suppress(FileExistsError):
            handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as out:
                out.write(secrets.token_urlsafe(SECRET_BYTES))
        return kept.read_text(encoding="ascii")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process until the block ends; a killed holder lets go at once.

        Raises
        ------
        RefusedError
            If another process holds it; its pid and since when are in the sentence.

        """
        with (self.path / "lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as taken:
                raise RefusedError(f"{self.path} is {_holder(lock.name)}") from taken
            lock.truncate(0)
            lock.write(json.dumps({"pid": os.getpid(), "since_ms": now_ms()}))
            lock.flush()
            yield


def _holder(lock: str) -> str:
    try:
        said = json.loads(Path(lock).read_text(encoding="utf-8"))
        since = datetime.fromtimestamp(said["since_ms"] / 1000, UTC).isoformat(timespec="seconds")
        who = f"already run by process {said['pid']} since {since.replace('+00:00', 'Z')}"
    except (ValueError, KeyError):
        who = "already run by another process"
    return f"{who}: stop that one first, or choose another folder with --data."
