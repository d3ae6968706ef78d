"""No analytics topic, counter key, alert or wall message can carry a person: every field of theirs is known, and none is one."""

import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import dashboard
from domain.alerts.alert import Alert
from domain.audit import Line
from domain.detection import Verdict
from domain.feeds.states import FeedState
from domain.privacy.disclosure import disclosed
from domain.records import JournalRecord
from tests.domain.workshop import Workshop

PERSONAL = (
    "person", "name", "phone", "mobile", "tel", "email", "mail", "address", "reporter", "citizen", "resident", "birth", "idcard",
    "identity", "openid", "wechat", "plate", "comment", "remark", "description", "content", "detail",
)  # fmt: skip
"""Words of fields that hold persons or free text."""

ADDRESSES = {"Message.address"}
"""Ids of workers, teams, desks and keys: where a message goes, which the vault alone turns into a number."""

SCREENS = (
    "Area",
    "Alert",
    "Kpis",
    "Trend",
    "AlertSet",
    "Members",
    "View",
    "Snapshot",
    "Changes",
    "Heartbeat",
)
"""What every wall is sent, signed in or not."""

OF_ALL = {
    *(
        "code",
        "level",
        "set",
        "gone",
        "type",
        "epoch",
        "seq",
        "after",
        "server_ms",
        "view",
        "mode",
        "freshness",
        "feeds",
    ),
    *(
        "clock_ms",
        "age_ms",
        "cause",
        "unacked_all",
        "scope",
        "areas",
        "alerts",
        "alerts_total",
        "unacked",
        "urgent",
    ),
    *(
        "shelved",
        "kpis",
        "trend",
        "top_loaded",
        "top_overdue",
        "r5m",
        "r1h",
        "r24h",
        "open",
        "overdue",
        "total",
        "worst",
    ),
    *("new_1h", "new_24h", "due_1h", "feeds_ok", "on_time_rate_6h"),
}
"""What a wall message has beside the fields of an alert: codes, counts, instants and words of its own."""


def test_every_field_that_leaves_the_vault_is_said_what_it_is() -> None:
    assert [one.field for one in disclosed() if one.kind == "?"] == [], (
        "say it in domain/privacy/disclosure.py"
    )


def test_no_field_is_called_like_a_person_or_a_free_text() -> None:
    for one in disclosed():
        word = one.field.partition(".")[2].lower()
        if one.kind != "sealed" and one.field not in ADDRESSES:
            assert not any(personal in word.split("_") for personal in PERSONAL), one.field


def test_a_new_field_would_be_found() -> None:
    class Gossip(msgspec.Struct):
        reporter_phone: str

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("domain.privacy.disclosure.WHERE", (("topic gossip", (Gossip,)),))
        (found,) = disclosed()
    assert (found.field, found.kind) == ("Gossip.reporter_phone", "?")


@pytest.mark.parametrize("kind", [Alert, Line, Verdict, FeedState])
def test_what_analytics_and_alerts_are_made_of_is_codes_figures_and_sealed_texts(kind: Any) -> None:
    known = {one.field: one.kind for one in disclosed()}
    for field in msgspec.inspect.type_info(kind).fields:
        assert known[f"{kind.__name__}.{field.name}"] not in {"?", "original", "public"}


def test_a_wall_message_has_no_field_that_nobody_knows() -> None:
    schema = yaml.safe_load((Path(dashboard.__file__).parent / "asyncapi.yaml").read_text(encoding="utf-8"))
    known = OF_ALL | set(Alert.__struct_fields__) | {"state", "partition", "silent", "feed"}
    for name in SCREENS:
        for field in _properties(schema["components"]["schemas"][name]):
            assert field in known, f"{name}.{field}: is it a person's?"


def _properties(schema: Any) -> typing.Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for key, inner in schema.items():
            if key not in {"required", "enum", "description"}:
                yield from _properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner)


def test_keys_of_counters_and_detectors_are_codes_and_categories() -> None:
    shop = Workshop()
    shop.report(private="sealed:r-1:abc#" + "a" * 32, attributes={"name": "某某甲"})
    for work in shop.floor.casework:
        for name, fields in work.whole().hashes.items():
            if name.startswith("grids"):
                for township, block in fields.items():
                    assert township.isdigit()
                    grids = msgspec.json.decode(block or b"{}")["grids"]
                    assert all(grid.isdigit() for grid in grids)
                    assert all(category == "lamp" for cells in grids.values() for category in cells)
            if name.startswith("pairs"):
                assert all(pair.partition("|")[0].isdigit() for pair in fields)


def test_every_record_of_the_journal_is_among_them() -> None:
    named = {one.field.partition(".")[0] for one in disclosed() if one.where == "topic journal"}
    assert {one.__name__ for one in typing.get_args(JournalRecord)} <= named
