"""Tickets that let a page open the live socket: signed, good for 30 seconds and for one use; they say who acts on it."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Literal

import msgspec

TICKET_LIFE_MS = 30_000
"""A page opens its socket within a second of asking; half a minute is for a slow line."""
NONCES_KEPT = 100_000
"""Used tickets that are remembered: 30 s of 3,000 connections a second, about 15 MB; beyond it nobody is let in."""

Refusal = Literal["malformed", "forged", "expired", "used", "busy"]


class Holder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who opens the socket.

    `account` is an account's id, `local` where nobody has one yet, or empty for a screen that only shows; `sign_in`
    names the sign-in, with which the socket ends (empty: with none). `case` is the one case that a reporter may speak of,
    on a socket that shows nothing.
    """

    account: str = ""
    sign_in: str = ""
    case: str = ""


class _Claim(msgspec.Struct, frozen=True, kw_only=True):
    exp_ms: int
    nonce: str
    holder: Holder


def issue(secret: str, now_ms: int, holder: Holder, nonce: str = "") -> str:
    """Return a new ticket.

    Parameters
    ----------
    secret
        What dashboard and gateway share (`WATCHFLOOR_SECRET`).
    now_ms
        The time; the ticket is good for 30 s from it.
    holder
        Who opens the socket with it.
    nonce
        What makes it one of its kind; empty: 16 random bytes.

    Raises
    ------
    ValueError
        If the secret is empty: a ticket that anybody can sign is none.

    """
    claim = _Claim(exp_ms=now_ms + TICKET_LIFE_MS, nonce=nonce or secrets.token_urlsafe(16), holder=holder)
    body = base64.urlsafe_b64encode(msgspec.json.encode(claim)).rstrip(b"=").decode()
    return f"{body}.{_signature(secret, body)}"


def _signature(secret: str, body: str) -> str:
    if not secret:
        raise ValueError(
            "WATCHFLOOR_SECRET is empty; set it to the same long random text for dashboard and gateway."
        )
    return hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()


class TicketGate:
    """Lets each ticket in once. Forgets a used one when it has expired.

    Parameters
    ----------
    secret
        What dashboard and gateway share.

    """

    __slots__ = ("_secret", "_used")

    def __init__(self, secret: str) -> None:
        _signature(secret, "")
        self._secret = secret
        self._used: dict[str, int] = {}

    def redeem(self, ticket: str, now_ms: int) -> Holder | Refusal:
        """Use a ticket up.

        Returns
        -------
        Holder or str
            Who has it when it was good; else why not: `malformed`, `forged`, `expired`, `used`, or `busy` when too
            many were used in the last 30 s.

        """
        claim = self._claim(ticket)
        if isinstance(claim, str):
            return claim
        if not now_ms < claim.exp_ms <= now_ms + TICKET_LIFE_MS:
            return "expired"
        self._forget(now_ms)
        if claim.nonce in self._used:
            return "used"
        if len(self._used) >= NONCES_KEPT:
            return "busy"
        self._used[claim.nonce] = claim.exp_ms
        return claim.holder

    def _claim(self, ticket: str) -> _Claim | Refusal:
        body, dot, signature = ticket.partition(".")
        if not dot or not ticket.isascii():
            return "malformed"
        if not hmac.compare_digest(signature, _signature(self._secret, body)):
            return "forged"
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=_Claim)
        except (binascii.Error, msgspec.DecodeError):
            return "malformed"

    def _forget(self, now_ms: int) -> None:
        # issued by one clock, so they expire in about the order of their use; a late one is only kept a little longer
        while self._used:
            oldest = next(iter(self._used))
            if self._used[oldest] > now_ms:
                return
            del self._used[oldest]
