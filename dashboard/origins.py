"""Whether a browser's page may open the live socket: only the wall's own pages may."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


def origin_is_ours(origin: str | None, host: str, wall_port: int, named: Iterable[str] = ()) -> bool:
    """Tell whether a handshake comes from a page of the wall.

    Parameters
    ----------
    origin
        The Origin header; None where it is missing, which no browser does.
    host
        The Host header of the handshake.
    wall_port
        The wall's port: its page and this gateway have the same host, so no setting is needed where the host is an
        address or the machine itself. A name can be rebound by DNS, so it must be named.
    named
        Origins that are let in besides (`https://wall.town.example`).

    """
    if not origin:
        return False
    if origin in named:
        return True
    try:
        page, here = urlsplit(origin), urlsplit(f"//{host}")
        port = page.port
    except ValueError:
        return False
    if page.scheme != "http" or port != wall_port or page.path or page.hostname is None:
        return False
    return page.hostname == here.hostname and _is_literal(page.hostname)


def _is_literal(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
