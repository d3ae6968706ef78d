import os
import subprocess
import sys
from pathlib import Path

import psutil

from config.wallclock import monotonic_s
from watchfloor.launch import LAUNCHER

WATCHING = f"import sys; sys.path.insert(0, {str(LAUNCHER.parent)!r}); import child; sys.exit(child._watch_pipe(sys.argv[1:]))"


def test_the_launcher_becomes_the_command_under_the_same_pid() -> None:
    said = subprocess.run(
        [sys.executable, "-P", "-S", str(LAUNCHER), str(os.getpid()), "--", "sh", "-c", "echo $$; exit 7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert said.returncode == 7
    assert said.stdout.strip().isdigit()


def test_a_launcher_whose_supervisor_is_gone_starts_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    argv = [sys.executable, "-P", "-S", str(LAUNCHER), "1", "--", "touch", str(mark)]
    assert subprocess.run(argv, check=False, timeout=20).returncode == 1
    assert not mark.exists()


def test_where_there_is_no_death_signal_the_command_dies_with_the_pipe() -> None:
    argv = [
        sys.executable,
        "-c",
        WATCHING,
        sys.executable,
        "-c",
        "print('up', flush=True); import time; time.sleep(60)",
    ]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdin is not None
        assert launcher.stdout is not None
        launcher.stdout.readline()
        (command,) = psutil.Process(launcher.pid).children()
        began_s = monotonic_s()
        launcher.stdin.close()
        launcher.wait(10)
    assert monotonic_s() - began_s < 5
    assert not command.is_running()
