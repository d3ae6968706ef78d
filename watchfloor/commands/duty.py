"""`watchfloor duty`: who is on duty where, by the roster in force."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import EXIT_CODES, Config, Data, Json, Scope, instant

if TYPE_CHECKING:
    from config.settings import Settings
    from domain.duty.list import OnDuty
    from domain.rules import Rules

ROWS_SHOWN = 50
"""More rows than this on a terminal are read by nobody; --json has all of them."""


def declare(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=EXIT_CODES)(duty)


def duty(  # noqa: PLR0913 - one parameter an option
    *,
    scope: Scope = "",
    at: Annotated[
        str, typer.Option(help="When, as 2026-09-30T16:00:00+08:00; without it, now.", metavar="TIME")
    ] = "",
    names: Annotated[
        bool, typer.Option("--names", help="The workers' names beside their ids; the look is logged.")
    ] = False,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say who is on duty in each grid of a scope, who stands in, and until when; by ids, unless names are asked for."""
    from config.wallclock import now_ms
    from domain.duty.list import on_duty_in
    from watchfloor.commands import figures, output
    from watchfloor.commands.live import live_settings

    settings = live_settings(data, config_dir=config, running=False)
    rules = _rules(settings)
    code = figures.scope_code(scope, rules)
    at_ms = instant("--at", at) if at else now_ms()
    found = list(on_duty_in(rules, code, at_ms))
    called = _names(settings, code, found) if names else {}
    rows = [_row(one, called, names=names) for one in found]
    if as_json:
        output.print_list([output.with_times(row) for row in rows])
        return
    shown = [{**output.with_times(row), "name": rules.name_of(row["grid"])} for row in rows[:ROWS_SHOWN]]
    columns = ["grid", "name", "worker", "stand_in", "stand_in_on_shift", "by", "until_at"]
    columns += ["worker_name", "stand_in_name"] if names else []
    left = len(rows) - len(shown)
    note = f"and {left} more: --json has them all" if left else ""
    if not rules.rosters:
        note = "There is no roster yet: `watchfloor roster import FILE.csv --kind duty`."
    output.print_table(
        f"on duty at {output.rfc3339(at_ms)}", columns, [[row[one] for one in columns] for row in shown], note
    )


def _rules(settings: "Settings") -> "Rules":
    """Return the rule set in force; where nothing runs, the files as they are."""
    from watchfloor.read_models import ReadModels
    from watchfloor.rules_publish import current, rules_in_force

    if settings.kafka and settings.redis:
        with ReadModels(settings) as models:
            rules = rules_in_force(settings, models)
        if rules is not None:
            return rules
    return current(settings)[1]


def _row(one: "OnDuty", called: dict[str, str], *, names: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "grid": one.grid,
        "worker": one.worker or None,
        "stand_in": one.stand_in or None,
        "stand_in_on_shift": one.stand_in_on_shift,
        "by": one.by or None,
        "until_ms": one.until_ms,
    }
    if names:
        row |= {"worker_name": called.get(one.worker), "stand_in_name": called.get(one.stand_in)}
    return row


def _names(settings: "Settings", code: str, found: "list[OnDuty]") -> dict[str, str]:
    from config.people import people_of
    from config.wallclock import now_ms

    ids = sorted({one for row in found for one in (row.worker, row.stand_in) if one})
    with people_of(settings) as people:
        looked = people.look(ids, account="cli", about=code, at_ms=now_ms())
    return {worker: person.name for worker, person in looked.items()}
