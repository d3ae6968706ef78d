"""Open311 GeoReport v2 answers, XML or JSON, as rows; what is broken is told apart from what says no."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

COLUMNS: Mapping[str, Any] = {
    "format": "jsonl",
    "id": ["service_request_id"],
    "opened": {"column": "requested_datetime", "format": "iso"},
    "closed": {"column": "closed_datetime", "format": "iso"},
    "category": "service_code",
    "lat": "lat",
    "lon": "long",
    "place": ["zipcode"],
    "attributes": ["service_name", "status", "agency_responsible"],
}
"""What a feed's file that has no [columns] means: GeoReport's own names, without free text, which may name persons."""

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")


class NotServiceRequestsError(ValueError):
    """The answer can be read, and says something else, such as an error; the text is what it says."""


class BrokenAnswerError(ValueError):
    """The answer is neither XML nor JSON."""


def rows_of(body: bytes) -> list[dict[str, Any]]:
    """Return the service requests of an answer as rows.

    A row has GeoReport's fields, and `closed_datetime`: the time of the last update of one whose status is closed,
    since the standard has no time of closing.

    Raises
    ------
    BrokenAnswerError
        If it is neither XML nor JSON.
    NotServiceRequestsError
        If it is an error or another document.

    """
    found = _json_rows(body) if body.lstrip()[:1] in (b"[", b"{") else _xml_rows(body)
    return [row | {"closed_datetime": _closed(row)} for row in found]


def _closed(row: Mapping[str, Any]) -> Any:
    if str(row.get("status", "")).strip().casefold() != "closed":
        return None
    return row.get("updated_datetime") or row.get("requested_datetime")


def _json_rows(body: bytes) -> list[dict[str, Any]]:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise BrokenAnswerError(str(wrong)) from wrong
    if isinstance(said, dict):
        said = said.get("service_requests", said)
    if not isinstance(said, list):
        raise NotServiceRequestsError(body[:300].decode(errors="replace"))
    if said and all(
        isinstance(one, dict) and "code" in one and "service_request_id" not in one for one in said
    ):
        raise NotServiceRequestsError("; ".join(str(one.get("description", one["code"])) for one in said))
    return [one for one in said if isinstance(one, dict)]


def _xml_rows(body: bytes) -> list[dict[str, Any]]:
    try:
        root = _parsed(body)
    except (ParseError, DefusedXmlException, ValueError) as wrong:
        raise BrokenAnswerError(str(wrong)) from wrong
    if root.tag == "errors":
        raise NotServiceRequestsError("; ".join(text.strip() for text in root.itertext() if text.strip()))
    if root.tag not in ("service_requests", "requests"):
        raise NotServiceRequestsError(f"a document <{root.tag}>")
    return [dict(_fields(request)) for request in root.iter("request")]


def _parsed(body: bytes) -> Any:
    try:
        return fromstring(body)
    except ParseError:
        # an endpoint that declares UTF-16 and sends UTF-8 is common enough
        bare = _DECLARATION.sub(b"", body, count=1)
        if bare == body:
            raise
        return fromstring(bare)


def _fields(request: Any) -> Iterator[tuple[str, str]]:
    for field in request:
        if len(field) == 0:
            yield field.tag, (field.text or "").strip()
