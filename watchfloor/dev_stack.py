"""Broker, Valkey and topics alone, in the foreground, for work on one part: `python -m watchfloor.dev_stack --data DIR`."""

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import Settings
from config.wallclock import monotonic_s
from watchfloor import broker, jars, topics, valkey
from watchfloor.exceptions import FrontDoorError, RefusedError
from watchfloor.launch import WATCHES_PIPE, bound_to_us

# A fresh broker is up after 3 s, a killed one after 6; a machine that is busy gets ten times that.
BROKER_WITHIN_S = 60
VALKEY_WITHIN_S = 20
# The broker stops within 0.5 s; the rest is for a busy machine.
STOP_WITHIN_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that was started and answers.

    Attributes
    ----------
    address
        What clients are given.
    process
        Its process, ended by whoever started it.

    """

    address: str
    process: subprocess.Popen[bytes]


def launch(argv: tuple[str, ...], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process that dies with this one, its output in a file.

    Parameters
    ----------
    argv, environment
        The command and what its surroundings need beside this process's own.
    log
        Added to, never read.

    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            bound_to_us(argv),
            env=os.environ | environment,
            stdin=subprocess.PIPE if WATCHES_PIPE else subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], within_s: float = STOP_WITHIN_S) -> None:
    """End a process: TERM, and KILL when it does not go in time."""
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(within_s)


@contextlib.contextmanager
def running_broker(data: Path, named_jars: Path | None = None) -> Iterator[Running]:
    """Run a broker over a data folder until the block ends.

    Raises
    ------
    FrontDoorError
        If it cannot be prepared, or does not answer within a minute.

    """
    folder = jars.ensure(named_jars, lambda line: print(line, file=sys.stderr))
    prepared = broker.prepare(data / "kafka", folder)
    log = data / "logs" / "broker.log"
    process = launch(prepared.argv, prepared.environment, log)
    try:
        settings = Settings(kafka=prepared.bootstrap)
        _wait(process, lambda: broker.answers(settings), BROKER_WITHIN_S, "broker", log)
        yield Running(address=prepared.bootstrap, process=process)
    finally:
        stop(process)


@contextlib.contextmanager
def running_valkey(data: Path) -> Iterator[Running]:
    """Run a Valkey over a data folder until the block ends.

    Raises
    ------
    FrontDoorError
        If there is no program for it, or it does not answer in time.

    """
    prepared = valkey.prepare(data / "valkey")
    log = data / "logs" / "redis.log"
    process = launch(prepared.argv, {}, log)
    try:
        _wait(process, lambda: valkey.answers(prepared.url), VALKEY_WITHIN_S, "valkey", log)
        yield Running(address=prepared.url, process=process)
    finally:
        stop(process)


def _wait(
    process: subprocess.Popen[bytes],
    asked: Callable[[], Coroutine[Any, Any, bool]],
    within_s: float,
    name: str,
    log: Path,
) -> None:
    """Wait until a service answers; in a thread, as the caller may have an event loop running."""
    until_s = monotonic_s() + within_s
    with ThreadPoolExecutor(max_workers=1) as beside:
        while not beside.submit(lambda: asyncio.run(asked())).result():
            if process.poll() is not None or monotonic_s() > until_s:
                raise RefusedError(f"The {name} did not start; its last words are in {log}.")
            time.sleep(0.05)


def main() -> int:
    """Run the stack until Ctrl-C or TERM; prints the two settings that other processes need."""
    parser = argparse.ArgumentParser(prog="python -m watchfloor.dev_stack", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="where everything is kept")
    data: Path = parser.parse_args().data
    # TERM ends it as Ctrl-C does: through the blocks' own endings
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running_valkey(data) as redis, running_broker(data) as kafka:
            topics.create_topics(Settings(kafka=kafka.address))
            print(f"export WATCHFLOOR_KAFKA={kafka.address}")
            print(f"export WATCHFLOOR_REDIS={redis.address}")
            print(f"export WATCHFLOOR_DATA={data.resolve()}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except FrontDoorError as said:
        print(said, file=sys.stderr)
        return said.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
