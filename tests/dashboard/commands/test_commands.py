"""Commands: checked, written once to the alert's partition, and answered exactly once."""

import asyncio
import json
import time
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from config.settings import Settings
from config.vault import Vault
from dashboard.commands import command as commands
from dashboard.commands.command import (
    Act,
    Answer,
    Ask,
    CommandBook,
    NotWrittenError,
    RefusedError,
    for_alert,
    for_case,
)
from dashboard.commands.journal_writer import JournalWriter
from domain.codes import partition_of
from domain.privacy.sealed import key_name
from domain.records import Command, journal_decoder
from tests.dashboard.written import ListedJournal, alert, running_gateway, written
from watchfloor.topics import create_topics

GRID = "990100002003004"
ALERT = alert("03-1a2b-0", GRID)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class ClosedJournal:
    async def write(self, partition: int, command: Command) -> None:
        raise NotWrittenError("not confirmed yet: the broker does not answer")


def ask(name: str = "11111111-1111", action: str = "acknowledge", **more: object) -> Ask:
    return Ask(id=name, action=action, alert=ALERT["id"], **more)


async def put(book: CommandBook, message: Ask, answers: list[Answer]) -> None:
    await book.ask(*for_alert(message, ALERT, "a-1"), answers.append)


def test_a_command_is_written_to_its_alerts_partition_and_answered_by_the_fold() -> None:
    async def scenario() -> None:
        journal, answers = ListedJournal(), []
        book = CommandBook(journal, Clock())
        await put(book, ask(action="shelve", for_s=900, reason=" works ", screen="wall"), answers)
        assert journal.written == [
            (
                partition_of(GRID),
                Command(
                    id="11111111-1111",
                    action="shelve",
                    alert=ALERT["id"],
                    for_s=900,
                    reason="works",
                    account="a-1",
                    screen="wall",
                ),
            )
        ]
        assert answers == []
        book.answered(
            {"of another gateway": {"ok": True}, "11111111-1111": {"ok": False, "reason": "not so"}}
        )
        book.answered({"11111111-1111": {"ok": True}})
        assert answers == [Answer(id="11111111-1111", ok=False, reason="not so")]
        assert len(book) == 0

    asyncio.run(scenario())


def test_a_command_on_a_case_goes_to_the_partition_that_its_id_names_and_is_answered_with_where_it_stands() -> (
    None
):
    async def scenario() -> None:
        journal, answers = ListedJournal(), []
        book = CommandBook(journal, Clock())
        act = Act(id="11111111-1111", action="assign", case="07-0a", version=3, given={"assignee": "team a"})
        await book.ask(*for_case(act, "a-1"), answers.append)
        wanted = Command(
            id=act.id, action="assign", case="07-0a", version=3, given={"assignee": "team a"}, account="a-1"
        )
        assert journal.written == [(7, wanted)]
        said = {"ok": False, "reason": "stale", "sentence": "It moved.", "case": "07-0a", "version": 4}
        book.answered({act.id: {**said, "step": "handle"}})
        assert answers == [
            Answer(id=act.id, ok=False, reason="It moved.", code="stale", version=4, step="handle")
        ]

    asyncio.run(scenario())


def test_a_double_click_is_one_command_with_two_answers() -> None:
    async def scenario() -> None:
        journal, answers = ListedJournal(), []
        book = CommandBook(journal, Clock())
        await put(book, ask(), answers)
        await put(book, ask(), answers)
        assert len(journal.written) == 1
        book.answered({"11111111-1111": {"ok": True}})
        assert [one.ok for one in answers] == [True, True]

    asyncio.run(scenario())


def test_without_an_answer_the_person_is_told_after_five_seconds() -> None:
    async def scenario() -> None:
        clock, answers = Clock(), []
        book = CommandBook(ListedJournal(), clock)
        await put(book, ask(), answers)
        clock.now_s += 4.9
        book.expire()
        assert answers == []
        clock.now_s += 0.2
        book.expire()
        assert [(one.ok, one.reason[:17]) for one in answers] == [(False, "not confirmed yet")]

    asyncio.run(scenario())


def test_what_the_broker_does_not_take_is_said_at_once() -> None:
    async def scenario() -> None:
        answers: list[Answer] = []
        book = CommandBook(ClosedJournal(), Clock())
        await put(book, ask(), answers)
        assert [one.ok for one in answers] == [False]
        assert len(book) == 0

    asyncio.run(scenario())


def test_a_taking_back_reaches_the_alerts_partition_also_when_the_alert_is_gone() -> None:
    back = ask("44444444-4444", action="undo", undoes="11111111-1111")
    for about in (ALERT, None):
        partition, command = for_alert(back, about, "a-1")
        assert partition == (int(back.alert[:2]) if about is None else about["partition"])
        assert (command.action, command.undoes, command.account) == ("undo", "11111111-1111", "a-1")


def test_commands_that_cannot_be_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        journal, answers = ListedJournal(), []
        book = CommandBook(journal, Clock())
        for message, about in (
            (ask(), None),
            (ask(action="shelve", for_s=900), ALERT),
            (ask(action="out_of_service", reference="T-1"), ALERT),
            (ask(action="shelve", reason="works"), ALERT),
        ):
            with pytest.raises(RefusedError):
                for_alert(message, about, "a-1")
        for case in ("16-00", "x-00", "case"):
            with pytest.raises(RefusedError):
                for_case(Act(id="11111111-1111", action="accept", case=case), "a-1")
        monkeypatch.setattr(commands, "PENDING_COMMANDS", 1)
        await put(book, ask("22222222-2222"), answers)
        await put(book, ask("33333333-3333"), answers)
        assert [one.ok for one in answers] == [False]
        assert all(one.reason for one in answers)
        assert len(journal.written) == 1

    asyncio.run(scenario())


def test_a_command_of_one_screen_shows_on_both(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        one = await store.alert("03-1a2b-0", GRID)
        source = f"journal:{partition_of(GRID)}"
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            first, second = await gateway.screen("990100"), await gateway.screen("990100")
            assert (await first.hear("snapshot"))["view"]["unacked"] == 1
            await second.hear("snapshot")
            name = str(uuid.uuid4())
            begun = time.monotonic()
            await first.say(type="command", id=name, action="acknowledge", alert=one["id"], screen="wall")
            await asyncio.wait_for(gateway.journal.arrived.wait(), 5)
            after = one | {"acked": True, "acked_by": "local", "state": "acked"}
            answer = {"id": name, "ok": True, "reason": "", "alert": one["id"], "repeated": False}
            await store.change(source, {"alerts": {one["id"]: after}, "answers": {name: answer}})
            heard = await asyncio.gather(first.hear("answer"), second.hear("changes"))
            assert heard[0] == {"type": "answer", "id": name, "ok": True, "reason": ""}
            assert heard[1]["view"]["alerts"]["set"] == [after]
            assert heard[1]["view"]["unacked"] == 0
            assert time.monotonic() - begun < 1.0
            await first.close()
            await second.close()
        await store.redis.aclose()

    asyncio.run(scenario())


def test_what_somebody_wrote_is_sealed_before_it_is_written(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.alert("03-1a2b-0", GRID, case="03-000000001a")
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100")
            await screen.hear("snapshot")
            shelve = {"action": "shelve", "alert": "03-1a2b-0", "for_s": 60, "reason": "某某甲 13800138000"}
            await screen.say(type="command", id="11111111", **shelve)
            out = {
                "action": "out_of_service",
                "alert": "03-1a2b-0",
                "reason": "repair",
                "reference": "T 某某甲",
            }
            await screen.say(type="command", id="44444444", **out)
            about = {
                "action": "return",
                "case": "03-000000001a",
                "given": {"reason": "call 某某甲", "code": "x"},
            }
            await screen.say(type="act", id="22222222", **about)
            await screen.say(type="act", id="33333333", **(about | {"given": {"assignee": "某某甲"}}))
            assert "no code" in (await screen.hear("answer"))["reason"]
            (_, first), (_, third), (_, second) = gateway.journal.written
            assert (key_name(first.reason), first.for_s) == ("c-03-000000001a", 60)
            assert (third.action, third.for_s) == ("out_of_service", None)
            assert key_name(third.reason) == key_name(third.given["reference"]) == "c-03-000000001a"
            assert key_name(second.given["reason"]) == "c-03-000000001a"
            assert second.given["code"] == "x"
            with Vault(f"sqlite:///{tmp_path / 'accounts.sqlite3'}") as vault:
                look = {"account": "a-1", "case": "03-000000001a", "purpose": "audit", "at_ms": 1}
                assert vault.open(first.reason, **look) == "某某甲 13800138000"
                assert vault.open(second.given["reason"], **look) == "call 某某甲"
            await screen.close()
        await store.redis.aclose()

    asyncio.run(scenario())


def test_with_a_dead_vault_what_somebody_wrote_is_refused_and_the_rest_goes_on(
    valkey: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.alert("03-1a2b-0", GRID)
        nowhere = Vault("postgresql://nobody@127.0.0.1:9/none")
        monkeypatch.setattr("dashboard.gateway.process.vault_of", lambda _settings: nowhere)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100")
            await screen.hear("snapshot")
            about = {"alert": "03-1a2b-0"}
            await screen.say(
                type="command", id="11111111", action="shelve", for_s=60, reason="works", **about
            )
            answer = await screen.hear("answer")
            assert (answer["ok"], "nothing was done" in answer["reason"]) == (False, True)
            await screen.say(type="command", id="22222222", action="acknowledge", **about)
            await asyncio.wait_for(gateway.journal.arrived.wait(), 5)
            assert [command.action for _, command in gateway.journal.written] == ["acknowledge"]
            await screen.close()
        await store.redis.aclose()

    asyncio.run(scenario())


def test_too_many_commands_of_one_screen_are_refused(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.alert("03-1a2b-0", GRID)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100")
            await screen.hear("snapshot")
            for number in range(25):
                await screen.say(
                    type="command", id=f"0000000{number:02}", action="acknowledge", alert="03-1a2b-0"
                )
            answers = [one for one in await screen.heard(1.0) if one["type"] == "answer"]
            assert 4 <= len(answers) <= 5
            assert len(gateway.journal.written) + len(answers) == 25
            await screen.close()
        await store.redis.aclose()

    asyncio.run(scenario())


def test_a_case_is_told_by_its_id(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.count(GRID, 1)
        case = {"id": "03-0000000001", "feed": "la311", "grid": GRID}
        await store.redis.hset(store.key("cases:3"), case["id"], json.dumps(case))
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100")
            await screen.say(type="case", id=case["id"])
            assert (await screen.hear("case"))["case"] == case
            await screen.say(type="case", id="no-such")
            assert (await screen.hear("case"))["case"] is None
            await screen.close()
        await store.redis.aclose()

    asyncio.run(scenario())


def test_a_replay_has_its_own_numbers_and_takes_no_commands(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        live, past = written(valkey, topic_prefix), written(valkey, topic_prefix, "r1")
        await live.alert("03-1a2b-0", GRID)
        await live.count(GRID, 100)
        await past.alert("03-1a2b-0", GRID)
        await past.count(GRID, 1)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100", replay="r1")
            assert (await screen.hear("snapshot"))["view"]["kpis"]["open"] == 1
            assert (await screen.hear("heartbeat"))["mode"] == "feed"
            await screen.say(type="command", id=str(uuid.uuid4()), action="acknowledge", alert="03-1a2b-0")
            assert (await screen.hear("answer"))["reason"] == "a replay takes no commands"
            assert gateway.journal.written == []
            await past.count(GRID, 2)
            assert (await screen.hear("changes"))["view"]["kpis"]["open"] == 2
            others = [await gateway.screen("990100", replay=f"x{n}") for n in range(4)]
            assert "replays" in (await others[-1].hear("error"))["reason"]
            for one in (screen, *others):
                await one.close()
        await live.redis.aclose()
        await past.redis.aclose()

    asyncio.run(scenario())


def test_a_gateway_that_stops_says_so(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.count(GRID, 1)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100")
            await screen.hear("snapshot")
            begun = time.monotonic()
        assert time.monotonic() - begun < 2.0
        await screen.connection.wait_closed()
        assert screen.connection.close_code == 1012
        await store.redis.aclose()

    asyncio.run(scenario())


def test_the_journal_takes_a_command_in_the_partition_that_was_said(kafka: str, topic_prefix: str) -> None:
    async def scenario() -> None:
        settings = Settings(kafka=kafka, prefix=topic_prefix)
        await asyncio.to_thread(create_topics, settings)
        writer = JournalWriter(settings)
        command = Command(id="11111111-1111", action="acknowledge", alert="03-1a2b-0")
        await writer.write(7, command)
        await writer.aclose()
        consumer = AIOKafkaConsumer(
            settings.topic("journal"), bootstrap_servers=kafka, auto_offset_reset="earliest"
        )
        await consumer.start()
        record = await asyncio.wait_for(consumer.getone(), 10)
        await consumer.stop()
        assert record.partition == 7
        assert journal_decoder.decode(record.value) == command

    asyncio.run(scenario())


def test_a_broker_that_is_not_there_is_an_answer_within_five_seconds() -> None:
    async def scenario() -> None:
        writer = JournalWriter(Settings(kafka="127.0.0.1:9"))
        begun = time.monotonic()
        with pytest.raises(NotWrittenError):
            await writer.write(0, Command(id="1", action="acknowledge"))
        assert time.monotonic() - begun < 6.0
        await writer.aclose()

    asyncio.run(scenario())
