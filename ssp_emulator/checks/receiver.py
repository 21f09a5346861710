"""Check 7: the receiver is known, and its MHS record holds the interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def receiver(exchange: Exchange, spine: Spine) -> Verdict:
    """Ssp-To is in the directory, and its party key receives the interaction; its endpoint is put on the exchange.

    Source: GP Connect 1.6.2, "Error handling", PARTYKEY_INTERACTION_CHECK_FAILED; the public provider test suite
    expects 400 for an ASID that nobody has.
    """
    asid = known(exchange.to_asid)
    exchange.receiver = system = spine.directory.system(asid)
    if system is None:
        return deny(
            outcome.bad_request(f"The header Ssp-To is not a registered ASID: {asid}"),
            expected=f"{asid} in the directory",
            found="no system with this ASID",
        )
    exchange.endpoint = system.endpoint(known(exchange.interaction).received_as)
    if exchange.endpoint is None:
        return deny(
            outcome.partykey_check_failed(asid),
            expected=f"{exchange.interaction_id} on the MHS record of {system.party_key}",
            found="it is not there",
        )
    return allow(f"{asid} of {system.organisation.ods}")
