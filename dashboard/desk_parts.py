"""What handover and tracking are made of in a running system: read models, vault, kept pages, and the way to the gateway."""

import threading
from collections.abc import Sequence

from config.handover_store import handovers_of
from config.passages import PassageArchive
from config.settings import Settings
from config.vault import ErasedError, Vault, VaultError, vault_of
from config.wallclock import monotonic_s, now_ms
from dashboard.answers.readings import PipelineReadings
from dashboard.answers.rulebook import RuleSets
from dashboard.commands.edge import REPORTER
from dashboard.entry.sign_ins import SignIns
from dashboard.handover.answers import HandoverParts
from dashboard.track.answers import ASKED_S, MOST_ASKED, CaseRead, TrackParts
from dashboard.track.reporter_line import ReporterLine
from domain.evaluation.passages import Passage
from domain.privacy.scrub import scrub

SEARCH_S = 2.0
"""So long the archive is searched for a case that has left the state."""


def handover_parts(settings: Settings, readings: PipelineReadings, rule_sets: RuleSets) -> HandoverParts:
    """Return what handovers are made of."""
    vault = vault_of(settings)

    def open_texts(sealed: Sequence[str], account: str, desk: str) -> dict[str, str]:
        try:
            return vault.open_all(
                sealed,
                account=account,
                case=f"d-{desk}",
                purpose="handling",
                at_ms=now_ms(),
                fields=("text",),
            )
        except VaultError as silent:
            raise ConnectionError(str(silent)) from silent

    return HandoverParts(
        desk=readings.desk,
        rules_hash=readings.rules_hash,
        rule_sets=rule_sets,
        store=handovers_of(settings),
        open_texts=open_texts,
        clock=settings.clock,
    )


def track_parts(
    settings: Settings,
    readings: PipelineReadings,
    rule_sets: RuleSets,
    sign_ins: SignIns,
    gateway: tuple[str, int],
) -> TrackParts:
    """Return what the tracking page is made of.

    Parameters
    ----------
    settings, readings, rule_sets, sign_ins
        Of the system.
    gateway
        The gateway's host and port, as this process reaches it.

    """
    vault = vault_of(settings)

    async def case(name: str) -> CaseRead:
        read, clock_ms = await readings.case(name)
        return read, clock_ms if settings.clock == "feed" else now_ms()

    async def wait_s(address: str) -> int:
        return await sign_ins.wait_s(f"track {address}", MOST_ASKED, ASKED_S)

    return TrackParts(
        case_of_code=vault.case_of_code,
        code_of_case=vault.tracking_code,
        case=case,
        closed=Archived(PassageArchive.of(settings)).closed,
        open_text=lambda sealed, name: opened(vault, sealed, name),
        say=ReporterLine(settings.secret.get_secret_value(), gateway).say,
        wait_s=wait_s,
        rules_hash=readings.rules_hash,
        rule_sets=rule_sets,
    )


class Archived:
    """When cases were closed that have left the state, by the archive: one search at a time, and none for long.

    The tracking page is public: who asks for an old case costs what one search costs, and who asks meanwhile hears that it is
    archived.
    """

    def __init__(self, archive: PassageArchive) -> None:
        self._archive = archive
        self._searching = threading.Lock()

    def closed(self, case: str) -> tuple[int, str] | None:
        """Return when a case was closed and of which feed it was; None where that cannot be known soon."""
        found = self.closing(case)
        return None if found is None else (found.end_ms, found.feed)

    def closing(self, case: str) -> Passage | None:
        """Return the last closing of a case; None where that cannot be known soon."""
        if not self._searching.acquire(blocking=False):
            return None
        try:
            return self._archive.closing_of(
                case, int(case.partition("-")[0]), until_s=monotonic_s() + SEARCH_S
            )
        except OSError:
            return None
        finally:
            self._searching.release()


def opened(vault: Vault, sealed: str, case: str) -> str:
    """Return what was written for a reporter, without numbers by which a person could be reached; erased: nothing."""
    try:
        return scrub(vault.open(sealed, account=REPORTER, case=case, purpose="feedback", at_ms=now_ms()))
    except ErasedError:
        return ""
