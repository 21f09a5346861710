"""Check 5: the target is an absolute https URL, with nothing in it that could lead elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator import target as targets
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def target(exchange: Exchange, _: Spine) -> Verdict:
    """The path of the request is the provider's URL, and it is put on the exchange.

    Source: Spine Core SSP implementation guide, "Constructing the URL".
    """
    try:
        exchange.target = targets.parse(exchange.raw_target)
    except targets.TargetError as error:
        return deny(
            outcome.bad_request(f"The target URL is not usable: {error}"),
            expected="/https://{host}/{path}",
            found=exchange.raw_target,
        )
    if exchange.target.form is not targets.Form.LITERAL:
        exchange.notes.append(f"the target was written with {exchange.target.form.value}")
    return allow(exchange.target.text)
