"""Which process may read and write which topic, as rights at the broker: only the gateway and the folds write the journal.

The user that runs the commands of `watchfloor` (`ops`) is the broker's super user and needs none. The dashboard speaks
to no broker at all.
"""

from dataclasses import dataclass
from time import sleep
from typing import Any, Literal

from config.kafka_access import kafka_python_options
from config.settings import Settings
from config.wallclock import monotonic_s
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.ports import anyone_listens

ANSWER_WITHIN_MS = 15_000
# The controller's log reaches a broker within milliseconds; a cluster that needs longer than this is not well.
KNOWN_WITHIN_S, LOOK_S = 10.0, 0.05

Verb = Literal["read", "write"]

ALLOWED: dict[str, dict[Verb, tuple[str, ...]]] = {
    # the folds: intake writes the journal and dead letters, casework the rest
    "worker": {
        "read": ("reports", "journal"),
        "write": ("journal", "deadletter", "alerts", "audit", "messages", "passages"),
    },
    # the only one that writes what people command
    "gateway": {"write": ("journal",)},
    # what became of a message goes back into the journal
    "courier": {"read": ("messages",), "write": ("journal",)},
    "archive": {"read": ("reports", "journal", "audit", "passages")},
    # pollers, file replay and the simulator; the journal is not theirs
    "producer": {"read": ("reports",), "write": ("reports",)},
}
"""By the user's name at the broker: what it may read and write."""

GROUPS = {"worker": "watchfloor-folds", "courier": "courier"}
"""The consumer groups, each used by one user alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One right at the broker, with the names that it has there."""

    user: str
    verb: Verb
    kind: Literal["topic", "group"]
    name: str


def rights(settings: Settings) -> list[Right]:
    """Return every right that an installation's users need, sorted by user."""
    found = [
        Right(user=user, verb=verb, kind="topic", name=settings.topic(topic))
        for user, verbs in ALLOWED.items()
        for verb, topics in verbs.items()
        for topic in topics
    ]
    found += [
        Right(user=user, verb="read", kind="group", name=f"{settings.prefix}{group}")
        for user, group in GROUPS.items()
    ]
    return sorted(found, key=lambda right: (right.user, right.kind, right.name, right.verb))


def give_rights(settings: Settings) -> list[Right]:
    """Give the users their rights at the broker; those that they have already stay.

    Raises
    ------
    MissingError
        If no broker answers.
    RefusedError
        If the broker keeps no rights, or refuses one.

    """
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    if not anyone_listens(settings.kafka):
        raise MissingError(
            f"No Kafka broker answers at {settings.kafka}: start it, or mend WATCHFLOOR_KAFKA."
        )
    given = rights(settings)
    wanted = [_acl(right) for right in given]
    refused = (
        f"The broker at {settings.kafka} keeps no rights, or takes none from this user; set its authorizer and a super "
        "user, as docker-compose.yml does"
    )
    try:
        admin: Any = KafkaAdminClient(**kafka_python_options(settings), request_timeout_ms=ANSWER_WITHIN_MS)
    except KafkaError as failed:
        raise MissingError(f"The broker at {settings.kafka} lets nobody in: {failed}.") from failed
    try:
        failed_rights = admin.create_acls(wanted)["failed"]
        if not failed_rights:
            _wait_for(admin, wanted, settings)
    except KafkaError as failed:
        raise RefusedError(f"{refused} ({type(failed).__name__}).") from failed
    finally:
        admin.close()
    if failed_rights:
        raise RefusedError(f"{refused}: {len(failed_rights)} of {len(given)} were refused.")
    return given


def _acl(right: Right) -> Any:
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

    return ACL(
        principal=f"User:{right.user}",
        host="*",
        operation={"read": ACLOperation.READ, "write": ACLOperation.WRITE}[right.verb],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(
            {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}[right.kind], right.name
        ),
    )


def _wait_for(admin: Any, wanted: list[Any], settings: Settings) -> None:
    """Wait until the brokers go by the rights: they hear of them a moment after the controller has answered."""
    from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ResourcePatternFilter, ResourceType
    from kafka.admin import ACLResourcePatternType as Pattern

    every = ACLFilter(
        principal=None,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, Pattern.ANY),
    )
    until_s = monotonic_s() + KNOWN_WITHIN_S
    while not set(wanted) <= set(admin.describe_acls(every)[0]):
        if monotonic_s() > until_s:
            raise MissingError(f"The broker at {settings.kafka} does not go by its new rights: see its log.")
        sleep(LOOK_S)
