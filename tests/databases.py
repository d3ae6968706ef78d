"""The two databases that accounts and the vault run on: SQLite, and a PostgreSQL of these tests on a free port."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from watchfloor.exceptions import MissingError

READY_WITHIN_S = 30
PLACES = "/usr/lib/postgresql"
"""Where Debian puts the server's programs, by version."""


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        (str(one) for one in sorted(Path(PLACES).glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        raise MissingError(f"PostgreSQL's {name} is absent: apt-get install postgresql.")
    return found


def _bound_to_us() -> list[str]:
    """Say how a program is begun that the kernel ends with these tests, also when they are killed; Debian has it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "QUIT", "--"] if setpriv else []


def _owner() -> dict[str, Any]:
    """Say as whom the server runs: it refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise MissingError("PostgreSQL refuses root, and this machine has no user postgres or nobody.")


class Postgresql:
    """A server in a folder of its own, on a port that it keeps; `url` is without a database's name."""

    def __init__(self, folder: Path, owner: dict[str, Any]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = ("fsync=off", f"unix_socket_directories={folder}", "listen_addresses=127.0.0.1")
        self.url = f"postgresql://watchfloor@127.0.0.1:{port}"
        self._argv = [
            *_bound_to_us(), _program("postgres"), "-D", str(folder / "data"), "-p", str(port),
            *(word for one in settings for word in ("-c", one)),
        ]  # fmt: skip
        self._quiet: dict[str, Any] = {"cwd": folder, **owner}
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._server = subprocess.Popen(
            self._argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._quiet
        )
        _wait(self._server, self.url)

    def kill(self) -> None:
        """End it at once, with all that serve its connections."""
        if self._server is not None:
            for child in psutil.Process(self._server.pid).children():
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            self._server.kill()
            self._server.wait(20)

    def stop(self) -> None:
        """End it as it should be."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # "fast": whoever is connected is sent away
            self._server.wait(20)


@contextmanager
def postgresql_server() -> Iterator[Postgresql]:
    """Run a server until the block ends.

    Raises
    ------
    MissingError
        If it cannot be had on this machine.

    """
    initdb, owner = _program("initdb"), _owner()
    folder = Path(tempfile.mkdtemp(prefix="watchfloor-postgresql-"))
    try:
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        made = subprocess.run(
            [initdb, "-D", folder / "data", "-U", "watchfloor", "--auth=trust", "-E", "UTF8", "--no-sync"],
            capture_output=True, text=True, timeout=60, check=False, cwd=folder, **owner,
        )  # fmt: skip
        if made.returncode != 0:
            raise MissingError(f"PostgreSQL could not be set up: {made.stderr.strip()[-400:]}")
        server = Postgresql(folder, owner)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Run a server until the block ends; yield its URL without a database's name. Raises as `postgresql_server`."""
    with postgresql_server() as server:
        yield server.url


def _wait(server: "subprocess.Popen[bytes]", url: str) -> None:
    until_s = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            psycopg.connect(f"{url}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError as gone:
            if server.poll() is not None or time.monotonic() > until_s:
                raise MissingError(f"PostgreSQL did not start: {gone}") from gone
            time.sleep(0.05)
        else:
            return


def new_database(url: str) -> str:
    """Make an empty database on a server and return its URL."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{url}/{name}"
