"""`watchfloor privacy views|erase|show`: who looked at persons' data, erasing it, and what leaves the vault at all."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
    from config.settings import Settings

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
    case: Annotated[
        str, typer.Argument(help="The case's id, as `show cases` prints it.", metavar="[CASE]")
    ] = "",
    desk: Annotated[
        str, typer.Option("--desk", help="What a desk wrote at its handovers, of all days.", metavar="CODE")
    ] = "",
    alert: Annotated[
        str, typer.Option("--alert", help="What was written about an alert without a case.", metavar="ID")
    ] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Delete keys for good: of a case with its reports, its story and what was merged into it; of a desk; of an alert.

    A case's tracking code leads nowhere afterwards.
    """
    from config.vault import VaultError
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError, WrongUseError

    if sum(map(bool, (case, desk, alert))) != 1:
        raise WrongUseError("Name one thing to erase: a case, --desk CODE or --alert ID.")
    settings = live_settings(data)
    try:
        if case:
            _erase_case(settings, case, as_json=as_json)
        else:
            _erase_days(settings, "desk" if desk else "alert", desk or alert, as_json=as_json)
    except VaultError as gone:
        raise MissingError(str(gone)) from gone


def _erase_case(settings: "Settings", case: str, *, as_json: bool) -> None:
    from config.vault import vault_of
    from config.wallclock import now_ms
    from watchfloor import erasing
    from watchfloor.commands import output
    from watchfloor.read_models import ReadModels

    with ReadModels(settings) as models, vault_of(settings) as vault:
        matter = erasing.matter_of(settings, models, vault, case)
        deleted = vault.erase(case, matter.names, at_ms=now_ms())
    left = matter.left()
    if as_json:
        said = {"case": case, "merged": matter.taken, "merged_into": matter.into or None}
        _print(said, matter.names, deleted, left)
        return
    output.tell(f"{case}: {deleted} of {len(matter.names)} keys deleted, and its tracking code leads nowhere")
    if matter.taken:
        output.tell(f"with it what was merged into it: {', '.join(matter.taken)}")
    if matter.into:
        output.tell(f"it was closed as a duplicate of {matter.into}, which goes on")
    output.print_table("what is left", ("what", "why"), left)


def _erase_days(settings: "Settings", kind: str, name: str, *, as_json: bool) -> None:
    """Erase what was written about a desk or an alert; what is written there from now on has a key of its own."""
    from config.vault import vault_of
    from config.wallclock import now_ms
    from watchfloor import erasing
    from watchfloor.commands import output

    with vault_of(settings) as vault:
        names = erasing.keys_of_days(vault, kind, name)
        deleted = vault.erase_names(names, at_ms=now_ms())
    left = erasing.LEFT_OF_DAYS[kind]
    if as_json:
        _print({kind: name}, names, deleted, left)
        return
    output.tell(f"{kind} {name}: {deleted} of {len(names)} keys deleted")
    output.print_table("what is left", ("what", "why"), left)


def _print(said: dict[str, Any], names: Iterable[str], deleted: int, left: Sequence[tuple[str, str]]) -> None:
    from watchfloor.commands import output

    stays = [{"what": what, "why": why} for what, why in left]
    output.print_object(said | {"keys": sorted(names), "deleted": deleted, "left": stays})


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
