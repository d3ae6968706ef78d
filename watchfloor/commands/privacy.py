"""`watchfloor privacy views|erase|show`: who looked at persons' data, erasing it, and what leaves the vault at all."""

from typing import Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

VIEW_COLUMNS = ("at", "account", "case", "purpose", "fields")
FIELD_COLUMNS = ("where", "field", "kind", "why")


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(
        help="Persons' data: who looked, erasing, and what leaves the vault.", no_args_is_help=True
    )
    for command in (views, erase, show):
        group.command(epilog=EXIT_CODES)(command)
    app.add_typer(group, name="privacy")


def views(
    case: Annotated[str, typer.Option("--case", help="Only looks at this case.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say who looked at whose data, when and for what, the oldest first."""
    from config.vault import VaultError, vault_of
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError

    try:
        with vault_of(live_settings(data, running=False)) as vault:
            rows = [
                {
                    "at": output.rfc3339(one.at_ms),
                    "account": one.account,
                    "case": one.case,
                    "purpose": one.purpose,
                    "fields": one.fields,
                }
                for one in vault.views(case)
            ]
    except VaultError as gone:
        raise MissingError(str(gone)) from gone
    if as_json:
        output.print_list(rows)
        return
    shown = [{**row, "fields": ", ".join(row["fields"] or ())} for row in rows]
    output.print_table(
        "", VIEW_COLUMNS, [[row[name] for name in VIEW_COLUMNS] for row in shown], f"{len(rows):,} looks"
    )


def erase(
    case: Annotated[str, typer.Argument(help="The case's id, as `show cases` prints it.", metavar="CASE")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Delete the keys of a case, of all its reports and of its story, for good, and end its tracking code."""
    from config.vault import VaultError, vault_of
    from config.wallclock import now_ms
    from watchfloor import erasing
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError
    from watchfloor.read_models import ReadModels

    settings = live_settings(data)
    try:
        with ReadModels(settings) as models, vault_of(settings) as vault:
            names = erasing.keys_of(settings, models, vault, case)
            deleted = vault.erase(case, names, at_ms=now_ms())
    except VaultError as gone:
        raise MissingError(str(gone)) from gone
    left = [{"what": what, "why": why} for what, why in erasing.LEFT]
    if as_json:
        output.print_object({"case": case, "keys": sorted(names), "deleted": deleted, "left": left})
        return
    output.tell(f"{case}: {deleted} of {len(names)} keys deleted, and its tracking code leads nowhere")
    output.print_table("what is left", ("what", "why"), [tuple(one.values()) for one in left])


def show(as_json: Json = False) -> None:
    """Print every field that leaves the vault, where it goes, and why."""
    from domain.privacy.disclosure import disclosed
    from watchfloor.commands import output

    rows = [{"where": one.where, "field": one.field, "kind": one.kind, "why": one.why} for one in disclosed()]
    if as_json:
        output.print_list(rows)
        return
    output.print_table(
        "", FIELD_COLUMNS, [[row[name] for name in FIELD_COLUMNS] for row in rows], f"{len(rows):,} fields"
    )
