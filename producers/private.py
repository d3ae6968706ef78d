"""What of a row may hold a person: read from the columns that the feed's file calls private, and sealed before it travels."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol, cast

from config.settings import Settings
from config.vault import Vault, vault_of
from config.wallclock import now_ms
from domain.feeds import judge
from domain.feeds.known_reports import matter_of
from domain.feeds.rules import DAY_MS, FeedRules
from domain.privacy.sealed import key_of_report
from domain.privacy.sights import FIELDS
from domain.records import Unreadable, encoder

LONGEST_FIELD = 200
"""Characters of a name, a number or an account."""

LONGEST_TEXT = 2_000
"""Characters of a text; the rest is left out, with three dots. A longer one is a document, and travels by reference."""

KEPT_MS = 90 * DAY_MS
"""The key of a message that was refused is erased after this time: nobody mends it later."""

SEALED_AWAY = "(sealed)"
"""Stands where an unreadable value stood, which intake would quote."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def is_sealed(feed: FeedRules) -> bool:
    """Tell whether anything of a feed's reports is sealed."""
    return not feed.public or bool(feed.columns.get("private"))


def sealer_of(feed: FeedRules, settings: Settings) -> AbstractContextManager[Vault | None]:
    """Return the vault that a feed's producer seals with; None where there is nothing to seal."""
    return vault_of(settings) if is_sealed(feed) else nullcontext()


Content = tuple[str, bytes]
"""The name of a key, and what is to be sealed under it."""

NOTHING: Content = ("", b"")


class Sealer(Protocol):
    """What a producer needs of the vault."""

    def seal_reports(self, contents: Sequence[tuple[str, bytes]]) -> list[str]:
        """Return contents sealed, each under the key of its name, with its keyed hash."""

    def hashed(self, text: str) -> str:
        """Return a keyed hash of a text."""

    def retire(self, case_id: str, names: Sequence[str], *, erase_ms: int) -> None:
        """Note when keys are to be erased."""


class PrivateColumns:
    """The private side of a feed's mapping.

    Parameters
    ----------
    feed
        Its rules.
    sealer
        The vault.
    getter
        Makes what reads a column as text.

    """

    def __init__(
        self, feed: FeedRules, sealer: Sealer, getter: Callable[[str], Callable[[Mapping[str, Any]], str]]
    ) -> None:
        columns: Mapping[str, str] = feed.columns.get("private", {})
        self._columns = [(field, getter(columns[field])) for field in FIELDS if field in columns]
        self._feed = feed.name
        self._sealer = sealer
        self._hashes_ids = not feed.public and feed.within_ms is not None
        self._hides_odd = not feed.public

    def id_of(self, text: str) -> str:
        """Return the id that travels: of a feed without ids, whose columns may name somebody, a keyed hash of them."""
        return self._sealer.hashed(text) if self._hashes_ids and text else text

    def content(self, row: Mapping[str, Any], fields: dict[str, Any], odd: dict[str, Any]) -> Content:
        """Return what is to be sealed of a row, and under which key.

        What could not be read goes there, too, since intake would quote it: `fields` and `odd` say so in its place. Such a
        row is refused, so its key is one of its own, as an unreadable row's: no case will ever take it along.
        """
        said = {field: _cut(field, text) for field, get in self._columns if (text := _utf8(get(row)).strip())}
        unread = _hide(fields, odd) if self._hides_odd else {}
        if unread:
            said["unread"] = _cut("unread", "; ".join(f"{name}: {value}" for name, value in unread.items()))
        if not said:
            return NOTHING
        body = encoder.encode(said)
        if unread:
            return self._refused_key(body), body
        return key_of_report(matter_of(self._feed, fields["id"])), body

    def sealed(self, contents: Sequence[Content]) -> list[str]:
        """Return reports' private contents sealed; nothing stays nothing."""
        wanted = [one for one in contents if one is not NOTHING]
        sealed = iter(self._sealer.seal_reports(wanted) if wanted else ())
        return ["" if one is NOTHING else next(sealed) for one in contents]

    def unreadable(self, raw: bytes) -> bytes:
        """Return what is sent of a row that cannot be read: why, its size, and the row itself sealed."""
        (private,) = self._sealer.seal_reports([(self._refused_key(raw), raw)])
        return encoder.encode(
            Unreadable(feed=self._feed, reason=_reason(raw), size_bytes=len(raw), private=private)
        )

    def _refused_key(self, raw: bytes) -> str:
        """Return the key's name of what intake will refuse; it is erased after its time, whatever becomes of it."""
        name = f"u-{self._sealer.hashed(raw.decode('utf-8', 'surrogateescape'))}"
        self._sealer.retire(name, [name], erase_ms=now_ms() + KEPT_MS)
        return name


def _reason(raw: bytes) -> Literal["bad_utf8", "malformed", "wrong_type"]:
    try:
        judge.read(raw)
    except judge.Refusal as refusal:
        if refusal.reason in {"bad_utf8", "wrong_type"}:
            return cast("Literal['bad_utf8', 'wrong_type']", refusal.reason)
    return "malformed"


def _hide(fields: dict[str, Any], odd: dict[str, Any]) -> dict[str, str]:
    """Take out of a report what is no time and no coordinate, and return it: a number there may be a telephone's."""
    unread: dict[str, str] = {}
    for name in ("opened_ms", "closed_ms", "promised"):
        value = fields.get(name)
        if value is not None and not _is_time(name, value):
            unread[name], fields[name] = _utf8(str(value)), SEALED_AWAY
    for name, most in (("lat", 90.0), ("lon", 180.0)):
        value = fields.get(name, 0.0)
        if not -most <= value <= most:
            unread[name] = str(fields.pop(name))
            odd[name] = SEALED_AWAY
    for name, value in odd.items():
        if value != SEALED_AWAY:
            unread[name] = _utf8(str(value))
    odd.update(dict.fromkeys(odd, SEALED_AWAY))
    return unread


def _is_time(name: str, value: int | str) -> bool:
    if isinstance(value, int):
        return judge.EARLIEST_MS <= value < judge.LATEST_MS
    return name == "promised" and _DAY.fullmatch(value) is not None


def _cut(field: str, text: str) -> str:
    longest = LONGEST_TEXT if field == "text" else LONGEST_FIELD
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _utf8(text: str) -> str:
    """Return a text of which bytes that are no UTF-8 are marked: what is sealed can be read by a person."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text
