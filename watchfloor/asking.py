"""Asking the folds: records into the journal, sent again until each partition has answered."""

from collections.abc import Mapping
from typing import Any

from config.settings import Settings
from config.wallclock import monotonic_s
from watchfloor import topic_access
from watchfloor.exceptions import MissingError
from watchfloor.read_models import ReadModels

# A fold answers within a tenth of a second; a worker that was killed folds again within 4 s, a broker within 30 s.
ANSWER_WITHIN_S = 60.0
# Sent again after this: a fold answers as often as it is asked, and does it once.
AGAIN_S = 10.0

Answer = dict[str, Any]


def ask(
    settings: Settings,
    models: ReadModels,
    records: Mapping[str, tuple[int, bytes]],
    *,
    within_s: float = ANSWER_WITHIN_S,
) -> dict[str, Answer]:
    """Send records to the journal and return the folds' answers.

    Parameters
    ----------
    settings, models
        The brokers, and where the folds' answers are read.
    records
        Partition and value of each record, by the name under which it is answered.
    within_s
        How long is waited for the last answer.

    Raises
    ------
    MissingError
        If some did not answer in time; they may still do what was asked.

    """
    entry = models.changes_end()
    found: dict[str, Answer] = {}
    end_s = monotonic_s() + within_s
    again_s = monotonic_s()
    while len(found) < len(records):
        now_s = monotonic_s()
        if now_s >= end_s:
            missing = sorted({partition for name, (partition, _) in records.items() if name not in found})
            raise MissingError(
                f"Not confirmed: {len(missing)} of the journal's partitions ({', '.join(map(str, missing))}) did not "
                f"answer within {within_s:.0f} s. See whether a worker runs with `watchfloor status`, then try again."
            )
        if now_s >= again_s:
            topic_access.send(
                settings, "journal", [one for name, one in records.items() if name not in found]
            )
            again_s = monotonic_s() + AGAIN_S
        entry, answers = models.answers_after(entry, min(1.0, end_s - now_s))
        found |= {name: answer for name, answer in answers.items() if name in records}
    return found
