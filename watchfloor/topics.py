"""The topics that `up` and `watchfloor topics create` make, and how an existing one differs from what is meant."""

from dataclasses import dataclass
from typing import Any

from config.kafka_access import kafka_python_options
from config.settings import Settings
from domain.codes import JOURNAL_PARTITIONS, LANES
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.ports import anyone_listens

# A report is at most 512 kB and its journal record little more; the broker's own limit is the same.
LARGEST_MESSAGE_BYTES = 1_048_588
# Creating 85 partitions takes a second; a broker that needs longer than this is not well.
ANSWER_WITHIN_MS = 15_000

# Nothing goes by age or size, and the broker's clock stamps: with Kafka's defaults, records stamped
# 2017 were deleted at the first check.
CONFIG = {
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": str(LARGEST_MESSAGE_BYTES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as it is meant to be."""

    name: str
    partitions: int


TOPICS = (
    Topic(name="reports", partitions=LANES),
    Topic(name="journal", partitions=JOURNAL_PARTITIONS),
    Topic(name="deadletter", partitions=1),
    Topic(name="alerts", partitions=JOURNAL_PARTITIONS),
    Topic(name="audit", partitions=JOURNAL_PARTITIONS),
    Topic(name="messages", partitions=JOURNAL_PARTITIONS),
    Topic(name="passages", partitions=JOURNAL_PARTITIONS),
)


def differences(name: str, meant: Topic, partitions: int, config: dict[str, str]) -> list[str]:
    """Say in what an existing topic is not as it is meant.

    Parameters
    ----------
    name
        Its name on the broker.
    meant
        What it should be.
    partitions, config
        What it is.

    Returns
    -------
    list[str]
        A sentence a difference, each with how to mend it; empty when there is none.

    """
    found: list[str] = []
    if partitions != meant.partitions:
        found.append(
            f"Topic {name} has {partitions} partitions and {meant.partitions} are needed, which is fixed for its "
            "life: set another WATCHFLOOR_PREFIX, or refold into a new topic."
        )
    found += [
        f"Topic {name} has {key}={config[key]} and needs {value}: set it with kafka-configs --alter."
        for key, value in CONFIG.items()
        if key in config and config[key] != value
    ]
    return found


def create_topics(settings: Settings) -> list[str]:
    """Create what is missing, and check what is there.

    Parameters
    ----------
    settings
        The brokers, the prefix and the number of copies.

    Returns
    -------
    list[str]
        The names that were created now.

    Raises
    ------
    MissingError
        If no broker answers.
    RefusedError
        If an existing topic differs; all differences in one message.

    """
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    gone = f"No Kafka broker answers at {settings.kafka}: start it, or mend WATCHFLOOR_KAFKA."
    if not anyone_listens(settings.kafka):
        # asked first, because the client tries for half a minute
        raise MissingError(gone)
    try:
        admin = KafkaAdminClient(**kafka_python_options(settings), request_timeout_ms=ANSWER_WITHIN_MS)
    except KafkaError as failed:
        raise MissingError(gone) from failed
    try:
        return _create(admin, settings)
    except KafkaError as failed:
        raise RefusedError(f"The broker at {settings.kafka} did not create the topics: {failed}.") from failed
    finally:
        admin.close()


def _create(admin: Any, settings: Settings) -> list[str]:
    meant = {settings.topic(topic.name): topic for topic in TOPICS}
    there = set(admin.list_topics()) & meant.keys()
    wanted = {
        name: {
            "num_partitions": topic.partitions,
            "replication_factor": settings.replication,
            "configs": CONFIG,
        }
        for name, topic in meant.items()
        if name not in there
    }
    if wanted:
        # another `up` may have been quicker: what exists by then is compared like the rest
        admin.create_topics(wanted, timeout_ms=ANSWER_WITHIN_MS, raise_errors=False)
    admin.wait_for_topics(list(meant), timeout_ms=ANSWER_WITHIN_MS)
    found = [
        sentence
        for name, partitions, config in _describe(admin, sorted(meant))
        for sentence in differences(name, meant[name], partitions, config)
    ]
    if found:
        raise RefusedError(" ".join(found))
    return sorted(wanted)


def _describe(admin: Any, names: list[str]) -> list[tuple[str, int, dict[str, str]]]:
    """Ask for the partitions and the settings of topics that are there."""
    from kafka.admin import ConfigResource, ConfigResourceType

    answer = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all"
    )["topic"]
    return [
        (
            topic["name"],
            len(topic["partitions"]),
            {key: entry["value"] for key, entry in answer[topic["name"]].items()},
        )
        for topic in admin.describe_topics(names)
    ]
