"""Writes histories at random: every kind of record that a town's topics may hold, in orders that nobody would think of."""

import json
from random import Random

from domain.codes import partition_of_name
from domain.records import Command, FeedSilence, Grant, Report, Requeued, RulesNotice, Tick, TooLarge, encoder
from tests.domain.memory_floor import Floor
from tests.domain.small_town import CATEGORIES, DAY, HOUR, MINUTE, NAMES, RULE_SETS, T0, rules_of

STEPS = ("", "file", "dispatch", "handle", "verify")
JUNK = (
    b"",
    b"null",
    b"[]",
    b"\xff\xfe",
    b'{"type":"report","feed":"calls","id":"1","lon":NaN}',
    b'{"type":"report","feed":"calls","id":7}',
    b'{"type":"report","feed":"nobody","id":"7"}',
    b'{"type":"report","feed":"calls","id":""}',
    b'{"type":"bogus"}',
)
GAPS_MS = (0, 0, 0, 1, 1000, 20_000, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR, 5 * HOUR, DAY, 4 * DAY)
WORDS = {
    "calls": (*CATEGORIES, "bird", ""),
    "promises": ("road", "tree", "bird", "lamp"),
    "sightings": ("bird", "lamp"),
}
"""Feeds share categories, so that detectors have two feeds and more, some of them silent."""
FEEDS = ("calls", "calls", "calls", "promises", "sightings")

NO_LANE = 900
"""Origins of what no lane sent."""


class Scribbler:
    """Drives a floor by a random source: the same source gives the same history."""

    def __init__(self, rng: Random, *, shared: bool) -> None:
        self.rng = rng
        self.shared = shared
        self.floor = Floor(rules_of, shared=shared)
        self.floor.now_ms = T0
        self._n = 0
        self._last = ""
        self._rules = ""

    def write(self, records: int) -> Floor:
        """Put random records into the floor, so many with those before, the first rule set ahead of them."""
        if not self._rules:
            self.publish("first")
        acts = (
            [self.report] * 30
            + [self.surge] * 2
            + [self.tick] * 3
            + [self.command] * 8
            + [self.desk] * 2
            + [self.junk, self.requeue, self.too_large, self.resend, self.new_rules, self.stray_tick]
        )
        while self._n < records:
            self._n += 1
            self.floor.now_ms += self.rng.choice(GAPS_MS) if self.rng.random() < 0.5 else 0
            self.rng.choice(acts)()
        return self.floor

    def publish(self, name: str) -> None:
        self._rules = name
        self.floor.publish(name)

    def t_ms(self) -> int | None:
        """The feed's own time: now, or late by some time, or left out."""
        if not self.shared:
            return None
        late = self.rng.choice((0, 0, 0, 0, 1, HOUR))
        return None if late == 1 else self.floor.now_ms - late

    def report(self, key: int | None = None, category: str = "", name: str = "") -> None:
        rng, now_ms = self.rng, self.floor.now_ms
        feed = rng.choice(FEEDS) if not category else "sightings"
        opened_ms = rng.choice(
            (None, now_ms, now_ms - HOUR, now_ms - 30 * HOUR, now_ms + 90_000, now_ms + HOUR)
        )
        closed_ms = rng.choice((None, None, None, now_ms, now_ms - HOUR, now_ms - 40 * HOUR))
        promised = None
        if feed == "promises":
            promised = rng.choice(
                (
                    None,
                    now_ms + 4 * HOUR,
                    now_ms + DAY,
                    now_ms - HOUR,
                    now_ms,
                    "2023-11-15",
                    "2023-11-20",
                    "soon",
                )
            )
        if feed == "sightings":
            opened_ms = closed_ms = None
        self.floor.send(
            Report(
                feed=feed,
                id=str(rng.randrange(7) if key is None else key),
                t_ms=self.t_ms(),
                opened_ms=opened_ms,
                closed_ms=closed_ms,
                promised=promised,
                category=category or rng.choice(WORDS[feed]),
                place=[name or rng.choice((*NAMES, *NAMES, "nowhere"))],
                step=rng.choice(STEPS),
                channel=rng.choice(("", "phone")),
                lon=rng.choice((None, None, 7.25)),
                lat=rng.choice((None, None, 47.5)),
            )
        )

    def surge(self) -> None:
        """Many reports of one category at one place, at once."""
        name = self.rng.choice(NAMES)
        for _ in range(self.rng.randrange(4, 12)):
            self.report(self.rng.randrange(10_000), "bird", name)
            self._n += 1
        if self.rng.random() < 0.5:
            self.floor.now_ms += (
                5 * MINUTE
            )  # the surge is found, and then its feed is said to be silent, or back
            self.tell(Tick(t_ms=self.floor.now_ms if self.shared else None))
            for silent in (True, False)[: self.rng.choice((1, 2))]:
                self._n += 1
                last_ms = self.floor.now_ms
                t_ms = last_ms if self.shared else None
                origin = (NO_LANE, self._n, 0)
                self.tell(
                    FeedSilence(origin=origin, feed="sightings", silent=silent, last_ms=last_ms, t_ms=t_ms)
                )

    def tell(self, record: Tick | FeedSilence) -> None:
        """Put a record into every partition."""
        for partition in range(16):
            self.floor.into_journal(partition, record)

    def tick(self) -> None:
        self.floor.into_lane(
            self.rng.randrange(1 if self.shared else 4), encoder.encode(Tick(t_ms=self.t_ms()))
        )

    def stray_tick(self) -> None:
        """An owner's tick: empty."""
        self.floor.into_journal(self.rng.randrange(16), Tick())

    def command(self) -> None:
        rng = self.rng
        partition = rng.choice([p for p in range(16) if self.floor.casework[p].alerts] or [3])
        alerts = list(self.floor.casework[partition].alerts) or ["03-0000000000-0"]
        last, self._last = self._last, f"u{self._n}"
        command = Command(
            id=f"c{rng.randrange(40)}" if rng.random() < 0.3 else self._last,
            undoes=last,
            action=rng.choice(
                ("acknowledge",) * 3
                + ("unacknowledge", "shelve", "shelve", "unshelve", "undo", "dance")
                + ("out_of_service", "out_of_service", "return_to_service")
            ),
            alert=rng.choice(alerts),
            for_s=rng.choice((None, 0, 60, 900, 7200, 100_000)),
            reason=rng.choice(("", "works", "known")),
        )
        self.floor.into_journal(partition, command)

    def desk(self) -> None:
        """Something about a desk, by somebody who may have a right by then."""
        rng, now_ms = self.rng, self.floor.now_ms
        if rng.random() < (0.3 if self._n > 1000 else 0.01):  # from then on `local` may do nothing
            role, on = rng.choice(("duty_officer", "supervisor")), rng.random() < 0.6
            for partition in range(16):
                grant = Grant(id=f"g{self._n}", number=self._n, account=rng.choice("ab"), role=role, on=on)
                self.floor.into_journal(partition, grant)
            return
        code = rng.choice(("990100", "990100001", "990100002"))
        given = {
            "sha256": rng.choice("ab") * 64,
            "shift": rng.choice((0, now_ms // DAY * DAY, now_ms)),
            "critical": ["03-1-0"] * rng.randrange(2),
            "ticked": ["03-1-0"] * rng.randrange(2),
            "text": "the pump runs hot",
            "scope": code + "001",
            "to": rng.choice((code, "990100003")),
        }
        command = Command(
            id=f"d{rng.randrange(40)}" if rng.random() < 0.2 else f"u{self._n}",
            action=rng.choice(
                ("hand_over", "hand_over", "take_post", "take_post", "note_shift", "move_scope")
            ),
            desk=code,
            given=given,
            account=rng.choice(("a", "b", "local")),
        )
        self.floor.into_journal(partition_of_name(code), command)

    def junk(self) -> None:
        self.floor.send(self.rng.choice(JUNK), feed="calls")

    def requeue(self) -> None:
        value = json.dumps(
            {"type": "report", "feed": "calls", "id": f"again{self.rng.randrange(3)}", "category": "lamp"}
        )
        self.floor.send(
            Requeued(dead=f"0-{self.rng.randrange(4)}", value=value, t_ms=self.t_ms()), feed="calls"
        )

    def too_large(self) -> None:
        self.floor.send(TooLarge(feed="calls", reason="a picture", size_bytes=600_000, sha256="0" * 64))

    def resend(self) -> None:
        """A run of what intake sent already comes once more, in its order, as after a crash."""
        partition = self.rng.choice([p for p in range(16) if self.floor.journal[p]])
        log = self.floor.journal[partition]
        begin = self.rng.randrange(len(log))
        run = [value for _, value in log[begin : begin + self.rng.randrange(1, 12)] if b'"origin"' in value]
        for value in run:
            self.floor.into_journal(partition, value)

    def new_rules(self) -> None:
        name = self.rng.choice(sorted(RULE_SETS))
        self.publish(name)
        if self.rng.random() < 0.2:  # one that does not follow is left aside
            self.floor.into_lane(0, encoder.encode(RulesNotice(hash="wary", follows="never")))
