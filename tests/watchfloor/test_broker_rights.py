"""A broker that knows its users: each process does what it must, and no other writes the journal."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from pydantic import SecretStr

from config.kafka_access import aiokafka_options
from config.settings import Settings
from domain.records import Tick, encoder
from tests.conftest import absent
from tests.streams.town import Worker
from tests.watchfloor.conftest import Run
from watchfloor import broker, jars, ports
from watchfloor.broker_rights import ALLOWED, GROUPS, give_rights
from watchfloor.dev_stack import launch, stop
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.topics import TOPICS, create_topics

USERS = ("ops", "somebody", *ALLOWED)
UP_WITHIN_S = 60


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker with passwords and rights, set up as docker-compose.yml says."""
    folder = tmp_path_factory.mktemp("guarded")
    try:
        prepared = broker.prepare(folder / "kafka", jars.ensure(None, print))
    except MissingError as missing:
        absent(str(missing))
    port = ports.lasting_ports(folder / "kafka" / "ports.json", ("broker", "controller"))
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    known = " ".join(f'user_{user}="of {user}"' for user in USERS)
    jaas = f'{login} username="ops" password="of ops" {known};'
    lines = {
        "listeners": f"INSIDE://127.0.0.1:{port['broker']},CONTROLLER://127.0.0.1:{port['controller']}",
        "advertised.listeners": f"INSIDE://127.0.0.1:{port['broker']}",
        "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,INSIDE:SASL_PLAINTEXT",
        "inter.broker.listener.name": "INSIDE",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.inside.plain.sasl.jaas.config": jaas,
        "listener.name.controller.plain.sasl.jaas.config": jaas,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ops",
    }
    with (folder / "kafka" / "server.properties").open("a", encoding="utf-8") as out:
        out.writelines(f"{key}={value}\n" for key, value in lines.items())  # the last line of a name counts
    process = launch(prepared.argv, prepared.environment, folder / "broker.log")
    try:
        until_s = time.monotonic() + UP_WITHIN_S
        while not asyncio.run(broker.answers(as_user(prepared.bootstrap, "ops", ""))):
            assert process.poll() is None, (folder / "broker.log").read_text()
            assert time.monotonic() < until_s, "the broker did not come up"
            time.sleep(0.1)
        yield prepared.bootstrap
    finally:
        stop(process)


def as_user(kafka: str, user: str, prefix: str, **more: object) -> Settings:
    return Settings(
        kafka=kafka,
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="PLAIN",
        kafka_username=user,
        kafka_password=SecretStr(f"of {user}"),
        prefix=prefix,
        **more,
    )


async def may_write(settings: Settings, word: str) -> bool:
    producer = AIOKafkaProducer(**aiokafka_options(settings), acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(settings.topic(word), encoder.encode(Tick(t_ms=1)), partition=0)
    except (TopicAuthorizationFailedError, KafkaError):
        return False
    finally:
        await producer.stop()
    return True


async def may_read(settings: Settings, word: str) -> bool:
    consumer = AIOKafkaConsumer(
        **aiokafka_options(settings), auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(settings.topic(word), 0)])
        return bool(await consumer.getmany(timeout_ms=1500))
    except (TopicAuthorizationFailedError, KafkaError):
        return False
    finally:
        await consumer.stop()


def test_each_user_writes_what_is_its_own_and_nobody_else_the_journal(
    guarded: str, topic_prefix: str, tmp_path: Path
) -> None:
    ops = as_user(guarded, "ops", topic_prefix)
    create_topics(ops)
    given = give_rights(ops)
    assert give_rights(ops) == given, "given again, nothing changes"
    for user in ("somebody", *ALLOWED):
        settings = as_user(guarded, user, topic_prefix)
        written = {topic.name for topic in TOPICS if asyncio.run(may_write(settings, topic.name))}
        assert written == set(ALLOWED.get(user, {}).get("write", ())), user
    assert not asyncio.run(may_read(as_user(guarded, "producer", topic_prefix), "journal"))
    assert asyncio.run(may_read(as_user(guarded, "archive", topic_prefix), "journal"))


def test_a_worker_folds_with_the_rights_that_it_has(
    guarded: str, valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    ops = as_user(guarded, "ops", topic_prefix)
    create_topics(ops)
    give_rights(ops)
    settings = as_user(guarded, "worker", topic_prefix, redis=valkey, data=tmp_path)
    worker = Worker(settings, "streams.worker", {})
    try:
        until_s = time.monotonic() + 30
        while not worker.said("partitions owned") and not worker.exits:
            assert time.monotonic() < until_s, worker.log.read_text()
            time.sleep(0.1)
        assert not worker.exits, worker.log.read_text()
    finally:
        worker.end()


def test_a_broker_that_keeps_no_rights_is_said_with_the_way_out(kafka: str, topic_prefix: str) -> None:
    with pytest.raises(RefusedError, match="set its authorizer"):
        give_rights(Settings(kafka=kafka, prefix=topic_prefix))


def test_the_rights_are_shown_without_being_given(
    run: Run, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFLOOR_KAFKA", "127.0.0.1:1")
    code, said, _ = run("topics", "rights", "--json")
    assert code == 0
    journal = [row["user"] for row in said if row["name"] == "journal" and row["verb"] == "write"]
    assert journal == ["courier", "gateway", "worker"]
    assert {row["user"] for row in said if row["kind"] == "group"} == set(GROUPS)
