"""`watchfloor show evaluation`: the figures of a period by desk, team or jurisdiction, for people, programs and files."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import Data, Json, Scope

if TYPE_CHECKING:
    from config.settings import Settings
    from domain.evaluation.case_record import Period
    from domain.evaluation.figures import By, Evaluation
    from domain.evaluation.passages import Passage
    from domain.rules import Rules
    from watchfloor.read_models import ReadModels

COLUMNS = (
    "code", "name", "accepted", "filed", "due", "closed", "close_rate", "on_time", "returned", "reopened", "satisfied",
)  # fmt: skip


def evaluation(  # noqa: PLR0913 - one parameter an option
    *,
    begin: Annotated[
        str, typer.Option("--from", help="The period's begin (RFC 3339; without a zone: UTC).", metavar="T")
    ],
    end: Annotated[str, typer.Option("--to", help="Its end, which is no part of it.", metavar="T")],
    scope: Scope = "",
    by: Annotated[str, typer.Option("--by", help="desk, team or jurisdiction.")] = "jurisdiction",
    as_csv: Annotated[bool, typer.Option("--csv", help="A CSV file on standard output.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What became of the cases of a period: rates with their intervals, and how long each step took.

    Paused time and duplicates are left out.
    """
    from domain.evaluation import table as evaluation_table
    from watchfloor.commands import figures, output
    from watchfloor.commands.live import live_settings
    from watchfloor.read_models import ReadModels
    from watchfloor.rules_publish import rules_in_force

    chosen, period = _by(by), _period(begin, end)
    settings = live_settings(data)
    with ReadModels(settings) as models:
        rules = rules_in_force(settings, models)
        code = figures.scope_code(scope, rules)
        found = _evaluated(settings, models, rules, (code, period, chosen))
    names = (
        {} if rules is None or chosen == "team" else {row.code: rules.name_of(row.code) for row in found.rows}
    )
    least = settings.team_min_size
    if as_csv:
        sys.stdout.write(evaluation_table.as_csv(found, names, least))
        return
    shown = evaluation_table.plain(found, names, least)
    if as_json:
        span = output.with_times({"from_ms": period.from_ms, "to_ms": period.to_ms})
        asked = {"scope": code, "by": chosen, "from": span["from_at"], "to": span["to_at"]}
        output.print_object(asked | shown)
        return
    rows = [_cells(row) for row in [*shown["rows"], {"code": "", "name": "in all"} | shown["whole"]]]
    notes = ["rates as rate (95 % interval) of how many; --json has the steps' times"]
    if any("withheld" in row for row in shown["rows"]):
        notes.append(f"withheld: the figures of a team of fewer than {least} people would follow from them")
    output.print_table("", COLUMNS, rows, "; ".join(notes))


def _evaluated(
    settings: "Settings", models: "ReadModels", rules: "Rules | None", asked: "tuple[str, Period, By]"
) -> "Evaluation":
    from config.accounts import accounts_of
    from domain.codes import JOURNAL_PARTITIONS
    from domain.evaluation.case_record import open_case
    from domain.evaluation.figures import Tally
    from watchfloor import topic_access

    code, period, by = asked
    with accounts_of(settings) as accounts:
        sizes = accounts.team_sizes()
    # the open cases first: what is closed meanwhile has its passage by then
    opened = [one for row in models.cases() if (one := open_case(row, sizes)) is not None]
    ends = topic_access.end_offsets(settings, "passages", JOURNAL_PARTITIONS)
    tally = Tally(period, code, by)
    for partition in range(JOURNAL_PARTITIONS):
        tally.add(
            _passages(settings, partition, ends[partition]),
            [one for one in opened if int(one.case[:2]) == partition],
        )
    flows = {} if rules is None else rules.flows
    return tally.result(
        [step for flow in flows.values() if not flow.by_feed for step in flow.steps],
        sizes,
        settings.team_min_size,
    )


def _passages(settings: "Settings", partition: int, end: int) -> "Iterator[Passage]":
    """Give a partition's passages: the archived ones, and from the topic what is not archived yet."""
    import msgspec

    from config.passages import PassageArchive
    from domain.evaluation.passages import Passage
    from watchfloor import topic_access

    at = 0
    for offset, passage in PassageArchive.of(settings).read(partition):
        at = offset + 1
        yield passage
    for _, value in topic_access.records(settings, "passages", partition, at, end) if at < end else ():
        yield msgspec.json.decode(value, type=Passage)


def _by(text: str) -> "By":
    from domain.evaluation.figures import BYS
    from watchfloor.exceptions import WrongUseError

    for known in BYS:
        if known == text:
            return known
    raise WrongUseError(f"--by {text} must be one of {', '.join(BYS)}.")


def _period(begin: str, end: str) -> "Period":
    from domain.evaluation.case_record import Period
    from watchfloor.commands.sending import instant_of
    from watchfloor.exceptions import WrongUseError

    from_ms, to_ms = instant_of("--from", begin), instant_of("--to", end)
    if from_ms is None or to_ms is None or not from_ms < to_ms:
        raise WrongUseError("--from must lie before --to.")
    return Period(from_ms, to_ms)


def _cells(row: dict[str, Any]) -> list[object]:
    if "fewer_than" in row or "withheld" in row:
        why = "withheld" if "withheld" in row else f"fewer than {row['fewer_than']} people"
        return [row["code"], row["name"], why, *[None] * (len(COLUMNS) - 3)]
    return [
        row["code"], row["name"], row["accepted"], row["filed"], row["due"], row["closed"], _rate(row["close_rate"]),
        _rate(row["on_time_rate"]), row["returned"], row["reopened"], _rate(row["satisfaction"]),
    ]  # fmt: skip


def _rate(rate: dict[str, Any]) -> str | None:
    if rate["rate"] is None:
        return None
    return f"{rate['rate']:.2%} ({rate['low']:.1%}-{rate['high']:.1%}) of {rate['of']:,}"
