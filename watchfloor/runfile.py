"""`run.json`: what runs on a data folder, written by its supervisor, read by `status` and by the next start after a crash."""

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

from config.wallclock import now_ms
from watchfloor.datafolder import DataFolder
from watchfloor.supervisor import Child

# The start time comes from the boot time, which moves when the machine's clock is set.
SAME_START_WITHIN_S = 5.0
# The leftovers' supervisor is dead already; what they would save is in Kafka.
LEFTOVER_TERM_S = 2.0


def write(folder: DataFolder, addresses: dict[str, str], children: Iterable[Child], since_ms: int) -> None:
    """Write what runs now, whole or not at all.

    Parameters
    ----------
    folder
        The data folder that this process holds.
    addresses
        `kafka`, `redis`, `gateway` and `wall`.
    children
        The supervisor's children.
    since_ms
        When the supervisor started.

    """
    said = {
        "supervisor": {"pid": os.getpid(), "created_s": psutil.Process().create_time(), "since_ms": since_ms},
        **addresses,
        "processes": [
            {
                "name": child.spec.name,
                "pid": child.pid,
                "created_s": child.created_s,
                "state": child.state,
                "restarts": child.restarts,
            }
            for child in children
        ],
    }
    aside = folder.run.with_suffix(".new")
    aside.write_text(json.dumps(said, indent=1), encoding="utf-8")
    aside.replace(folder.run)


def status(data: Path) -> dict[str, Any]:
    """Return what runs on a data folder, checked against the processes that live.

    Parameters
    ----------
    data
        The folder; it need not exist.

    Returns
    -------
    dict[str, Any]
        `kafka`, `redis`, `gateway`, `wall` (addresses, empty when nothing runs), `processes` (a list of
        `name`, `pid`, `state`, `restarts`), `running` (whether a supervisor lives), `supervisor` (its pid or
        None), `since_ms` and `at_ms`. A process that is written down and does not live has the state `gone`.

    """
    said = _read(DataFolder(data))
    supervisor = said.get("supervisor", {})
    running = _same(supervisor.get("pid"), supervisor.get("created_s", 0.0)) is not None
    names = ("kafka", "redis", "gateway", "wall")
    return {
        **{name: said.get(name, "") if running else "" for name in names},
        "processes": [
            {
                "name": process["name"],
                "pid": process["pid"],
                "state": process["state"] if _alive_or_ended(process) else "gone",
                "restarts": process["restarts"],
            }
            for process in said.get("processes", [])
        ],
        "running": running,
        "supervisor": supervisor.get("pid") if running else None,
        "since_ms": supervisor.get("since_ms"),
        "at_ms": now_ms(),
    }


def end_leftovers(folder: DataFolder, report: Callable[[str], None]) -> int:
    """End what a crashed supervisor left behind; call it while holding the folder.

    Parameters
    ----------
    folder
        Only processes that it names are ended, and only when their start time and the data folder in their
        environment are the ones written down.
    report
        Told of each.

    Returns
    -------
    int
        How many were ended.

    """
    found: list[psutil.Process] = []
    for process in _read(folder).get("processes", []):
        living = _same(process["pid"], process["created_s"])
        if living is not None and _works_on(living, folder.path):
            report(f"ending {process['name']} (process {living.pid}), left behind by a run that crashed")
            found.append(living)
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=LEFTOVER_TERM_S)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=LEFTOVER_TERM_S)
    return len(found)


def _read(folder: DataFolder) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(folder.run.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said


def _alive_or_ended(process: dict[str, Any]) -> bool:
    if process["state"] in {"waiting", "stopped", "failed", "backing-off"}:
        return True
    return _same(process["pid"], process["created_s"]) is not None


def _same(pid: int | None, created_s: float) -> psutil.Process | None:
    """Return the process if it still is the one that was written down."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process if abs(process.create_time() - created_s) < SAME_START_WITHIN_S else None
    except psutil.Error:
        return None


def _works_on(process: psutil.Process, data: Path) -> bool:
    try:
        return process.environ().get("WATCHFLOOR_DATA") == str(data)
    except (psutil.Error, OSError):
        return False
