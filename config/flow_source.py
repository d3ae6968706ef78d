"""Where the flow file in force is, and for how long the feeds that follow a flow keep closed cases."""

import tomllib
from importlib import resources
from pathlib import Path

from config.rules import rule_files
from domain.feeds.file import SOURCE

USUAL_DAYS = 30.0
"""How long a closed case stays where no feed follows a flow yet: what running systems are shipped with."""


def flow_file(config_dir: Path | None) -> Path:
    """Return the flow file in force: the town's, where it has one, else the shipped one."""
    own = None if config_dir is None else config_dir / "flow.toml"
    return own if own is not None and own.is_file() else Path(str(resources.files("config"))) / "flow.toml"


def kept_days(config_dir: Path | None) -> dict[str, float]:
    """Return the least `keep_closed_days` of the feeds of each flow that feeds follow; infinite where all keep for ever.

    A feed's file with mistakes is passed over: it is refused where rule sets are compiled.
    """
    least: dict[str, float] = {}
    for path, body in rule_files(config_dir, None).items():
        if not path.startswith("feeds/"):
            continue
        try:
            feed = tomllib.loads(body.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
        days = feed.get("keep_closed_days", float("inf"))
        flow = feed.get("flow", SOURCE)
        if isinstance(flow, str) and isinstance(days, int | float):
            least[flow] = min(least.get(flow, float("inf")), days)
    return least
