"""Whether one process is well, for a container's health check: `python -P -m watchfloor.alive worker` or a health URL."""

import sys

from config.settings import Settings
from watchfloor.exceptions import FrontDoorError
from watchfloor.plan import is_healthy
from watchfloor.read_models import ReadModels

WELL, NOT_WELL, WRONG_USE = 0, 1, 2


def worker_is_well(settings: Settings) -> bool:
    """Return whether this worker has stamped its health within the last half minute (the stamp's own lifetime).

    Parameters
    ----------
    settings
        `worker` is its name.

    """
    try:
        with ReadModels(settings) as models:
            return any(stamp["worker"] == settings.worker for stamp in models.health())
    except FrontDoorError:
        return False


def main(arguments: list[str]) -> int:
    """Answer by the exit code: 0 well, 1 not, 2 asked for something else."""
    match arguments:
        case ["worker"]:
            return WELL if worker_is_well(Settings()) else NOT_WELL
        case [url] if url.startswith("http://"):
            return WELL if is_healthy(url) else NOT_WELL
        case _:
            return WRONG_USE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
