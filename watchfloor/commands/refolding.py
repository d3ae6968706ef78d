"""Folding everything again for `digest --refold`: the way to prove that what is on the wall is what came in."""

from collections.abc import Callable
from typing import Any

from aiokafka.errors import KafkaError

from config.rules import RulesMissingError
from config.settings import Settings
from streams.offline import BeginningGoneError, NotGivenError, refold
from streams.sources import EVERY_SOURCE, Source
from streams.worker import folds
from watchfloor.commands import output
from watchfloor.exceptions import MissingError
from watchfloor.topic_access import no_broker


def refold_to(settings: Settings, live: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """Fold `reports` and `journal` from their beginning up to the offsets of a live digest.

    Parameters
    ----------
    settings
        The brokers, and the data folder with archive and rule sets.
    live
        What `live_digest` gave.
    say
        Takes a line after each partition.

    Returns
    -------
    dict[str, Any]
        The same object with the `state` found now, and `live`, `messages` and `seconds` added.

    Raises
    ------
    MissingError
        If the beginning is gone (the first offset that there is is named), or something else that it needs.

    """

    def tell(source: Source, messages: int) -> None:
        say(f"folded {source.label}: {messages:,} messages so far")

    output.quiet_logs()
    folded = {"reports": live["lanes"], "journal": live["journal"]}
    offsets = {source: folded[source.word][str(source.number)] for source in EVERY_SOURCE}
    try:
        done = refold(settings, folds(settings), offsets, tell)
    except (BeginningGoneError, NotGivenError, RulesMissingError) as gone:
        raise MissingError(f"{gone}.") from gone
    except KafkaError as failed:
        raise no_broker(settings) from failed
    return {
        **live,
        "state": done.state,
        "live": live["state"],
        "messages": done.messages,
        "seconds": round(done.seconds, 3),
    }
