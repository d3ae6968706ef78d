"""The protocol's page says what is really sent, and nothing of it hangs in the air."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft7Validator

import dashboard
from dashboard.commands import command as commands
from dashboard.commands.command import ClientMessage
from domain.alerts import alert as domain_alerts
from domain.records import Command, encoder
from tests.dashboard.rows import row
from tests.dashboard.written import running_gateway, written

GRID = "990100002003004"
PAGE: dict[str, Any] = yaml.safe_load((Path(dashboard.__file__).with_name("asyncapi.yaml")).read_text())


def mistakes(schema: str, message: object) -> list[str]:
    validator = Draft7Validator({"$ref": f"#/components/schemas/{schema}", "components": PAGE["components"]})
    return [error.message for error in validator.iter_errors(message)]


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [reference for value in node.values() for reference in references(value)]
    return [reference for value in node for reference in references(value)] if isinstance(node, list) else []


def test_every_reference_leads_somewhere() -> None:
    assert PAGE["asyncapi"].startswith("3.")
    for reference in references(PAGE):
        node: Any = PAGE
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert node


def test_every_message_of_a_screen_is_on_the_page() -> None:
    tags = {kind.__struct_config__.tag for kind in ClientMessage.__args__}
    heard = {reference["$ref"].rsplit("/", 1)[1] for reference in PAGE["operations"]["listen"]["messages"]}
    said = {PAGE["components"]["messages"][name]["payload"]["$ref"].rsplit("/", 1)[1] for name in heard}
    assert {PAGE["components"]["schemas"][name]["properties"]["type"]["const"] for name in said} == tags


def test_every_fact_of_an_alert_is_on_the_page() -> None:
    assert set(PAGE["components"]["schemas"]["Alert"]["properties"]) == set(
        domain_alerts.Alert.__struct_fields__
    )


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            "Hello",
            {"type": "hello", "token": "t", "scope": "990100", "epoch": None, "seq": None, "replay": ""},
        ),
        ("ChangeScope", {"type": "scope", "scope": "990100002"}),
        ("Shown", {"type": "ack", "seq": 1}),
        (
            "Ask",
            {
                "type": "command",
                "id": "12345678",
                "action": "shelve",
                "alert": "a",
                "for_s": 9,
                "reason": "r",
            },
        ),
        ("AskCase", {"type": "case", "id": "03-1"}),
        ("OpenQueue", {"type": "queue", "desk": "990100002"}),
        ("Beat", {"type": "beat", "cases": ["03-000000000a"]}),
    ],
)
def test_what_the_page_lets_a_screen_say_is_understood(schema: str, message: dict) -> None:
    assert mistakes(schema, message) == []
    assert msgspec.to_builtins(commands.decoder.decode(json.dumps(message))).items() >= message.items()


def test_a_command_in_the_journal_is_as_the_page_says() -> None:
    command = Command(id="12345678", action="shelve", alert="a", for_s=9, reason="r", screen="wall")
    assert mistakes("JournalCommand", json.loads(encoder.encode(command))) == []


def test_a_message_with_a_strange_member_is_not_on_the_page() -> None:
    assert mistakes("Answer", {"type": "answer", "id": "1", "ok": True, "reason": "", "person": "x"})


def test_what_is_really_sent_is_as_the_page_says(valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    schemas = {
        "snapshot": "Snapshot",
        "changes": "Changes",
        "heartbeat": "Heartbeat",
        "answer": "Answer",
        "case": "CaseTold",
        "queue": "Queue",
        "error": "Error",
    }

    async def scenario() -> None:
        store = written(valkey, topic_prefix)
        await store.count(GRID, 3)
        await store.alert("03-1a2b-0", GRID)
        await store.change("journal:3", {"queue": {"03-000000000a": row("03-000000000a", GRID)}})
        await store.health()
        feed = {"feed": "la311", "lane": 1, "last_ms": 1, "silent": True}
        await store.change("reports:1", {"feeds": {"la311": feed}})
        async with running_gateway(valkey, topic_prefix, tmp_path) as gateway:
            screen = await gateway.screen("990100")
            messages = [await screen.hear("snapshot")]
            await store.alert("03-1a2b-1", GRID, kind="surge", seen=9, expected=2.5, clock="")
            await store.change("journal:3", {"alerts": {"03-1a2b-0": None}})
            await screen.say(type="case", id="no-such")
            await screen.say(type="queue", desk="990100")
            await screen.say(type="command", id="12345678", action="acknowledge", alert="no-such")
            messages += await screen.heard(1.3)
            await screen.say(type="nothing of ours")
            messages.append(await screen.hear("error"))
            assert {message["type"] for message in messages} == set(schemas)
            assert [one["id"] for told in messages for one in told.get("rows", ())] == ["03-000000000a"]
            for message in messages:
                assert mistakes(schemas[message["type"]], message) == []
        await store.redis.aclose()

    asyncio.run(scenario())
