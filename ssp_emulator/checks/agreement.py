"""Check 9: a data sharing agreement lets this sender send this interaction to this receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def agreement(exchange: Exchange, spine: Spine) -> Verdict:
    """The registry holds an agreement from sender to receiver with the interaction in it.

    Source: GP Connect 1.6.2, "Error handling", "Sender ASID is not authorised to send the interaction to
    receiver ASID".
    """
    sender, receiver = known(exchange.from_asid), known(exchange.to_asid)
    interaction_id = known(exchange.interaction_id)
    agreed = spine.directory.agreement(sender, receiver, interaction_id)
    if agreed is None:
        return deny(
            outcome.fot_check_failed(sender, receiver),
            expected=f"an agreement from {sender} to {receiver} for {interaction_id}",
            found="none in the registry",
        )
    return allow(str(agreed))
