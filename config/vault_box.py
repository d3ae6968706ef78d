"""The cryptography of the vault: AES-256-GCM under a key of the matter, AES-SIV for tracking codes."""

import base64
import hmac
import os
from binascii import Error as NoBase64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from domain.privacy.sealed import is_case

KEY_BYTES = 32
CODE_KEY_BYTES = 64
"""AES-SIV with 256 bits takes two keys of that."""

_NONCE_BYTES = 12
_HASH_BYTES = 16
_TAG_BYTES = 16
_FIGURES = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that is taken for a figure."""
_AS_TYPED = str.maketrans("ilo", "110", "- \n")
_GROUP = 8
_SHORT_BITS = 28
"""Of an offset: up to 268 million records a partition a code has 32 signs, beyond it, and of a part, 39."""
_LONG_BITS = 55
_PARTS = "0123456789abcdefghijklmnopqrstuv"
"""The signs of a split case's parts, as base 36 has them."""


class BoxError(ValueError):
    """What was sealed does not open with this key."""


def fresh_secrets() -> dict[str, bytes]:
    """Return secrets for a system that has none: of its hashes and of its tracking codes."""
    return {"hash": os.urandom(KEY_BYTES), "tracking": os.urandom(CODE_KEY_BYTES)}


def seal(key: bytes, name: str, content: bytes) -> tuple[str, str]:
    """Return content sealed, as base64url, and its keyed hash in hex.

    The nonce is made of the content by a key of its own, so that the same content is sealed to the same bytes; what that
    tells is what the keyed hash tells anyhow. Both are worth nothing without the key.
    """
    digest = hmac.digest(hmac.digest(key, b"hash", "sha256"), content, "sha256")
    nonce = digest[:_NONCE_BYTES]
    sealed = nonce + AESGCM(key).encrypt(nonce, content, name.encode())
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode(), digest[-_HASH_BYTES:].hex()


def unseal(key: bytes, name: str, sealed: str) -> bytes:
    """Return the content of what `seal` gave.

    Raises
    ------
    BoxError
        If it was sealed with another key or name, or is damaged.

    """
    try:
        raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode())
    except (NoBase64, InvalidTag, ValueError) as wrong:
        raise BoxError("it was sealed with another key, or is damaged") from wrong


def keyed_hash(key: bytes, text: str) -> str:
    """Return a hash of a text in hex that nobody makes without the key."""
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256")[:_HASH_BYTES].hex()


def code_of(key: bytes, case_id: str) -> str:
    """Return the tracking code of a case: the same each time, and not to be guessed.

    Raises
    ------
    ValueError
        If that is no case's id.

    """
    if not is_case(case_id):
        raise ValueError(f"{case_id!r} is no case's id")
    partition, _, rest = case_id.partition("-")
    offset, _, part = rest.partition(".")
    number, at, of = int(partition), int(offset, 16), int(part or "0", 36)
    short = not of and at < 1 << _SHORT_BITS
    plain = number << _SHORT_BITS | at if short else number << 60 | of << _LONG_BITS | at
    size = 4 if short else 8
    sealed = AESSIV(key).encrypt(plain.to_bytes(size, "big"), None)
    bits = int.from_bytes(sealed, "big")
    signs = -(-len(sealed) * 8 // 5)
    text = "".join(_FIGURES[bits >> 5 * n & 31] for n in range(signs - 1, -1, -1))
    return "-".join(text[n : n + _GROUP] for n in range(0, signs, _GROUP))


def case_of(key: bytes, code: str) -> str | None:
    """Return the case of a tracking code, as a person may have typed it; None where it is none of ours."""
    text = code.lower().translate(_AS_TYPED)
    size = {32: 20, 39: 24}.get(len(text))
    if size is None or not all(sign in _FIGURES for sign in text):
        return None
    bits = 0
    for sign in text:
        bits = bits << 5 | _FIGURES.index(sign)
    if bits >> size * 8:
        return None
    try:
        plain = AESSIV(key).decrypt(bits.to_bytes(size, "big"), None)
    except InvalidTag:
        return None
    number = int.from_bytes(plain, "big")
    if size == _TAG_BYTES + 4:
        return f"{number >> _SHORT_BITS:02d}-{number & (1 << _SHORT_BITS) - 1:010x}"
    part = number >> _LONG_BITS & 31
    at = number & (1 << _LONG_BITS) - 1
    return f"{number >> 60:02d}-{at:010x}" + (f".{_PARTS[part]}" if part else "")
