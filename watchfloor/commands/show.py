"""`watchfloor show counters|cases|alerts|feeds|evaluation`: what the screens say, for programs and for people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.evaluation import evaluation
from watchfloor.commands.options import EXIT_CODES, Data, Json, Scope

if TYPE_CHECKING:
    from config.settings import Settings
    from domain.rules import Rules
    from watchfloor.read_models import ReadModels

# More rows than this on a terminal are read by nobody; --json has all of them.
ROWS_SHOWN = 50

CASE_COLUMNS = (
    "id",
    "feed",
    "source_id",
    "area",
    "category",
    "step",
    "opened_at",
    "due_at",
    "closed_at",
    "overdue",
)
ALERT_COLUMNS = (
    "id",
    "state",
    "priority",
    "kind",
    "scope",
    "category",
    "feed",
    "raised_at",
    "due_at",
    "acked_by",
)
FEED_COLUMNS = ("feed", "lane", "accepted", "revised", "repeated", "refused", "unplaced", "last_at", "silent")
SYMBOLS = {1: "■ 1 critical", 2: "▲ 2 high", 3: "● 3 medium", 4: "◇ 4 low"}

Overdue = Annotated[
    bool, typer.Option("--overdue", help="Only cases whose resolve deadline passed before they were closed.")
]


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(
        help="What the screens say: counters, cases, alerts, feeds and evaluation.", no_args_is_help=True
    )
    for command in (counters, cases, alerts, feeds, evaluation):
        group.command(epilog=EXIT_CODES)(command)
    app.add_typer(group, name="show")


def counters(scope: Scope = "", data: Data = None, as_json: Json = False) -> None:
    """Reports, open and overdue cases of a scope, as of the last folded record."""
    from watchfloor.commands import figures, output

    with _models(data, scope) as (models, rules):
        code = figures.scope_code(scope, rules)
        found = figures.counters(models.blocks(), code)
    if as_json:
        output.print_object(found)
        return
    name = rules.name_of(code) if rules and code else "the whole area"
    rows = [(label, found[field]) for field, label in COUNTER_LABELS.items()]
    output.print_table(f"{name} {code}".strip(), ("", "count"), rows)


COUNTER_LABELS = {
    "reports_total": "reports in all",
    "reports_5m": "reports, last 5 min",
    "reports_1h": "reports, last hour",
    "reports_24h": "reports, last 24 h",
    "open": "open cases",
    "overdue": "of these overdue",
}


def cases(scope: Scope = "", overdue: Overdue = False, data: Data = None, as_json: Json = False) -> None:
    """Every case of a scope, in the order of arrival."""
    from watchfloor.commands import figures, output
    from watchfloor.commands.live import live_settings

    with _models(data, scope) as (models, rules):
        found = models.cases()
        codes = _codes(live_settings(data), [case["id"] for case in found if case.get("flow")])
        rows = figures.case_rows(found, figures.scope_code(scope, rules), overdue=overdue, codes=codes)
    if as_json:
        output.print_list(rows)
        return
    _print_rows("cases", CASE_COLUMNS, rows[-ROWS_SHOWN:], len(rows), "newest")


def _codes(settings: "Settings", cases: list[str]) -> dict[str, str]:
    """Return the tracking codes of cases that people work on, but of erased ones; they are made here and stand nowhere."""
    from config.vault import VaultError, vault_of
    from domain.privacy.sealed import key_of_case
    from watchfloor.exceptions import MissingError

    if not cases:
        return {}
    try:
        with vault_of(settings) as vault:
            erased = vault.erased([key_of_case(case) for case in cases])
            return {case: vault.tracking_code(case) for case in cases if key_of_case(case) not in erased}
    except VaultError as gone:
        raise MissingError(str(gone)) from gone


def alerts(scope: Scope = "", data: Data = None, as_json: Json = False) -> None:
    """The alerts of a scope: unacknowledged first, then by priority."""
    from watchfloor.commands import figures, output

    with _models(data, scope) as (models, rules):
        rows = figures.alert_rows(models.alerts(), figures.scope_code(scope, rules), _counties(rules))
    if as_json:
        output.print_list(rows)
        return
    shown = [{**row, "priority": SYMBOLS.get(row["priority"], row["priority"])} for row in rows[:ROWS_SHOWN]]
    _print_rows("alerts", ALERT_COLUMNS, shown, len(rows), "first")


def feeds(scope: Scope = "", data: Data = None, as_json: Json = False) -> None:
    """Each feed's outcomes, its last record, and whether it has fallen silent."""
    from watchfloor.commands import figures, output

    with _models(data, scope) as (models, rules):
        rows = figures.feed_rows(models.feeds(), figures.scope_code(scope, rules), _counties(rules))
    if as_json:
        output.print_list(rows)
        return
    _print_rows("feeds", FEED_COLUMNS, rows, len(rows), "first")


class _models:  # noqa: N801 - used as a function
    """The read models of a data folder, with the rule set in force where a scope asks for it (None before the first)."""

    def __init__(self, data: Path | None, scope: str) -> None:
        from watchfloor.commands.live import live_settings
        from watchfloor.read_models import ReadModels

        self._settings = live_settings(data)
        self._models = ReadModels(self._settings)
        self._scope = scope

    def __enter__(self) -> "tuple[ReadModels, Rules | None]":
        if not self._scope.strip():
            return self._models, None  # compiling a province's areas takes a second that nobody needs
        from watchfloor.rules_publish import rules_in_force

        return self._models, rules_in_force(self._settings, self._models)

    def __exit__(self, *_: object) -> None:
        self._models.close()


def _counties(rules: "Rules | None") -> dict[str, str]:
    return {} if rules is None else {name: feed.county for name, feed in rules.feeds.items()}


def _print_rows(
    word: str, columns: tuple[str, ...], rows: list[dict[str, Any]], count: int, which: str
) -> None:
    from watchfloor.commands import output

    note = (
        f"{count:,} {word}"
        if count == len(rows)
        else f"the {which} {len(rows)} of {count:,} {word}; --json has all"
    )
    output.print_table("", columns, [[row.get(column) for column in columns] for row in rows], note)
