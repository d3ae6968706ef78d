"""Redis dies and comes back, with what it had or with nothing: the screens say so, and are right again by themselves."""

import asyncio
import contextlib
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.gateway import views
from tests.conftest import absent
from tests.dashboard.written import Screen, running_gateway, written
from watchfloor.dev_stack import Running, running_valkey
from watchfloor.exceptions import MissingError

GRID = "990100002003004"


class OwnValkey:
    """A Valkey of this test's own, to be killed and started again."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.start()

    def start(self) -> None:
        self.running: Running = self._stack.enter_context(running_valkey(self.folder))

    def kill(self) -> None:
        self.running.process.send_signal(signal.SIGKILL)
        self.running.process.wait(5)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[OwnValkey]:
    with contextlib.ExitStack() as stack:
        try:
            own = OwnValkey(tmp_path / "store", stack)
        except MissingError as missing:
            absent(str(missing))
        yield own


async def until(screen: Screen, state: str, within_s: float) -> dict:
    begun = time.monotonic()
    while time.monotonic() - begun < within_s:
        beat = await screen.hear("heartbeat")
        if beat["freshness"]["state"] == state:
            return beat
    raise AssertionError(f"not {state} within {within_s} s: {beat}")


@pytest.mark.parametrize("keeps", [True, False])
def test_the_screens_say_so_and_are_right_again(own_valkey: OwnValkey, tmp_path: Path, keeps: bool) -> None:
    async def scenario() -> None:
        url = own_valkey.running.address
        store = written(url, "k.")
        await store.count(GRID, 7)
        await store.health()
        beating = asyncio.create_task(store.beating())
        async with running_gateway(url, "k.", tmp_path) as gateway:
            screen = await gateway.screen("990100")
            first = await screen.hear("snapshot")
            assert first["view"]["kpis"]["open"] == 7
            await until(screen, "live", 5)
            # what the file has is as old as a second
            await asyncio.sleep(1.2)
            await asyncio.to_thread(own_valkey.kill)
            beat = await until(screen, "none", 10)
            assert beat["freshness"]["cause"] == "redis"
            if not keeps:
                shutil.rmtree(own_valkey.folder)
            await asyncio.to_thread(own_valkey.start)
            back = time.monotonic()
            await until(screen, "live", 10)
            if not keeps:
                # the worker finds none of its own and writes its partition whole
                await store.count(GRID, 8)
                await store.change("journal:1", {"whole": True})
            else:
                await store.count(GRID, 8)
            view = first["view"]
            while view["kpis"]["open"] != 8:
                message = await screen.hear("changes", "snapshot")
                view = (
                    message["view"] if message["type"] == "snapshot" else views.apply(view, message["view"])
                )
                # what was known stays until it is written again: never a zero that nobody counted
                assert view["kpis"]["open"] in {7, 8}
            assert time.monotonic() - back < 10
            await screen.close()
        beating.cancel()
        await store.redis.aclose()

    asyncio.run(scenario())
