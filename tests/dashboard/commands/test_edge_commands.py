"""Commands on desks, and what a reporter says: checked at the gateway against what no fold can know."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from config.handover_store import HandoverStore, PageMissingError
from config.settings import Settings
from config.vault import Vault, vault_of
from dashboard.commands.command import Answer, Reported
from dashboard.entry.tickets import Holder
from dashboard.track.reporter_line import ReporterLine
from domain.codes import partition_of_name
from domain.privacy.sealed import is_sealed, key_name
from tests.dashboard.written import SECRET, Running, Written, running_gateway, written

DESK = "990100002"
CASE = "03-0000001a2b"
ID = "11111111-2222"


def pages(data: Path) -> HandoverStore:
    return HandoverStore((data / "handovers").as_posix())


def vault(data: Path) -> Vault:
    return vault_of(Settings(data=data))


def line(gateway: Running) -> ReporterLine:
    return ReporterLine(SECRET, ("127.0.0.1", gateway.port))


async def answered(gateway: Running, writer: Written, name: str, **answer: Any) -> None:
    """Let the fold answer what the gateway has written."""
    async with asyncio.timeout(5):
        await gateway.journal.arrived.wait()
    gateway.journal.arrived.clear()
    said = {"id": name, "ok": True, "reason": "", "sentence": "", "repeated": False} | answer
    await writer.change("journal:3", {"answers": {name: said}})
    await writer.redis.aclose()


def test_a_signature_goes_into_the_desks_partition_and_a_note_is_sealed(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        sha256 = pages(tmp_path).keep({"desk": DESK})
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen()
            await screen.say(type="desk", id=ID, action="hand_over", desk=DESK, sha256=sha256, shift=7)
            await answered(
                gateway, written(valkey, topic_prefix), ID, ok=False, reason="no_shift", sentence="No."
            )
            answer = await screen.hear("answer")
            assert (answer["ok"], answer["code"], answer["reason"]) == (False, "no_shift", "No.")
            await screen.say(
                type="desk", id=ID + "1", action="note_shift", desk=DESK, text="the pump runs hot"
            )
            async with asyncio.timeout(5):
                await gateway.journal.arrived.wait()
            (partition, first), (_, note) = gateway.journal.written
            assert partition == partition_of_name(DESK)
            assert (first.desk, first.given, first.account) == (DESK, {"sha256": sha256, "shift": 7}, "local")
            assert is_sealed(note.given["text"])
            assert key_name(note.given["text"]).partition(".")[0] == f"d-{DESK}", "a key a day"
            await screen.close()

    asyncio.run(scenario())


def test_a_page_that_is_not_kept_is_not_signed(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen()
            for action in ("hand_over", "take_post"):
                await screen.say(type="desk", id=ID, action=action, desk=DESK, sha256="a" * 64)
                answer = await screen.hear("answer")
                assert "not kept" in answer["reason"]
            assert gateway.journal.written == []
            await screen.close()

    asyncio.run(scenario())


def test_a_reporter_with_the_code_says_that_the_case_is_not_settled(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        code = vault(tmp_path).tracking_code(CASE)
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            message = Reported(id=ID, code=code, version=9, text="still dark")
            said = asyncio.create_task(line(gateway).say(CASE, message))
            await answered(gateway, written(valkey, topic_prefix), ID, case=CASE, version=10, step="dispatch")
            assert (await said) == Answer(id=ID, ok=True, reason="", version=10, step="dispatch")
            ((partition, command),) = gateway.journal.written
            assert partition == 3
            assert (command.action, command.case, command.version) == ("not_settled", CASE, 9)
            assert (command.account, command.screen) == ("reporter", "track")
            assert is_sealed(command.given["text"])
            assert code not in json.dumps([str(one) for one in gateway.journal.written])

    asyncio.run(scenario())


@pytest.mark.parametrize("wrong", ["nonsense", "other"])
def test_a_code_that_is_not_the_cases_writes_nothing(
    valkey: str, topic_prefix: str, tmp_path: Path, wrong: str
) -> None:
    async def scenario() -> None:
        code = vault(tmp_path).tracking_code("04-0000000001") if wrong == "other" else wrong
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            answer = await line(gateway).say(CASE, Reported(id=ID, code=code, version=1))
            assert not answer.ok
            assert gateway.journal.written == []

    asyncio.run(scenario())


def test_a_reporters_ticket_opens_no_wall_and_a_walls_ticket_says_nothing_for_a_reporter(
    valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            ticket = gateway.ticket(Holder(account="reporter", case=CASE))
            screen = await gateway.screen(token=ticket)
            assert "ticket" in (await screen.hear("error"))["reason"]
            await screen.close()
            wall = await gateway.screen()
            await wall.say(type="reported", id=ID, code="x", version=1)
            assert (await wall.hear("error"))["type"] == "error"
            gateway.url = gateway.url.replace("/live", "/reported")
            with pytest.raises(InvalidStatus):  # a browser's page says where it is from
                await gateway.screen(token=ticket)
            assert gateway.journal.written == []

    asyncio.run(scenario())


def test_without_a_gateway_the_line_is_lost() -> None:
    async def scenario() -> None:
        lost = ReporterLine(SECRET, ("127.0.0.1", 1))
        assert (await lost.say(CASE, Reported(id=ID, code="x", version=1))).code == "lost"

    asyncio.run(scenario())


def test_a_kept_page_is_known_by_its_bytes(tmp_path: Path) -> None:
    store = pages(tmp_path)
    sha256 = store.keep({"b": 1, "a": "井"})
    assert store.keep({"a": "井", "b": 1}) == sha256
    assert store.get(sha256) == {"a": "井", "b": 1}
    (tmp_path / "handovers" / f"{sha256}.json").write_bytes(b'{"a":2}')
    with pytest.raises(PageMissingError, match="changed"):
        store.get(sha256)
    for name in ("0" * 64, "../../etc/passwd", ""):
        assert not store.has(name)
        with pytest.raises(PageMissingError):
            store.get(name)
