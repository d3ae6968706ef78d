"""`watchfloor rules publish|show`: bringing edited rule files into force, and seeing which are."""

import typer

from watchfloor.commands.options import EXIT_CODES, Config, Data, Json

NO = 1


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(
        help="The rule set: areas, categories, SLA, alerts, detectors and feeds.", no_args_is_help=True
    )
    for command in (publish, show):
        group.command(epilog=EXIT_CODES)(command)
    app.add_typer(group, name="rules")


def publish(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """Check the rule files as they are now, and bring them into force where they are not yet."""
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.rules_publish import publish_rules

    rules_hash = publish_rules(live_settings(data, config_dir=config), say=output.tell)
    if as_json:
        output.print_object({"rules": rules_hash})
    else:
        output.tell(f"rule set in force: {rules_hash}")


def show(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """Say which rule set each partition has in force, and whether the files are the same; ends with 1 when not."""
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.read_models import ReadModels
    from watchfloor.rules_publish import current

    settings = live_settings(data, config_dir=config)
    files = current(settings)[1].hash
    with ReadModels(settings) as models:
        now = {f"reports:{lane}": one["rules"] for lane, one in sorted(models.lanes().items())}
        now |= {f"journal:{p}": one["rules"] for p, one in sorted(models.partitions().items())}
    same = bool(now) and set(now.values()) == {files}
    if as_json:
        output.print_object({"files": files, "in_force": now, "same": same})
    else:
        rows = [(name, one[:12] or None, one == files) for name, one in now.items()]
        output.print_table(f"files: {files[:12]}", ("partition", "in force", "same"), rows)
        if not same:
            output.tell("The files are not in force everywhere: run `watchfloor rules publish`.")
    raise typer.Exit(0 if same else NO)
