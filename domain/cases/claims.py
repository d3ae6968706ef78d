"""Who is at work on a case, as a courtesy among desks: a claim guards nothing, the version does."""

from datetime import UTC, datetime

from domain.cases.work import Claim, Work
from domain.flows.flow import Flow
from domain.flows.moves import Refusal
from domain.grants import GATEWAY, REPORTER, Grants
from domain.records import Command

LAPSED = "claim_lapsed"
CLAIMS = frozenset({"claim", "release", "take_over", LAPSED})
"""What can be done about claims, in every flow."""


def may_claim(flow: Flow, grid: str, command: Command, grants: Grants) -> Refusal | None:
    """Return why somebody may not claim here: it takes any role of the flow with a scope that holds the case."""
    if command.action == LAPSED:
        if command.account == GATEWAY:
            return None
        return Refusal(reason="no_role", sentence="Only the gateway notices that a claim has lapsed.")
    roles = frozenset(role for action in flow.actions.values() for role in action.by) - {REPORTER}
    if grants.may(command.account, roles, grid):
        return None
    return Refusal(reason="out_of_scope", sentence="The case is outside the account's scope.")


def claim(work: Work, command: Command, now_ms: int) -> Refusal | None:
    """Let a case be claimed, released or taken over, or return why not. The version stays.

    `take_over` needs a reason while another has it; `claim_lapsed` may name in `given.account` whose claim has lapsed, so
    that it ends no newer one.
    """
    held, account = work.claim, command.account
    whose = command.given.get("account") if command.action == LAPSED else account
    if command.action in {LAPSED, "release"}:
        if held is None or (whose is not None and whose != held.account):
            return Refusal(reason="not_claimed", sentence="That claim is not there, or not any more.")
        work.claim = None
        return None
    if held is not None and held.account != account:
        if command.action == "claim":
            return Refusal(
                reason="claimed",
                sentence=f"{held.account} has claimed the case since {_utc(held.since_ms)}; take it over with a reason.",
            )
        reason = command.given.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            return Refusal(reason="missing", sentence="Give `reason`: why it is taken over.")
    since_ms = held.since_ms if held is not None and held.account == account else now_ms
    work.claim = Claim(account=account, since_ms=since_ms, screen=command.screen)
    return None


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
