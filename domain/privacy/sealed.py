"""What a sealed text looks like. Its key lies in the vault: folds and screens carry it about and never look inside.

`sealed:<key name>:<base64url>` is a text that somebody wrote; a report's `private` has `#<keyed hash>` behind it, by which
the same content is known without opening it.
"""

import re
from datetime import UTC, datetime
from typing import Any

LONGEST_SEALED = 12_000
"""Characters: 2,000 of a text's may take 8,000 bytes, and base64 a third more."""

LONGEST_PRIVATE = 16_000
"""Characters of a report's `private`: who reported, how to reach them, and a text of 2,000 characters."""

ERASED_HASH = "0" * 32
"""Stands where nothing was sealed because the key is erased."""

_CASE = re.compile(r"(?:0\d|1[0-5])-[0-9a-f]{10,13}(?:\.[1-9a-v])?")
"""Partition, offset in hex and, of a part of a split case, the part's sign."""

_FORM = re.compile(r"sealed:([A-Za-z0-9._-]{1,80}):([A-Za-z0-9_-]*)(?:#([0-9a-f]{32}))?")

_OF_A_DAY = re.compile(r"[ad]-.+?\.(\d{8})(?:\.\d+)?")
"""What has no case, and so no end, has a key a day: by it retention knows what is old."""


def is_case(value: str) -> bool:
    """Tell whether a text has the form of a case's id."""
    return _CASE.fullmatch(value) is not None


def is_sealed(value: Any) -> bool:
    """Tell whether a value has the form of a sealed text."""
    return isinstance(value, str) and _FORM.fullmatch(value) is not None


def key_name(value: str) -> str:
    """Return the name of the key under which a text is sealed; empty where it is not."""
    found = _FORM.fullmatch(value)
    return "" if found is None else found[1]


def cipher_of(value: str) -> str:
    """Return the sealed content, as base64url; empty where there is none."""
    found = _FORM.fullmatch(value)
    return "" if found is None else found[2]


def told_apart(value: str) -> str:
    """Return what two versions of a report's `private` are compared by: the key's name and the keyed hash.

    The same content may be sealed to other bytes. What has no hash is compared as it stands.
    """
    found = _FORM.fullmatch(value)
    return value if found is None or found[3] is None else f"{found[1]}#{found[3]}"


def key_of_case(case_id: str) -> str:
    """Return the name of the key of what is written about a case."""
    return f"c-{case_id}"


def key_of_alert(alert_id: str, day: str) -> str:
    """Return the name of the key of what is written on a day about an alert that has no case."""
    return f"a-{alert_id}.{day}"


def key_of_desk(desk: str, day: str) -> str:
    """Return the name of the key of what is written on a day about a desk."""
    return f"d-{desk}.{day}"


def day_of(at_ms: int) -> str:
    """Return the day of an instant, in UTC, as names of keys have it."""
    return datetime.fromtimestamp(at_ms // 1000, tz=UTC).strftime("%Y%m%d")


def day_of_key(name: str) -> str:
    """Return the day whose texts a key of an alert or a desk seals; empty of any other key."""
    found = _OF_A_DAY.fullmatch(name)
    return "" if found is None else found[1]


def key_of_report(matter: str) -> str:
    """Return the name of the key of a report, all its versions included: `matter` is `known_reports.key_of`."""
    return f"r-{matter}"
