"""Running a replay in the foreground: its address, how far it is, and its read models taken away at the end."""

import asyncio
import uuid
from collections.abc import Callable

from aiokafka.errors import KafkaError

from config.rules import RulesMissingError
from config.settings import Settings
from streams.offline import NotGivenError
from streams.replay import BeginningGoneError, Replay, Window
from streams.worker import folds
from watchfloor.commands import output
from watchfloor.exceptions import MissingError
from watchfloor.read_models import ReadModels
from watchfloor.topic_access import no_broker

# A person looks about as often.
TELL_EVERY_S = 2.0
# As short as a person can read out, and unlikely enough to meet another.
ID_DIGITS = 8


def run(settings: Settings, window: Window, wall: str, *, keep: bool, say: Callable[[str], None]) -> str:
    """Replay a window until its end or Ctrl-C.

    Parameters
    ----------
    settings
        Where archive, snapshots, brokers and Redis are.
    window
        What is replayed, and how fast.
    wall
        The wall's address.
    keep
        Leave the read models in Redis; else they are taken away at the end.
    say
        Takes the address when it can be looked at, then how far it is.

    Returns
    -------
    str
        The replay's id.

    Raises
    ------
    MissingError
        If neither a snapshot nor archive and topic reach back far enough, or a server does not answer.

    """
    output.quiet_logs()
    replay_id = uuid.uuid4().hex[:ID_DIGITS]
    try:
        asyncio.run(_run(settings, window, replay_id, f"{wall}?replay={replay_id}", say))
    except (BeginningGoneError, NotGivenError, RulesMissingError) as gone:
        raise MissingError(f"{gone}.") from gone
    except KafkaError as failed:
        raise no_broker(settings) from failed
    finally:
        if not keep:
            with ReadModels(settings, replay_id) as models:
                models.remove_replay()
    return replay_id


async def _run(
    settings: Settings, window: Window, replay_id: str, address: str, say: Callable[[str], None]
) -> None:
    replay = Replay(settings, folds(settings), replay_id, window)
    telling = asyncio.create_task(_tell(replay, say))
    try:
        await replay.run(begun=lambda: say(address))
    finally:
        telling.cancel()
    say(f"{replay.messages:,} messages folded")


async def _tell(replay: Replay, say: Callable[[str], None]) -> None:
    last = 0
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        if replay.messages != last:
            last = replay.messages
            say(f"{last:,} messages folded")
