"""`watchfloor areas import`: a source's areas get grid codes of their own, and keep them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import EXIT_CODES, Config, Data, Json, instant

if TYPE_CHECKING:
    from domain.places.places import AreaFile


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="Areas: grids, villages, townships and counties.", no_args_is_help=True)
    group.command("import", epilog=EXIT_CODES)(import_areas)
    group.callback()(_group)
    app.add_typer(group, name="areas")


def _group() -> None:
    """Areas: grids, villages, townships and counties."""


def import_areas(  # noqa: PLR0913 - one parameter an option
    *,
    files: Annotated[list[Path], typer.Argument(help="GeoJSON or CSV files, also .gz.", metavar="FILE…")],
    feed: Annotated[
        str,
        typer.Option(
            help="The feed whose mapping says what the columns mean; found by the file's name otherwise."
        ),
    ] = "",
    area_set: Annotated[str, typer.Option("--set", help="Name of the set; without it, the mapping's.")] = "",
    county: Annotated[str, typer.Option(help="Six digits; without it, the feed's county.")] = "",
    code: Annotated[str, typer.Option(help="The column of the areas' codes, where no feed says it.")] = "",
    name: Annotated[str, typer.Option(help="The column of the areas' names, where no feed says it.")] = "",
    successors: Annotated[
        str,
        typer.Option(help="The column that names, of an area that has ended, those after it (parted by ;)."),
    ] = "",
    valid_from: Annotated[
        str,
        typer.Option(
            "--valid-from",
            help="Since when a newer file's boundaries hold, as 2026-07-01T00:00:00+08:00; without it, from now on.",
            metavar="TIME",
        ),
    ] = "",
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Give areas grid codes by their sorted source codes; what is once coded keeps its code.

    An area that a newer file no longer has ends, with its successors; what was counted under its code stays there.
    """
    from config.wallclock import now_ms
    from producers import areas as producer
    from watchfloor import rules_publish
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError, RefusedError

    settings = live_settings(data, config_dir=config, running=False)
    from_ms = instant("--valid-from", valid_from) if valid_from else now_ms()
    imported: list[dict[str, Any]] = []
    for path in files:
        if not path.is_file():
            raise MissingError(f"There is no file {path}: name the areas files to import.")
        own = {"set": area_set, "county": county, "code": code, "name": name, "successors": successors}
        set_name, six_digits, spec = _spec(
            settings, path, feed, {key: value for key, value in own.items() if value}
        )
        register = rules_publish.areas_folder(settings) / f"{set_name}.json"
        try:
            file = producer.import_areas(path, set_name, six_digits, spec, register, from_ms=from_ms)
        except producer.AreasError as wrong:
            raise RefusedError(str(wrong)) from wrong
        imported.append(
            {
                "set": set_name,
                "county": six_digits,
                "areas": len(file.areas),
                "register": str(register),
                **_changed(file, from_ms),
            }
        )
    rules_hash = None
    if settings.kafka and settings.redis:
        rules_hash = rules_publish.publish_rules(settings, say=output.tell)
    if as_json:
        output.print_object({"sets": imported, "rules": rules_hash})
        return
    rows = [tuple(one.values()) for one in imported]
    note = f"rule set in force: {rules_hash}" if rules_hash else "`watchfloor up` will bring them into force"
    output.print_table("", tuple(imported[0]), rows, note)


def _changed(file: "AreaFile", from_ms: int) -> dict[str, int]:
    """Return how many areas began and ended with an import, and how many ended with nobody after them."""
    changed = file.validity.values()
    over = [one for one in changed if one.to_ms == from_ms]
    return {
        "began": sum(one.from_ms == from_ms for one in changed),
        "ended": len(over),
        "without_successor": sum(not one.successors for one in over),
    }


def _spec(settings: Any, path: Path, feed: str, own: dict[str, str]) -> tuple[str, str, dict[str, Any]]:
    """Return the set's name, its county and what the file's columns mean, from a feed's mapping or from options."""
    from watchfloor import rules_publish
    from watchfloor.commands.sending import feed_of
    from watchfloor.exceptions import WrongUseError

    _, rules = rules_publish.current(settings)
    spec: dict[str, Any] = {}
    county = own.get("county", "")
    if feed:
        chosen = [feed_of(rules, feed)]
    else:
        chosen = [
            one for one in rules.feeds.values() if Path(str(one.place_spec.get("file", ""))).name == path.name
        ]
    if len(chosen) == 1:
        spec, county = dict(chosen[0].place_spec), county or chosen[0].county
    elif len(chosen) > 1:
        raise WrongUseError(
            f"{path.name} is named by {', '.join(one.name for one in chosen)}: say which with --feed."
        )
    spec |= {key: own[key] for key in ("code", "name", "successors") if key in own}
    if not chosen:
        plain = path.name.removesuffix(".gz")
        spec.setdefault("format", "csv" if plain.endswith(".csv") else "geojson")
    set_name = own.get("set") or str(spec.get("areas", ""))
    if not set_name or not county or not (spec.get("code") or spec.get("name")):
        raise WrongUseError(
            f"No feed's mapping names {path.name}: say what it is with --feed, or with --set, --county, --code and --name."
        )
    if len(county) != 6 or not (county.isascii() and county.isdigit()):  # noqa: PLR2004 - a county's digits
        raise WrongUseError(f"--county {county} must have six digits.")
    return set_name, county, spec
