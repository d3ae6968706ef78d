"""Commands that are about no alert and no case of a desk: handovers, and a reporter's answer from the tracking page."""

from dashboard.commands.command import DeskAct, RefusedError, Reported
from domain.codes import partition_of_case, partition_of_name
from domain.desks.handover_given import GIVEN
from domain.records import Command

REPORTER = "reporter"
"""The account of whoever has a case's code; it is no person's."""


def for_desk(message: DeskAct, account: str, *, kept: bool) -> tuple[int, Command]:
    """Return the partition, which the desk's code hashes to, and the command that a person's words about a desk mean.

    Parameters
    ----------
    message
        What the person wants.
    account
        Who wants it.
    kept
        Whether the page of its `sha256` is kept: a signature over a page that nobody has proves nothing.

    Raises
    ------
    RefusedError
        If the page is not kept, or no desk is named.

    """
    if not message.desk:
        raise RefusedError("say which desk")
    needs = GIVEN[message.action]
    if "sha256" in needs and not kept:
        raise RefusedError("this page is not kept here; fill it anew")
    given = {name: getattr(message, name) for name in needs}
    command = Command(
        id=message.id,
        action=message.action,
        desk=message.desk,
        given={name: value for name, value in given.items() if value},
        account=account,
        screen=message.screen,
    )
    return partition_of_name(message.desk), command


def for_reporter(message: Reported, case: str | None, holder_case: str) -> tuple[int, Command]:
    """Return the partition and the command of a reporter who says that a case is not settled.

    Parameters
    ----------
    message
        What the reporter wants.
    case
        The case of the code that came with it; None where it is none of ours.
    holder_case
        The case that the socket's ticket is for.

    Raises
    ------
    RefusedError
        If the code is not that of the ticket's case.

    """
    if case is None or case != holder_case:
        raise RefusedError("the code is not this case's")
    command = Command(
        id=message.id,
        action="not_settled",
        case=case,
        version=message.version,
        given={"text": message.text} if message.text.strip() else {},
        account=REPORTER,
        screen="track",
    )
    partition = partition_of_case(case)
    assert partition is not None  # the vault gives no other
    return partition, command
