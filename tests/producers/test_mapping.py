"""Columns to reports: counts against an oracle that uses none of the product's code, and what stays for intake to judge."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from config.rules import gather
from config.vault import Vault
from domain.records import Report, reports_decoder
from domain.rules import compile_rules
from producers import files
from producers.files import FileError, RecordedFiles
from producers.mapping import FeedMapping, Message
from producers.times import read_iso

HEADER = "SRNumber,CreatedDate,ServiceDate,ClosedDate,RequestType,Latitude,Longitude,RequestSource,Owner\n"


def read(feed_name: str, paths: Sequence[Path]) -> tuple[int, list[Message]]:
    feed = compile_rules(gather(None, None), "").feeds[feed_name]
    form = str(feed.columns["format"])
    with RecordedFiles(paths, FeedMapping(feed), form, from_ms=None, to_ms=None) as recorded:
        messages = list(recorded.in_order())
    return recorded.rows, messages


def fold(messages: Sequence[Message], within_ms: int | None) -> Counter[str]:
    """Count as intake does: a hash of all fields but the feed's time, beside the last version of the id."""
    last: dict[str, tuple[dict[str, object], int]] = {}
    counts: Counter[str] = Counter()
    for message in messages:
        fields = json.loads(message.body)
        t_ms = fields.pop("t_ms")
        known = last.get(fields["id"])
        if known is not None and within_ms is not None and t_ms - known[1] > within_ms:
            known = None
        counts["accepted" if known is None else "repeated" if known[0] == fields else "revised"] += 1
        last[fields["id"]] = (fields, t_ms)
    return counts


def write(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "a.csv"
    file.write_text(HEADER + "".join(line + "\n" for line in lines))
    return file


def test_sweden_counts_as_an_oracle_over_the_file(recorded: Path) -> None:
    path = recorded / "sweden-police" / "observations.jsonl.gz"
    oracle: Counter[str] = Counter()
    last: dict[int, object] = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            event = json.loads(line)["event"]
            known = last.get(event["id"])
            oracle["accepted" if known is None else "repeated" if known == event else "revised"] += 1
            last[event["id"]] = event
    rows, messages = read("sweden-police", [path])
    assert rows == 59_792
    assert fold(messages, None) == oracle == {"accepted": 57_926, "revised": 1_866}


def test_stuttgart_counts_as_an_oracle_over_the_file(recorded: Path) -> None:
    path = recorded / "stuttgart" / "reports.csv.gz"
    oracle: Counter[str] = Counter()
    last: dict[tuple[str, ...], datetime] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = tuple(row[name] for name in ("category", "location", "lat", "lon"))
            at = datetime.fromisoformat(row["first_seen_at_timestamp"])
            known = last.get(key)
            oracle[
                "accepted" if known is None or (at - known).total_seconds() > 36 * 3600 else "repeated"
            ] += 1
            last[key] = at
    rows, messages = read("stuttgart", [path])
    assert rows == 86_774
    assert fold(messages, 36 * 3_600_000) == oracle == {"accepted": 35_975, "repeated": 50_799}


def test_la_rows_become_an_opening_and_a_closing_in_the_order_of_time(recorded: Path) -> None:
    paths = [recorded / "la311" / f"{name}.csv.gz" for name in ("2017_Subset", "2018_mini_b")]
    rows, messages = read("la311", paths)
    assert (rows, len(messages)) == (19_999, 39_993)
    assert fold(messages, None) == {"accepted": 19_999, "revised": 19_994}
    assert all(one.t_ms <= two.t_ms for one, two in pairwise(messages))
    opened: set[str] = set()
    for message in messages:
        report = json.loads(message.body)
        assert ("closed_ms" in report) == (report["id"] in opened), "the opening goes first"
        opened.add(report["id"])
        assert "place" not in report, "the city's own council is not read"


def test_times_that_cannot_be_read_stay_as_they_stood(tmp_path: Path) -> None:
    file = write(tmp_path, "1,yesterday,soon,01/04/2018 08:00:00 AM,Other,,,Call,X")
    _, (first, second) = read("la311", [file])
    for message in (first, second):
        report = reports_decoder.decode(message.body)
        assert isinstance(report, Report)
        assert (report.opened_ms, report.promised, report.t_ms) == ("yesterday", "soon", None)


@pytest.mark.parametrize(("lat", "said"), [("nan", b'"lat": NaN'), ("north", b'"lat": "north"')])
def test_numbers_that_are_none_go_on_for_intake_to_refuse(tmp_path: Path, lat: str, said: bytes) -> None:
    _, (message,) = read("la311", [write(tmp_path, f"1,01/01/2018 10:00:00 AM,,,Other,{lat},-118.2,Call,X")])
    assert said in message.body
    with pytest.raises(msgspec.DecodeError):
        reports_decoder.decode(message.body)


def test_bytes_that_are_no_utf8_and_lines_that_are_no_json_go_on_as_they_came(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_bytes(HEADER.encode() + b"1,01/01/2018 10:00:00 AM,,,Gr\xfcn,,,Call,X\n")
    _, (message,) = read("la311", [table])
    assert b"Gr\xfcn" in message.body
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(b'{"broken\n[1]\n\n')
    rows, found = read("sweden-police", [lines])
    assert rows == 2
    assert [one.body for one in found] == [b'{"broken', b"[1]"]


def test_a_long_file_is_sorted_on_the_disk_as_in_memory(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [recorded / "la311" / "2017_Subset.csv.gz"]
    _, whole = read("la311", paths)
    monkeypatch.setattr(files, "RUN_BYTES", 500_000)
    _, spilled = read("la311", paths)
    assert whole == spilled


def test_a_file_that_breaks_off_is_told_with_its_row(tmp_path: Path) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress((HEADER + "1,,,,,,,,\n" * 50_000).encode())[:-20])
    with pytest.raises(FileError, match="cannot be read after row"):
        read("la311", [packed])


def test_a_feed_that_is_not_public_carries_no_attributes(tmp_path: Path) -> None:
    parts = gather(None, None)
    parts["feeds/la311.toml"] = parts["feeds/la311.toml"].replace(b"public = true", b"public = false")
    feed = compile_rules(parts, "").feeds["la311"]
    row = {"SRNumber": "1", "CreatedDate": "01/01/2018 10:00:00 AM", "Owner": "X", "Address": "Street 1"}
    with pytest.raises(ValueError, match="needs the vault"):
        FeedMapping(feed)
    with Vault(f"sqlite:///{tmp_path / 'v.sqlite3'}") as vault:
        assert b"Street" not in FeedMapping(feed, vault).messages(row)[0].body


@pytest.mark.parametrize(
    "text", ["2023-03-21 1:15:53 +01:00", "2023-03-21T00:15:53Z", "2023-3-21 1:15:53+0100"]
)
def test_iso_times_are_read_as_sources_write_them(text: str) -> None:
    assert read_iso(text).timestamp() == 1_679_357_753
