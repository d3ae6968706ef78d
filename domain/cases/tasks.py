"""The tasks of a joint handling: one a department, each with its own version and due instant.

Whether one is done is in the flow's case; here are its version, its clock and its taking back. A task's clock has the limit
of the step's visit, from the task's own start, and one mark; it stands and is extended with the step's clock.
"""

import msgspec

from domain.cases.case import Case
from domain.cases.moves import CaseMoves
from domain.cases.work import UNDO_MS, Task, TaskUndo, Undo, Work
from domain.deadlines import Due
from domain.flows import moves as flow_moves
from domain.flows.flow import Action
from domain.flows.moves import Refusal, Request
from domain.records import Command


class CaseTasks:
    """What commands on tasks do. Its whole state is in the cases."""

    __slots__ = ("_moves",)

    def __init__(self, moves: CaseMoves) -> None:
        self._moves = moves

    @staticmethod
    def stale(work: Work, request: Request, command: Command) -> Refusal | None:
        """Return why a command is not about its task as it is now; what other departments did does not matter."""
        team = flow_moves.task_of(work.stand, request)
        task = next((one for one in work.tasks if one.team == team), None)
        if task is None or command.version == task.version:
            return None  # without a task of theirs the flow has refused it
        if command.version is None:
            return Refusal(reason="no_version", sentence="Say which version of the task this is about.")
        return Refusal(
            reason="stale", sentence=f"The task of {team} has changed since: it is in version {task.version}."
        )

    def done(self, case: Case, work: Work, action: Action, before: flow_moves.Case, command: Command) -> str:
        """Let the task that a command has changed have a new version, which may be taken back; returns whose it is."""
        was = dict(before.tasks)
        team = next(name for name, done in work.stand.tasks if was.get(name) != done)
        work.task_changes += 1
        undo = TaskUndo(
            command=command.id,
            account=command.account,
            action=action.name,
            until_ms=self._moves.at.clock_ms + UNDO_MS,
            version=work.version,
            taken=work.stand.taken != before.taken,
        )
        self._replace(work, team, version=work.task_changes, undo=undo)
        self._moves.deadlines.set(undo.until_ms, Due.UNDO, case.id)
        return team

    @staticmethod
    def undoable(work: Work, command: Command) -> Task | None:
        """Return the task whose last change a command may take back."""
        for task in work.tasks:
            undo = task.undo
            if (
                undo is not None
                and (undo.command, undo.account) == (command.undoes, command.account)
                and undo.version == work.version
            ):
                return task
        return None

    def undo(self, work: Work, task: Task) -> str:
        """Let a task be open again as it was; returns the action that was taken back."""
        undo, stand = task.undo, work.stand
        assert undo is not None
        taken = stand.taken
        if undo.taken:
            taken = tuple(one for one in taken if one != (undo.action, undo.account))
        tasks = tuple((name, done and name != task.team) for name, done in stand.tasks)
        work.stand = msgspec.structs.replace(stand, tasks=tasks, taken=taken)
        work.task_changes += 1
        self._replace(work, task.team, version=work.task_changes, undo=None)
        return undo.action

    def put_back(self, case: Case, work: Work, undo: Undo) -> None:
        """Let tasks be as before a command on the case; what departments have done since stays done."""
        now = {task.team: task for task in work.tasks}
        tasks = []
        for old in undo.tasks:
            kept, timer = now.get(old.team, old), old.timer
            if timer is not None:
                fired = timer.fired if kept.timer is None else kept.timer.fired
                timer = self._moves.clocks.timer(case, timer.clock, fired)
            tasks.append(msgspec.structs.replace(kept, timer=timer))
        work.tasks = tuple(tasks)

    @staticmethod
    def _replace(work: Work, team: str, **fields: object) -> None:
        work.tasks = tuple(
            msgspec.structs.replace(task, **fields) if task.team == team else task for task in work.tasks
        )


def since(stand: flow_moves.Case, undo: Undo) -> flow_moves.Case:
    """Return where a case stood before a command, with what departments have done since in the same round."""
    before = undo.stand
    now = dict(stand.tasks)
    tasks = tuple((name, now.get(name, done)) for name, done in before.tasks)
    taken = before.taken
    if stand.round == before.round:
        own = (undo.action, undo.account)
        taken = tuple(one for one in stand.taken if one != own or one in before.taken)
    return msgspec.structs.replace(before, tasks=tasks, taken=taken)
