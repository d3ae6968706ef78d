"""What handover and tracking are made of in a running system: read models, vault, kept pages, and the way to the gateway."""

from collections.abc import Sequence

from config.handover_store import handovers_of
from config.settings import Settings
from config.vault import ErasedError, Vault, VaultError, vault_of
from config.wallclock import now_ms
from dashboard.edge_commands import REPORTER
from dashboard.handover_answers import HandoverParts
from dashboard.readings import PipelineReadings
from dashboard.reporter_line import ReporterLine
from dashboard.rulebook import RuleSets
from dashboard.sign_ins import SignIns
from dashboard.track_answers import ASKED_S, MOST_ASKED, CaseRead, TrackParts
from domain.scrub import scrub


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
        closed=lambda _: None,
        open_text=lambda sealed, name: opened(vault, sealed, name),
        say=ReporterLine(settings.secret.get_secret_value(), gateway).say,
        wait_s=wait_s,
        rules_hash=readings.rules_hash,
        rule_sets=rule_sets,
    )


def opened(vault: Vault, sealed: str, case: str) -> str:
    """Return what was written for a reporter, without numbers by which a person could be reached; erased: nothing."""
    try:
        return scrub(vault.open(sealed, account=REPORTER, case=case, purpose="feedback", at_ms=now_ms()))
    except ErasedError:
        return ""
