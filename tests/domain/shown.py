"""Instants as people write them, to and fro."""

from datetime import datetime
from zoneinfo import ZoneInfo


def at(text: str) -> int:
    """An instant in ms of an RFC 3339 time."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def seen(at_ms: int, zone: str) -> str:
    """An instant on a zone's wall clock, to the minute."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
