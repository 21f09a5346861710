"""Check 2: the consumer has shown a certificate, and it is good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def certificate(exchange: Exchange, _: Spine) -> Verdict:
    """The consumer's certificate is there, in date, for a client, not revoked, and from an authority that we trust.

    Source: GP Connect 1.6.2, "Security guidance"; Spine Core SSP implementation guide, 495 and 496.
    """
    client = exchange.client
    if client.certificate is None:
        return deny(outcome.certificate_required(), expected="a client certificate", found="none")
    if client.fault is not None:
        return deny(
            outcome.certificate_error(client.fault),
            expected="a client certificate that is in date, not revoked and from a trusted authority",
            found=f"{client.fault.value}: {client.certificate.subject}",
        )
    return allow(client.certificate.subject)
