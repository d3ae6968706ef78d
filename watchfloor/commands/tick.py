"""`watchfloor tick`: moves the feed's clock without a report, as a producer would, and waits until it is folded."""

from typing import TYPE_CHECKING, Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
    from config.settings import Settings

EPOCH_DIGITS = 12
"""Epoch milliseconds of the years that intake takes have 12 or 13 digits; a day written as 20240131 has 8."""


def declare(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=EXIT_CODES)(tick)


def tick(
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to", help="Until when, as 2024-01-31T18:00:00Z or in epoch milliseconds.", metavar="T"
        ),
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Move time, with `up --clock feed`: what falls due until then falls due, and all of it is folded on return."""
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings

    to_ms = _instant(to)
    before_ms = _move(live_settings(data), to_ms)
    if as_json:
        output.print_object(output.with_times({"before_ms": before_ms, "clock_ms": to_ms}))
    else:
        output.tell(f"the clock stands at {output.rfc3339(to_ms)}")


def _instant(text: str) -> int:
    from domain.feeds.judge import EARLIEST_MS, LATEST_MS
    from watchfloor.commands.sending import instant_of
    from watchfloor.exceptions import WrongUseError

    digits = text.isascii() and text.isdigit() and len(text) >= EPOCH_DIGITS
    at_ms = int(text) if digits else instant_of("--to", text)
    if at_ms is None or not EARLIEST_MS <= at_ms < LATEST_MS:
        raise WrongUseError(f"--to {text or '(nothing)'} must be a time in the years 2000 to 2099.")
    return at_ms


def _move(settings: "Settings", to_ms: int) -> int | None:
    """Send the tick and wait until every partition has folded it; returns where the clock stood before."""
    from domain.codes import LANES
    from producers.kafka_writer import WriteError
    from producers.tick import send_tick
    from watchfloor import topic_access, waiting
    from watchfloor.commands import output
    from watchfloor.commands.sending import holding_lane, lane_clock
    from watchfloor.exceptions import MissingError, RefusedError
    from watchfloor.read_models import ReadModels

    if settings.clock != "feed":
        raise RefusedError(
            "Time is the broker's here and moves by itself: `watchfloor tick` is for a data folder "
            "that was begun with `watchfloor up --clock feed`."
        )
    with holding_lane(settings), ReadModels(settings) as models:
        # what a producer sent last may still be on its way: the clock is known only behind it
        ends = topic_access.end_offsets(settings, "reports", LANES)
        waiting.wait_folded(models, {f"reports:{lane}": end - 1 for lane, end in ends.items()})
        before_ms = lane_clock(models)
        if before_ms is not None and to_ms < before_ms:
            raise RefusedError(
                f"The clock stands at {output.rfc3339(before_ms)} and never goes back: "
                f"give a --to that is not before it. Nothing has been sent."
            )
        try:
            sent = send_tick(settings, to_ms)
        except WriteError as gone:
            raise MissingError(str(gone)) from gone
        waiting.wait_for_reports(settings, models, sent, say=output.tell)
    return before_ms
