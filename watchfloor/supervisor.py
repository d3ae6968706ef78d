"""The supervisor: starts children in the order of their needs, starts them again, and stops them in phases.

It knows nothing of what its children are. All of it runs on one event loop in the main thread, to which the
kernel binds the children's lives.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from config.wallclock import monotonic_s
from watchfloor import logs
from watchfloor.exceptions import RefusedError
from watchfloor.launch import WATCHES_PIPE, bound_to_us
from watchfloor.restarts import Exit, GiveUp, judge, keep_recent

# Often enough that a start is not slowed, rare enough to cost nothing.
PROBE_EVERY_S = 0.1
BOUND_LOGS_EVERY_S = 5.0
# What was killed is gone within milliseconds; a process in the kernel's hands may take longer.
KILLED_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """A process that is to be kept running.

    Attributes
    ----------
    name
        Its word in the status and its log's name.
    argv
        Its command line.
    environment
        Its whole environment.
    needs
        Names of children and milestones that must be ready before each of its starts.
    answers
        Says whether it is ready; without it, it is ready when it runs.
    ready_within_s
        It is ended and counted as failed when it does not answer by then.
    stop_phase
        Phases are stopped one after the other, the lowest first.
    stop_within_s
        From TERM to KILL.
    once
        An exit with 0 is its proper end.

    """

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    needs: tuple[str, ...] = ()
    answers: Callable[[], Awaitable[bool]] | None = None
    ready_within_s: float = 60.0
    stop_phase: int = 1
    stop_within_s: float = 2.0
    once: bool = False


@dataclass(slots=True, kw_only=True)
class Child:
    """The running state of one child; `state` is waiting, starting, ready, backing-off, stopping, stopped or failed."""

    spec: ChildSpec
    state: str = "waiting"
    pid: int | None = None
    created_s: float = 0.0
    restarts: int = 0
    exits: list[Exit] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None


class Supervisor:
    """Keeps children running until it is told to stop them.

    Parameters
    ----------
    log_folder
        Where each child's output goes, as `NAME.log`.
    changed
        Called after every change of a child's state.
    report
        Told in a line what a person at the terminal wants to know.

    """

    def __init__(
        self, log_folder: Path, changed: Callable[[list[Child]], None], report: Callable[[str], None]
    ) -> None:
        self.children: list[Child] = []
        self._log_folder = log_folder
        self._changed = changed
        self._report = report
        self._ready: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._given_up: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._stopping = False
        log_folder.mkdir(parents=True, exist_ok=True)

    def start(self, specs: Iterable[ChildSpec]) -> None:
        """Begin to keep children running; returns at once."""
        for spec in specs:
            child = Child(spec=spec)
            self.children.append(child)
            logs.turn_over(self._log(child))
            self._tasks.append(asyncio.create_task(self._keep(child), name=spec.name))
        if not any(task.get_name() == "bound logs" for task in self._tasks):
            self._tasks.append(asyncio.create_task(self._bound_logs(), name="bound logs"))
        self._changed(self.children)

    def mark(self, milestone: str) -> None:
        """Say that something which children need, and which is no child, is there."""
        self._event(milestone).set()

    async def ready(self, *names: str) -> None:
        """Wait until all of these are ready.

        Raises
        ------
        RefusedError
            As soon as a child is given up, with its last words.

        """
        waiting = asyncio.create_task(self._all_there(names))
        try:
            await asyncio.wait((waiting, self._given_up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._given_up.done():
            raise RefusedError(self._given_up.result())

    async def _all_there(self, names: Sequence[str]) -> None:
        for name in names:
            await self._event(name).wait()

    async def given_up(self) -> str:
        """Wait until a child is given up, and return why, with its last words."""
        return await asyncio.shield(self._given_up)

    async def stop(self) -> None:
        """Stop every child, phase by phase: TERM, and KILL for those that have not gone in their time."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for phase in sorted({child.spec.stop_phase for child in self.children}):
            await asyncio.gather(
                *(self._end(child) for child in self.children if child.spec.stop_phase == phase)
            )

    def _event(self, name: str) -> asyncio.Event:
        return self._ready.setdefault(name, asyncio.Event())

    def _log(self, child: Child) -> Path:
        return self._log_folder / f"{child.spec.name}.log"

    def _set(self, child: Child, state: str) -> None:
        child.state = state
        if state == "ready":
            self._event(child.spec.name).set()
        else:
            self._event(child.spec.name).clear()
        self._changed(self.children)

    async def _keep(self, child: Child) -> None:
        """One child's life: wait for its needs, start it, see it end, and again."""
        while True:
            for need in child.spec.needs:
                await self._event(need).wait()
            process = await self._spawn(child)
            code = await self._until_exit(child, process)
            now_s = monotonic_s()
            if child.spec.once and code == 0:
                self._set(child, "stopped")
                return
            excused = not all(self._event(need).is_set() for need in child.spec.needs)
            child.exits = [*keep_recent(child.exits, now_s), Exit(at_s=now_s, code=code, excused=excused)]
            verdict = judge(child.exits, now_s)
            if isinstance(verdict, GiveUp):
                self._set(child, "failed")
                self._give_up(child, code, verdict)
                return
            self._set(child, "backing-off")
            self._report(
                f"{child.spec.name} ended with {_ending(code)}; starts again in {verdict.delay_s:g} s"
            )
            await asyncio.sleep(verdict.delay_s)
            child.restarts += 1

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        with self._log(child).open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *bound_to_us(child.spec.argv),
                env=child.spec.environment,
                stdin=subprocess.PIPE if WATCHES_PIPE else subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # a group of its own: a terminal's Ctrl-C reaches the supervisor alone, and KILL the whole group
                start_new_session=True,
            )
        child.process, child.pid = process, process.pid
        with contextlib.suppress(psutil.Error):
            child.created_s = psutil.Process(process.pid).create_time()
        self._set(child, "ready" if child.spec.answers is None else "starting")
        return process

    async def _until_exit(self, child: Child, process: asyncio.subprocess.Process) -> int:
        """Return the exit code; ends a child that does not answer in its time."""
        exited = asyncio.ensure_future(process.wait())
        probing = asyncio.ensure_future(self._probe(child))
        try:
            await asyncio.wait((exited, probing), return_when=asyncio.FIRST_COMPLETED)
            if probing.done() and not probing.result():
                self._report(f"{child.spec.name} did not answer within {child.spec.ready_within_s:g} s")
                await self._end(child)
            code = await exited
        finally:
            probing.cancel()
            exited.cancel()
        _kill_group(process.pid)
        return code

    async def _probe(self, child: Child) -> bool:
        """Return True when the child has answered, False when its time is over."""
        if child.spec.answers is None:
            return True
        until_s = monotonic_s() + child.spec.ready_within_s
        while monotonic_s() < until_s:
            if await child.spec.answers():
                self._set(child, "ready")
                return True
            await asyncio.sleep(PROBE_EVERY_S)
        return False

    async def _end(self, child: Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            self._set(child, "failed" if child.state == "failed" else "stopped")
            return
        self._set(child, "stopping")
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), child.spec.stop_within_s)
        except TimeoutError:
            self._report(
                f"{child.spec.name} did not stop within {child.spec.stop_within_s:g} s and is killed"
            )
            _kill_group(process.pid)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), KILLED_WITHIN_S)
        _kill_group(process.pid)
        self._set(child, "stopped")

    async def _bound_logs(self) -> None:
        while True:
            await asyncio.sleep(BOUND_LOGS_EVERY_S)
            for child in self.children:
                logs.bound(self._log(child))

    def _give_up(self, child: Child, code: int, verdict: GiveUp) -> None:
        if not self._given_up.done():
            said = logs.last_lines(self._log(child))
            self._given_up.set_result(
                f"{child.spec.name} ended {verdict.exits} times within a minute, the last time with {_ending(code)}, "
                f"so everything is stopped; its log is {self._log(child)} and ends with:\n{said}"
            )


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _kill_group(pid: int) -> None:
    """Kill what is left of a child's group, its own children included."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
