"""`watchfloor digest`: one hash over every partition's state, live and folded again from the beginning."""

import time
import uuid
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
    from watchfloor.read_models import ReadModels

# Workers look for a question every quarter of a second, and hash a state of 60,000 cases in about one.
ANSWERS_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05

Refold = Annotated[
    bool,
    typer.Option(
        "--refold",
        help="Fold reports and journal again from their beginning, and compare; ends with 1 when they differ.",
    ),
]


def declare(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=EXIT_CODES)(digest)


def digest(refold: Refold = False, data: Data = None, as_json: Json = False) -> None:
    """Print a hash over the states of all partitions, each with the offset that it was folded to."""
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.read_models import ReadModels

    settings = live_settings(data)
    with ReadModels(settings) as models:
        found = live_digest(models)
    same = True
    if refold:
        from watchfloor.commands.refolding import refold_to

        found = refold_to(settings, found, output.tell)
        same = found["state"] == found["live"]
    if as_json:
        output.print_object(found)
    else:
        _print(found, same=same)
    raise typer.Exit(0 if same else 1)


def live_digest(models: "ReadModels") -> dict[str, Any]:
    """Ask every worker for the hashes of its partitions' states, and return the digest over all.

    Raises
    ------
    MissingError
        If not every partition is answered for within 20 s.

    """
    from config.wallclock import monotonic_s
    from domain.fold import FOLD_VERSION
    from streams.digest import state_hash
    from streams.sources import EVERY_SOURCE
    from watchfloor.exceptions import MissingError

    request = uuid.uuid4().hex
    models.ask_digest(request)
    until_s = monotonic_s() + ANSWERS_WITHIN_S
    while True:
        answers = models.digest_answers(request)
        missing = [source.label for source in EVERY_SOURCE if source.label not in answers]
        if not missing:
            break
        if monotonic_s() > until_s:
            raise MissingError(
                f"No worker answered for {missing[0]} ({len(missing)} of {len(EVERY_SOURCE)} partitions) within "
                f"{ANSWERS_WITHIN_S:.0f} s: see with `watchfloor status` whether a worker runs, and try again."
            )
        time.sleep(LOOK_EVERY_S)
    offsets: dict[str, dict[str, int]] = {"reports": {}, "journal": {}}
    for source in EVERY_SOURCE:
        offsets[source.word][str(source.number)] = answers[source.label]["offset"]
    # lanes without records have no rules; between two notices partitions differ, and then all are named
    rules = sorted({answer["rules"] for answer in answers.values() if answer["rules"]})
    return {
        "lanes": offsets["reports"],
        "journal": offsets["journal"],
        "fold_version": FOLD_VERSION,
        "rules": ",".join(rules),
        "state": state_hash(
            {source: bytes.fromhex(answers[source.label]["sha256"]) for source in EVERY_SOURCE}
        ),
    }


def _print(found: dict[str, Any], *, same: bool) -> None:
    from watchfloor.commands import output

    rows = [(f"reports:{lane}", offset) for lane, offset in found["lanes"].items()]
    rows += [(f"journal:{p}", offset) for p, offset in found["journal"].items()]
    output.print_table("", ("partition", "folded up to"), rows, f"rules {found['rules'] or '–'}")
    if "live" in found:
        output.tell(f"live   {found['live']}")
        output.tell(f"refold {found['state']}  ({found['messages']:,} messages in {found['seconds']:.1f} s)")
        output.tell(
            "the same: what is on the wall is what came in"
            if same
            else "NOT the same: see `watchfloor doctor`"
        )
    else:
        output.tell(f"state {found['state']}")
