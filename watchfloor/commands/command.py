"""`watchfloor command ACTION`: the commands of the desks, through the same gate, with the rights of an account."""

import json
import secrets
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
    from config.settings import Settings
    from domain.records import Command
    from watchfloor.read_models import ReadModels

NO = 1
SCREEN = "cli"


def declare(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=EXIT_CODES)(command)


def command(  # noqa: PLR0913 - one parameter an option
    *,
    action: Annotated[
        str, typer.Argument(help="An action of the case's flow, such as accept, assign or close; or undo.")
    ],
    case: Annotated[str, typer.Option("--case", help="The case's id.")],
    name: Annotated[str, typer.Option("--as", help="The account whose rights it is done with.")],
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="What the action needs, as key=value; numbers and lists as JSON."),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option("--version", min=0, help="The version that it is about; without it, the present one."),
    ] = None,
    undoes: Annotated[
        str, typer.Option("--undoes", help="The id of the command that `undo` takes back.")
    ] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Command something of a case, and wait until it is folded; ends with 1 where it was refused."""
    from config.accounts import AccountError, accounts_of
    from config.sealing import UnsealedError, seal_command
    from config.vault import vault_of
    from config.wallclock import now_ms
    from domain.records import Command, encoder
    from watchfloor.asking import ask
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import RefusedError
    from watchfloor.read_models import ReadModels

    settings = live_settings(data)
    with accounts_of(settings) as accounts:
        try:
            account = accounts.named(name)
        except AccountError as no:
            raise RefusedError(str(no)) from no
    teams = frozenset(right.team for right in account.rights if right.given) | {account.id}
    partition = _partition(case)
    with ReadModels(settings) as models:
        record = Command(
            id=secrets.token_hex(12),
            action=action,
            case=case,
            version=version,
            given=_given(given or []),
            undoes=undoes,
            account=account.id,
            screen=SCREEN,
        )
        if version is None:
            record = msgspec.structs.replace(record, version=_version(settings, models, record, teams))
        try:
            with vault_of(settings) as vault:
                record = seal_command(vault, record, at_ms=now_ms())
        except UnsealedError as no:
            raise RefusedError(str(no)) from no
        answer = ask(settings, models, {record.id: (partition, encoder.encode(record))})[record.id]
    said: dict[str, Any] = {"accepted": answer["ok"], "case": case, "command": record.id}
    said |= {field: answer[field] for field in ("version", "step")}
    if not answer["ok"]:
        said |= {field: answer[field] for field in ("reason", "sentence")}
    if as_json:
        output.print_object(said)
    elif answer["ok"]:
        output.tell(f"{case} is in the step {said['step']}, version {said['version']} (command {record.id})")
    else:
        output.tell(str(answer["sentence"]))
    raise typer.Exit(0 if answer["ok"] else NO)


def _partition(case: str) -> int:
    """Return the partition that a case's id names."""
    from domain.codes import partition_of_case
    from watchfloor.exceptions import WrongUseError

    number = partition_of_case(case)
    if number is None:
        raise WrongUseError(f"--case {case!r} is no case's id: see `watchfloor show cases`.")
    return number


def _version(
    settings: "Settings", models: "ReadModels", asked: "Command", teams: frozenset[str]
) -> int | None:
    """Return the version that the screens show, of the case or of the task that the action is about.

    None where neither is there, or nobody works on the case here.
    """
    from watchfloor.rules_publish import rules_in_force

    found = next((one for one in models.cases() if one["id"] == asked.case), None)
    if found is None or not found.get("tasks"):
        return None if found is None else found.get("version")
    rules = rules_in_force(settings, models)
    flow = None if rules is None else rules.flows.get(found["flow"])
    action = None if flow is None else flow.actions.get(asked.action)
    if action is None or not action.of_task:
        version: int = found["version"]
        return version
    named = asked.given.get("department")
    own = [
        task["version"]
        for task in found["tasks"]
        if not task["done"] and task["team"] in teams and named in {None, task["team"]}
    ]
    return own[0] if own else None


def _given(pairs: list[str]) -> dict[str, Any]:
    from watchfloor.exceptions import WrongUseError

    given: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise WrongUseError(f"--set {pair!r} is not key=value.")
        try:
            given[key] = json.loads(text)
        except ValueError:
            given[key] = text
    return given
