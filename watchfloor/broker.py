"""The embedded broker: one Apache Kafka node whose files are all under the data folder."""

import asyncio
import hashlib
import json
import shutil
import subprocess
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

from config.kafka_access import aiokafka_options
from config.settings import Settings
from watchfloor import java, ports
from watchfloor.exceptions import RefusedError
from watchfloor.jars import class_path

# Kafka's own start takes 2 s; the format, once, 0.9 s. More means that the machine is stuck.
FORMAT_WITHIN_S = 60

# JEP 514: a cache of loaded and linked classes in one step.
AOT_SINCE_MAJOR = 25

# Each line has its reason; what is not here is Kafka's own default.
PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    # after a kill the old registration has to run out before the new one is taken: 3-6 s instead of 12
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # a single worker need not wait for others to join
    "group.initial.rebalance.delay.ms": "0",
    # one node: its internal topics have one copy, and few partitions start faster
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "default.replication.factor": "1",
    # a mistyped topic is an error, not a topic with the wrong retention
    "auto.create.topics.enable": "false",
    # Kafka is the record: nothing goes by age or size (the topics say so too)
    "log.retention.ms": "-1",
    "log.retention.bytes": "-1",
    # a report is at most 512 kB and its journal record little more
    "message.max.bytes": "1048588",
    # after a kill the last segment of each partition is read again: 64 MB each keeps that to seconds
    "log.segment.bytes": "67108864",
    "num.recovery.threads.per.data.dir": "2",
    # the default of 128 MB is a quarter of the heap, for four small compacted partitions
    "log.cleaner.dedupe.buffer.size": "16777216",
    # two cores, a handful of clients
    "num.network.threads": "2",
    "num.io.threads": "4",
}

LOG4J = """\
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = OUT
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSX}{UTC} %p %c{1}: %m%n
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = INFO
logger.state.name = org.apache.kafka.server.config.AbstractKafkaConfig
logger.state.level = ERROR
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """An embedded broker that is ready to be started.

    Attributes
    ----------
    argv
        Its command line.
    environment
        What its surroundings must have beside the usual.
    bootstrap
        The address that clients are given.

    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    bootstrap: str


def prepare(folder: Path, jars: Path, heap_mb: int = 512) -> Broker:
    """Write the broker's files and format its log once.

    Parameters
    ----------
    folder
        Where everything of Kafka's lives, `DATA/kafka`.
    jars
        A folder whose jars have been checked.
    heap_mb
        The most that the Java heap takes, in MiB; the default of Java would be a quarter of the machine.

    Returns
    -------
    Broker
        The same ports as the last time, where they are still free.

    Raises
    ------
    RefusedError
        If the log cannot be formatted.
    MissingError
        If there is no Java, or a jar is missing.

    """
    folder.mkdir(parents=True, exist_ok=True)
    port = ports.lasting_ports(folder / "ports.json", ("broker", "controller"))
    log = folder / "log"
    lines = PROPERTIES | {
        "listeners": f"PLAINTEXT://127.0.0.1:{port['broker']},CONTROLLER://127.0.0.1:{port['controller']}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port['broker']}",
        "controller.quorum.voters": f"1@127.0.0.1:{port['controller']}",
        "log.dirs": str(log),
    }
    properties = folder / "server.properties"
    properties.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
    log4j = folder / "log4j2.properties"
    log4j.write_text(LOG4J, encoding="utf-8")
    program = str(java.find_java())
    environment = {"CLASSPATH": class_path(jars)}
    flags: tuple[str, ...] = (f"-Dlog4j2.configurationFile={log4j}", "-Djava.awt.headless=true")
    cache = startup_cache(jars)
    if cache is not None and cache.is_file():
        # what does not fit any more is left out by Java itself, without a word in the log
        flags = (f"-XX:AOTCache={cache}", "-Xlog:aot*=off", "--sun-misc-unsafe-memory-access=allow", *flags)
    _format_once(folder, (program, "-Xmx128m", *flags), environment, properties)
    argv = (
        program,
        f"-Xmx{heap_mb}m",
        # a broker without memory must end and be started again, not stand half alive
        "-XX:+ExitOnOutOfMemoryError",
        *flags,
        "kafka.Kafka",
        str(properties),
    )
    return Broker(argv=argv, environment=environment, bootstrap=f"127.0.0.1:{port['broker']}")


def startup_cache(jars: Path) -> Path | None:
    """Return where Java keeps what a broker's start loads and links, or None where Java is too old for it.

    Parameters
    ----------
    jars
        The jars' folder. The name tells one Java from another, for a cache fits one alone.

    """
    program = java.find_java()
    libraries = program.resolve().parent.parent / "lib"
    release = libraries.parent / "release"
    if not release.is_file() or java.release_major(release) < AOT_SINCE_MAJOR:
        return None
    fingerprint = hashlib.sha256(f"{libraries} {release.read_text()}".encode()).hexdigest()[:12]
    return jars / f"start-{fingerprint}.aot"


def _format_once(folder: Path, start: tuple[str, ...], environment: dict[str, str], properties: Path) -> None:
    """Give the log its cluster id; a format that was cut off is made again, for nothing was written yet."""
    done = folder / "formatted.json"
    if done.is_file():
        return
    shutil.rmtree(folder / "log", ignore_errors=True)
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # one word: an id may begin with a dash, and would be taken for an option
    argv = [
        *start,
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster}",
        "--config",
        str(properties),
    ]
    try:
        run = subprocess.run(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FORMAT_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        raise RefusedError(
            f"Kafka's log in {folder} was not formatted within {FORMAT_WITHIN_S} s: free some CPU and try again."
        ) from slow
    if run.returncode != 0:
        last = (run.stderr or run.stdout).strip().splitlines()[-1:]
        raise RefusedError(f"Kafka's log in {folder} could not be formatted: {' '.join(last)}")
    done.write_text(json.dumps({"cluster": cluster}), encoding="utf-8")


async def answers(settings: Settings) -> bool:
    """Return whether a broker answers and is in service.

    Parameters
    ----------
    settings
        `kafka` names the brokers.

    Returns
    -------
    bool
        False also for one that is up and still fenced, whose partitions have no leader yet.

    """
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    if not await asyncio.to_thread(ports.anyone_listens, settings.kafka):
        # asked first, because the client logs every refused connection as an error
        return False
    client = AIOKafkaClient(**aiokafka_options(settings), request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
