"""`watchfloor roster import|forget`: who is on duty where, from a town's own files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import EXIT_CODES, Config, Data, Json

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from config.settings import Settings
    from domain.rules import Rules

KINDS = ("duty", "people", "departments")


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="Rosters: who is on duty where, and what they are called.", no_args_is_help=True)
    group.command("import", epilog=EXIT_CODES)(import_roster)
    group.command(epilog=EXIT_CODES)(forget)
    app.add_typer(group, name="roster")


def import_roster(  # noqa: PLR0913 - one parameter an option
    *,
    file: Annotated[Path, typer.Argument(help="A CSV file with a header, also .gz.", metavar="FILE.csv")],
    kind: Annotated[str, typer.Option(help="What the file has: duty, people or departments.")],
    zone: Annotated[
        str, typer.Option(help="The zone of its hours and days; without it, that of the county's feed.")
    ] = "",
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take a roster file whole, in place of what it had for its counties; a file with a mistake is not taken at all."""
    from producers.roster_csv import RosterFileError
    from producers.rosters import RosterKeptError
    from watchfloor import rules_publish
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import MissingError, RefusedError, WrongUseError

    if kind not in KINDS:
        raise WrongUseError(f"--kind {kind} must be one of {', '.join(KINDS)}.")
    if not file.is_file():
        raise MissingError(f"There is no file {file}: name the roster file to import.")
    settings = live_settings(data, config_dir=config, running=False)
    try:
        taken = _taken(settings, kind, file, _zone(zone))
    except (RosterFileError, RosterKeptError) as wrong:
        raise RefusedError(str(wrong)) from wrong
    rules_hash = None
    if taken["counties"] and settings.kafka and settings.redis:
        rules_hash = rules_publish.publish_rules(settings, say=output.tell)
    if as_json:
        output.print_object({"kind": kind, **taken, "rules": rules_hash})
        return
    output.print_table("", ("kind", *taken), [(kind, *taken.values())], _note(taken, rules_hash))


def forget(
    worker: Annotated[str, typer.Argument(help="The worker's id (w-…), or the town's own key.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Delete a worker's name, number and key. The rosters go on naming the id, which leads to nobody any more."""
    from config.people import people_of
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import RefusedError

    with people_of(live_settings(data, running=False)) as people:
        forgotten = people.forget(worker)
    if not forgotten:
        raise RefusedError("No worker is known by this id or key.")
    if as_json:
        output.print_object({"worker": forgotten})
    else:
        output.tell(
            f"{forgotten} is nobody any more; where a roster still names it, import one that names somebody else."
        )


def _taken(settings: "Settings", kind: str, file: Path, zone: "ZoneInfo | None") -> dict[str, Any]:
    """Read a file, and only when all of it is right keep what it says. Returns counts for who imported it."""
    from config.people import people_of
    from producers import roster_csv, rosters
    from watchfloor import rules_publish

    folder = rules_publish.roster_folder(settings)
    if kind == "people":
        people_read = roster_csv.read_people(file)
        with people_of(settings) as people:
            changed = people.put((one.key, one.name, one.phone) for one in people_read)
        return {"lines": len(people_read), "workers": changed, "counties": 0, "written": 0}
    _, rules = rules_publish.current(settings)
    if kind == "duty":
        duty = roster_csv.read_duty(file, lambda text: _codes_of(rules, text))
        zones = rosters.zones_of(rules, (line.area for line in duty), folder, zone)
        keys = {line.worker for line in duty} | {line.stand_in for line in duty if line.stand_in}
        with people_of(settings) as people:
            files = rosters.duty_of(duty, people.ids(sorted(keys)), zones, folder)
        counts = {"lines": len(duty), "workers": len(keys)}
    else:
        departments = roster_csv.read_departments(file, lambda text: _codes_of(rules, text))
        zones = rosters.zones_of(rules, (line.area for line in departments), folder, zone)
        files = rosters.departments_of(departments, zones, folder)
        teams = {line.team: (line.name, line.name_zh) for line in departments}
        with people_of(settings) as people:
            people.put_teams(teams)
        counts = {"lines": len(departments), "teams": len(teams)}
    written = rosters.write_rosters(files, folder)
    return {**counts, "counties": len(files), "written": len(written)}


def _codes_of(rules: "Rules", text: str) -> list[str]:
    """Return the codes of an area that there is; a code that nobody has is none."""
    return [code for code in rules.codes_of(text) if rules.known(code)]


def _zone(name: str) -> "ZoneInfo | None":
    from zoneinfo import ZoneInfo

    from watchfloor.exceptions import WrongUseError

    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as unknown:
        raise WrongUseError(f"--zone {name} is no zone: write one as Asia/Shanghai.") from unknown


def _note(taken: dict[str, Any], rules_hash: str | None) -> str:
    if rules_hash:
        return f"rule set in force: {rules_hash}"
    return "`watchfloor up` will bring it into force" if taken["counties"] else ""
