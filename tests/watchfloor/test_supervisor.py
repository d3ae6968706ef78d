import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from config.wallclock import monotonic_s
from watchfloor.exceptions import RefusedError
from watchfloor.supervisor import ChildSpec, Supervisor

STANDIN = str(Path(__file__).with_name("standin.py"))


def spec(name: str, kind: str = "idle", **changes: object) -> ChildSpec:
    argv = (sys.executable, "-P", STANDIN, kind)
    return ChildSpec(name=name, argv=argv, environment=dict(os.environ), **changes)


def alive(pid: int | None) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(claim: Callable[[], bool], within_s: float = 10.0) -> None:
    end_s = monotonic_s() + within_s
    while not claim():
        assert monotonic_s() < end_s, "it did not come to pass in time"
        await asyncio.sleep(0.02)


def wait_until(claim: Callable[[], bool]) -> None:
    asyncio.run(until(claim))


def supervisor_in(folder: Path) -> Supervisor:
    return Supervisor(folder, lambda _: None, lambda _: None)


def test_a_killed_child_comes_back_with_another_pid(tmp_path: Path) -> None:
    async def scene() -> None:
        supervisor = supervisor_in(tmp_path)
        supervisor.start([spec("one")])
        await supervisor.ready("one")
        (child,) = supervisor.children
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.pid != first and child.state == "ready")
        assert child.restarts == 1
        await supervisor.stop()
        assert not alive(child.pid)

    asyncio.run(scene())


def test_a_child_waits_for_what_it_needs(tmp_path: Path) -> None:
    async def scene() -> None:
        supervisor = supervisor_in(tmp_path)
        supervisor.start([spec("late", needs=("early", "milestone")), spec("early")])
        await supervisor.ready("early")
        late = supervisor.children[0]
        assert late.state == "waiting"
        supervisor.mark("milestone")
        await supervisor.ready("late")
        await supervisor.stop()
        assert late.state == "stopped"

    asyncio.run(scene())


def test_a_crash_loop_is_given_up_with_the_last_words(tmp_path: Path) -> None:
    async def scene() -> None:
        supervisor = supervisor_in(tmp_path)
        supervisor.start([spec("one", "crash", answers=asyncio.Event().wait)])
        with pytest.raises(RefusedError, match="one ended 5 times within a minute") as raised:
            await asyncio.wait_for(supervisor.ready("one"), 20)
        await supervisor.stop()
        assert "the sentence that says why" in str(raised.value)
        assert supervisor.children[0].state == "failed"

    asyncio.run(scene())


def test_a_child_that_never_answers_is_ended_and_started_again(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    async def scene() -> None:
        supervisor = supervisor_in(tmp_path)
        supervisor.start([spec("one", answers=never, ready_within_s=0.3)])
        (child,) = supervisor.children
        await until(lambda: child.restarts == 1)
        await supervisor.stop()

    asyncio.run(scene())


def test_phases_stop_one_after_the_other_and_the_stubborn_and_the_frozen_are_killed(tmp_path: Path) -> None:
    async def scene() -> None:
        states: list[tuple[str, str]] = []
        supervisor = Supervisor(
            tmp_path, lambda children: states.extend((c.spec.name, c.state) for c in children), lambda _: None
        )
        supervisor.start(
            [
                spec("store", stop_phase=2),
                spec("worker", "stubborn", stop_phase=0, stop_within_s=0.3),
                spec("frozen", stop_phase=1, stop_within_s=0.3),
            ]
        )
        await supervisor.ready("store", "worker", "frozen")
        await until(lambda: all((tmp_path / f"{c.spec.name}.log").read_text() for c in supervisor.children))
        pids = [child.pid for child in supervisor.children]
        frozen = pids[2]
        assert frozen is not None
        os.kill(frozen, signal.SIGSTOP)
        states.clear()
        began_s = monotonic_s()
        await supervisor.stop()
        assert monotonic_s() - began_s < 3
        assert not any(alive(pid) for pid in pids)
        assert states.index(("worker", "stopped")) < states.index(("frozen", "stopping"))
        assert states.index(("frozen", "stopped")) < states.index(("store", "stopping"))

    asyncio.run(scene())


def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, os, sys
from pathlib import Path
from watchfloor.supervisor import ChildSpec, Supervisor
async def scene():
    supervisor = Supervisor(Path({str(tmp_path)!r}), lambda _: None, lambda _: None)
    supervisor.start([ChildSpec(name=name, argv=(sys.executable, "-P", {STANDIN!r}, name), environment=dict(os.environ))
                      for name in ("idle", "stubborn")])
    await supervisor.ready("idle", "stubborn")
    print(*(child.pid for child in supervisor.children), flush=True)
    await asyncio.sleep(60)
asyncio.run(scene())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        wait_until(lambda: all((tmp_path / f"{kind}.log").read_text() for kind in ("idle", "stubborn")))
        os.kill(pids[0], signal.SIGSTOP)
        parent.kill()
    wait_until(lambda: not any(alive(pid) for pid in pids))
