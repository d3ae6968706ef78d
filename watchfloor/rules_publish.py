"""Bringing a rule set into force: its bytes into the store, then a notice into every partition of journal and reports."""

import fcntl
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.calendar_source import CalendarsError
from config.rules import RulesMissingError, RuleStore, gather, hash_of
from config.settings import Settings
from config.wallclock import monotonic_s
from domain.codes import JOURNAL_PARTITIONS, LANES
from domain.duty.roster_file import RosterError, read_roster_file
from domain.records import RulesNotice, encoder
from domain.rules import Rules, RulesError, compile_rules
from watchfloor import topic_access
from watchfloor.exceptions import MissingError, RefusedError
from watchfloor.read_models import ReadModels
from watchfloor.waiting import QUIET_S, Say, silent, wait_folded

# Another publisher may be quicker once; who is beaten this often has two towns' rules on one journal.
TRIES = 4
LOOK_EVERY_S = 0.1


def areas_folder(settings: Settings) -> Path:
    """Return where imported areas are."""
    return settings.data / "areas"


def roster_folder(settings: Settings) -> Path:
    """Return where imported rosters are."""
    return settings.data / "roster"


def rule_store(settings: Settings) -> RuleStore:
    """Return the store of rule sets of a data folder."""
    return RuleStore(str(settings.data / "rules"))


def current(settings: Settings) -> tuple[dict[str, bytes], Rules]:
    """Return the rule files as they are now, and what they compile to.

    Raises
    ------
    RefusedError
        With every mistake of every file.

    """
    try:
        parts = gather(
            settings.config_dir, areas_folder(settings), settings.data / "holidays", roster_folder(settings)
        )
    except OSError as unreadable:
        raise RefusedError(
            f"The rule file {unreadable.filename} cannot be read ({unreadable.strerror}): mend its permissions."
        ) from unreadable
    except CalendarsError as wrong:
        raise RefusedError("The rule files have mistakes:\n" + "\n".join(wrong.mistakes)) from wrong
    mistakes = list(_roster_mistakes(parts))
    try:
        rules = compile_rules(parts, hash_of(parts))
    except RulesError as wrong:
        mistakes += wrong.mistakes
    if mistakes:
        raise RefusedError("The rule files have mistakes:\n" + "\n".join(mistakes))
    return parts, rules


def _roster_mistakes(parts: Mapping[str, bytes]) -> Iterator[str]:
    """Read every roster here, once: who compiles the rule set later reads a county's when it is asked for."""
    for path in sorted(parts):
        if path.startswith("roster/"):
            try:
                file = read_roster_file(parts[path])
            except RosterError as wrong:
                yield f"{path}: {wrong}"
            else:
                if path != f"roster/{file.county}.json":
                    yield f"{path}: is the roster of the county {file.county}, and must be named after it."


def in_force(
    settings: Settings, models: ReadModels, *, say: Say = silent, quiet_s: float = QUIET_S
) -> dict[str, str]:
    """Return the rule set in force in each partition, `reports:0` … `journal:15`, as of all that it has now.

    A partition without records has none (""). The read models are waited for: after a loss of Redis the workers
    write them again.

    Raises
    ------
    MissingError
        If Kafka or Redis does not answer, or no worker folds.

    """
    ends = {
        f"{topic}:{p}": end
        for topic, partitions in (("reports", LANES), ("journal", JOURNAL_PARTITIONS))
        for p, end in topic_access.end_offsets(settings, topic, partitions).items()
    }
    wait_folded(models, {name: end - 1 for name, end in ends.items()}, say=say, quiet_s=quiet_s)
    said = {f"reports:{lane}": one["rules"] for lane, one in models.lanes().items()}
    said |= {f"journal:{p}": one["rules"] for p, one in models.partitions().items()}
    return {name: said.get(name, "") if end else "" for name, end in ends.items()}


def rules_in_force(settings: Settings, models: ReadModels) -> Rules | None:
    """Return the rule set that most partitions of the journal have in force now, or None before the first.

    Raises
    ------
    MissingError
        If Redis does not answer, or the rule set's files are not in the data folder.

    """
    hashes = Counter(one["rules"] for one in models.partitions().values() if one["rules"])
    if not hashes:
        return None
    try:
        return rule_store(settings).rules_of(hashes.most_common(1)[0][0])
    except RulesMissingError as gone:
        raise MissingError(str(gone)) from gone


def publish_rules(
    settings: Settings, *, wait: bool = True, say: Say = silent, quiet_s: float = QUIET_S
) -> str:
    """Bring the rule files as they are now into force, where they are not yet, and return their hash.

    Parameters
    ----------
    settings
        Brokers, Redis, the data folder and the town's own folder. A worker must be running.
    wait
        Return only when every partition has taken it over; only then is it known that no other publisher was quicker.
    say
        Takes a line on how far it is.
    quiet_s
        Seconds without any movement after which it gives up.

    Raises
    ------
    RefusedError
        If the files have mistakes, or another rule set comes into force again and again.
    MissingError
        If Kafka or Redis does not answer, or no worker folds.

    """
    store = rule_store(settings)
    with _one_publisher(settings, quiet_s), ReadModels(settings) as models:
        for _ in range(TRIES):
            # read anew each time: who was quicker may have imported areas, which are then part of this one too
            parts, rules = current(settings)
            rules_hash = rules.hash
            now = in_force(settings, models, say=say, quiet_s=quiet_s)
            if all(one == rules_hash for one in now.values()):
                return rules_hash
            store.put(parts)
            say(f"publishing rule set {rules_hash[:12]}")
            sent = _notify(settings, rules_hash, now)
            if not wait:
                return rules_hash
            wait_folded(models, sent, say=say, quiet_s=quiet_s)
    raise RefusedError(
        "Another rule set came into force each time that this one was published: "
        "see that `up`, `produce` and `rules publish` are all given the same --config."
    )


@contextmanager
def _one_publisher(settings: Settings, within_s: float) -> Iterator[None]:
    """Keep publishers of one data folder from overtaking each other; those of other machines only try again."""
    settings.data.mkdir(parents=True, exist_ok=True)
    until_s = monotonic_s() + within_s
    with (settings.data / "rules.lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as held:
                if monotonic_s() > until_s:
                    raise MissingError(
                        f"Another command has been publishing rules for {within_s:.0f} s: "
                        "see whether a worker runs with `watchfloor status`."
                    ) from held
                time.sleep(LOOK_EVERY_S)
        yield


def _notify(settings: Settings, rules_hash: str, now: Mapping[str, str]) -> dict[str, int]:
    """Send the notices, those of `reports` only when all of `journal` are acknowledged; return the offsets."""
    sent: dict[str, int] = {}
    for topic in ("journal", "reports"):
        notices = [
            (int(name.partition(":")[2]), encoder.encode(RulesNotice(hash=rules_hash, follows=before)))
            for name, before in now.items()
            if name.startswith(f"{topic}:") and before != rules_hash
        ]
        if notices:
            written = topic_access.send(settings, topic, notices)
            sent |= {f"{topic}:{partition}": offset for partition, offset in written.items()}
    return sent
