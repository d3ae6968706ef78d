"""An invented town for the browser: areas that tile a bay, a rule set around them, and views as a gateway would send."""

import random
from pathlib import Path
from typing import Any

import msgspec
import shapely

from config.arrangements import Arrangements
from config.desk_source import expanded_desks
from config.rules import RuleStore, gather
from dashboard.answers.routes import Surroundings
from dashboard.entry.door import EVERYBODY, Who
from domain.alerts.alert import ASIDE
from domain.rules import Rules

COUNTY = "990100"
PLACES = (
    "Amber Quay", "Birch Hollow", "Cinder Lane", "Dovecote", "Eastmere", "Fallow Field", "Glass Wharf", "Harrow Cross",
    "Ironbridge Row", "Juniper Rise", "Kestrel Point", "Lantern Hill", "Mill Common", "North Sluice", "Old Orchard",
    "Pepper Alley", "Quarry Bank", "Rookwood", "Saltmarsh", "Tanner's Yard", "Upper Weir", "Vine Terrace", "Willow Bend",
    "Yarrow Green",
)  # fmt: skip
CATEGORIES = ("water-leak", "street-light", "road-damage", "drain-blocked", "uncategorised")
NOW_MS = 1_700_000_000_000


def township(number: int) -> str:
    return f"{COUNTY}{number:03d}"


def areas(count: int = len(PLACES), villages: int = 3) -> bytes:
    """Return an areas file: townships of an uneven tiling, each cut into strips that are its villages, one grid each."""
    chance = random.Random(7)
    points = shapely.MultiPoint(
        [(12.0 + chance.random() * 0.4, 55.0 + chance.random() * 0.17) for _ in range(count)]
    )
    bay = shapely.Point(12.3, 54.985).buffer(0.045)
    coast = shapely.box(12.0, 55.0, 12.4, 55.17).buffer(0.01).difference(bay)
    cells = [
        cell.intersection(coast)
        for cell in shapely.get_parts(shapely.voronoi_polygons(points, extend_to=coast))
    ]
    cells = sorted(
        (cell for cell in cells if cell.area > 0), key=lambda cell: (-cell.centroid.y, cell.centroid.x)
    )
    rows: list[dict[str, Any]] = []
    for index, cell in enumerate(cells):
        name = PLACES[index % len(PLACES)] + (f" {index // len(PLACES) + 1}" if index >= len(PLACES) else "")
        code = township(index + 1)
        rows.append(
            {"code": code, "source": f"T{index + 1}", "name": name, "geometry": _geojson(cell), "parent": ""}
        )
        west, south, east, north = cell.bounds
        width = (east - west) / villages
        for strip in range(villages):
            part = cell.intersection(
                shapely.box(west + strip * width, south, west + (strip + 1) * width, north)
            )
            grid = f"{code}{strip + 1:03d}001"
            title = f"{name} {'ABCDEFGH'[strip]}"
            rows.append(
                {"code": grid, "source": "", "name": title, "geometry": _geojson(part), "parent": code}
            )
    rows.sort(key=lambda row: row["code"])
    return msgspec.json.encode({"set": "bay", "county": COUNTY, "areas": rows})


def _geojson(border: shapely.Geometry) -> Any:
    return msgspec.json.decode(shapely.to_geojson(border))


FEED = f"""
title = {{en = "Bay reports", zh = "海湾上报"}}
county = "{COUNTY}"
zone = "Europe/Copenhagen"
public = true
silent_after_s = 600
clocks = "sla"
sla_clocks = ["accept", "resolve"]

[columns]
format = "jsonl"
id = ["id"]
opened = {{column = "opened", format = "iso"}}
category = "category"

[place]
areas = "bay"
by = "point"
"""

DESKS = f"""
["{COUNTY}"]
title = {{en = "Bay county centre", zh = "海湾县指挥中心"}}
phone = "000-5550199"
zone = "Europe/Berlin"
shifts = ["06:00-14:00", "14:00-22:00", "22:00-06:00"]
"""


def rule_set(folder: Path, areas_file: bytes) -> tuple[RuleStore, str]:
    """Return a store with the town's rule set: the shipped texts, its own feed and areas, and no other feed."""
    parts = {
        path: body for path, body in gather(None, None).items() if not path.startswith(("feeds/", "areas/"))
    }
    parts |= {"feeds/bay.toml": FEED.encode(), "areas/bay.json": areas_file} | expanded_desks(DESKS.encode())
    store = RuleStore(folder.as_posix())
    return store, store.put(parts)


class Readings:
    """Readings as a test sets them."""

    def __init__(self, hash_: str) -> None:
        self.hash = hash_
        self.raw: dict[str, dict[str, Any]] = {"feeds": {}, "lanes": {}, "partitions": {}, "workers": {}}
        self.silent = ""

    async def rules_hash(self) -> str:
        if self.silent:
            raise ConnectionError(self.silent)
        return self.hash

    async def health(self) -> dict[str, dict[str, Any]]:
        if self.silent:
            raise ConnectionError(self.silent)
        return self.raw

    async def gateway_answers(self) -> bool:
        return True


class OpenDoor:
    """A doorkeeper of a house where nobody has an account; a test may say who comes."""

    def __init__(self) -> None:
        self.here = EVERYBODY
        self.roles: list[dict[str, str]] = []

    async def who(self, _cookies: dict[str, str]) -> Who:
        return self.here

    async def sign_in(self, _name: str, _password: str, _address: str) -> str:
        return ""

    async def sign_out(self, _token: str) -> None:
        return

    async def me(self, who: Who) -> dict[str, Any]:
        return {
            "state": who.state,
            "account": who.account,
            "name": "Front desk" if who.account else "",
            "roles": self.roles,
            "accounts": False,
        }

    def is_wall_key(self, _key: str) -> bool:
        return False

    async def names(self, accounts: list[str]) -> dict[str, str]:
        return dict.fromkeys(accounts, "Front desk")

    async def aclose(self) -> None:
        return


class Gateway:
    """Where pages are told that the gateway is; a test moves it."""

    port = 9

    def __call__(self, _host: str) -> str:
        return f"ws://127.0.0.1:{self.port}"


def surroundings(folder: Path, gateway: Gateway, areas_file: bytes | None = None) -> Surroundings:
    store, hash_ = rule_set(folder, areas() if areas_file is None else areas_file)
    return Surroundings(
        readings=Readings(hash_),
        keeper=OpenDoor(),
        rule_sets=store,
        gateway=gateway,
        secret="a test's own secret",
        arrangements=Arrangements(f"sqlite:///{folder / 'arrangements.sqlite3'}"),
    )


def row(code: str, open_: int = 0, **more: Any) -> dict[str, Any]:
    base = {"r5m": 0, "r1h": open_ // 12, "r24h": open_ // 2, "open": open_, "overdue": 0, "total": open_ * 3}
    return {"code": code, **base, "unacked": 0, "worst": 0, "state": "normal", **more}


def alert(
    name: str, *, priority: int = 2, kind: str = "overdue", scope: str = "", now_ms: int = NOW_MS, **more: Any
) -> dict[str, Any]:
    base = {
        "id": name, "partition": 3, "kind": kind, "priority": priority, "key": name, "scope": scope or township(3), "grid": "",
        "category": "water-leak", "case": "", "feed": "bay", "clock": "resolve" if kind in {"overdue", "due_soon"} else "",
        "raised_ms": now_ms - 252_000, "changed_ms": now_ms - 252_000, "due_ms": None, "active": True, "acked": False,
        "acked_by": "", "acked_ms": None, "shelved_until_ms": None, "shelved_by": "", "shelved_why": "", "seen": None,
        "suppressed_by": "", "out_since_ms": None, "out_until_ms": None, "out_by": "", "out_why": "", "out_reference": "",
        "expected": None, "low": None, "high": None, "since_ms": None, "state": "unack",
    }  # fmt: skip
    return {**base, **more}


def view(
    scope: str, rows: list[dict[str, Any]], alerts: list[dict[str, Any]], now_ms: int = NOW_MS
) -> dict[str, Any]:
    """Return a view as the gateway builds it."""
    unacked = sum(one["state"] in {"unack", "rtnun"} for one in alerts)
    shelved = sum(one["state"] in ASIDE for one in alerts)
    total = sum(one["open"] for one in rows)
    late = sum(one["overdue"] for one in rows)
    chance = random.Random(3)
    trend = []
    for bucket in range(72):
        start_ms = now_ms - now_ms % 300_000 - (71 - bucket) * 300_000
        opened = 4 + round(3 * abs((bucket % 36) - 18) / 18) + chance.randrange(4)
        trend.append(
            [
                start_ms,
                opened,
                opened - 1,
                max(0, late - 9 + bucket // 8),
                total - 60 + bucket + chance.randrange(6),
                int(bucket % 9 == 0),
            ]
        )
    return {
        "scope": {"code": scope, "level": "county"},
        "areas": rows,
        "alerts": {"set": alerts},
        "alerts_total": len(alerts),
        "unacked": unacked,
        "urgent": [sum(one["state"] == "unack" and one["priority"] == p for one in alerts) for p in (1, 2, 3, 4)],
        "shelved": shelved,
        "kpis": {
            "open": total, "new_1h": sum(one["r1h"] for one in rows), "new_24h": 0, "overdue": late, "due_1h": 7,
            "unacked": unacked, "shelved": shelved, "feeds_ok": 4, "feeds": 4, "on_time_rate_6h": 0.975 if rows else None,
        },
        "trend": trend if rows else [],
        "top_loaded": [one["code"] for one in sorted(rows, key=lambda one: -one["open"])][:10],
        "top_overdue": [one["code"] for one in sorted(rows, key=lambda one: -one["overdue"]) if one["overdue"]][:10],
    }  # fmt: skip


def busy_view(codes: list[str], now_ms: int = NOW_MS, alerts: int = 13) -> dict[str, Any]:
    """Return an afternoon with something of everything: loads, a zero, a hole in the data, a surge, and every alert state."""
    chance = random.Random(11)
    rows = [
        row(code, int(chance.paretovariate(1.2) * 9), overdue=chance.choice([0, 0, 0, 1, 2, 6]))
        for code in codes
    ]
    last = len(rows) - 1
    rows[2 % len(rows)] |= {"worst": 1, "unacked": 2, "state": "anomalous"}
    rows[min(8, last)] |= {"worst": 2, "unacked": 1}
    rows[min(13, last)] |= {"worst": 3, "unacked": 1}
    rows[min(5, last)] |= {"open": 0, "r24h": 0, "r1h": 0, "overdue": 0}
    rows[min(16, last)] |= {"state": "stale"}
    stack = [
        alert("03-1-0", now_ms=now_ms, priority=1, kind="feed_silent", scope="", raised_ms=now_ms - 95_000, category=""),
        alert("03-2-0", now_ms=now_ms, priority=1, kind="surge", scope=codes[2 % len(codes)], raised_ms=now_ms - 252_000, seen=41, expected=9.4, low=3.1, high=17.8, since_ms=now_ms - 252_000),
        alert("03-3-0", now_ms=now_ms, priority=2, scope=codes[min(8, last)], raised_ms=now_ms - 3_905_000, due_ms=now_ms - 3_905_000, case="03-9", category="street-light"),
        alert("03-4-0", now_ms=now_ms, priority=2, kind="surge", scope=codes[min(9, last)], category="drain-blocked", seen=12, expected=2.0, low=0.0, high=6.5, state="rtnun", active=False),
        alert("03-5-0", now_ms=now_ms, priority=3, kind="due_soon", scope=codes[min(13, last)], due_ms=now_ms + 1_725_000, clock="accept", category="road-damage"),
        alert("03-6-0", now_ms=now_ms, priority=2, scope=codes[min(11, last)], acked=True, acked_by="desk 4", acked_ms=now_ms - 60_000, state="acked", due_ms=now_ms - 7_265_000),
        alert("03-7-0", now_ms=now_ms, priority=3, scope=codes[min(1, last)], acked=True, acked_by="desk 2", acked_ms=now_ms - 600_000, state="acked", due_ms=now_ms - 96_000_000, raised_ms=now_ms - 96_000_000, category="road-damage"),
        alert("03-8-0", now_ms=now_ms, priority=4, kind="due_soon", scope=codes[min(4, last)], due_ms=now_ms + 9_000_000, acked=True, acked_by="desk 2", acked_ms=now_ms, state="acked"),
        alert("03-9-0", now_ms=now_ms, priority=3, scope=codes[min(6, last)], state="shelved", shelved_until_ms=now_ms + 700_000, shelved_by="desk 4", shelved_why="contractor on site", due_ms=now_ms - 5_000),
    ]  # fmt: skip
    for number in range(alerts - len(stack)):
        scope = codes[(number * 5 + 3) % len(codes)]
        stack.append(
            alert(
                f"04-{number}-0",
                now_ms=now_ms,
                priority=3,
                kind="due_soon",
                scope=scope,
                due_ms=now_ms + 600_000 * (number + 1),
                category=CATEGORIES[number % 5],
            )
        )
    made = view(COUNTY, rows, stack, now_ms)
    made["kpis"] |= {"feeds_ok": 3}
    return made


def grids_of(rules: Rules, code: str) -> list[str]:
    below = rules.children(code)
    while len(below) == 1 and (further := rules.children(below[0])):
        below = further
    return below
