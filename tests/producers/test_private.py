"""A feed that is not public: its producer seals what may hold a person, and nothing of it travels in the clear."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.rules import gather
from config.vault import Vault
from domain.feeds.known_reports import fields_of
from domain.feeds.rules import FeedRules
from domain.privacy.sealed import LONGEST_PRIVATE, key_name
from domain.records import Report, Unreadable, reports_decoder
from domain.rules import RulesError, compile_rules
from producers.files import RecordedFiles
from producers.mapping import FeedMapping
from producers.private import SEALED_AWAY
from producers.residents import with_resident

ROW = {
    "id": "7",
    "t": "2026-01-05T01:00:00Z",
    "category": "lamp",
    "reporter": "某某甲",
    "phone": "13800138000",
    "account": "wx_some",
    "text": "三号楼前的灯坏了，请打13800138000",
}
LOOK: dict[str, Any] = {"account": "a-1", "case": "03-000000001a", "purpose": "handling", "at_ms": 1}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault(f"sqlite:///{tmp_path / 'v.sqlite3'}") as one:
        yield one


def feed(name: str = "grid-reports", old: bytes = b"", new: bytes = b"") -> FeedRules:
    parts = gather(None, None)
    path = f"feeds/{name}.toml"
    assert old in parts[path]
    return compile_rules(parts | {path: parts[path].replace(old, new)}, "").feeds[name]


def sent(vault: Vault, row: dict[str, Any], rules: FeedRules | None = None) -> bytes:
    (message,) = FeedMapping(rules or feed(), vault).messages(row)
    return message.body


def test_persons_are_sealed_under_the_key_of_their_report_and_open_to_what_the_row_said(vault: Vault) -> None:
    body = sent(vault, ROW)
    for planted in ("某某甲", "13800138000", "wx_some", "三号楼"):
        assert planted not in body.decode()
    report = msgspec.json.decode(body, type=Report)
    assert json.loads(vault.open(report.private, **LOOK)) == {
        key: ROW[key] for key in ("reporter", "phone", "account", "text")
    }


def test_a_row_sent_again_is_the_same_report_also_from_another_process(vault: Vault, tmp_path: Path) -> None:
    with Vault(f"sqlite:///{tmp_path / 'v.sqlite3'}") as other:
        assert sent(vault, ROW) == sent(other, ROW)
    first, changed = (
        msgspec.json.decode(sent(vault, row), type=Report) for row in (ROW, ROW | {"text": "x"})
    )
    assert key_name(first.private) == key_name(changed.private)
    assert fields_of(first) != fields_of(changed)


def test_after_erase_a_row_sent_again_carries_nothing(vault: Vault) -> None:
    report = msgspec.json.decode(sent(vault, ROW), type=Report)
    vault.erase("03-000000001a", [key_name(report.private)], at_ms=1)
    again = [msgspec.json.decode(sent(vault, row), type=Report) for row in (ROW, ROW | {"text": "x"})]
    assert fields_of(again[0]) == fields_of(again[1])


def test_what_cannot_be_read_is_sealed_where_intake_would_quote_it(vault: Vault) -> None:
    row = ROW | {
        "opened": "ask 某某甲",
        "closed": "after 13800138000",
        "lat": "at 某某甲's",
        "lon": "13800138000",
    }
    messages = FeedMapping(feed(), vault).messages(row)
    for message in messages:
        assert "王" not in message.body.decode()
        assert "138" not in message.body.decode()
    first = json.loads(messages[0].body)
    assert (first["opened_ms"], first["lat"], first["lon"]) == (SEALED_AWAY, SEALED_AWAY, SEALED_AWAY)
    assert key_name(first["private"]).startswith("u-"), "no case will take its key along"
    said = json.loads(vault.open(first["private"], **LOOK))["unread"]
    assert all(text in said for text in ("ask 某某甲", "after 13800138000", "at 某某甲's", "13800138000"))
    assert key_name(first["private"]) in vault.erase_due(10**15)
    (placed,) = FeedMapping(feed(), vault).messages(ROW | {"lat": "29.5", "lon": "121"})
    assert (json.loads(placed.body)["lat"], json.loads(placed.body)["lon"]) == (29.5, 121)


def test_a_row_that_is_none_travels_sealed_with_the_reason(vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    raw = ['{"id": 某某甲'.encode(), b"\xff 13800138000", '["某某甲"]'.encode()]
    file.write_bytes(b"\n".join([json.dumps(ROW).encode(), *raw]) + b"\n")
    with RecordedFiles([file], FeedMapping(feed(), vault), "jsonl", from_ms=None, to_ms=None) as recorded:
        records = [reports_decoder.decode(message.body) for message in recorded.in_order()]
    unreadable = [one for one in records if isinstance(one, Unreadable)]
    assert [one.reason for one in unreadable] == ["malformed", "bad_utf8", "wrong_type"]
    assert [one.size_bytes for one in unreadable] == [len(one) for one in raw]
    assert vault.open(unreadable[0].private, **LOOK) == '{"id": 某某甲'
    assert set(vault.erase_due(10**15)) == {key_name(one.private) for one in unreadable}
    assert vault.erased([key_name(unreadable[0].private)])


def test_a_long_text_is_cut_and_still_fits(vault: Vault) -> None:
    row = ROW | {"text": "😀" * 5_000, "reporter": "😀" * 900, "phone": "😀" * 900, "account": "😀" * 900}
    report = msgspec.json.decode(sent(vault, row | {"opened": "😀" * 5_000}), type=Report)
    assert len(report.private) <= LONGEST_PRIVATE
    assert json.loads(vault.open(report.private, **LOOK))["text"].endswith("😀…")


def test_a_feed_without_ids_that_is_not_public_has_hashed_ones(vault: Vault) -> None:
    rules = feed(new=b'id = ["reporter", "text"]', old=b'id = ["id"]')
    rules = dataclasses.replace(rules, within_ms=1000)
    report = msgspec.json.decode(sent(vault, ROW, rules), type=Report)
    assert report.id == vault.hashed("某某甲\x1f三号楼前的灯坏了，请打13800138000")
    assert report == msgspec.json.decode(sent(vault, ROW, rules), type=Report)


def test_a_row_without_a_person_has_no_private_part(vault: Vault) -> None:
    assert msgspec.json.decode(sent(vault, {"id": "1", "t": ROW["t"]}), type=Report).private == ""


def test_a_feeds_file_names_private_columns_that_there_are() -> None:
    with pytest.raises(RulesError) as wrong:
        feed(old=b'phone = "phone"', new=b'telephone = "phone"')
    assert any("telephone" in one for one in wrong.value.mistakes)


def test_a_fictional_resident_is_sealed_alike_in_every_version_of_a_report(vault: Vault) -> None:
    first = Report(feed="grid-reports", id="S1.18c-00000042", category="noise", step="file")
    versions = [with_resident(one, vault) for one in (first, msgspec.structs.replace(first, closed_ms=1))]
    assert versions[0].private == versions[1].private != ""
    said = json.loads(vault.open(versions[0].private, **LOOK))
    assert set(said) == {"reporter", "phone", "text"}
    assert said["phone"].startswith("120"), "a number that nobody can have"
