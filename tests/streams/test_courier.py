"""The courier loses no message and sends none twice: rounds that break off anywhere, and processes that are killed."""

import json
import os
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import confluent_kafka
import msgspec
import pytest

from config.outbox import Outbox
from config.vault import Vault
from domain.feeds.rules import DAY_MS
from domain.messages import Message
from streams.addresses import VaultAddresses
from streams.channels import FileChannel, Letter, LogChannel, NotSentError, Sent
from streams.courier_round import Round
from tests.streams.town import Town

T0 = 1_700_000_000_000
CASE = "05-0000000001"
KILLS = 12 if os.environ.get("WATCHFLOOR_PROVE") == "1" else 2


def message(n: int, **fields: object) -> Message:
    known = {"kind": "step", "to": "desk", "address": "990100001001", "case": CASE, "feed": "desk"}
    more = {"round": 1, "version": n, "step": "file", "t_ms": T0 + n}
    made = known | more | fields
    return msgspec.convert(
        {"key": f"{CASE}/v{n}/{made['kind']}/{made['to']}/{made['address']}"} | made, Message
    )


class Phone:
    """A channel that cannot be asked whether it sent: one letter at a time, and what it says is as it is told."""

    name = "phone"
    deduplicates = False
    at_once = 1
    wants_text = True

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.dies = self.refuses = False

    def send(self, letters: Sequence[Letter], again: Collection[str]) -> dict[str, Sent]:
        assert not again
        if self.refuses:
            raise NotSentError("no line")
        (letter,) = letters
        self.sent.append((letter.message.key, letter.address, letter.text))
        if self.dies:
            raise KeyboardInterrupt
        return {letter.message.key: "sent"}


@pytest.fixture
def outbox(database: str) -> Iterator[Outbox]:
    with Outbox(database) as made:
        yield made


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    with Vault(database) as made:
        yield made


def lines(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def test_each_key_is_one_line_however_often_it_comes(outbox: Outbox, vault: Vault, tmp_path: Path) -> None:
    messages = [message(n) for n in range(5)]
    going = Round(outbox, FileChannel(tmp_path), VaultAddresses(vault), lambda: T0)
    posts = going.go(messages)
    assert {post.key: post.state for post in posts} == {one.key: "sent" for one in messages}
    assert len(going.go(messages)) == 5, "the journal has not been told yet"
    going.said(posts)
    assert going.go([*messages, *messages]) == []
    assert [line["key"] for line in lines(tmp_path)] == [one.key for one in messages]
    assert outbox.counts()["sent"] == 5


def log_lines(folder: Path) -> list[list[str]]:
    return [
        line.split("\t") for path in sorted(folder.glob("*.log")) for line in path.read_text().splitlines()
    ]


@pytest.mark.parametrize("torn", [0, 1, 40])
@pytest.mark.parametrize("kind", [FileChannel, LogChannel])
def test_a_round_that_broke_off_behind_the_channel_writes_no_line_twice(
    outbox: Outbox, vault: Vault, tmp_path: Path, torn: int, kind: type[FileChannel]
) -> None:
    messages = [message(n, t_ms=T0 + n * DAY_MS // 2) for n in range(6)]
    channel = kind(tmp_path)
    going = Round(outbox, channel, VaultAddresses(vault), lambda: T0)
    outbox.begin([going._post(one) for one in messages])
    channel.send([Letter(message=one) for one in messages[:4]], frozenset())
    if torn:
        newest = max(tmp_path.iterdir())
        newest.write_bytes(newest.read_bytes()[:-torn])
    assert {post.state for post in going.go(messages)} == {"sent"}
    keys = [str(line["key"]) for line in lines(tmp_path)] + [
        str(json.loads(line[1])) for line in log_lines(tmp_path)
    ]
    assert Counter(keys) == Counter(one.key for one in messages)


def test_what_is_sent_is_said_in_both_languages_without_a_person(
    outbox: Outbox, vault: Vault, tmp_path: Path
) -> None:
    name = "r-" + "a" * 32
    content = {"reporter": "某某甲", "phone": "13800138000"}
    (private,) = vault.seal_reports([(name, json.dumps(content).encode())])
    text = vault.seal_text(f"c-{CASE}", "which lamp?")
    asked = message(
        1,
        kind="asked",
        to="reporter",
        address=name,
        private=private,
        text=text,
        due_ms=T0 + DAY_MS,
        zone="Asia/Shanghai",
    )
    Round(outbox, LogChannel(tmp_path), VaultAddresses(vault), lambda: T0).go([asked])
    urged = message(2, kind="urged")
    Round(outbox, FileChannel(tmp_path), VaultAddresses(vault), lambda: T0).go([urged])
    assert log_lines(tmp_path) == [
        [
            "2023-11-14T22:13:20Z",
            json.dumps(asked.key),
            f"The desk has a question about case {CASE}. Due: 2023-11-16 06:13.",
            f"受理人员对事件 {CASE} 有问题需要您补充。时限：2023-11-16 06:13。",
        ]
    ]
    (line,) = lines(tmp_path)
    assert line["said"] == {
        "en": f"Please settle case {CASE} soon.", "zh": f"请尽快办理事件 {CASE}。"
    }  # fmt: skip
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.suffix in {".log", ".jsonl"})
    for planted in ("某某甲", "13800138000", "which lamp"):
        assert planted.encode() not in written


def test_on_a_channel_that_cannot_be_asked_what_may_have_been_sent_is_unsure_and_not_sent_again(
    outbox: Outbox, vault: Vault
) -> None:
    phone = Phone()
    going = Round(outbox, phone, VaultAddresses(vault), lambda: T0)
    phone.dies = True
    with pytest.raises(KeyboardInterrupt):
        going.go([message(1), message(2)])
    phone.dies = False
    posts = going.go([message(1), message(2)])
    assert [post.state for post in posts] == ["unsure", "sent"]
    assert [key for key, _, _ in phone.sent] == [message(1).key, message(2).key]
    assert outbox.newest(9, state="unsure")[0].key == message(1).key


def test_what_was_surely_not_sent_is_tried_again(outbox: Outbox, vault: Vault) -> None:
    phone = Phone()
    phone.refuses = True
    going = Round(outbox, phone, VaultAddresses(vault), lambda: T0)
    with pytest.raises(NotSentError):
        going.go([message(1)])
    phone.refuses = False
    assert [post.state for post in going.go([message(1)])] == ["sent"]


def test_a_reporter_is_reached_through_the_vault_and_an_erased_one_is_told_nothing(
    outbox: Outbox, vault: Vault
) -> None:
    name = "r-" + "a" * 32
    content = {"reporter": "某某甲", "phone": "13800138000", "text": "dark"}
    (private,) = vault.seal_reports([(name, json.dumps(content).encode())])
    text = vault.seal_text(f"c-{CASE}", "which lamp? the neighbour has 13900139000")
    phone = Phone()
    going = Round(outbox, phone, VaultAddresses(vault), lambda: T0)
    asked = message(1, kind="asked", to="reporter", address=name, private=private, text=text)
    assert [post.state for post in going.go([asked])] == ["sent"]
    assert phone.sent == [(asked.key, "13800138000", "which lamp? the neighbour has ***")]
    assert {(view.account, view.case, view.purpose) for view in vault.views()} == {
        ("courier", CASE, "feedback")
    }
    vault.erase(CASE, [name], at_ms=T0)
    again = message(2, to="reporter", address=name, private=private)
    assert [post.state for post in going.go([again])] == ["erased"]
    strange = message(
        3, to="reporter", address="r-" + "b" * 32, private=f"sealed:r-{'b' * 32}:abcd#{'0' * 32}"
    )
    assert [post.state for post in going.go([strange])] == ["failed"]
    assert len(phone.sent) == 1


def test_what_is_old_and_said_leaves_the_list_and_the_rest_stays(
    outbox: Outbox, vault: Vault, tmp_path: Path
) -> None:
    going = Round(outbox, FileChannel(tmp_path), VaultAddresses(vault), lambda: T0)
    going.said(going.go([message(1)]))
    going.go([message(2)])
    assert outbox.clear(T0) == 0
    assert outbox.clear(T0 + 1) == 1
    assert [post.key for post in outbox.newest(9)] == [message(2).key]


def put(town: Town, messages: Sequence[Message]) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": town.settings.kafka, "log_level": 0})
    for n, one in enumerate(messages):
        producer.produce(town.settings.topic("messages"), msgspec.json.encode(one), partition=n % 16)
        producer.poll(0)
    assert not producer.flush(30)


def test_killed_again_and_again_it_loses_no_message_and_sends_none_twice(town: Town) -> None:
    """Kills land in reading, sending, noting and committing; each of the keys comes twice, too."""
    messages = [message(n, t_ms=T0 + n * 60_000) for n in range(KILLS * 600)]
    put(town, [*messages, *messages[:300]])
    folder = town.settings.data / "messages"
    with town.worker("courier", module="streams.courier") as courier:
        for often in range(KILLS):
            until_s = time.monotonic() + 60
            begun = len(lines_there(folder))
            while len(lines_there(folder)) <= begun + often * 20 and len(lines_there(folder)) < len(messages):
                assert time.monotonic() < until_s, courier.log.read_text()
                time.sleep(0.01)
            courier.kill()
            time.sleep(0.2)
        wanted = {one.key for one in messages}
        until_s = time.monotonic() + 60
        with Outbox(f"sqlite:///{town.settings.data / 'accounts.sqlite3'}") as outbox:
            while outbox.counts()["sent"] < len(messages) or any(
                not one.said for one in outbox.newest(9_999)
            ):
                assert time.monotonic() < until_s, courier.log.read_text()
                time.sleep(0.1)
            assert outbox.counts()["sending"] == outbox.counts()["unsure"] == 0
        assert len(courier.exits) >= KILLS - 1
    assert Counter(str(line["key"]) for line in lines(folder)) == Counter(wanted)
    told = {json.loads(value)["key"] for _, _, value in town.read("journal")}
    assert told == wanted
    assert not courier.said("990100001001")


def lines_there(folder: Path) -> list[bytes]:
    return [line for path in folder.glob("*.jsonl") for line in path.read_bytes().splitlines()]


def test_a_broken_database_is_waited_for_a_second_courier_ends_and_a_term_ends_the_first_cleanly(
    town: Town,
) -> None:
    put(town, [message(1)])
    place = town.settings.data / "database"
    url = f"sqlite:///{place / 'accounts.sqlite3'}"
    with town.worker("courier", module="streams.courier", WATCHFLOOR_DATABASE=url) as first:
        until_s = time.monotonic() + 30
        while not first.said("messages wait"):
            assert time.monotonic() < until_s, first.log.read_text()
            time.sleep(0.05)
        place.mkdir()
        while not lines_there(town.settings.data / "messages"):
            assert time.monotonic() < until_s, first.log.read_text()
            time.sleep(0.05)
        with town.worker("courier-2", module="streams.courier") as second:
            while not second.exits:
                assert time.monotonic() < until_s, second.log.read_text()
                time.sleep(0.05)
            assert second.said("another courier")
        assert not first.exits
        assert first.end() == 0
