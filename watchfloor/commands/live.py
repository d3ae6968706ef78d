"""Where the running system is: settings for a command, from its options, the environment and the data folder."""

import json
from pathlib import Path
from typing import Any

from config.settings import Settings
from watchfloor import runfile
from watchfloor.datafolder import DataFolder, chosen_folder
from watchfloor.exceptions import MissingError


def live_settings(data: Path | None, *, config_dir: Path | None = None, running: bool = True) -> Settings:
    """Return the settings of the system that runs on a data folder.

    Parameters
    ----------
    data
        What `--data` said; None takes the same folder as `up`.
    config_dir
        What `--config` said; None takes `WATCHFLOOR_CONFIG`, or what `up` was given.
    running
        Whether the command needs Kafka and Redis.

    Raises
    ------
    MissingError
        If it needs them, nothing runs on the folder, and the environment names none.

    """
    folder = DataFolder(chosen_folder(data))
    told = Settings()
    changes: dict[str, Any] = {"data": folder.path}
    if (folder.path / "clock").is_file():
        changes["clock"] = folder.clock(None)
    if config_dir is not None:
        changes["config_dir"] = config_dir.expanduser().resolve()
    elif told.config_dir is None and (remembered := _config_dir(folder)) is not None:
        changes["config_dir"] = remembered
    if not (told.kafka and told.redis):
        here = runfile.status(folder.path)
        changes |= {name: here[name] for name in ("kafka", "redis") if not getattr(told, name) and here[name]}
    settings = told.model_copy(update=changes)
    if running and not (settings.kafka and settings.redis):
        raise MissingError(
            f"Nothing runs on {folder.path}: start it with `watchfloor up`, name its folder with --data, "
            "or name the servers in WATCHFLOOR_KAFKA and WATCHFLOOR_REDIS."
        )
    return settings


def wall_address(settings: Settings) -> str:
    """Return the wall's address, or its usual one where nothing runs on the folder."""
    address: str = runfile.status(settings.data)["wall"]
    return address or f"http://127.0.0.1:{settings.wall_port}/wall"


def _config_dir(folder: DataFolder) -> Path | None:
    """Return the town's folder that `up` was given, so that what is sent later publishes the same rules."""
    try:
        said = json.loads(folder.run.read_text(encoding="utf-8")).get("config_dir")
    except (OSError, ValueError, AttributeError):
        return None
    return Path(said) if said else None
