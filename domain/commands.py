"""What desks and walls want done to alerts, cases and desks: each command is carried out once, and answered as often as it comes."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.alerts import alert as acts
from domain.alerts.alert import Alert
from domain.alerts.book import AlertBook
from domain.alerts.undo import AlertUndo
from domain.audit import AuditTrail, Facts, Outcome, facts_of_alert, facts_of_case
from domain.cases.acts import NO_RIGHT
from domain.cases.book import CaseBook
from domain.desks.handovers import Handovers
from domain.grants import RESERVED, Grants
from domain.position import Position
from domain.records import Command, Grant

ANSWERS_KEPT_MS = 600_000
"""A command that comes again within 10 minutes is answered again, not folded again."""

LOCAL = "local"
"""Who acts without an account, on a bare laptop: only until the first grant is folded."""

ON_ALERTS = frozenset({"dispatcher", "duty_officer", "supervisor"})
"""The roles that acknowledge and shelve alerts of their jurisdiction."""

ON_SERVICE = frozenset({"supervisor", "ops", "administrator"})
"""The roles that take alerts of their jurisdiction out of service and return them."""

OUT, RETURN = "out_of_service", "return_to_service"

Deed = Callable[[Alert, Command, int], str]
"""Does to an alert what a command says, at an instant in ms; returns a refusal's sentence, or an empty text."""


def _words(command: Command) -> tuple[str, str]:
    return command.reason, str(command.given.get("reference") or "")


DEEDS: Mapping[str, tuple[str, Deed]] = {
    "acknowledge": ("acknowledged", lambda alert, ask, now_ms: acts.acknowledge(alert, ask.account, now_ms)),
    "unacknowledge": ("unacknowledged", lambda alert, _, now_ms: acts.unacknowledge(alert, now_ms)),
    "shelve": (
        "shelved",
        lambda alert, ask, now_ms: acts.shelve(alert, ask.account, ask.for_s, ask.reason, now_ms),
    ),
    "unshelve": ("unshelved", lambda alert, _, now_ms: acts.unshelve(alert, now_ms)),
    OUT: (
        "out_of_service",
        lambda alert, ask, now_ms: acts.take_out(alert, ask.account, ask.for_s, _words(ask), now_ms),
    ),
    RETURN: ("returned_to_service", lambda alert, _, now_ms: acts.put_in(alert, now_ms)),
}
"""The actions on an alert: what is told when one was done, and the deed."""

NOT_HERE = "this account may not act on alerts here"
GONE = "this alert is not there any more"

Answer = dict[str, Any]
"""`id`, `ok`, `reason` (empty when done), and `repeated` when it had been folded before.

Of a command on an alert `alert`; of one on a case `case`, `version` and `step` as they are now, and the `sentence` that a
person reads when it was refused; of one on a desk `desk` and `sentence`.
"""


class Commands:
    """The commands of one partition.

    Attributes
    ----------
    answered
        Answers since the edge last took the read models, by the command's id, in order.

    """

    __slots__ = (
        "_alerts",
        "_answers",
        "_at",
        "_audit",
        "_cases",
        "_grants",
        "_handovers",
        "_times",
        "_undo",
        "answered",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a fold that commands reach
        self,
        at: Position,
        alerts: AlertBook,
        cases: CaseBook,
        grants: Grants,
        audit: AuditTrail,
        handovers: Handovers,
    ) -> None:
        self._at = at
        self._handovers = handovers
        self._alerts = alerts
        self._grants = grants
        self._audit = audit
        self._answers: dict[str, Answer] = {}
        self._cases = cases
        self._times: deque[tuple[int, str]] = deque()
        self._undo = AlertUndo(alerts)
        self.answered: dict[str, Answer] = {}

    def grant(self, grant: Grant) -> None:
        """Let a right begin or end, and answer for this partition: the sender goes on until all have answered."""
        reason = "reserved" if grant.account in RESERVED else ""
        self._audit.grant(grant, new=self._grants.fold(grant), reason=reason)
        self._handovers.granted(grant)
        name = f"{grant.id}:{self._at.partition}"
        self.answered[name] = {
            "id": name,
            "ok": not reason,
            "reason": reason,
            "alert": "",
            "repeated": False,
        }

    def fold(self, command: Command) -> None:
        """Carry out a command once, and answer it as often as it comes within 10 minutes."""
        now_ms = self._at.clock_ms
        while self._times and self._times[0][0] <= now_ms - ANSWERS_KEPT_MS:
            self._answers.pop(self._times.popleft()[1], None)
        self._undo.forget(now_ms)
        answer = self._answers.get(command.id)
        if answer is not None:
            self.answered[command.id] = {**answer, "repeated": True}
            self._audit.command(command, "repeated", "", {}, {})
            return
        before = self._facts(command)
        answer = self._answer(command)
        outcome: Outcome = "accepted" if answer["ok"] else "refused"
        self._audit.command(command, outcome, answer["reason"], before, self._facts(command))
        self._answers[command.id] = answer
        self._times.append((now_ms, command.id))
        self.answered[command.id] = answer

    def _answer(self, command: Command) -> Answer:
        if command.desk:
            return self._on_desk(command)
        return self._on_case(command) if command.case else self._on_alert(command)

    def _facts(self, command: Command) -> Facts:
        if command.desk:
            return self._handovers.facts(command.desk)
        if command.case:
            return facts_of_case(self._cases.cases.get(command.case))
        return facts_of_alert(self._alerts.alerts.get(command.alert))

    def _on_alert(self, command: Command) -> Answer:
        reason = self._undo_on_alert(command) if command.action == "undo" else self._carry_out(command)
        return {
            "id": command.id,
            "ok": not reason,
            "reason": reason,
            "alert": command.alert,
            "repeated": False,
        }

    def _on_desk(self, command: Command) -> Answer:
        refusal = self._handovers.act(command)
        return {
            "id": command.id,
            "ok": refusal is None,
            "reason": "" if refusal is None else refusal.reason,
            "sentence": "" if refusal is None else refusal.sentence,
            "desk": command.desk,
            "repeated": False,
        }

    def _on_case(self, command: Command) -> Answer:
        """Answer with the case as it stands now; who may not act learns nothing of it."""
        case, refusal = self._cases.act(command)
        work = None if case is None or (refusal is not None and refusal.reason in NO_RIGHT) else case.work
        return {
            "id": command.id,
            "ok": refusal is None,
            "reason": "" if refusal is None else refusal.reason,
            "sentence": "" if refusal is None else refusal.sentence,
            "case": command.case,
            "version": None if work is None else work.version,
            "step": None if work is None else work.stand.step,
            "repeated": False,
        }

    def _undo_on_alert(self, command: Command) -> str:
        """Take a command on an alert back, with what it wanted told. Returns a refusal's sentence, or an empty text."""
        if not self._may(command.account, self._undo.known(command.alert), ON_ALERTS | ON_SERVICE):
            return NOT_HERE
        known = self._undo.known(command.alert)
        if known is not None and known.case and known.case not in self._cases.cases:
            return GONE
        reason = self._undo.undo(command)
        if not reason:
            self._cases.take_back(command.alert, command.undoes)
            self._cases.alert_acted(self._alerts.alerts.get(command.alert), command.action, command.account)
        return reason

    def _carry_out(self, command: Command) -> str:
        """Return why a command is refused, or an empty text when it was done."""
        alert = self._alerts.alerts.get(command.alert)
        roles = ON_SERVICE if command.action in {OUT, RETURN} else ON_ALERTS
        if not self._may(command.account, alert, roles):
            return NOT_HERE
        if alert is None:
            return GONE
        now_ms, before = self._at.clock_ms, msgspec.structs.replace(alert)
        if command.action not in DEEDS:
            return f"no action is called {command.action[:40]!r}"
        fact, deed = DEEDS[command.action]
        reason = deed(alert, command, now_ms)
        if not reason:
            self._alerts.acted(fact, alert, self._cases.version_of(alert.case))
            self._undo.note(command, before, alert, now_ms)
            self._cases.alert_acted(alert, command.action, command.account)
            if fact in {"acknowledged", "shelved"}:
                self._cases.alert_taken(alert, fact, command.id)
        return reason

    def _may(self, account: str, alert: Alert | None, roles: frozenset[str]) -> bool:
        """Tell whether an account has one of the roles for an alert; for one that is gone, whether for any."""
        if not self._grants.begun or account == LOCAL:
            return not self._grants.begun and account == LOCAL
        if alert is None:
            return any(role in roles for role, _ in self._grants.of(account))
        return self._grants.may(account, roles, alert.scope or self._county_of(alert.feed))

    def _county_of(self, name: str) -> str:
        """Return where an alert about a feed lies: in the feed's county."""
        feed = self._at.rules.feeds.get(name) if self._at.rules is not None else None
        return "" if feed is None else feed.county

    def plain(self) -> dict[str, Any]:
        """Return the answers that are kept, oldest first as [instant in ms, answer], and what may be taken back."""
        return {
            "answers": [[at_ms, self._answers[name]] for at_ms, name in self._times],
            "undo": self._undo.plain(),
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over what `plain` gave."""
        kept = [(at_ms, answer) for at_ms, answer in plain["answers"]]
        self._answers = {answer["id"]: answer for _, answer in kept}
        self._times = deque((at_ms, answer["id"]) for at_ms, answer in kept)
        self._undo.restore(plain["undo"])
