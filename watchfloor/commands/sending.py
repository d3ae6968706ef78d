"""What `produce`, `simulate` and `poll` do around a producer: rules and areas before, and the outcomes after."""

import contextlib
import fcntl
import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.settings import Settings
from config.wallclock import monotonic_s
from domain.rules import FeedRules, Rules
from watchfloor import rules_publish
from watchfloor.commands import output
from watchfloor.commands.figures import difference
from watchfloor.exceptions import MissingError, RefusedError, WrongUseError
from watchfloor.read_models import ReadModels
from watchfloor.waiting import wait_for_reports

if TYPE_CHECKING:
    from producers.produce import Produced

OUTCOMES = ("accepted", "revised", "repeated", "refused", "unplaced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What `produce` was asked for; `speed` is infinite for `max`."""

    files: tuple[Path, ...]
    feed: str
    speed: float
    from_ms: int | None
    to_ms: int | None
    areas: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What `simulate` was asked for; `speed` is infinite for `max`, `per_s` counts messages of the province's time."""

    grids: int
    events: int
    seed: int
    speed: float
    per_s: float
    truth: Path | None


def speed_of(text: str) -> float:
    """Return the speed that a person wrote, infinite for `max`.

    Raises
    ------
    WrongUseError
        If it is neither a number above 0 nor `max`.

    """
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < math.inf:
        raise WrongUseError(f"--speed {text} is no speed: give a number above 0, or max.")
    return speed


def instant_of(option: str, text: str) -> int | None:
    """Return an instant that a person wrote in ms, None for an empty text; one without a zone is UTC.

    Raises
    ------
    WrongUseError
        If it is no RFC 3339 time and no ISO day.

    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise WrongUseError(
            f"{option} {text} is no time: write it as 2024-01-31T18:00:00Z or 2024-01-31."
        ) from wrong
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


def feed_of(rules: Rules, name: str) -> FeedRules:
    """Return a feed's rules.

    Raises
    ------
    WrongUseError
        If there is no such feed; the sentence names those that there are.

    """
    if name not in rules.feeds:
        raise WrongUseError(
            f"No feed is called {name!r}: there are {', '.join(sorted(rules.feeds))}; "
            f"a new one needs feeds/{name}.toml in the folder that --config names."
        )
    return rules.feeds[name]


def produce(settings: Settings, asked: Recorded, *, wait: bool) -> dict[str, Any]:
    """Replay recorded files and return what became of them.

    Raises
    ------
    FrontDoorError
        With a sentence, of every way in which it can fail.

    """
    from producers.areas import AreasError, import_for_feed
    from producers.produce import produce as replay

    if settings.clock == "wall" and asked.speed != 1:
        raise RefusedError(
            "On the wall's clock a recorded file runs at speed 1: leave --speed out, "
            "or start `watchfloor up --clock feed` on another data folder for any speed."
        )
    for path in asked.files:
        if not path.is_file():
            raise MissingError(f"There is no file {path}: name the recorded files to send.")
    with holding_lane(settings), ReadModels(settings) as models:
        feed = feed_of(rules_publish.current(settings)[1], asked.feed)
        try:
            import_for_feed(
                feed.county,
                feed.place_spec,
                asked.files[0].parent,
                rules_publish.areas_folder(settings),
                given=asked.areas,
            )
        except AreasError as wrong:
            raise RefusedError(str(wrong)) from wrong
        return _sent(
            settings,
            models,
            feed.name,
            lambda progress: replay(
                asked.files,
                feed,
                settings,
                speed=asked.speed,
                lane_clock=lambda: lane_clock(models),
                from_ms=asked.from_ms,
                to_ms=asked.to_ms,
                begins=lambda: rules_publish.publish_rules(settings, say=output.tell),
                progress=progress,
            ),
            wait=wait,
        )


def simulate(settings: Settings, asked: Simulated, *, wait: bool) -> dict[str, Any]:
    """Send a run of the fictional province's reports and return what became of them.

    Raises
    ------
    FrontDoorError
        With a sentence, of every way in which it can fail.

    """
    from producers.province import ensure_area_set
    from producers.simulate import simulate as run
    from producers.simulation import FEED

    with holding_lane(settings), ReadModels(settings) as models:
        ensure_area_set(rules_publish.areas_folder(settings), asked.grids, asked.seed)
        rules_publish.publish_rules(settings, say=output.tell)
        return _sent(
            settings,
            models,
            FEED,
            lambda progress: run(
                settings,
                grids=asked.grids,
                events=asked.events,
                seed=asked.seed,
                speed=asked.speed,
                lane_clock=lambda: lane_clock(models),
                per_s=asked.per_s,
                truth=asked.truth,
                progress=progress,
            ),
            wait=wait,
        )


def poll(settings: Settings, url: str, name: str, interval_s: float) -> int:
    """Poll an Open311 endpoint until Ctrl-C or TERM, and return how many messages were sent.

    Raises
    ------
    FrontDoorError
        With a sentence, of every way in which it can fail.

    """
    from producers.kafka_writer import WriteError
    from producers.poll import poll as follow
    from producers.produce import ProduceError

    feed = feed_of(rules_publish.current(settings)[1], name)
    rules_publish.publish_rules(settings, say=output.tell)
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        return follow(settings, url, feed, stop=stop, interval_s=interval_s, say=output.tell)
    except ProduceError as wrong:
        raise RefusedError(str(wrong)) from wrong
    except WriteError as gone:
        raise MissingError(str(gone)) from gone
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lane_clock(models: ReadModels) -> int | None:
    """Return the clock of lane 0 in ms, None before its first record with a time."""
    return models.lanes().get(0, {}).get("clock_ms") or None


def _sent(
    settings: Settings,
    models: ReadModels,
    feed: str,
    send: Callable[[Callable[[int, int], None]], "Produced"],
    *,
    wait: bool,
) -> dict[str, Any]:
    """Send, wait for what becomes of it where that was asked for, and return the figures."""
    from config.vault import VaultError
    from producers.files import FileError
    from producers.kafka_writer import WriteError
    from producers.produce import ProduceError
    from producers.progress import shown

    before = models.feeds().get(feed, {})
    begun_s = monotonic_s()
    try:
        with shown(feed) as progress:
            done = send(progress)
    except (ProduceError, FileError) as wrong:
        raise RefusedError(str(wrong)) from wrong
    except (WriteError, VaultError) as gone:
        raise MissingError(str(gone)) from gone
    counted: dict[str, int | None] = dict.fromkeys(OUTCOMES)
    if wait:
        if done.sent:
            wait_for_reports(settings, models, done.last_offset, say=output.tell)
        counted |= difference(before, models.feeds().get(feed, {}))
    seconds = round(monotonic_s() - begun_s, 3)
    return {"rows": done.rows, "sent": done.sent, **counted, "seconds": seconds}


def report(done: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what became of what was sent."""
    if as_json:
        output.print_object(done)
        return
    output.print_table(
        "", ("", "count"), [(name, value) for name, value in done.items() if value is not None]
    )


@contextlib.contextmanager
def holding_lane(settings: Settings) -> Iterator[None]:
    """Hold lane 0 of a data folder with the feed's clock, whose one order of time allows one producer at a time.

    Raises
    ------
    RefusedError
        If another producer holds it.

    """
    if settings.clock != "feed":
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    with (settings.data / "lane-0.lock").open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise RefusedError(
                f"Another producer is sending to {settings.data}, and with the feed's clock there is one at a time: "
                "wait for it to end."
            ) from taken
        yield
