"""The cookies of the pages: which there are, and how they are read and given."""

from http.cookies import CookieError, SimpleCookie
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import Response

SIGNED_IN, WALL = "wf_signin", "wf_wall"
BEGUN = "wf_oidc"
"""A sign-in under way at a provider, whose own page sends the browser back here."""


def cookies_of(headers: Headers) -> dict[str, str]:
    """Return a request's cookies; none where they cannot be read."""
    try:
        return {name: one.value for name, one in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def give(answer: Response, headers: Headers, name: str, value: str, kept_s: int) -> None:
    """Set a cookie that scripts cannot read and, but for the one that must, other sites' links do not send."""
    secure = headers.get("x-forwarded-proto", "") == "https"
    same_site: Literal["lax", "strict"] = "lax" if name == BEGUN else "strict"
    answer.set_cookie(name, value, max_age=kept_s, httponly=True, samesite=same_site, secure=secure)
