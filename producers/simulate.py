"""The simulator: sends the fictional province's reports, as a run of so many or as a process that goes on."""

import itertools
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.settings import Settings
from config.vault import VaultError, vault_of
from config.wallclock import monotonic_s, now_ms
from domain.codes import lane_of
from domain.records import Report, Tick, encoder
from producers.kafka_writer import KafkaWriter, WriteError
from producers.produce import MAX_SPEED, Pace, Produced, ProduceError, minute_end, refuse_what_is_past
from producers.province import MOST_GRIDS
from producers.residents import with_resident
from producers.rhythm import DAY_MS, HOUR_MS, UTC_OFFSET_MS, Incident
from producers.simulation import FEED, START_MS, Simulation

DEFAULT_GRIDS = 120
DEFAULT_PER_S = 2.0
REMEMBERED_MS = 3 * DAY_MS
"""A simulator goes on in the province that it began within three days; finding its place in an older one takes too long."""

MORNING_MS = 9 * HOUR_MS + HOUR_MS // 2
"""The hour of the province's own day at which a live province begins, whenever that is: its busiest."""
HEAD_START_MS = 10 * 60_000
"""A live province begins with what it reported in so long before, sent at once: some hundred cases, some twenty for desks."""

DESKS_FEED = "grid-reports"
ONE_FOR_DESKS = 5
"""Of the hotline's cases, a quarter of all, one in five: at the usual pace some seventy an hour, for a desk to try."""
ID_DIGITS = 8
"""An id ends with its number in so many digits."""

SAVED_EVERY_S = 5.0
"""What was sent since may be sent again after a kill: repeats."""

Progress = Callable[[int, int], None]


class SimulatorSettings(BaseSettings):
    """What the simulator's process is told, beside the settings of all."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_SIMULATOR_", frozen=True, extra="ignore")

    grids: int = Field(default=DEFAULT_GRIDS, ge=1, le=MOST_GRIDS, description="Grids of the province.")
    per_s: float = Field(
        default=DEFAULT_PER_S, gt=0, le=10_000, description="Messages a second, in the mean of a week."
    )
    seed: int = Field(default=1, ge=0, description="The same seed gives the same province.")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where the process was: kept in `DATA/simulator.json`. `behind_ms` is how far the province's clock is behind ours."""

    start_ms: int
    behind_ms: int = 0
    sent_ms: int
    grids: int
    per_s: float
    seed: int


def simulate(  # noqa: PLR0913 - what the command line takes
    settings: Settings,
    *,
    grids: int,
    events: int,
    seed: int,
    speed: float,
    lane_clock: Callable[[], int | None],
    per_s: float = DEFAULT_PER_S,
    truth: Path | None = None,
    progress: Progress = lambda _sent, _of: None,
) -> Produced:
    """Send a run of reports of the fictional province.

    On the feed's clock it begins with 2024 and has ticks; the same seed gives the same bytes. On the wall's clock it
    begins now, or at `MAX_SPEED` as long ago as it lasts, so that it ends now.

    Parameters
    ----------
    settings
        Where the brokers are, and whose clock the journal's is.
    grids, seed
        As for `make_province`; `ensure_area_set` has made its areas before, and they are published.
    events
        Messages to send, openings and steps alike; 0 goes on until it is interrupted.
    speed
        Feed seconds a second. On the wall's clock 1 or `MAX_SPEED`.
    lane_clock
        As for `produce`.
    per_s
        Messages a second of the province's time.
    truth
        Where the planted incidents are written, as JSON.
    progress
        Told of messages sent, and of how many there are.

    Raises
    ------
    ProduceError
        If the speed does not suit the clock, or the journal's clock stands later than the run begins.
    WriteError
        If the broker does not take a record.

    """
    by_feed = settings.clock == "feed"
    if not by_feed and speed not in (1, MAX_SPEED):
        raise ProduceError("On the wall's clock the simulator runs at speed 1, or at max; leave --speed out.")
    if speed == MAX_SPEED and not events:
        raise ProduceError("At speed max the simulator needs to know how many: give --events.")
    begun_s = monotonic_s()
    start_ms, run, by_ms = START_MS, f"S{seed}", 0
    if by_feed:
        refuse_what_is_past(START_MS, lane_clock())
    elif speed == MAX_SPEED:
        run = f"S{seed}.{now_ms():x}"
        rehearsal = Simulation(grids, seed, per_s=per_s).messages()
        by_ms = now_ms() - _last_ms(itertools.islice(rehearsal, events))
    else:
        start_ms = now_ms()
        run = f"S{seed}.{start_ms:x}"
    world = Simulation(grids, seed, start_ms=start_ms, per_s=per_s, run=run, stamped=by_feed)
    messages = world.messages()
    wanted = itertools.islice(messages, events) if events else messages
    sent = ticks = 0
    first_ms: int | None = None
    last_ms = start_ms
    lane = lane_of(FEED, shared=by_feed)
    with KafkaWriter(settings, FEED, run) as writer:
        pace = Pace(start_ms, speed)
        minute_ms = minute_end(start_ms)
        for t_ms, report in wanted:
            if by_feed and t_ms >= minute_ms:
                if sent:
                    writer.send(lane, "tick", encoder.encode(Tick(t_ms=minute_ms)))
                    ticks += 1
                minute_ms = minute_end(t_ms)
            pace.wait_for(t_ms)
            writer.send(lane, "report", encoder.encode(_moved(report, by_ms) if by_ms else report))
            first_ms, last_ms, sent = first_ms or t_ms, t_ms, sent + 1
            progress(sent, events)
        if by_feed and sent:
            writer.send(lane, "tick", encoder.encode(Tick(t_ms=last_ms)))
            ticks += 1
    if truth is not None:
        write_truth(truth, world.incidents, grids=grids, seed=seed, to_ms=last_ms)
    return Produced(
        rows=sent,
        sent=sent,
        ticks=ticks,
        seconds=round(monotonic_s() - begun_s, 3),
        first_ms=first_ms,
        last_ms=last_ms if sent else None,
        last_offset=dict(sorted(writer.last_offset.items())),
    )


def _last_ms(messages: Iterator[tuple[int, Report]]) -> int:
    """Return when the last of some messages is sent; 0 of none."""
    return max((t_ms for t_ms, _ in messages), default=0)


def _moved(report: Report, by_ms: int) -> Report:
    return msgspec.structs.replace(
        report,
        opened_ms=report.opened_ms + by_ms if isinstance(report.opened_ms, int) else report.opened_ms,
        closed_ms=report.closed_ms + by_ms if isinstance(report.closed_ms, int) else report.closed_ms,
    )


def _put_off(incident: Incident, by_ms: int) -> Incident:
    return msgspec.structs.replace(incident, from_ms=incident.from_ms + by_ms, to_ms=incident.to_ms + by_ms)


def write_truth(path: Path, incidents: list[Incident], *, grids: int, seed: int, to_ms: int) -> None:
    """Write what was planted and has begun, for whoever judges detectors by it."""
    begun = [one for one in incidents if one.from_ms < to_ms]
    path.write_bytes(
        msgspec.json.format(
            msgspec.json.encode({"seed": seed, "grids": grids, "to_ms": to_ms, "incidents": begun})
        )
    )


class LiveSimulator:
    """The process's run: the same province goes on over restarts, and what fell due meanwhile is sent at once.

    Parameters
    ----------
    settings
        Settings of all.
    own
        The simulator's.

    """

    def __init__(self, settings: Settings, own: SimulatorSettings) -> None:
        self._settings = settings
        self._own = own
        self._file = settings.data / "simulator.json"
        self._truth = settings.data / "simulator-truth.json"

    def standing(self, now: int) -> Standing:
        """Return where to go on: as kept, when it is younger than three days and of the same province, else anew.

        Anew it is the province's last busy morning, and what was reported in the minutes before is sent at once: who
        looks at night, in the province's time zone or another, sees a floor at work as well.
        """
        start_ms = now - HEAD_START_MS
        fresh = Standing(
            start_ms=start_ms,
            behind_ms=(now + UTC_OFFSET_MS - MORNING_MS) % DAY_MS,
            sent_ms=start_ms - 1,
            grids=self._own.grids,
            per_s=self._own.per_s,
            seed=self._own.seed,
        )
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=Standing)
        except (FileNotFoundError, msgspec.DecodeError):
            return fresh
        same = (kept.grids, kept.per_s, kept.seed) == (fresh.grids, fresh.per_s, fresh.seed)
        return kept if same and now - REMEMBERED_MS < kept.start_ms <= now else fresh

    def world(self, standing: Standing) -> Simulation:
        """Return the province, at its own time."""
        return Simulation(
            self._own.grids,
            self._own.seed,
            start_ms=standing.start_ms - standing.behind_ms,
            per_s=self._own.per_s,
            run=f"S{self._own.seed}.{standing.start_ms:x}",
            stamped=False,
        )

    def run(self, ended: threading.Event) -> None:
        """Send until the run is ended; what was given to the writer by then is written.

        Raises
        ------
        WriteError
            If the broker does not take a record.
        VaultError
            If the vault does not answer.

        """
        self._settings.data.mkdir(parents=True, exist_ok=True)
        standing = self.standing(now_ms())
        world = self.world(standing)
        lane, desks_lane = lane_of(FEED, shared=False), lane_of(DESKS_FEED, shared=False)
        # a new run's event ids, also when it sends what an earlier one may have sent
        with KafkaWriter(self._settings, FEED, f"{now_ms():x}") as writer, vault_of(self._settings) as vault:
            pace = Pace(now_ms(), 1, ended)
            saved_s = -SAVED_EVERY_S
            for t_ms, report in reports_of(world, standing):
                pace.wait_for(t_ms)
                if ended.is_set():
                    return
                if not for_desks(report):
                    writer.send(lane, "report", encoder.encode(report))
                elif report.step in {"file", "closed"}:
                    writer.send(
                        desks_lane, "report", encoder.encode(with_resident(taken_by_desks(report), vault))
                    )
                if monotonic_s() - saved_s > SAVED_EVERY_S:
                    writer.flush()
                    self._save(msgspec.structs.replace(standing, sent_ms=t_ms))
                    planted = [_put_off(one, standing.behind_ms) for one in world.incidents]
                    write_truth(self._truth, planted, grids=self._own.grids, seed=self._own.seed, to_ms=t_ms)
                    saved_s = monotonic_s()

    def _save(self, standing: Standing) -> None:
        with tempfile.NamedTemporaryFile(dir=self._file.parent, prefix=".part-", delete=False) as aside:
            aside.write(msgspec.json.encode(standing))
        Path(aside.name).replace(self._file)


def for_desks(report: Report) -> bool:
    """Tell whether a live province leaves a report's case to the people at its desks."""
    return report.channel == "hotline" and int(report.id[-ID_DIGITS:]) % ONE_FOR_DESKS == 0


def taken_by_desks(report: Report) -> Report:
    """Return a report as the desks' own feed brings it: what nobody has worked on is closed at its source in the end."""
    return msgspec.structs.replace(report, feed=DESKS_FEED, step="")


def reports_of(world: Simulation, standing: Standing) -> Iterator[tuple[int, Report]]:
    """Give what is to be sent next and from then on, at our time."""
    by_ms = standing.behind_ms
    ours = ((t_ms + by_ms, _moved(report, by_ms)) for t_ms, report in world.messages())
    return itertools.dropwhile(lambda one: one[0] <= standing.sent_ms, ours)


def main() -> int:
    """Run the simulator until TERM or Ctrl-C; its settings are `WATCHFLOOR_*` and `WATCHFLOOR_SIMULATOR_*`.

    Returns
    -------
    int
        0 when it was told to end, 3 when the broker was not there.

    """
    # only a flag: a handler that raises may do it where the producer's client holds a lock
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        LiveSimulator(Settings(), SimulatorSettings()).run(ended)
    except (WriteError, VaultError) as gone:
        sys.stderr.write(f"{gone}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
