"""A town whose cases are worked on: the small town with a feed that follows the shipped flow, and accounts with rights."""

from functools import cache
from typing import Any

import msgspec

from config.rules import gather
from domain.cases.case import Case
from domain.casework import Casework
from domain.duty.roster_file import DutyRow, RosterFile, Shift
from domain.flows.flow import ROLES
from domain.grants import RESERVED
from domain.messages import Message
from domain.places.boundaries import Validity
from domain.places.places import Area, AreaFile
from domain.records import Command, Grant, Report, Tick
from domain.rules import Rules, compile_rules
from tests.domain.memory_floor import Floor
from tests.domain.places.test_places import square
from tests.domain.small_town import GRIDS, HOUR, NAMES, T0, areas_file, partition, parts
from tests.domain.town_flow import GIVEN

DESK = """
title = {en = "Desk", zh = "网格"}
county = "990100"
zone = "Asia/Shanghai"
flow = "grid"
calendar = "china"
clocks = "sla"
keep_closed_days = 30
remember_days = 90
[place]
areas = "town"
by = "name"
"""


@cache
def rules_of(name: str) -> Rules:
    """The rule sets `first`; `faster`, with other limits; `renamed`, whose step `dispatch` has another name; `manned`, with a
    roster; `quick`, where receipts are due in 5 minutes; and `redrawn`, by which two grids end at TURN.
    """
    shipped = {
        path: body for path, body in gather(None, None).items() if path.startswith(("flow", "calendars"))
    }
    more = parts(accept=0.5, resolve=2) if name == "faster" else parts()
    flow = shipped["flow.toml"]
    if name == "renamed":
        flow = flow.replace(b"[grid.moved]", b'[grid.moved]\ndispatch = "sending"')
        head, tail = flow.split(b"[grid.flags]")
        tail = tail.replace(b"dispatch =", b"sending =").replace(b'"dispatch"', b'"sending"')
        flow = head + b"[grid.flags]" + tail.replace(b"[grid.steps.dispatch]", b"[grid.steps.sending]")
    if name == "manned":
        more["roster/990100.json"] = roster_file()
    if name == "redrawn":
        more["areas/town.json"] = redrawn_areas()
    if name == "quick":
        flow = flow.replace(b"minutes = 30", b"minutes = 5")
    return compile_rules(shipped | more | {"feeds/desk.toml": DESK.encode(), "flow.toml": flow}, name)


TURN = T0 + 20 * HOUR
"""When Well becomes Spring, and Mill is parted between Brook and, in another township, Dell."""
SPRING, BROOK, DELL = "990100001004001", "990100001005001", "990100002005001"


def redrawn_areas() -> bytes:
    """The six grids and the three that come after two of them; Brook is west of Dell."""
    file = msgspec.json.decode(areas_file(), type=AreaFile)
    new = [
        Area(code=SPRING, source="N0", name="Spring"),
        Area(code=BROOK, source="N1", name="Brook", geometry=square(0, 0, 2)),
        Area(code=DELL, source="N2", name="Dell", geometry=square(2, 0, 2)),
    ]
    ends = {GRIDS[0]: (SPRING,), GRIDS[1]: (BROOK, DELL)}
    validity = {code: Validity(to_ms=TURN, successors=heirs) for code, heirs in ends.items()}
    validity |= {area.code: Validity(from_ms=TURN) for area in new}
    areas = sorted([*file.areas, *new], key=lambda area: area.code)
    return msgspec.json.encode(msgspec.structs.replace(file, areas=areas, validity=validity))


def roster_file() -> bytes:
    """A roster of the first villages: `worker-2` stands in for `worker-1`, and `worker-4`, who is off shift, for `worker-3`."""
    duty = [
        DutyRow(
            area=GRIDS[0][:12], shift=0, worker="worker-1", stand_in="worker-2", from_day=0, to_day=99_999
        ),
        DutyRow(
            area=GRIDS[2][:12], shift=0, worker="worker-3", stand_in="worker-4", from_day=0, to_day=99_999
        ),
        DutyRow(area=GRIDS[3][:12], shift=1, worker="worker-4", stand_in="", from_day=0, to_day=99_999),
    ]
    shifts = [Shift("1111111", ((0, 1440),)), Shift("1111111", ((1200, 1260),))]
    file = RosterFile(
        county="990100",
        zone="Asia/Shanghai",
        offsets=[(0, 8 * 3600)],
        shifts=shifts,
        duty=duty,
        departments=[],
    )
    return msgspec.json.encode(file)


class Workshop:
    """A floor on the wall's clock where everybody has the rights of one role at the county, under its name."""

    def __init__(self, *, shared: bool = False) -> None:
        self.floor = Floor(rules_of, shared=shared)
        self.floor.now_ms = T0
        self.floor.publish("first")
        self._n = 0
        for role in ROLES:
            if role not in RESERVED:
                self.grant(role, role)

    def grant(
        self, account: str, role: str, scope: str = "990100", *, on: bool = True, team: str = ""
    ) -> None:
        self._n += 1
        grant = Grant(
            id=f"g{self._n}", number=self._n, account=account, role=role, scope=scope, on=on, team=team
        )
        for work in self.floor.casework:
            self.floor.into_journal(work.partition, grant)

    def at(self, ms: int) -> "Workshop":
        assert T0 + ms >= self.floor.now_ms, "a timetable goes forward"
        self.floor.now_ms = T0 + ms
        return self

    def report(self, id: str = "1", name: str = NAMES[0], **fields: Any) -> Case:  # noqa: A002 - the field's own name
        """Report a matter, anew or for the first time, and return its case."""
        for field in ("opened_ms", "closed_ms"):
            if field in fields:
                fields[field] += T0
        self.floor.send(Report(feed="desk", id=id, place=[name], **({"category": "lamp"} | fields)))
        return self.case(id)

    def case(self, id: str = "1") -> Case:  # noqa: A002 - the field's own name
        found = [case for work in self.floor.casework for case in work.cases.values() if case.source_id == id]
        return found[-1]

    def work(self) -> Casework:
        return self.floor.casework[partition(GRIDS[0])]

    def do(self, action: str, *, by: str = "", case: Case | None = None, **fields: Any) -> dict[str, Any]:
        """Command something, with all that it needs and the version that holds now; return the answer."""
        self._n += 1
        case = case or self.case()
        assert case.work is not None
        flow = rules_of("first").flows["grid"]
        known = flow.actions.get(action)
        outcomes = known.outcomes if known else ()
        own = fields.pop("given", {})
        given = GIVEN | ({"code": outcomes[0]} if outcomes else {}) | own
        more = {"department"} & set(own)
        command = Command(
            **({"id": f"c{self._n}", "version": case.work.version} | fields),
            action=action,
            case=case.id,
            given={need: given[need] for need in (*known.needs, *more)} if known else own,
            account=by or (known.by[0] if known else "clerk"),
        )
        work = self.floor.casework[int(case.id[:2])]
        work.take_changes()
        self.floor.into_journal(work.partition, command)
        changes = work.take_changes()
        assert changes is not None
        answer: dict[str, Any] = msgspec.json.decode(changes.body)["answers"][command.id]
        return answer

    def done(self, *actions: str, case: Case | None = None) -> dict[str, Any]:
        """Do several things that are all accepted; return the last answer."""
        answer: dict[str, Any] = {}
        for action in actions:
            answer = self.do(action, case=case)
            assert answer["ok"], answer
        return answer

    def told(self) -> list[tuple[int, str, str, str]]:
        """All that was told of alerts since the last call: when, the fact, the alert's kind and clock."""
        facts = [msgspec.json.decode(effect.value) for effect in self.floor.alerts]
        self.floor.alerts.clear()
        return [(one["t_ms"] - T0, one["fact"], one["alert"]["kind"], one["alert"]["clock"]) for one in facts]

    def tick(self, ms: int) -> "Workshop":
        """Let it be so many ms after the beginning, in every partition."""
        self.at(ms)
        for work in self.floor.casework:
            self.floor.into_journal(work.partition, Tick())
        return self

    def on_alert(self, action: str, alert: str, *, by: str, **fields: Any) -> dict[str, Any]:
        """Command something on an alert; return the answer."""
        self._n += 1
        command = Command(**({"id": f"c{self._n}"} | fields), action=action, alert=alert, account=by)
        work = self.floor.casework[int(alert[:2])]
        work.take_changes()
        self.floor.into_journal(work.partition, command)
        changes = work.take_changes()
        assert changes is not None
        answer: dict[str, Any] = msgspec.json.decode(changes.body)["answers"][command.id]
        return answer

    def messages(self) -> list[Message]:
        """All messages that were sent, in order."""
        return [
            msgspec.json.decode(effect.value, type=Message) for effect in self.floor.sent.get("messages", [])
        ]

    def heard(self) -> list[tuple[int, str, str, str]]:
        """All messages since the last call: when, the kind, to whom, and where."""
        found = [(one.t_ms - T0, one.kind, one.to, one.address) for one in self.messages()]
        self.floor.sent["messages"] = []
        return found
