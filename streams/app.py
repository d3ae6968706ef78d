"""The Faust application: two agents, no tables, no web server, a lasting name for every worker."""

from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.serializers.schemas import Schema
from yarl import URL

from config.kafka_access import aiokafka_options
from config.settings import Settings
from streams.engine import Engine
from streams.transport import Transport

# A worker that vanished gives its partitions to others after this; one with its old name has them back at once.
SESSION_S = 6.0
HEARTBEAT_S = 1.0
# A rebalance waits for members to come; loading states must fit in.
REBALANCE_S = 30.0
# Loading every partition's snapshot happens inside one request's time.
REQUEST_S = 60.0
# Offsets are committed for lag displays alone.
COMMIT_S = 2.0
# A fetch hands over at most so many records: unbounded, 89,000 starved the consumer thread's keep-alive.
POLL_RECORDS = 4000
# Batches that may wait for an agent: one in work, one ready.
BATCHES_WAITING = 2


class BatchSchema(Schema):
    """The value of a message is a list of fetched records, handed to the agent as it is."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """A batch has no key."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002 - Faust's
        """Give the records."""
        return message.value


class Boot(BootStrategy):
    """What of Faust is started: neither its web server nor its producer (ours is idempotent and sends batches)."""

    enable_web = False
    enable_kafka_producer = False
    enable_sensors = False


class App(faust.App):
    """A Faust app that starts what `Boot` says."""

    BootStrategy = Boot


def declare(settings: Settings, engine: Engine) -> Any:
    """Return the application, ready to start.

    Parameters
    ----------
    settings
        The brokers, the prefix and the worker's name.
    engine
        Folds what comes.

    """
    app = App(
        f"{settings.prefix}watchfloor-folds",
        broker=[URL(f"kafka://{broker}") for broker in settings.kafka.split(",")],
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        datadir=settings.data / "faust",
        consumer_group_instance_id=settings.worker,
        broker_client_id=f"{settings.prefix}{settings.worker}",
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_rebalance_timeout=REBALANCE_S,
        broker_request_timeout=REQUEST_S,
        broker_commit_interval=COMMIT_S,
        broker_max_poll_records=POLL_RECORDS,
        stream_buffer_maxsize=BATCHES_WAITING,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
    )
    transport = Transport(app.conf.broker, app, loop=app.loop)
    transport.engine = engine
    transport.options = aiokafka_options(settings)
    transport.words = {settings.topic(word): word for word in ("reports", "journal")}
    app.transport = transport
    _declare_agent(app, transport, settings.topic("reports"), "intake")
    _declare_agent(app, transport, settings.topic("journal"), "casework")
    return app


def _declare_agent(app: Any, transport: Transport, topic: str, name: str) -> None:
    batches = app.topic(topic, schema=BatchSchema(), internal=False)

    async def fold(stream: Any) -> None:
        async for event in stream.events():
            batch = event.value
            if batch.setting == app.consumer.setting:
                await transport.engine.fold_batch(transport.source(event.message.tp), batch.records)

    app.agent(batches, name=name, concurrency=1)(fold)
