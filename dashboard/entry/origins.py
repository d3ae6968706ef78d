"""Whether a browser's page may open the live socket: only the wall's own pages may."""

import ipaddress
from urllib.parse import urlsplit


def origin_is_ours(origin: str | None, host: str, wall_port: int, public_gateway_url: str = "") -> bool:
    """Tell whether a handshake comes from a page of the wall.

    Parameters
    ----------
    origin
        The Origin header; None where it is missing, which no browser does.
    host
        The Host header of the handshake.
    wall_port
        The wall's port: its page and this gateway have the same host, so nothing must be set where the host is an
        address or the machine itself. A name can be rebound by DNS, so it must be known.
    public_gateway_url
        Where browsers find this gateway (`wss://wall.town.example/live`), which makes its host's name known. With
        `wss` its pages are `https`; their port is whatever stands in front of the wall.

    """
    if not origin:
        return False
    try:
        page, here, public = urlsplit(origin), urlsplit(f"//{host}"), urlsplit(public_gateway_url)
        port = page.port
    except ValueError:
        return False
    if page.hostname is None or page.path or page.query or "@" in page.netloc:
        return False
    if public.hostname is not None and page.hostname == public.hostname:
        return page.scheme == ("https" if public.scheme == "wss" else "http")
    if page.scheme != "http" or port != wall_port:
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
