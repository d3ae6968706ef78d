"""What `make install` does after the packages: Kafka's jars, and a cache that halves the broker's start."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config.settings import Settings
from config.wallclock import monotonic_s
from watchfloor import broker, jars
from watchfloor.exceptions import FrontDoorError
from watchfloor.launch import WATCHES_PIPE, bound_to_us

# A first start takes 3 s and writing the cache 5 s; a busy machine gets ten times that.
ANSWERS_WITHIN_S = 60.0
WRITTEN_WITHIN_S = 120.0


def train(folder: Path) -> bool:
    """Let a broker start once over an empty log, so that Java keeps what it loaded and linked.

    Measured on two busy cores: 7 s to the first answer without the cache and 4.4 s with it, 6.5 s of CPU and
    3.4 s. The cache is ignored by Java as soon as a jar or the Java differs.

    Parameters
    ----------
    folder
        The folder of the checked jars; the cache is put beside them.

    Returns
    -------
    bool
        Whether the cache is there now; without it everything works, more slowly.

    """
    cache = broker.startup_cache(folder)
    if cache is None or cache.is_file():
        return cache is not None
    aside = cache.with_suffix(".new")
    with tempfile.TemporaryDirectory() as scratch:
        prepared = broker.prepare(Path(scratch), folder)
        argv = (prepared.argv[0], f"-XX:AOTCacheOutput={aside}", *prepared.argv[1:])
        with subprocess.Popen(
            bound_to_us(argv),
            env=os.environ | prepared.environment,
            stdin=subprocess.PIPE if WATCHES_PIPE else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            _start_and_stop(process, Settings(kafka=prepared.bootstrap))
    if not aside.is_file():
        return False
    aside.replace(cache)
    return True


def _start_and_stop(process: subprocess.Popen[bytes], settings: Settings) -> None:
    until_s = monotonic_s() + ANSWERS_WITHIN_S
    while process.poll() is None and monotonic_s() < until_s and not asyncio.run(broker.answers(settings)):
        time.sleep(0.2)
    process.terminate()
    try:
        process.wait(WRITTEN_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()


def main(arguments: list[str]) -> int:
    """Fetch the jars and train the broker; with `--lock`, resolve the jars anew first."""
    if arguments == ["--lock"]:
        jars.lock_again()
    try:
        folder = jars.ensure(Settings().jars, _say)
        if not train(folder):
            _say("the broker's start could not be made faster; it works without")
    except FrontDoorError as said:
        _say(str(said))
        return said.exit_code
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
