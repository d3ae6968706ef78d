"""Kafka's jars: where they are, whether they are the locked ones, and how they come here the first time."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import platformdirs

from config.wallclock import monotonic_s
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.launch import WATCHES_PIPE, bound_to_us, python_module

SPEC = Path(__file__).parent / "kafka" / "jgo.toml"
LOCK = Path(__file__).parent / "kafka" / "jgo.lock.toml"

# A fetch that brings no new file for so long is stuck: the slowest jar (7 MB) takes this at 60 kB/s.
STALLED_AFTER_S = 120.0
# Often enough for a progress line, rare enough to cost nothing.
LOOK_EVERY_S = 0.5
# A person sees that it moves, and a log is not filled.
TELL_EVERY_S = 3.0

Report = Callable[[str], None]


def locked_sums() -> dict[str, str]:
    """Return the file name of every jar that the broker needs, with its SHA-256 in hex.

    Returns
    -------
    dict[str, str]
        In the order of the class path.

    """
    lock = tomllib.loads(LOCK.read_text(encoding="utf-8"))
    sums: dict[str, str] = {}
    for jar in lock["dependencies"]:
        classifier = f"-{jar['classifier']}" if "classifier" in jar else ""
        sums[f"{jar['artifactId']}-{jar['version']}{classifier}.jar"] = jar["sha256"]
    return sums


def jar_folder(named: Path | None) -> Path:
    """Return where the jars are kept.

    Parameters
    ----------
    named
        The setting `WATCHFLOOR_JARS`, which decides if it is given; otherwise the checkout's `.jgo`,
        or the user's cache where the program is installed without one.

    """
    if named is not None:
        return named
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and os.access(checkout, os.W_OK):
        return checkout / ".jgo"
    return Path(platformdirs.user_cache_dir("watchfloor", appauthor=False)) / "kafka"


def check(folder: Path) -> tuple[list[str], list[str]]:
    """Compare what a folder holds with the lock.

    Returns
    -------
    tuple[list[str], list[str]]
        The names of the jars that are missing, and of those whose bytes are not the locked ones.

    """
    missing: list[str] = []
    altered: list[str] = []
    for name, sum_hex in locked_sums().items():
        path = _place(folder, name)
        if path is None:
            missing.append(name)
        elif _sha256(path) != sum_hex:
            altered.append(name)
    return missing, altered


def class_path(folder: Path) -> str:
    """Return Java's class path of exactly the locked jars, in the lock's order.

    Raises
    ------
    MissingError
        If one of them is not in the folder.

    """
    places = [_place(folder, name) for name in locked_sums()]
    if None in places:
        raise MissingError(f"Kafka's jars are not all in {folder}: run `make install` to fetch them.")
    return os.pathsep.join(str(place) for place in places)


def ensure(named: Path | None, report: Report) -> Path:
    """Make sure that the locked jars are here, fetching them if they are not.

    Parameters
    ----------
    named
        The setting `WATCHFLOOR_JARS`.
    report
        Told how the fetch goes, a line at a time; not called when nothing has to be fetched.

    Returns
    -------
    Path
        The folder, whose every locked jar has been checked against its sum.

    Raises
    ------
    MissingError
        If they are not here and cannot be fetched.
    RefusedError
        If a jar's bytes are not the locked ones.

    """
    folder = jar_folder(named)
    missing, altered = check(folder)
    if missing and not altered:
        with _one_at_a_time(folder):
            missing, altered = check(folder)
            if missing:
                _fetch(folder, report)
                missing, altered = check(folder)
    if altered:
        raise RefusedError(
            f"{altered[0]} in {folder} is not the file that the lock names: delete {folder} and run `make install`."
        )
    if missing:
        raise MissingError(
            f"{missing[0]} was not among the jars fetched into {folder}: run `make install` again."
        )
    return folder


def _fetch(folder: Path, report: Report) -> None:
    """Let jgo resolve into a folder aside, then move what the lock names into place."""
    aside = folder / "fetching"
    # what an interrupted fetch left may be cut off in the middle of a file
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    shutil.copyfile(SPEC, aside / "jgo.toml")
    wanted = len(locked_sums())
    report(f"fetching Kafka's {wanted} jars (45 MB, the first time only) into {folder}")
    began_s = monotonic_s()
    log = aside / "jgo.log"
    with log.open("wb") as out, _resolver(aside, out) as child:
        try:
            if not _watch(child, aside, wanted, report):
                child.kill()
        except BaseException:
            # Ctrl-C too: leaving the block waits for the child
            child.kill()
            raise
    if child.returncode != 0:
        raise MissingError(
            f"Kafka's jars are not in {folder} and could not be fetched from Maven Central: connect this machine "
            f"to the network and run `make install`, or name a folder that has them in WATCHFLOOR_JARS "
            f"(details in {log})."
        )
    for kind in ("jars", "modules"):
        (folder / kind).mkdir(exist_ok=True)
        for jar in sorted((aside / ".jgo" / kind).glob("*.jar")):
            jar.replace(folder / kind / jar.name)
    shutil.rmtree(aside)
    report(f"fetched in {monotonic_s() - began_s:.0f} s")


def _resolver(aside: Path, out: BinaryIO) -> subprocess.Popen[bytes]:
    argv = bound_to_us(python_module("jgo", "--resolver", "python", "--links", "copy", "sync"))
    # its own repository: what another program left in ~/.m2 is neither trusted nor changed
    surroundings = os.environ | {"M2_REPO": str(aside / "repository"), "NO_COLOR": "1"}
    # requests brings certificates of its own; a house with its own proxy has put its into the system's
    trusted = ssl.get_default_verify_paths()
    if bundle := trusted.cafile or trusted.capath:
        surroundings.setdefault("REQUESTS_CA_BUNDLE", bundle)
    return subprocess.Popen(
        argv,
        cwd=aside,
        env=surroundings,
        stdin=subprocess.PIPE if WATCHES_PIPE else subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
    )


def _watch(child: subprocess.Popen[bytes], aside: Path, wanted: int, report: Report) -> bool:
    """Report what has come until the child ends; False if nothing came for too long."""
    seen = (-1, -1)
    moved_s = told_s = monotonic_s()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(LOOK_EVERY_S)
            return True
        now_s = monotonic_s()
        repository = aside / "repository"
        count = (sum(1 for _ in repository.rglob("*.pom")), sum(1 for _ in repository.rglob("*.jar")))
        if count != seen:
            seen, moved_s = count, now_s
            if now_s - told_s >= TELL_EVERY_S:
                told_s = now_s
                report(f"{count[1]} of {wanted} jars, {count[0]} descriptions read")
        elif now_s - moved_s > STALLED_AFTER_S:
            return False


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _place(folder: Path, name: str) -> Path | None:
    return next(
        (folder / kind / name for kind in ("jars", "modules") if (folder / kind / name).is_file()), None
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def lock_again() -> None:
    """Resolve `jgo.toml` again and keep what came as the new lock; for whoever edits the list of jars."""
    folder = jar_folder(None)
    shutil.rmtree(folder, ignore_errors=True)
    aside = folder / "fetching"
    aside.mkdir(parents=True)
    shutil.copyfile(SPEC, aside / "jgo.toml")
    with (aside / "jgo.log").open("wb") as out, _resolver(aside, out) as child:
        child.wait()
    shutil.copyfile(aside / ".jgo" / "jgo.lock.toml", LOCK)
    shutil.rmtree(folder)
