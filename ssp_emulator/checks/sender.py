"""Check 6: the sender is who it says, and its AS record lets it send the interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.pki.verdict import CertificateFault
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def sender(exchange: Exchange, spine: Spine) -> Verdict:
    """Ssp-From is in the directory, the certificate is its own, and its AS record holds the interaction.

    An interaction that nobody knows was answered 415 in 2018, and is 403 in today's documentation.

    Source: GP Connect 1.6.2, "Error handling", ASID_CHECK_FAILED; Spine Core SSP implementation guide, 495;
    nhsconnect/gpconnect-provider-testing issues 97 and 178 (415).
    """
    asid, interaction_id = known(exchange.from_asid), known(exchange.interaction_id)
    exchange.sender = system = spine.directory.system(asid)
    if system is None:
        return deny(
            outcome.asid_check_failed(asid), expected=f"{asid} in the directory", found="no system with this ASID"
        )
    certificate = known(exchange.client.certificate)
    if not certificate.bears(system.fqdn):
        return deny(
            outcome.certificate_error(CertificateFault.FQDN_MISMATCH),
            expected=f"a certificate for {system.fqdn}, the FQDN of {asid}",
            found=", ".join(certificate.names) or "no name",
        )
    exchange.interaction = spine.catalogue.get(interaction_id)
    if exchange.interaction is not None and interaction_id in system.sends:
        return allow(f"{asid} of {system.organisation.ods}")
    unknown = exchange.interaction is None
    refuse = outcome.unsupported_interaction if unknown and spine.observed_2018 else outcome.asid_check_failed
    return deny(
        refuse(asid),
        expected=f"{interaction_id} on the AS record of {asid}",
        found="no such interaction" if unknown else "it is not there",
    )
