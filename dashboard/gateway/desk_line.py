"""What the dispatch desk asks of the gateway besides the view: its queue, a case with all about it, beats, and who was faster."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec

from dashboard.answers.names import Names
from dashboard.commands.command import Answer, Beat, Winner
from dashboard.gateway import case_answer
from dashboard.gateway.case_answer import Given
from dashboard.gateway.claims import Claims
from dashboard.gateway.floor import Floor
from dashboard.gateway.frames import text_frame
from dashboard.gateway.redis_reader import ReadError
from dashboard.gateway.sessions import Session
from domain.duty.proposals import Proposal
from domain.records import Command

WINNERS = {"stale": True, "claimed": False}
"""Refusals that say who was faster: by what was done since, or by the claim."""

_encode = msgspec.json.Encoder().encode


class DeskLine:
    """Answers desks.

    Parameters
    ----------
    names
        Who is behind the ids of accounts, workers and teams.
    claims
        Where beats go.

    """

    def __init__(self, names: Names, claims: Claims) -> None:
        self._names = names
        self._claims = claims
        self._under_way: set[asyncio.Task[None]] = set()

    def queue(self, floor: Floor, session: Session, desk: str) -> None:
        """Let a desk follow its queue. A replay has none: rights are of now, and nobody works in the past."""
        if floor.parts.replay:
            floor.queues.refuse(session, desk, "a replay has no queue")
        else:
            floor.queues.subscribe(session, desk)

    async def beat(self, floor: Floor, session: Session, beat: Beat) -> None:
        """Take it that whoever has claimed these cases is at work on them."""
        if session.holder.account and not floor.parts.replay:
            rows = [item.row for name in beat.cases if (item := floor.queue.items.get(name)) is not None]
            await self._claims.beat(session.holder.account, rows)

    async def case(self, floor: Floor, session: Session, name: str) -> None:
        """Tell of one case; what is about work and people only to whose scope it lies in."""
        try:
            case = await floor.parts.reader.case(name)
        except ReadError:
            case = None
        answer: dict[str, Any] = {"type": "case", "id": name, "case": case}
        account = session.holder.account
        if case is not None and account and floor.rights.sees(account, case["grid"]):
            answer |= await self._about(floor, account, case)
        elif case is not None:
            answer["case"] = case_answer.for_anybody(case)
        session.tell(text_frame(_encode(answer)))

    async def _about(self, floor: Floor, account: str, case: dict[str, Any]) -> dict[str, Any]:
        given = Given(
            rules=floor.rules,
            rights=floor.rights,
            queue=floor.queue,
            account=account,
            at_ms=floor.clock_ms(),
        )
        about = case_answer.about(case, given)
        if floor.parts.replay:
            about |= {"actions": [], "claims": []}
        return about | {"proposals": await self._proposals(floor, case)}

    async def _proposals(self, floor: Floor, case: dict[str, Any]) -> list[dict[str, Any]]:
        rules, at_ms = floor.rules, floor.clock_ms()
        if rules is None or case["grid"][:6] not in rules.rosters:
            return []
        assigned = dict(floor.queue.assigned)
        # the first question reads a county's roster, which takes up to a second
        found = await asyncio.to_thread(case_answer.proposed, case, rules, assigned, at_ms)
        names = await self._names.of_handlers(
            {one.to for one in found if one.kind == "worker"}, {one.to for one in found if one.kind == "team"}
        )
        return [_named(one, names.get(one.to, "")) for one in found]

    def lost(self, floor: Floor, session: Session, command: Command, answer: Answer) -> bool:
        """Take over an answer to a command on a case that is to say who was faster; tell whether it is one."""
        if answer.code not in WINNERS or not command.case or not session.holder.account:
            return False
        self._begin(self._tell_winner(floor, session, command, answer))
        return True

    async def _tell_winner(self, floor: Floor, session: Session, command: Command, answer: Answer) -> None:
        try:
            case = await floor.parts.reader.case(command.case) or {}
        except ReadError:
            case = {}
        found = (
            case_answer.winner_of(case, command.version)
            if WINNERS[answer.code]
            else case_answer.holder_of(case)
        )
        if found is not None:
            action, account, t_ms, step = found
            name = await self._names.of_account(account)
            answer = msgspec.structs.replace(
                answer, winner=Winner(action=action, account=account, name=name, t_ms=t_ms, step=step)
            )
        session.tell(text_frame(_encode(answer)))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


def _named(proposal: Proposal, name: str | dict[str, str]) -> dict[str, Any]:
    """Return a proposal with its name: a worker's as it is, a team's by language."""
    names = {} if isinstance(name, str) else {"names": name}
    return {**proposal.plain(), "name": name if isinstance(name, str) else name["zh"], **names}
