"""Tickets: good once, for 30 seconds, and only as signed."""

import base64
import json

import pytest

from dashboard.entry.tickets import NONCES_KEPT, TICKET_LIFE_MS, Holder, TicketGate, issue

SECRET = "s"
WHO = Holder(account="a-1", sign_in="f00d")
NOW_MS = 1_700_000_000_000


def test_a_ticket_is_good_for_one_use() -> None:
    gate = TicketGate(SECRET)
    ticket = issue(SECRET, NOW_MS, WHO)
    assert gate.redeem(ticket, NOW_MS + 10) == WHO
    assert gate.redeem(ticket, NOW_MS + 20) == "used"


def test_a_ticket_is_good_for_thirty_seconds() -> None:
    ticket = issue(SECRET, NOW_MS, WHO)
    assert TicketGate(SECRET).redeem(ticket, NOW_MS + TICKET_LIFE_MS - 1) == WHO
    assert TicketGate(SECRET).redeem(ticket, NOW_MS + TICKET_LIFE_MS) == "expired"


def test_a_ticket_that_claims_a_longer_life_is_refused() -> None:
    assert TicketGate(SECRET).redeem(issue(SECRET, NOW_MS + 60_000, WHO), NOW_MS) == "expired"


@pytest.mark.parametrize("ticket", ["", ".", "x", "a.b.c", "ü.ü", "." * 500])
def test_what_is_no_ticket_is_refused(ticket: str) -> None:
    assert TicketGate(SECRET).redeem(ticket, NOW_MS) in {"malformed", "forged"}


def test_a_changed_claim_is_forged() -> None:
    body, _, signature = issue(SECRET, NOW_MS, WHO).partition(".")
    claim = json.loads(base64.urlsafe_b64decode(body + "=="))
    claim["exp_ms"] += 1
    changed = base64.urlsafe_b64encode(json.dumps(claim).encode()).decode().rstrip("=")
    assert TicketGate(SECRET).redeem(f"{changed}.{signature}", NOW_MS) == "forged"


def test_used_tickets_are_forgotten_when_they_have_expired() -> None:
    gate = TicketGate(SECRET)
    for number in range(50):
        assert gate.redeem(issue(SECRET, NOW_MS + number, WHO), NOW_MS + number) == WHO
    assert gate.redeem(issue(SECRET, NOW_MS + 40_000, WHO), NOW_MS + 40_000) == WHO
    assert len(gate._used) == 1


def test_nobody_is_let_in_while_too_many_tickets_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert NONCES_KEPT >= 10_000
    monkeypatch.setattr("dashboard.entry.tickets.NONCES_KEPT", 2)
    gate = TicketGate(SECRET)
    assert [gate.redeem(issue(SECRET, NOW_MS, WHO), NOW_MS) for _ in range(3)] == [WHO, WHO, "busy"]


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="WATCHFLOOR_SECRET"):
        issue("", NOW_MS, WHO)
    with pytest.raises(ValueError, match="WATCHFLOOR_SECRET"):
        TicketGate("")
