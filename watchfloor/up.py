"""`watchfloor up`: the composition root of the embedded mode, from a data folder to a wall that is alive."""

import asyncio
import importlib
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from config.settings import Settings
from config.wallclock import monotonic_s, now_ms
from watchfloor import broker, jars, plan, runfile, topics, valkey
from watchfloor.aside import aside
from watchfloor.datafolder import Clock, DataFolder, chosen_folder
from watchfloor.exceptions import FrontDoorError, MissingError, RefusedError
from watchfloor.ports import is_free, lasting_ports
from watchfloor.supervisor import ChildSpec, Supervisor

# A cluster that is named in the settings is expected to be up; this bridges its restart.
FOREIGN_WITHIN_S = 15.0
LOOK_EVERY_S = 0.25
# The workers are being started again, or have much to fold first.
PUBLISH_AGAIN_S = 2.0

Publish = Callable[[Settings], str]


def report(line: str) -> None:
    """Tell the person at the terminal; standard output is kept for the one line that scripts wait for."""
    print(line, file=sys.stderr, flush=True)


def up(  # noqa: PLR0913 - one keyword an option of the command
    *,
    data: Path | None = None,
    port: int | None = None,
    simulator: bool = True,
    clock: Clock | None = None,
    workers: int = 1,
    config_dir: Path | None = None,
    table: plan.Table = plan.our_children,
    publish: Publish | None = None,
) -> int:
    """Run everything until Ctrl-C or TERM.

    Parameters
    ----------
    data
        The data folder; None takes `WATCHFLOOR_DATA` or the user's own.
    port
        The wall's port; None takes `WATCHFLOOR_WALL_PORT` or 8050, 0 a free one.
    simulator
        Whether the fictional province sends reports; never with the feed's clock.
    clock
        The folder's clock; None keeps what the folder has.
    workers
        How many workers share the partitions.
    config_dir
        The town's own rule files.
    table
        The processes of ours; tests pass others.
    publish
        Brings the rule set into force; None takes ours.

    Returns
    -------
    int
        0 after a stop that was asked for, 1 (no) or 3 (something that it needs is not there), each with a
        sentence on standard error.

    """
    # TERM before the loop takes over ends like Ctrl-C: through every block's own ending
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = DataFolder(chosen_folder(data))
    try:
        folder.make()
        with folder.held():
            # before the ports are looked at, which they may still have
            runfile.end_leftovers(folder, report)
            settings = _settings(folder, port, clock, config_dir)
            settings, own_broker, own_valkey = _stores(folder, settings)
            stores = plan.store_children(settings, own_broker, own_valkey)
            # with the feed's clock time comes from a file, and the simulator has none
            ours = table(settings, simulator and settings.clock == "wall", workers)
            return asyncio.run(_run(folder, settings, stores, ours, publish or _publish_shipped))
    except FrontDoorError as said:
        report(str(said))
        return said.exit_code
    except KeyboardInterrupt:
        return 0


def _settings(folder: DataFolder, port: int | None, clock: Clock | None, config_dir: Path | None) -> Settings:
    """Complete the settings with what the folder remembers: its clock, its secret and its ports."""
    told = Settings()
    kept = lasting_ports(folder.ports, ("gateway", "wall"))
    wall = told.wall_port if port is None else port
    wall = wall or kept["wall"]
    if not is_free(wall, told.wall_host):
        raise RefusedError(f"Port {wall} is taken by another program: choose another with --port.")
    changes: dict[str, Any] = {
        "data": folder.path,
        "clock": folder.clock(clock),
        "wall_port": wall,
        "gateway_port": told.gateway_port or kept["gateway"],
    }
    if config_dir is not None:
        changes["config_dir"] = config_dir.resolve()
    if not told.secret.get_secret_value():
        changes["secret"] = SecretStr(folder.secret())
    return told.model_copy(update=changes)


def _stores(
    folder: DataFolder, told: Settings
) -> tuple[Settings, broker.Broker | None, valkey.Valkey | None]:
    """Prepare the broker and the Valkey that nobody named, and say where they will be."""
    own_broker = own_valkey = None
    if not told.kafka:
        own_broker = broker.prepare(folder.kafka, jars.ensure(told.jars, report))
        told = told.model_copy(update={"kafka": own_broker.bootstrap})
    if not told.redis:
        own_valkey = valkey.prepare(folder.valkey)
        told = told.model_copy(update={"redis": own_valkey.url})
    return told, own_broker, own_valkey


async def _run(
    folder: DataFolder,
    settings: Settings,
    stores: list[ChildSpec],
    ours: list[ChildSpec],
    publish: Publish,
) -> int:
    """Keep the children running until a signal, and stop them whatever happened."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    wall = f"http://127.0.0.1:{settings.wall_port}/wall"
    addresses = {
        "kafka": settings.kafka,
        "redis": settings.redis,
        "gateway": settings.public_gateway_url or f"ws://127.0.0.1:{settings.gateway_port}/live",
        "wall": wall,
        # what is sent to this system later publishes the same rules
        "config_dir": str(settings.config_dir or ""),
    }
    began_ms = now_ms()
    supervisor = Supervisor(
        folder.logs, lambda children: runfile.write(folder, addresses, children, began_ms), report
    )
    supervisor.start([*stores, *ours])
    names = {spec.name for spec in stores}
    stopped = asyncio.ensure_future(stop.wait())
    given_up = asyncio.ensure_future(supervisor.given_up())
    ready = asyncio.ensure_future(_make_ready(supervisor, settings, names, ours))
    published = asyncio.ensure_future(_publish(supervisor, settings, publish))
    try:
        return await _until_stopped(stopped, given_up, ready, published, f"ready {wall}")
    finally:
        for task in (stopped, given_up, ready, published):
            task.cancel()
        await supervisor.stop()


async def _until_stopped(
    stopped: "asyncio.Future[Any]",
    given_up: "asyncio.Future[str]",
    ready: "asyncio.Future[None]",
    published: "asyncio.Future[None]",
    line: str,
) -> int:
    """Return 0 when a signal asks for the end; raise what one of the others raises."""
    waiting: set[asyncio.Future[Any]] = {stopped, given_up, ready, published}
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stopped in done:
            report("stopping")
            return 0
        if given_up in done:
            raise RefusedError(given_up.result())
        for task in done:
            task.result()
        if ready in done:
            # the one line that scripts outside the project wait for
            print(line, flush=True)


async def _make_ready(
    supervisor: Supervisor, settings: Settings, own: set[str], ours: list[ChildSpec]
) -> None:
    """Bring the stores and the topics into place, then wait for those that answer."""
    if "redis" not in own:
        await _foreign(
            "redis", lambda: valkey.answers(settings.redis), "No Redis answers; mend WATCHFLOOR_REDIS."
        )
        supervisor.mark("redis")
    if "broker" not in own:
        await _foreign(
            "broker",
            lambda: broker.answers(settings),
            f"No Kafka broker answers at {settings.kafka}: start it, or mend WATCHFLOOR_KAFKA.",
        )
        supervisor.mark("broker")
    await supervisor.ready("broker", "redis")
    created = await aside(lambda: topics.create_topics(settings))
    if created:
        report(f"created topics {', '.join(created)}")
    supervisor.mark("topics")
    await supervisor.ready(*(spec.name for spec in ours if spec.answers is not None))
    supervisor.mark("wall")


async def _publish(supervisor: Supervisor, settings: Settings, publish: Publish) -> None:
    """Bring the rule set into force; it waits for the workers, and the wall does not wait for it."""
    await supervisor.ready("topics")
    while True:
        try:
            rules = await aside(lambda: publish(settings))
        except MissingError as not_yet:
            report(str(not_yet))
            await asyncio.sleep(PUBLISH_AGAIN_S)
            continue
        report(f"rule set in force: {rules}")
        supervisor.mark("rules")
        return


async def _foreign(name: str, answers: Callable[[], Awaitable[bool]], sentence: str) -> None:
    until_s = monotonic_s() + FOREIGN_WITHIN_S
    while not await answers():
        if monotonic_s() > until_s:
            raise MissingError(sentence)
        report(f"waiting for the {name}")
        await asyncio.sleep(LOOK_EVERY_S)


def _publish_shipped(settings: Settings) -> str:
    # imported late: it compiles rules, which `--help` need not wait for
    rules_publish = importlib.import_module("watchfloor.rules_publish")
    return str(rules_publish.publish_rules(settings))
