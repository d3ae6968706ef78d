"""`watchfloor command ACTION`: the commands of the desks, through the same gate, with the rights of an account."""

import json
import secrets
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
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
    from domain.records import Command, encoder
    from watchfloor.asking import ask
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import RefusedError
    from watchfloor.read_models import ReadModels

    settings = live_settings(data)
    with accounts_of(settings) as accounts:
        try:
            account = accounts.named(name).id
        except AccountError as no:
            raise RefusedError(str(no)) from no
    partition = _partition(case)
    with ReadModels(settings) as models:
        record = Command(
            id=secrets.token_hex(12),
            action=action,
            case=case,
            version=_version(models, case) if version is None else version,
            given=_given(given or []),
            undoes=undoes,
            account=account,
            screen=SCREEN,
        )
        try:
            with vault_of(settings) as vault:
                record = seal_command(vault, record)
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
    from domain.codes import JOURNAL_PARTITIONS
    from watchfloor.exceptions import WrongUseError

    number = case.partition("-")[0]
    if not number.isdecimal() or int(number) >= JOURNAL_PARTITIONS:
        raise WrongUseError(f"--case {case!r} is no case's id: see `watchfloor show cases`.")
    return int(number)


def _version(models: "ReadModels", case: str) -> int | None:
    """Return the version that the screens show; None where the case is not there or nobody works on it here."""
    found = next((one for one in models.cases() if one["id"] == case), None)
    return None if found is None else found.get("version")


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
