"""The whole route in memory: lanes, intake, journal and casework as lists and calls, with no broker between them."""

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from detectors.bank import Bank
from domain.casework import Casework
from domain.codes import JOURNAL_PARTITIONS, LANES, lane_of
from domain.fold import Changes, Effect, Fold, canonical
from domain.intake import Intake
from domain.records import RulesNotice, encoder
from domain.rules import Rules

Log = list[tuple[int, bytes]]
"""A partition of a topic: the broker's stamp and the value of each offset."""

ReadModels = dict[str, dict[str, Any]]
"""Hashes by name, their fields decoded."""

RulesOf = Callable[[str], Rules]


class Floor:
    """A floor that keeps what its topics would hold.

    A `slow` one leaves what partitions send each other `under_way` until it is told to let it `arrive`.
    """

    def __init__(self, rules_of: RulesOf, *, shared: bool, rules: str = "") -> None:
        self.rules_of = rules_of
        self.shared = shared
        self.now_ms = 0
        self.reports: list[Log] = [[] for _ in range(LANES)]
        self.journal: list[Log] = [[] for _ in range(JOURNAL_PARTITIONS)]
        self.deadletters: list[Effect] = []
        self.sent: dict[str, list[Effect]] = {}
        self.slow = False
        self.under_way: deque[Effect] = deque()
        self.lanes = [self.new_lane(lane) for lane in range(LANES)]
        self.casework = [self.new_casework(partition) for partition in range(JOURNAL_PARTITIONS)]
        if rules:
            self.publish(rules)

    def new_lane(self, lane: int) -> Intake:
        return Intake(lane, rules_of=self.rules_of, shared=self.shared)

    def new_casework(self, partition: int) -> Casework:
        return Casework(partition, rules_of=self.rules_of, bank_of=Bank, shared=self.shared)

    def send(self, value: bytes | msgspec.Struct, *, feed: str = "") -> None:
        """Put a record into its feed's lane, and let everything that follows from it happen."""
        body = value if isinstance(value, bytes) else encoder.encode(value)
        name = feed or getattr(value, "feed", "")
        self.into_lane(lane_of(name, shared=self.shared), body)

    def into_lane(self, lane: int, value: bytes) -> None:
        log = self.reports[lane]
        log.append((self.now_ms, value))
        self.lanes[lane].fold(len(log) - 1, self.now_ms, value)
        for effect in self.lanes[lane].take_effects():
            if effect.topic == "journal":
                self.into_journal(effect.partition, effect.value)
            else:
                self.deadletters.append(effect)

    def into_journal(self, partition: int, value: bytes | msgspec.Struct) -> None:
        body = value if isinstance(value, bytes) else encoder.encode(value)
        log = self.journal[partition]
        log.append((self.now_ms, body))
        self.casework[partition].fold(len(log) - 1, self.now_ms, body)
        for effect in self.casework[partition].take_effects():
            if effect.topic == "journal":
                self.under_way.append(effect)
            else:
                self.sent.setdefault(effect.topic, []).append(effect)
        if not self.slow:
            self.arrive()

    def arrive(self, count: int = 1_000_000) -> None:
        """Let so many of the records that partitions have sent each other arrive, in their order, and what follows."""
        while self.under_way and count > 0:
            effect = self.under_way.popleft()
            count -= 1
            self.into_journal(effect.partition, effect.value)

    @property
    def alerts(self) -> list[Effect]:
        """What was sent to the topic `alerts`."""
        return self.sent.setdefault("alerts", [])

    @property
    def audit(self) -> list[Effect]:
        """What was sent to the topic `audit`."""
        return self.sent.setdefault("audit", [])

    def publish(self, rules: str) -> None:
        """Put a rule set into every partition of the journal and then of `reports`."""
        notice = encoder.encode(RulesNotice(hash=rules, follows=self.lanes[0].rules_hash))
        for partition in range(JOURNAL_PARTITIONS):
            self.into_journal(partition, notice)
        for lane in range(LANES):
            self.into_lane(lane, notice)


def refold(
    make: Callable[[], Fold],
    log: Log,
    *,
    batch: Callable[[], int] = lambda: 1,
    cut: Callable[[], bool] = lambda: False,
) -> tuple[bytes, list[Effect], ReadModels, Fold]:
    """Fold a log in batches, taking after each what the edge takes, and now and then going on in a new fold.

    Returns
    -------
    tuple
        The canonical state, all effects, the read models as the changes built them, and the last fold.

    """
    fold = make()
    effects: list[Effect] = []
    shown: ReadModels = {}
    offset = 0
    while offset < len(log):
        for stamp_ms, value in log[offset : offset + batch()]:
            fold.fold(offset, stamp_ms, value)
            offset += 1
        effects += fold.take_effects()
        show(shown, fold.take_changes())
        if cut():
            kept = canonical(fold.plain())
            fold = make()
            fold.restore(msgspec.msgpack.decode(kept))
            assert canonical(fold.plain()) == kept, "restoring a state and giving it again changed it"
    return canonical(fold.plain()), effects, shown, fold


def show(shown: ReadModels, changes: Changes | None) -> None:
    """Write changes into read models, as Redis would hold them; their texts may differ in the order of keys."""
    if changes is None:
        return
    for name in changes.replace:
        shown.pop(name, None)
    for name, fields in changes.hashes.items():
        here = shown.setdefault(name, {})
        for field, body in fields.items():
            if body is None:
                here.pop(field, None)
            else:
                here[field] = msgspec.json.decode(body)
        if not here:
            del shown[name]
