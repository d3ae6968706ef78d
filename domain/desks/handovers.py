"""Handovers: what one shift signs and the next one accepts, the notes between them, and scopes that another desk has.

A desk has no township: its state lies in the partition that its code hashes to. A signature is over the SHA-256 of the
page as it was filled; the page itself is kept beside the archive, and no fold reads it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from domain.alerts.book import AlertBook
from domain.audit import AuditTrail, Facts
from domain.codes import is_jurisdiction
from domain.deadlines import Deadlines, Entry
from domain.desks.desk import Accepted, Desk, DeskBook, Moved, Note, Prepared, facts_of_desk
from domain.desks.handover_given import GIVEN, given_wrong
from domain.desks.held import AT_WORK, manned
from domain.desks.watch import SIGNERS, DeskWatch
from domain.flows.moves import Refusal
from domain.grants import Grants
from domain.position import Position
from domain.records import Command, Grant, encoder

NEAR_MS = 12 * 3_600_000
"""A handover is of a shift that ended or ends within half a day."""
NOTES_KEPT, SCOPES_MOVED = 20, 50
"""Of a desk; a shift that writes more notes needs a document."""
CHANGES_KEPT = 10
"""Rule sets in force one after the other; more within a shift are no rules but a search for them."""
MOVERS = frozenset({"supervisor"})
NOT_MANNED = (
    "Nobody who works at that desk has a right over this scope, and could not act on its cases: "
    "grant a dispatcher or duty officer both, as one scope that holds them or as two."
)
LOCAL = "local"
"""Who acts without an account, on a bare laptop: only until the first grant is folded."""


class Handovers:
    """The handovers of one partition's desks."""

    __slots__ = ("_acts", "_at", "_audit", "_book", "_changes", "_changes_dirty", "_grants", "_watch")

    def __init__(
        self, at: Position, deadlines: Deadlines, alerts: AlertBook, grants: Grants, audit: AuditTrail
    ) -> None:
        self._at = at
        self._grants = grants
        self._audit = audit
        self._book = DeskBook(at)
        self._watch = DeskWatch(at, deadlines, alerts, grants, audit, self._book)
        self._changes: list[tuple[int, str]] = []
        self._changes_dirty = False
        self._acts: dict[str, Callable[[Desk, Command], Refusal | None]] = {
            "hand_over": self._hand_over,
            "take_post": self._take_post,
            "note_shift": self._note_shift,
            "move_scope": self._move_scope,
        }

    @property
    def desks(self) -> Mapping[str, Desk]:
        """The desks by code, to be read only."""
        return self._book.desks

    def facts(self, code: str) -> Facts:
        """Return what a command may change of a desk."""
        return facts_of_desk(self._book.desks.get(code))

    # -- commands

    def act(self, command: Command) -> Refusal | None:
        """Carry out a command on a desk, or return why not; a refused one changes nothing."""
        refusal = self._no_right(command) or _wrong(command)
        if refusal is None:
            desk = self._book.of(command.desk)
            refusal = self._acts[command.action](desk, command)
            if refusal is None:
                self._book.touch(desk)
        return refusal

    def _no_right(self, command: Command) -> Refusal | None:
        code, account = command.desk, command.account
        roles = MOVERS if command.action == "move_scope" else SIGNERS
        if not (self._local(account) or self._grants.may(account, roles, code)):
            words = ", ".join(sorted(roles))
            sentence = f"This takes one of the roles {words}, with a scope over the desk."
            return Refusal(reason="no_role", sentence=sentence)
        if not (code and is_jurisdiction(code) and self._book.mine(code)):
            return Refusal(reason="no_desk", sentence="No desk has this code.")
        return None

    def _local(self, account: str) -> bool:
        return account == LOCAL and not self._grants.begun

    def _hand_over(self, desk: Desk, command: Command) -> Refusal | None:
        """Sign that the page is prepared; one that was prepared before and not accepted gives way to it."""
        plan, shift = self._book.plan(desk.code), command.given.get("shift") or 0
        now_ms = self._at.clock_ms
        known = shift == 0 if plan is None else abs(shift - now_ms) <= NEAR_MS and plan.ends_at(shift)
        if not known:
            return Refusal(reason="no_shift", sentence="No shift of this desk ends then; fill the page anew.")
        desk.open = Prepared(
            sha256=command.given["sha256"],
            shift=shift,
            critical=tuple(sorted(set(command.given.get("critical") or ()))),
            by=command.account,
            at_ms=now_ms,
        )
        self._watch.prepared(desk)
        return None

    def _take_post(self, desk: Desk, command: Command) -> Refusal | None:
        """Sign that the same page is read and accepted."""
        page = desk.open
        if page is None:
            return Refusal(reason="not_prepared", sentence="No page waits to be accepted.")
        if page.sha256 != command.given["sha256"]:
            return Refusal(
                reason="changed", sentence="The page has changed since it was shown; read the new one."
            )
        if page.by == command.account:
            return Refusal(reason="same_account", sentence="Who prepared a handover may not accept it.")
        if missing := len(set(page.critical) - set(command.given.get("ticked") or ())):
            return Refusal(reason="not_ticked", sentence=f"Critical items are not ticked yet: {missing}.")
        desk.open = None
        desk.last = Accepted(
            sha256=page.sha256,
            shift=page.shift,
            prepared_by=page.by,
            prepared_ms=page.at_ms,
            accepted_by=command.account,
            accepted_ms=self._at.clock_ms,
            ticked=page.critical,
        )
        desk.notes = tuple(note for note in desk.notes if note.t_ms > page.at_ms)  # the page has the others
        self._watch.accepted(desk, page.shift)
        return None

    def _note_shift(self, desk: Desk, command: Command) -> Refusal | None:
        note = Note(
            n=f"{self._at.partition}:{self._at.offset:x}",
            t_ms=self._at.clock_ms,
            account=command.account,
            text=command.given["text"],
        )
        desk.notes = (*desk.notes, note)[-NOTES_KEPT:]
        return None

    def _move_scope(self, desk: Desk, command: Command) -> Refusal | None:
        """Give a scope of a desk to another one; giving it to the desk itself ends that."""
        scope, to, account = command.given["scope"], command.given["to"], command.account
        if not scope.startswith(desk.code):
            return Refusal(reason="out_of_scope", sentence="The scope is not one of this desk's.")
        if not (self._local(account) or self._grants.may(account, MOVERS, to)):
            return Refusal(reason="out_of_scope", sentence="The other desk is outside the account's scope.")
        moved = {name: one for name, one in desk.moved.items() if name != scope}
        if to != desk.code:
            if len(moved) >= SCOPES_MOVED:
                sentence = f"{SCOPES_MOVED} scopes are moved already; take some back first."
                return Refusal(reason="too_many", sentence=sentence)
            if not (self._local(account) or manned(self._grants.everybody(), scope, to)):
                return Refusal(reason="not_manned", sentence=NOT_MANNED)
            moved[scope] = Moved(to=to, by=account, since_ms=self._at.clock_ms)
        desk.moved = moved
        return None

    # -- what the fold tells

    def granted(self, grant: Grant) -> None:
        """Look again at the desks for which somebody may sign now, or not any more, and at scopes that nobody has a right over."""
        if grant.role in SIGNERS:
            for code in self._book.listed():
                if code.startswith(grant.scope):
                    self._watch.look(code)
        if grant.role in AT_WORK and not grant.on:
            self._return_scopes()

    def _return_scopes(self) -> None:
        """Give scopes back to their desks where nobody at the other one could act on their cases any more."""
        for code, desk in sorted(self._book.desks.items()):
            lost = [
                scope
                for scope, one in sorted(desk.moved.items())
                if not manned(self._grants.everybody(), scope, one.to)
            ]
            if lost:
                before = facts_of_desk(desk)
                desk.moved = {scope: one for scope, one in desk.moved.items() if scope not in lost}
                self._book.touch(desk)
                self._audit.by_rules("scope_returned", desk=code, before=before, after=facts_of_desk(desk))

    def rules_changed(self) -> None:
        """Watch the desks of the rule set that came into force."""
        self._changes = [*self._changes, (self._at.clock_ms, self._at.rules_hash)][-CHANGES_KEPT:]
        self._changes_dirty = True
        for code in sorted({*self._book.listed(), *self._book.desks}):
            self._watch.look(code)

    def is_due(self, code: str, mark: int, at_ms: int) -> None:
        """Judge a desk whose time is over."""
        self._watch.is_due(code, mark, at_ms)

    def running(self) -> list[Entry]:
        """Return what may fall due."""
        return self._watch.running()

    # -- what the edge takes

    def shown(self, *, whole: bool) -> dict[str, bytes | None]:
        """Return what screens read of the desks that changed, or of all."""
        return self._book.shown(whole=whole)

    def rule_changes(self, *, whole: bool) -> bytes | None:
        """Return the last rule sets in force here, [instant in ms, hash], the oldest first; None when nothing is new."""
        return encoder.encode(self._changes) if whole or self._changes_dirty else None

    def clean(self) -> None:
        """Forget what changed: the edge has taken it."""
        self._book.dirty, self._changes_dirty = {}, False

    def plain(self) -> dict[str, Any]:
        """Return the desks and the last rule sets as plain values."""
        return {"desks": self._book.plain(), "rules": [[at_ms, name] for at_ms, name in self._changes]}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Take over what `plain` gave."""
        self._book.restore(plain["desks"])
        self._changes = [(at_ms, name) for at_ms, name in plain["rules"]]


def _wrong(command: Command) -> Refusal | None:
    if command.action not in GIVEN:
        return Refusal(reason="unknown_action", sentence=f"No action is called {command.action[:40]!r}.")
    wrong = given_wrong(command.action, command.given)
    return Refusal(reason="missing", sentence=wrong) if wrong else None
