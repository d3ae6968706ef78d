"""Where a reporter is reached: what the vault opens for a message, for the purpose of feedback, each look in its log."""

import json
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from config.vault import ErasedError, Vault, VaultError
from domain.messages import Message
from domain.privacy.scrub import scrub
from streams.channels import Letter
from streams.wording import said

COURIER = "courier"
"""As whom the courier looks."""


class NobodyError(Exception):
    """Who was to be told cannot be told: `erased` says whether that is as it should be."""

    def __init__(self, *, erased: bool) -> None:
        super().__init__("erased" if erased else "cannot be opened")
        self.erased = erased


class AddressBook(Protocol):
    """Opens what a message needs to reach somebody."""

    def letter(self, message: Message, *, wants_text: bool, at_ms: int) -> Letter:
        """Return a message as a channel sends it.

        Raises
        ------
        NobodyError
            If its reporter is erased, or was never known here.
        config.vault.VaultError
            If the database does not answer.

        """


class VaultAddresses:
    """Addresses out of the vault. Workers, teams and desks are reached by their ids, which need no opening.

    Parameters
    ----------
    vault
        That of the system.

    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def letter(self, message: Message, *, wants_text: bool, at_ms: int) -> Letter:
        """See `AddressBook.letter`."""
        address = self._address(message, at_ms) if message.private else ""
        # it goes to others than the desk: nobody's number in it goes along
        text = scrub(self._open(message, message.text, at_ms)) if wants_text and message.text else ""
        return Letter(message=message, said=said(message), address=address, text=text)

    def _address(self, message: Message, at_ms: int) -> str:
        """Return a reporter's number, or account; empty where the report had neither."""
        try:
            content = json.loads(self._open(message, message.private, at_ms))
        except json.JSONDecodeError as strange:
            raise NobodyError(erased=False) from strange
        return str(content.get("phone") or content.get("account") or "") if isinstance(content, dict) else ""

    def _open(self, message: Message, sealed: str, at_ms: int) -> str:
        try:
            return self._vault.open(
                sealed, account=COURIER, case=message.case, purpose="feedback", at_ms=at_ms
            )
        except ErasedError as erased:
            raise NobodyError(erased=True) from erased
        except VaultError as strange:
            if isinstance(strange.__cause__, SQLAlchemyError):
                raise
            raise NobodyError(erased=False) from strange
