"""Free loopback ports that a restart finds again."""

import json
import secrets
import socket
from pathlib import Path

# A server on this machine or in this building accepts within milliseconds.
CONNECT_WITHIN_S = 2.0
OUTGOING_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
# Above the ports that have names, below those of outgoing connections (32768 on Linux, 49152 on macOS).
LISTENING = (20_000, 32_768)


def anyone_listens(addresses: str) -> bool:
    """Return whether a server accepts at any of `host:port,host:port`; each is waited for 2 s at most."""
    for address in addresses.split(","):
        host, _, port = address.rpartition(":")
        if not port.isdigit():
            continue
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_WITHIN_S).close()
        except OSError:
            continue
        return True
    return False


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def candidate() -> int:
    """Return a port that the kernel gives to no outgoing connection.

    A client that keeps trying to reach a dead server on a port of the outgoing range may be given that very port,
    connect to itself, and so keep the server from coming back.

    Returns
    -------
    int
        20000 to 32767 on a machine with the kernel's own settings; free or not.

    """
    lowest, highest = LISTENING
    if OUTGOING_RANGE.is_file():
        outgoing = int(OUTGOING_RANGE.read_text(encoding="ascii").split()[0])
        highest = max(lowest + 1000, min(highest, outgoing))
    return lowest + secrets.randbelow(highest - lowest)


def lasting_ports(kept: Path, names: tuple[str, ...]) -> dict[str, int]:
    """Return a free loopback port for each name, the same as the last time where it is still free.

    Parameters
    ----------
    kept
        The file that remembers them; written when anything changed.
    names
        What the ports are for.

    Returns
    -------
    dict[str, int]
        Every name with its port, 1024 to 65535, no two alike.

    """
    remembered: dict[str, int] = {}
    if kept.is_file():
        remembered = json.loads(kept.read_text(encoding="utf-8"))
    ports = {name: remembered[name] for name in names if name in remembered and is_free(remembered[name])}
    for name in names:
        while name not in ports:
            port = candidate()
            if port not in ports.values() and is_free(port):
                ports[name] = port
    if ports != remembered:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(ports, sort_keys=True), encoding="utf-8")
    return ports
