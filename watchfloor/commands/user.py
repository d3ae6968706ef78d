"""`watchfloor user add|revoke|list|wall`: accounts, and the rights that the journal is told of."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from watchfloor.commands.options import EXIT_CODES, Data, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.accounts import Accounts, Right
    from config.settings import Settings

Name = Annotated[str, typer.Argument(help="What the person signs in with.")]
Role = Annotated[
    str,
    typer.Option(
        "--role",
        help="grid_worker, clerk, dispatcher, handling_unit, verifier, duty_officer, supervisor, ops or administrator.",
    ),
]
Where = Annotated[
    str, typer.Option("--scope", help="The jurisdiction, as a code of 2 to 15 digits; `all` is everywhere.")
]
Team = Annotated[
    str, typer.Option("--team", help="The department or team for which the person acts in this role.")
]


def declare(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="Who may do what: accounts with roles and jurisdictions.", no_args_is_help=True)
    group.command(epilog=EXIT_CODES)(add)
    group.command(epilog=EXIT_CODES)(revoke)
    group.command("list", epilog=EXIT_CODES)(show)
    group.command(epilog=EXIT_CODES)(wall)
    app.add_typer(group, name="user")


def add(  # noqa: PLR0913 - one parameter an option
    *, name: Name, role: Role, scope: Where, team: Team = "", data: Data = None, as_json: Json = False
) -> None:
    """Give an account a role; one that is new has its password read from standard input. Returns when all folds know it."""
    from config.accounts import AccountError, accounts_of
    from config.wallclock import now_ms
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import RefusedError

    code = _scope(scope)
    _check_role(role)
    settings = live_settings(data)
    with accounts_of(settings) as accounts:
        known = {account.name: account for account in accounts.all()}
        first = not any(right.given for account in known.values() for right in account.rights)
        try:
            here = known.get(name.strip())
            account = here.id if here is not None else accounts.add(name, _password(), now_ms=now_ms())
        except AccountError as no:
            raise RefusedError(str(no)) from no
        _tell(settings, accounts, [accounts.give(account, role, code, team)])
    if first:
        _sign_out(settings, "local")
        output.tell(
            "From now on nobody sees or does anything without signing in; `watchfloor user wall` gives the address for "
            "screens that only show."
        )
    if as_json:
        output.print_object(
            {"account": account, "name": name.strip(), "role": role, "scope": code, "team": team}
        )
    else:
        output.tell(f"{name.strip()} ({account}) is {role} for {code or 'the whole area'}")


def revoke(
    name: Name,
    role: Annotated[str, typer.Option("--role", help="Only this role; without it, every one.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take an account's roles away and sign it out. Returns when all folds know it: from then on it is refused."""
    from config.accounts import AccountError, accounts_of
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings
    from watchfloor.exceptions import RefusedError

    settings = live_settings(data)
    with accounts_of(settings) as accounts:
        try:
            account = accounts.named(name)
        except AccountError as no:
            raise RefusedError(str(no)) from no
        # those that were taken away before are told again: a fold that missed it then learns of it now
        ended = [
            accounts.give(account.id, right.role, right.scope, right.team, given=False)
            for right in account.rights
            if role in ("", right.role)
        ]
        if not ended:
            raise RefusedError(f"{account.name} has no role {role!r}: see `watchfloor user list`.")
        _tell(settings, accounts, ended)
        _sign_out(settings, account.id)
    if as_json:
        output.print_object({"account": account.id, "name": account.name, "ended": len(ended)})
    else:
        output.tell(f"{account.name} has lost {len(ended)} {'role' if len(ended) == 1 else 'roles'}")


def show(data: Data = None, as_json: Json = False) -> None:
    """List the accounts with their roles."""
    from config.accounts import accounts_of
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings

    with accounts_of(live_settings(data, running=False)) as accounts:
        rows = [
            {"account": a.id, "name": a.name, "role": r.role, "scope": r.scope, "team": r.team}
            for a in accounts.all()
            for r in a.rights
            if r.given
        ]
    if as_json:
        output.print_list(rows)
        return
    columns = ("name", "role", "scope", "team", "account")
    output.print_table("accounts", columns, [tuple(row[c] or None for c in columns) for row in rows])


def wall(data: Data = None, as_json: Json = False) -> None:
    """Print the address for screens that only show: who has it sees the wall without signing in, and does nothing."""
    from dashboard.entry.door import wall_key
    from watchfloor.commands import output
    from watchfloor.commands.live import live_settings, wall_address
    from watchfloor.datafolder import DataFolder

    settings = live_settings(data)
    key = wall_key(settings.secret.get_secret_value() or DataFolder(settings.data).secret())
    address = f"{wall_address(settings).partition('?')[0]}?kiosk&key={key}"
    if as_json:
        output.print_object({"url": address})
    else:
        output.tell(address)


def _sign_out(settings: "Settings", account: str) -> None:
    """End an account's sign-ins; the gateway closes its sockets within 5 s."""
    import asyncio

    from dashboard.entry.sign_ins import SignIns
    from watchfloor.exceptions import MissingError

    async def end() -> None:
        sign_ins = SignIns(settings.redis, settings.prefix)
        try:
            await sign_ins.end_all(account)
        finally:
            await sign_ins.aclose()

    try:
        asyncio.run(end())
    except ConnectionError as silent:
        raise MissingError(str(silent)) from silent


def _tell(settings: "Settings", accounts: "Accounts", rights: "Sequence[Right]") -> None:
    """Put rights into every partition of the journal, and wait until each has folded them."""
    from domain.codes import JOURNAL_PARTITIONS
    from domain.records import encoder
    from watchfloor.asking import ask
    from watchfloor.read_models import ReadModels

    records: dict[str, tuple[int, bytes]] = {}
    for right in rights:
        grant = right.grant()
        body = encoder.encode(grant)
        records |= {f"{grant.id}:{partition}": (partition, body) for partition in range(JOURNAL_PARTITIONS)}
    with ReadModels(settings) as models:
        ask(settings, models, records)
    for right in rights:
        accounts.told(right)


def _password() -> str:
    """Return the first line of standard input; a person at a terminal types it unseen."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _scope(scope: str) -> str:
    from domain.codes import is_jurisdiction
    from watchfloor.exceptions import WrongUseError

    code = "" if scope == "all" else scope
    if not is_jurisdiction(code) or not scope:
        raise WrongUseError(
            f"--scope {scope!r} is no jurisdiction: give a code of 2, 4, 6, 9, 12 or 15 digits, or `all`."
        )
    return code


def _check_role(role: str) -> None:
    from config.accounts import ROLES_OF_ACCOUNTS
    from watchfloor.exceptions import WrongUseError

    if role not in ROLES_OF_ACCOUNTS:
        raise WrongUseError(f"--role {role!r} is not known: there are {', '.join(ROLES_OF_ACCOUNTS)}.")
