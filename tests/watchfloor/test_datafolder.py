import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from watchfloor import runfile
from watchfloor.datafolder import DataFolder, chosen_folder
from watchfloor.exceptions import RefusedError
from watchfloor.supervisor import Child, ChildSpec


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


@contextlib.contextmanager
def sleeper(folder: DataFolder) -> Iterator[psutil.Process]:
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(argv, env=os.environ | {"WATCHFLOOR_DATA": str(folder.path)}) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def child(name: str, pid: int, state: str = "ready") -> Child:
    spec = ChildSpec(name=name, argv=(), environment={})
    return Child(spec=spec, pid=pid, created_s=psutil.Process(pid).create_time(), state=state)


ADDRESSES = {"kafka": "127.0.0.1:1", "redis": "unix:///r", "gateway": "ws://g", "wall": "http://w"}


def test_a_folder_keeps_the_clock_it_was_made_with(folder: DataFolder) -> None:
    assert folder.clock("feed") == "feed"
    assert folder.clock(None) == "feed"
    with pytest.raises(RefusedError, match="was made with --clock feed"):
        folder.clock("wall")


def test_a_new_folder_takes_the_wall_clock(folder: DataFolder) -> None:
    assert folder.clock(None) == "wall"


def test_a_second_holder_is_told_who_the_first_is_and_since_when(folder: DataFolder) -> None:
    with (
        folder.held(),
        pytest.raises(RefusedError, match=rf"process {os.getpid()} since 20\d\d-.*Z"),
        folder.held(),
    ):
        pass
    with folder.held():
        assert str(os.getpid()) in (folder.path / "lock").read_text()


def test_the_secret_is_made_once_and_is_nobody_elses(folder: DataFolder) -> None:
    first = folder.secret()
    assert len(first) >= 43
    assert folder.secret() == first
    assert stat.S_IMODE((folder.path / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedError, match="cannot be made"):
        DataFolder(tmp_path / "file" / "data").make()


def test_the_folder_meant_is_the_one_named_then_the_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFLOOR_DATA", str(tmp_path / "b"))
    assert chosen_folder(tmp_path / "a") == tmp_path / "a"
    assert chosen_folder(None) == tmp_path / "b"


def test_status_tells_the_living_from_the_gone(folder: DataFolder) -> None:
    with sleeper(folder) as living, sleeper(folder) as dying:
        runfile.write(folder, ADDRESSES, [child("a", living.pid), child("b", dying.pid)], 5)
        dying.kill()
        dying.wait(5)
        said = runfile.status(folder.path)
    assert said["wall"] == "http://w"
    assert [(p["name"], p["state"]) for p in said["processes"]] == [("a", "ready"), ("b", "gone")]
    assert said["running"]


def test_status_of_a_folder_where_nothing_ever_ran_is_empty(tmp_path: Path) -> None:
    said = runfile.status(tmp_path / "nothing")
    assert (said["kafka"], said["processes"], said["running"]) == ("", [], False)


def test_leftovers_are_ended_and_a_strangers_process_is_not(folder: DataFolder, tmp_path: Path) -> None:
    with sleeper(folder) as ours, sleeper(DataFolder(tmp_path / "another")) as strangers:
        runfile.write(folder, ADDRESSES, [child("a", ours.pid), child("b", strangers.pid)], 5)
        told: list[str] = []
        assert runfile.end_leftovers(folder, told.append) == 1
        assert not ours.is_running()
        assert strangers.is_running()
    assert f"process {ours.pid}" in told[0]


def test_a_pid_that_was_given_to_another_process_is_left_alone(folder: DataFolder) -> None:
    with sleeper(folder) as later:
        recycled = child("a", later.pid)
        recycled.created_s -= 3600
        runfile.write(folder, ADDRESSES, [recycled], 5)
        assert runfile.end_leftovers(folder, lambda _: None) == 0
        assert later.is_running()
