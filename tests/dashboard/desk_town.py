"""The browser tests' town with desks: a county and a township that hand over, cases that are tracked, and real vault and store."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.calendar_source import calendar_files
from config.desk_source import expanded_desks
from config.handover_store import HandoverStore
from config.rules import RuleStore, gather
from config.vault import Vault
from dashboard.answers.routes import Surroundings
from dashboard.commands.command import Answer, Reported
from dashboard.desk_parts import opened
from dashboard.handover.answers import HandoverParts
from dashboard.handover.page import Material
from dashboard.track.answers import TrackParts
from tests.browser import town

DESK, TOWNSHIP = town.COUNTY, town.township(3)
NOW_MS = town.NOW_MS
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
CASE = "03-0000001a2b"

DESKS = f"""
["{DESK}"]
title = {{en = "Bay county centre", zh = "海湾县指挥中心"}}
zone = "Asia/Shanghai"
shifts = ["00:00-08:00", "08:00-16:00", "16:00-24:00"]

["{TOWNSHIP}"]
title = {{en = "Cinder Lane desk", zh = "灰巷席位"}}
zone = "Asia/Shanghai"
shifts = ["08:00-20:00", "20:00-08:00"]
"""

WORKED = """
title = {en = "Grid reports", zh = "网格上报"}
county = "990100"
zone = "Asia/Shanghai"
flow = "grid"
calendar = "china"
clocks = "sla"
keep_closed_days = 30
remember_days = 90
[place]
areas = "bay"
by = "name"
"""


def rule_set(folder: Path) -> tuple[RuleStore, str]:
    """The town's rule set, with desks and a feed whose cases people work on."""
    assert calendar_files(None)
    parts = {
        path: body for path, body in gather(None, None).items() if not path.startswith(("feeds/", "areas/"))
    }
    parts |= {
        "feeds/bay.toml": town.FEED.encode(),
        "feeds/grid-reports.toml": WORKED.encode(),
        "areas/bay.json": town.areas(),
    } | expanded_desks(DESKS.encode())
    store = RuleStore(folder.as_posix())
    return store, store.put(parts)


def alert(name: str, number: int, **facts: Any) -> dict[str, Any]:
    return town.alert(name, scope=town.township(number)) | facts


def material(vault: Vault, now_ms: int = NOW_MS) -> Material:
    """A busy evening: criticals, a shelved alert, cases that fall due, a silent feed, notes and a new rule set."""
    texts = [vault.seal_text(f"d-{DESK}", text) for text in NOTES]
    why = vault.seal_text("a-03-5-0", "Contractor is on site; call 13812345678 when done")
    repair, ticket = (vault.seal_text("a-03-8-0", text) for text in ("Lamps are changed", "T-1204"))
    alerts = [
        alert("03-1-0", 3, kind="surge", priority=1, raised_ms=now_ms - 50 * MINUTE, category="drain-blocked"),
        alert("03-2-0", 7, priority=1, raised_ms=now_ms - 3 * HOUR, due_ms=now_ms - 3 * HOUR, acked_by="a-7", acked=True, state="acked"),
        alert("03-3-0", 9, raised_ms=now_ms - 26 * HOUR, due_ms=now_ms - 26 * HOUR, category="street-light"),
        alert("03-4-0", 12, kind="due_soon", priority=3, raised_ms=now_ms - HOUR, due_ms=now_ms + 40 * MINUTE, case="03-0000000041", category="road-damage"),
        alert("03-5-0", 5, state="shelved", shelved_until_ms=now_ms + 2 * HOUR, shelved_by="a-7", shelved_why=why),
        alert("03-7-0", 6, kind="surge", state="suppressed", suppressed_by="feed_silent"),
        alert("03-8-0", 6, active=False, state="out_of_service", out_since_ms=now_ms - HOUR, out_by="a-7", out_why=repair, out_reference=ticket),
        alert("03-6-0", 2, kind="handover_unsigned", priority=3, scope=DESK, feed=""),
        alert("04-1-0", 1, scope="990200001", priority=1),
    ]  # fmt: skip
    queue = {
        "03-0000000042": {
            "id": "03-0000000042", "grid": town.township(4) + "001001", "category": "water-leak", "step": "handle",
            "assignee": "water-team", "due_ms": now_ms + 95 * MINUTE,
        },
        "03-0000000043": {
            "id": "03-0000000043", "grid": town.township(8) + "001001", "category": "street-light", "step": "verify",
            "assignee": "", "due_ms": now_ms + 9 * HOUR,
        },
    }  # fmt: skip
    notes = [
        {"n": f"3:{n:x}", "t_ms": now_ms - (3 - n) * HOUR, "account": "a-7", "text": text}
        for n, text in enumerate(texts)
    ]
    moved = {town.township(20): {"to": "990200", "by": "a-1", "since_ms": now_ms - 2 * HOUR}}
    desk = {
        "code": DESK,
        "watched_ms": 1,
        "checked_ms": 0,
        "open": None,
        "last": None,
        "notes": notes,
        "moved": moved,
    }
    return Material(
        desks={DESK: desk},
        alerts={one["id"]: one for one in alerts},
        queue=queue,
        feeds={
            "bay": {"feed": "bay", "silent": True, "last_ms": now_ms - 47 * MINUTE},
            "grid-reports": {"feed": "grid-reports", "silent": False, "last_ms": now_ms - MINUTE},
        },
        rule_changes=[(now_ms - DAY, "a" * 64), (now_ms - 30 * MINUTE, "b" * 64)],
        replays=["storm-drill"],
    )


NOTES = (
    "Pump 3 at the north sluice runs hot; the water team looks every hour. 泵房三号机组偏热。",
    "Bridge on Mill Common closed until 06:00.",
)


class DeskTown:
    """Surroundings with handover and tracking, whose read models a test may change.

    Attributes
    ----------
    material
        What a desk's page is filled from.
    cases
        Cases by id, as their read models are.
    said
        What reporters said, with the case.

    """

    def __init__(self, folder: Path, *, now_ms: int = NOW_MS) -> None:
        self.vault = Vault(f"sqlite:///{folder / 'vault.sqlite3'}")
        self.rule_sets, self.hash = rule_set(folder / "rules")
        self.store = HandoverStore((folder / "handovers").as_posix())
        self.now_ms = now_ms
        self.material = material(self.vault, now_ms)
        self.cases: dict[str, dict[str, Any]] = {}
        self.closed: dict[str, tuple[int, str]] = {}
        self.said: list[tuple[str, Reported]] = []
        self.answer: Callable[[Reported], Answer] = lambda said: Answer(id=said.id, ok=True, reason="")
        self.wait = 0
        self.asked: list[str] = []
        self.gateway = town.Gateway()

    def surroundings(self) -> Surroundings:
        readings = town.Readings(self.hash)
        base = Surroundings(
            readings=readings,
            keeper=town.OpenDoor(),
            rule_sets=self.rule_sets,
            gateway=self.gateway,
            secret="a test's own secret",
        )
        return dataclasses.replace(base, handover=self.handover(readings), track=self.track(readings))

    def handover(self, readings: town.Readings) -> HandoverParts:
        async def desk(_code: str) -> tuple[Material, int]:
            return self.material, self.now_ms

        def open_texts(sealed: Any, account: str, desk: str) -> dict[str, str]:
            return self.vault.open_all(
                sealed, account=account, case=f"d-{desk}", purpose="handling", at_ms=1, fields=("text",)
            )

        return HandoverParts(
            desk=desk,
            rules_hash=readings.rules_hash,
            rule_sets=self.rule_sets,
            store=self.store,
            open_texts=open_texts,
            clock="feed",
        )

    def track(self, readings: town.Readings) -> TrackParts:
        async def case(name: str) -> tuple[dict[str, Any] | None, int]:
            return self.cases.get(name), self.now_ms

        async def say(name: str, message: Reported) -> Answer:
            self.said.append((name, message))
            return self.answer(message)

        async def wait_s(address: str) -> int:
            self.asked.append(address)
            return self.wait

        return TrackParts(
            case_of_code=self.vault.case_of_code,
            code_of_case=self.vault.tracking_code,
            case=case,
            closed=self.closed.get,
            open_text=lambda sealed, name: opened(self.vault, sealed, name),
            say=say,
            wait_s=wait_s,
            rules_hash=readings.rules_hash,
            rule_sets=self.rule_sets,
        )

    def case(self, name: str = CASE, **facts: Any) -> str:
        """Put a case into the read models and return its code."""
        self.cases[name] = {
            "id": name, "feed": "grid-reports", "source_id": "s1", "grid": town.township(3) + "001001", "category": "street-light",
            "step": "handle", "opened_ms": self.now_ms - 30 * HOUR, "arrived_ms": self.now_ms - 30 * HOUR, "due_ms": self.now_ms + 20 * HOUR,
            "closed_ms": None, "overdue": False, "flow": "grid", "level": "township", "desk": TOWNSHIP, "assignee": "power-team",
            "is": [], "round": 1, "outcome": "", "version": 7, "step_due_ms": self.now_ms + 6 * HOUR, "paused": False, "provisional": False,
            "story": [], "merged_into": "", "lon": 12.1, "lat": 55.1,
        } | facts  # fmt: skip
        return self.vault.tracking_code(name)

    def wrote(self, action: str, text: str, case: str = CASE, **more: Any) -> dict[str, Any]:
        """An entry of a case's story with a sealed text."""
        sealed = self.vault.seal_text(f"c-{case}", text)
        return {
            "kind": "act",
            "action": action,
            "account": "a-7",
            "t_ms": 1,
            "n": "3:1",
            "given": {"text": sealed},
        } | more
