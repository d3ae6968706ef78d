"""Which processes `up` runs, as data: name, command, surroundings, needs, and the order in which they are stopped."""

import asyncio
import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

from config.settings import Settings, child_environment
from watchfloor import broker, valkey
from watchfloor.launch import python_module
from watchfloor.ports import anyone_listens
from watchfloor.supervisor import ChildSpec

# Workers first, while everything that they write to is still there; what they wrote to last.
WORKERS, OTHERS, STORES = 0, 1, 2
WORKER_STOP_S, OTHER_STOP_S, STORE_STOP_S = 4.0, 2.0, 2.0
# The wall answers its own health question within milliseconds.
HEALTH_WITHIN_S = 2.0

Table = Callable[[Settings, bool, int], list[ChildSpec]]


def store_children(
    settings: Settings, own_broker: broker.Broker | None, own_valkey: valkey.Valkey | None
) -> list[ChildSpec]:
    """Return the children that keep: the broker and Valkey, each only when it is our own.

    Parameters
    ----------
    settings
        What the children are told.
    own_broker, own_valkey
        As they were prepared; None where an address was given.

    """
    surroundings = child_environment(settings)
    children: list[ChildSpec] = []
    if own_valkey is not None:
        children.append(
            ChildSpec(
                name="redis",
                argv=own_valkey.argv,
                environment=surroundings,
                answers=lambda: valkey.answers(own_valkey.url),
                stop_phase=STORES,
                stop_within_s=STORE_STOP_S,
            )
        )
    if own_broker is not None:
        children.append(
            ChildSpec(
                name="broker",
                argv=own_broker.argv,
                environment=surroundings | own_broker.environment,
                answers=lambda: broker.answers(settings),
                stop_phase=STORES,
                stop_within_s=STORE_STOP_S,
            )
        )
    return children


def our_children(settings: Settings, simulator: bool, workers: int) -> list[ChildSpec]:
    """Return our own processes.

    Parameters
    ----------
    settings
        What the children are told; ports are known by now.
    simulator
        Whether the fictional province sends reports.
    workers
        How many share the partitions; the first is `worker`, the others `worker-2` and so on.

    """
    surroundings = child_environment(settings)
    names = ["worker", *(f"worker-{number}" for number in range(2, workers + 1))]
    children = [
        ChildSpec(
            name=name,
            argv=python_module("streams.worker"),
            environment=surroundings | {"WATCHFLOOR_WORKER": name},
            needs=("broker", "redis", "topics"),
            stop_phase=WORKERS,
            stop_within_s=WORKER_STOP_S,
        )
        for name in names
    ]
    wall = f"http://127.0.0.1:{settings.wall_port}/healthz"
    children += [
        ChildSpec(
            # it asks nobody until a page is opened, so that its imports overlap with the broker's start
            name="dashboard",
            argv=python_module("dashboard.web"),
            environment=surroundings,
            answers=lambda: asyncio.to_thread(is_healthy, wall),
            stop_within_s=OTHER_STOP_S,
        ),
        ChildSpec(
            name="gateway",
            argv=python_module("dashboard.gateway.process"),
            environment=surroundings,
            needs=("broker", "redis", "topics"),
            answers=lambda: asyncio.to_thread(anyone_listens, f"127.0.0.1:{settings.gateway_port}"),
            stop_within_s=OTHER_STOP_S,
        ),
        ChildSpec(
            name="archive",
            argv=python_module("streams.archive"),
            environment=surroundings,
            # nobody waits for these: the wall's own start has the cores first
            needs=("broker", "topics", "wall"),
            stop_within_s=OTHER_STOP_S,
        ),
        ChildSpec(
            name="courier",
            argv=python_module("streams.courier"),
            environment=surroundings,
            needs=("broker", "topics", "wall"),
            stop_within_s=OTHER_STOP_S,
        ),
    ]
    if simulator:
        children.append(
            ChildSpec(
                name="simulator",
                argv=python_module("producers.simulate"),
                environment=surroundings,
                needs=("broker", "topics", "wall", "rules"),
                stop_within_s=OTHER_STOP_S,
                once=True,
            )
        )
    return children


def is_healthy(url: str) -> bool:
    """Return whether a GET of the address is answered with 200 within 2 s."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=HEALTH_WITHIN_S)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
