"""Columns become fields of a Report, as the feed's file says, and nothing else: what is wrong is for intake to judge."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from domain.feeds.rules import FeedRules
from domain.records import Report, encoder
from producers.envelope import sized
from producers.private import NOTHING, Content, PrivateColumns, Sealer, is_sealed
from producers.times import TimeColumn

SEPARATOR = "\x1f"
AT_ONCE = 500
"""Rows whose keys are made together: one by one a feed that is not public would be slower than its broker."""

Row = Mapping[str, Any]


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message of a row: the time that it stands in line with (ms), and its bytes as they travel."""

    t_ms: int
    body: bytes


class _Draft(msgspec.Struct, gc=False):
    """A message before it is sealed: its place in line, the feed's time, its fields, and what is to be sealed."""

    place_ms: int
    t_ms: int | None
    fields: dict[str, Any]
    odd: dict[str, Any]
    content: Content


class FeedMapping:
    """A feed's columns, made ready for reading many rows.

    Parameters
    ----------
    feed
        The feed's rules; `columns` must not be empty. Attributes of a feed that is not public are left out: only the
        vault may hold them.
    sealer
        The vault, for a feed that is not public or has private columns.

    Raises
    ------
    ValueError
        If the feed's file has no columns, or the vault is missing.

    """

    def __init__(self, feed: FeedRules, sealer: Sealer | None = None) -> None:
        columns = feed.columns
        if not columns:
            raise ValueError(
                f"feeds/{feed.name}.toml has no [columns]; say there what the file's columns mean."
            )
        self._feed = feed.name
        self._id = [_getter(path) for path in columns["id"]]
        self._id_of: Callable[[str], str] = str
        self._times = {
            field: (_getter(str(columns[field]["column"])), TimeColumn(columns[field], feed.zone))
            for field in ("arrival", "opened", "closed", "promised")
            if field in columns
        }
        self._category = _getter(columns["category"]) if columns.get("category") else None
        self._channel = _getter(columns["channel"]) if columns.get("channel") else None
        self._lat = _getter(columns["lat"]) if columns.get("lat") else None
        self._lon = _getter(columns["lon"]) if columns.get("lon") else None
        self._point = _getter(columns["point"]) if columns.get("point") else None
        self._place = [_getter(path) for path in columns.get("place", ())]
        step = columns.get("step")
        self._step = _getter(str(step["column"])) if step else None
        self._steps: Mapping[str, str] = step.get("map", {}) if step else {}
        self._attributes = (
            [(path, _getter(path)) for path in columns.get("attributes", ())] if feed.public else []
        )
        self._last_ms = 0
        if is_sealed(feed) and sealer is None:
            raise ValueError(
                f"feed {feed.name} is not public: its reports are sealed, which needs the vault."
            )
        self._private = (
            None if sealer is None or not is_sealed(feed) else PrivateColumns(feed, sealer, _getter)
        )
        if self._private is not None:
            self._id_of = self._private.id_of

    def messages(self, row: Row) -> list[Message]:
        """Return a row's messages: its opening, and behind it its closing where the row has one.

        A row whose arrival cannot be read stands in line where the row before it stood.
        """
        (found,) = self.messages_of([row])
        return found

    def messages_of(self, rows: Sequence[Row | bytes]) -> list[list[Message]]:
        """Return the messages of each of some rows; of bytes, which are no row, that of `unreadable`.

        Raises
        ------
        config.vault.VaultError
            If something must be sealed and the vault does not answer.

        """
        drafts = [[self.unreadable(row)] if isinstance(row, bytes) else self._drafts(row) for row in rows]
        if self._private is not None:
            self._seal([one for some in drafts for one in some if isinstance(one, _Draft)])
        return [[self._message(one) if isinstance(one, _Draft) else one for one in some] for some in drafts]

    def _seal(self, drafts: list["_Draft"]) -> None:
        assert self._private is not None
        sealed = self._private.sealed([one.content for one in drafts])
        for draft, private in zip(drafts, sealed, strict=True):
            draft.fields["private"] = private

    def _drafts(self, row: Row) -> Sequence["_Draft | Message"]:
        opened = self._time("opened", row)
        arrived = self._time("arrival", row) if "arrival" in self._times else opened
        closed = self._time("closed", row)
        at_ms = arrived if isinstance(arrived, int) else None
        place = self._last_ms if at_ms is None else at_ms
        self._last_ms = place
        fields, odd = self._fields(row, opened, arrived)
        step = self._steps.get(self._step(row), "") if self._step else ""
        content = NOTHING
        if self._private is not None:
            fields["closed_ms"] = closed
            content = self._private.content(row, fields, odd)
            closed = fields.pop("closed_ms")
        first = _Draft(place, at_ms, fields | {"step": "" if closed is not None else step}, odd, content)
        if closed is None:
            return [first]
        if isinstance(closed, int) and closed > place:
            place = closed
        at_ms = None if at_ms is None else place
        return [first, _Draft(place, at_ms, fields | {"closed_ms": closed, "step": step}, odd, content)]

    def unreadable(self, text: bytes) -> Message:
        """Return the message of a row that is none: its bytes as they stand, or sealed, which intake refuses."""
        if self._private is not None:
            return Message(self._last_ms, sized(self._feed, self._private.unreadable(text), None))
        return Message(self._last_ms, sized(self._feed, text, None))

    def _time(self, field: str, row: Row) -> int | str | None:
        time = self._times.get(field)
        return None if time is None else time[1].read(time[0](row))

    def _fields(
        self, row: Row, opened: int | str | None, arrived: int | str | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the fields of a Report, and those that a Report cannot hold and only intake may judge."""
        fields: dict[str, Any] = {
            "feed": self._feed,
            "id": self._id_of(SEPARATOR.join([get(row) for get in self._id])),
            "opened_ms": opened if opened is not None or not isinstance(arrived, str) else arrived,
            "promised": self._time("promised", row),
            "category": self._category(row).strip() if self._category else "",
            "channel": self._channel(row) if self._channel else "",
            "place": [text for get in self._place if (text := get(row).strip())],
            "attributes": {name: text for name, get in self._attributes if (text := get(row))},
        }
        lat, lon = "", ""
        if self._point is not None:
            lat, _, lon = self._point(row).partition(",")
        elif self._lat is not None and self._lon is not None:
            lat, lon = self._lat(row), self._lon(row)
        odd: dict[str, Any] = {}
        for name, text in (("lat", lat.strip()), ("lon", lon.strip())):
            if text:
                number = _number(text)
                if isinstance(number, float) and math.isfinite(number):
                    fields[name] = number
                else:
                    odd[name] = number
        return fields, odd

    def _message(self, draft: "_Draft") -> Message:
        report = Report(t_ms=draft.t_ms, **draft.fields)
        try:
            body = encoder.encode(report) if not draft.odd else _as_it_stands(report, draft.odd)
        except UnicodeEncodeError:  # bytes that are no UTF-8 go on as they came
            body = _as_it_stands(report, draft.odd)
        return Message(draft.place_ms, sized(self._feed, body, draft.t_ms))


def _as_it_stands(report: Report, odd: dict[str, Any]) -> bytes:
    """Return JSON that may be none: NaN, text where a number belongs, bytes that are no UTF-8. Intake refuses and keeps it."""
    fields = {"type": "report"} | msgspec.structs.asdict(report) | odd
    said = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _getter(path: str) -> Callable[[Row], str]:
    """Return what reads a column as text; dots go down into JSON objects."""
    steps = path.split(".")

    def deep(row: Row) -> str:
        if path in row:
            return _text(row[path])
        value: Any = row
        for step in steps:
            if not isinstance(value, Mapping):
                return ""
            value = value.get(step)
        return _text(value)

    def flat(row: Row) -> str:
        return _text(row.get(path))

    return deep if len(steps) > 1 else flat


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | list | dict | float):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
