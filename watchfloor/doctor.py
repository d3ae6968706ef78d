"""`watchfloor doctor`: what `up` needs, looked at one by one, and how to mend what is wrong."""

import asyncio
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import redis
from redis.exceptions import RedisError

from config.kafka_access import aiokafka_options
from config.settings import Settings
from config.wallclock import now_ms
from watchfloor import broker, jars, java, runfile, valkey
from watchfloor.datafolder import chosen_folder
from watchfloor.exceptions import FrontDoorError
from watchfloor.ports import is_free

State = Literal["ok", "problem", "note"]

NEEDED_PYTHON = (3, 11)
# The broker takes 350 MB, each of our processes 100 to 200; below this the machine swaps.
NEEDED_MEMORY_BYTES = 1_500_000_000
# A year of a county's reports is about 10 GB; below this a day of a busy feed fills the disk.
NEEDED_DISK_BYTES = 2_000_000_000
# Kafka holds three files a segment open.
NEEDED_FILES = 4096
# Freshness is DELAYED after 3 s: clocks that differ by more than one make it wrong.
CLOCKS_WITHIN_MS = 1_000
ANSWER_WITHIN_S = 5.0
GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one thing.

    Attributes
    ----------
    name
        The thing.
    state
        `ok`, `problem`, or `note` for what nothing here depends on.
    said
        What was found.
    mend
        How to mend a problem; empty otherwise.

    """

    name: str
    state: State
    said: str
    mend: str = ""


def examine(data: Path | None = None) -> list[Finding]:
    """Look at everything.

    Parameters
    ----------
    data
        The data folder; None takes the default one.

    Returns
    -------
    list[Finding]
        In the order in which `up` needs them; nothing is changed, but for a one-record topic `doctor` on a
        cluster that is named in the settings, which shows its clock.

    """
    folder = chosen_folder(data)
    running = runfile.status(folder)
    told = Settings()
    kafka = told.kafka or running["kafka"]
    address = told.redis or running["redis"]
    findings = [
        _python(),
        _asked(
            "java",
            lambda: f"{java.find_java()} ({_version(java.find_java())})" if not told.kafka else "not needed",
        ),
        _jars(told),
        _asked("valkey", lambda: f"{valkey.find_program()}" if not told.redis else "not needed"),
        _memory(bool(running["running"])),
        *_disk(folder),
        _files(),
        _port(told, running),
        _broker(told, kafka),
        *_redis(address),
    ]
    if told.kafka and findings[-2].state != "problem":
        findings.append(_broker_clock(told))
    return [*findings, *_for_tests()]


def _python() -> Finding:
    said = sys.version.split()[0]
    if sys.version_info < NEEDED_PYTHON:
        return Finding(name="python", state="problem", said=said, mend="Install Python 3.11 or newer.")
    return Finding(name="python", state="ok", said=said)


def _version(program: Path) -> str:
    return f"Java {java.java_major(program)}"


def _asked(name: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, state="ok", said=ask())
    except FrontDoorError as missing:
        return Finding(name=name, state="problem", said="missing", mend=str(missing))


def _jars(told: Settings) -> Finding:
    name = "kafka jars"
    if told.kafka:
        return Finding(name=name, state="ok", said="not needed")
    folder = jars.jar_folder(told.jars)
    missing, altered = jars.check(folder)
    if altered:
        return Finding(
            name=name,
            state="problem",
            said=f"{altered[0]} is not the locked file",
            mend=f"Delete {folder} and run `make install`.",
        )
    if missing:
        return Finding(
            name=name,
            state="problem",
            said=f"{len(missing)} are missing in {folder}",
            mend="Run `make install` with a network, or name a folder that has them in WATCHFLOOR_JARS.",
        )
    return Finding(name=name, state="ok", said=f"{folder}, all sums as locked")


def _memory(running: bool) -> Finding:
    free = psutil.virtual_memory().available
    said = f"{free / GIGABYTE:.1f} GB available"
    if free < NEEDED_MEMORY_BYTES and not running:
        return Finding(
            name="memory",
            state="problem",
            said=said,
            mend=f"Free some: {NEEDED_MEMORY_BYTES / GIGABYTE:.1f} GB are needed.",
        )
    return Finding(name="memory", state="ok", said=said)


def _disk(folder: Path) -> Iterator[Finding]:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / GIGABYTE:.1f} GB free at {folder}"
    if free < NEEDED_DISK_BYTES:
        mend = f"Free some, or choose another folder with --data: {NEEDED_DISK_BYTES / GIGABYTE:.0f} GB are needed."
        yield Finding(name="disk", state="problem", said=said, mend=mend)
    else:
        yield Finding(name="disk", state="ok", said=said)


def _files() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    said = "no limit" if soft == resource.RLIM_INFINITY else f"{soft} open files allowed"
    if soft != resource.RLIM_INFINITY and soft < NEEDED_FILES:
        mend = f"Raise it with `ulimit -n {NEEDED_FILES}`."
        return Finding(name="open files", state="problem", said=said, mend=mend)
    return Finding(name="open files", state="ok", said=said)


def _port(told: Settings, running: dict[str, object]) -> Finding:
    name = "wall's port"
    if running["running"]:
        return Finding(name=name, state="ok", said=f"the wall is at {running['wall']}")
    if told.wall_port and not is_free(told.wall_port, told.wall_host):
        mend = "End the program that has it, or choose another with --port."
        return Finding(name=name, state="problem", said=f"{told.wall_port} is taken", mend=mend)
    return Finding(name=name, state="ok", said=f"{told.wall_port} is free")


def _broker(told: Settings, kafka: str) -> Finding:
    if not kafka:
        return Finding(name="broker", state="note", said="not running; `watchfloor up` starts it")
    settings = told.model_copy(update={"kafka": kafka})
    if asyncio.run(broker.answers(settings)):
        return Finding(name="broker", state="ok", said=f"answers at {kafka}")
    mend = (
        "Start it, or mend WATCHFLOOR_KAFKA and its TLS and SASL settings." if told.kafka else "See its log."
    )
    return Finding(name="broker", state="problem", said=f"no answer at {kafka}", mend=mend)


def _redis(address: str) -> Iterator[Finding]:
    if not address:
        yield Finding(name="redis", state="note", said="not running; `watchfloor up` starts it")
        return
    client = redis.Redis.from_url(
        address, socket_timeout=ANSWER_WITHIN_S, socket_connect_timeout=ANSWER_WITHIN_S
    )
    try:
        before_ms = now_ms()
        seconds, micros = client.time()
        after_ms = now_ms()
        yield Finding(name="redis", state="ok", said=f"answers in {after_ms - before_ms} ms at {address}")
        yield _clock("redis's clock", int(seconds) * 1000 + int(micros) // 1000, before_ms, after_ms)
    except (RedisError, OSError) as gone:
        yield Finding(
            name="redis",
            state="problem",
            said=f"{type(gone).__name__} at {address}",
            mend="Start it, or mend WATCHFLOOR_REDIS.",
        )
    finally:
        client.close()


def _clock(name: str, theirs_ms: int, before_ms: int, after_ms: int) -> Finding:
    """Compare an instant that was read somewhere else between two of ours."""
    off_ms = max(before_ms - theirs_ms, theirs_ms - after_ms, 0)
    if off_ms > CLOCKS_WITHIN_MS:
        mend = "Let both machines take their time from the same NTP server."
        return Finding(name=name, state="problem", said=f"{off_ms / 1000:.1f} s from ours", mend=mend)
    return Finding(name=name, state="ok", said=f"within {off_ms + after_ms - before_ms} ms of ours")


def _broker_clock(told: Settings) -> Finding:
    """Let the broker stamp a record, in a topic that exists for this question alone."""
    from aiokafka.errors import KafkaError

    before_ms = now_ms()
    try:
        stamped_ms = asyncio.run(_stamp(told))
    except (KafkaError, OSError, TimeoutError) as failed:
        mend = "Allow this user to create and write the topic `doctor`."
        return Finding(name="broker's clock", state="problem", said=f"{type(failed).__name__}", mend=mend)
    return _clock("broker's clock", stamped_ms, before_ms, now_ms())


async def _stamp(told: Settings) -> int:
    from aiokafka import AIOKafkaProducer
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic
    from aiokafka.errors import TopicAlreadyExistsError

    name = told.topic("doctor")
    config = {"message.timestamp.type": "LogAppendTime", "retention.ms": "3600000"}
    async with asyncio.timeout(3 * ANSWER_WITHIN_S):
        admin = AIOKafkaAdminClient(**aiokafka_options(told))
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, 1, told.replication, topic_configs=config)])
        except TopicAlreadyExistsError:
            pass
        finally:
            await admin.close()
        producer = AIOKafkaProducer(**aiokafka_options(told), acks="all")
        await producer.start()
        try:
            return int((await producer.send_and_wait(name, b"what time is it?")).timestamp)
        finally:
            await producer.stop()


def _for_tests() -> Iterator[Finding]:
    browser = shutil.which("chromium")
    yield Finding(name="chromium", state="note", said=browser or "absent; only the browser tests need it")
    fonts = shutil.which("fc-list")
    found = (
        fonts is not None
        and "CJK" in subprocess.run([fonts], capture_output=True, text=True, check=False).stdout
    )
    yield Finding(
        name="CJK font", state="note", said="there" if found else "absent; Chinese on this machine needs one"
    )
