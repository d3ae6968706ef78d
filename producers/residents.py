"""Who reports in the fictional province: nobody that there is, with a number that nobody can have, sealed as real ones are."""

import msgspec

from config.vault import Vault
from domain.feeds.known_reports import key_of
from domain.privacy.sealed import key_of_report
from domain.records import Report, encoder

NUMBERS = 100_000_000
"""Mobile numbers begin with 13 to 19; those of 12 are nobody's."""


def with_resident(report: Report, vault: Vault) -> Report:
    """Return a report with whoever reported it, sealed: the same one in all its versions.

    Raises
    ------
    config.vault.VaultError
        If the vault does not answer.

    """
    figures = "".join(filter(str.isdigit, report.id))
    number = int(figures or "0") % NUMBERS
    phone = f"120{number:08}"
    said = {
        "reporter": f"居民{number}",
        "phone": phone,
        "text": f"{report.category}，请尽快派人查看，可打{phone}。",
    }
    (private,) = vault.seal_reports([(key_of_report(key_of(report)), encoder.encode(said))])
    return msgspec.structs.replace(report, private=private)
