"""How a message travels: no larger than its bound, and with CloudEvents headers."""

import hashlib

from domain.records import TooLarge, encoder

LARGEST_BYTES = 512 * 1024
"""Intake refuses more; a broker's own limit is 1 MB, and a report of half of it is no report."""

Headers = list[tuple[str, bytes]]


def sized(feed: str, body: bytes, t_ms: int | None) -> bytes:
    """Return a message's bytes, or of one that is too large what is sent in its place: its reason, size and SHA-256."""
    if len(body) <= LARGEST_BYTES:
        return body
    return encoder.encode(
        TooLarge(
            feed=feed,
            reason=f"The message has {len(body)} bytes; at most {LARGEST_BYTES} are taken.",
            size_bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            t_ms=t_ms,
        )
    )


def headers(source: str, kind: str, event_id: str) -> Headers:
    """Return the CloudEvents headers of a record.

    Parameters
    ----------
    source
        The feed's name.
    kind
        `report`, `tick` or `rules`.
    event_id
        Unique for its source.

    """
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", f"/feeds/{source}".encode()),
        ("ce_type", f"watchfloor.{kind}".encode()),
    ]
