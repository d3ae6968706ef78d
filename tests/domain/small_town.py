"""A town small enough to know by heart: three feeds, four townships, and rule sets that follow each other."""

from collections.abc import Callable
from functools import cache

from config.desk_source import expanded_desks
from domain.codes import partition_of
from domain.rules import Rules, compile_rules

T0 = 1_700_000_000_000
"""A Tuesday evening in November 2023, where every timetable begins."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

GRIDS = (
    "990100001001001",
    "990100001001002",
    "990100001002001",
    "990100002001001",
    "990100003001001",
    "990100029001001",
)
NAMES = ("Well", "Mill", "Gate", "Bridge", "Hill", "Ford")
CATEGORIES = ("lamp", "waste", "noise")
UNPLACED = "990100000000000"

CALLS = """
title = {en = "Calls", zh = "来电"}
county = "990100"
zone = "Asia/Shanghai"
public = true
silent_after_s = 7200
clocks = "sla"
keep_closed_days = 2
remember_days = 3
[place]
areas = "town"
by = "name"
"""

PROMISES = """
title = {en = "Promises", zh = "承诺"}
county = "990100"
zone = "America/Los_Angeles"
public = true
silent_after_s = 0
clocks = "promised"
[place]
areas = "town"
by = "name"
"""

SIGHTINGS = """
title = {en = "Sightings", zh = "目击"}
county = "990100"
zone = "Europe/Berlin"
public = true
silent_after_s = 18000
clocks = "none"
[identity]
within_h = 36
[place]
areas = "town"
by = "name"
"""

SLA = """
[default]
accept_h = {accept}
resolve_h = {resolve}
priority = 3
[categories.noise]
accept_h = 0.5
resolve_h = 1
priority = 1
"""

DETECTORS = """
interval_s = 300
begin_at = 2
warmup_intervals = 3
min_count = {least}
"""

ALERT = """
[{kind}]
priority = {priority}
ack_ttl_s = {ttl_s}
title = {{en = "t", zh = "题"}}
cause = {{en = "c", zh = "因"}}
consequence = {{en = "q", zh = "果"}}
action = {{en = "a", zh = "办"}}
time_available = {{en = "w", zh = "时"}}
"""

PRIORITIES = {"due_soon": 3, "overdue": 1, "surge": 2, "feed_silent": 2, "handover_unsigned": 3}
ACK_TTL_S = {1: 300, 2: 900}


DESKS = """
["990100"]
title = {en = "County", zh = "县"}
zone = "Asia/Shanghai"
shifts = ["00:00-08:00", "08:00-16:00", "16:00-24:00"]
["990100001"]
title = {en = "Well", zh = "井"}
zone = "Asia/Shanghai"
shifts = ["08:00-20:00", "20:00-08:00"]
"""


def areas_file() -> bytes:
    """The four townships' six grids, each known by a name."""
    rows = ",".join(
        f'{{"code":"{code}","source":"S{i}","name":"{name}"}}'
        for i, (code, name) in enumerate(zip(GRIDS, NAMES, strict=True))
    )
    return f'{{"set":"town","county":"990100","areas":[{rows}]}}'.encode()


@cache
def desks() -> dict[str, bytes]:
    """The part with two desks, of which the workshop's rule sets have none."""
    return expanded_desks(DESKS.encode())


def parts(*, accept: float = 1, resolve: float = 4, least: int = 3, calls: str = CALLS) -> dict[str, bytes]:
    """The files of a rule set of the town."""
    return {
        "areas/town.json": areas_file(),
        "feeds/calls.toml": calls.encode(),
        "feeds/promises.toml": PROMISES.encode(),
        "feeds/sightings.toml": SIGHTINGS.encode(),
        "sla.toml": SLA.format(accept=accept, resolve=resolve).encode(),
        "detectors.toml": DETECTORS.format(least=least).encode(),
        "alerts.toml": "".join(
            ALERT.format(kind=k, priority=p, ttl_s=ACK_TTL_S.get(p, 0)) for k, p in PRIORITIES.items()
        ).encode(),
    }


RULE_SETS: dict[str, Callable[[], dict[str, bytes]]] = {
    "first": lambda: parts() | desks(),
    "faster": lambda: parts(accept=0.5, resolve=2) | desks(),
    "wary": lambda: parts(least=6, calls=CALLS.replace("7200", "3600").replace("days = 2", "days = 1")),
}


@cache
def rules_of(name: str) -> Rules:
    """The compiled rule set of a name, as the store gives that of a hash."""
    return compile_rules(RULE_SETS[name](), name)


def partition(grid: str) -> int:
    """Where a grid's cases lie."""
    return partition_of(grid)
