"""Check 8: the target is at the service root URL that the receiver has registered for the interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def endpoint(exchange: Exchange, _: Spine) -> Verdict:
    """The target begins with the registered root, letter by letter, up to the end of a path segment.

    Another name for the same host, its IP address, an added :443 or a trailing dot are all another endpoint.

    Source: GP Connect 1.6.2, "Error handling", ENDPOINT_…_VARIES_FROM_TARGETURL; nhsconnect/gpconnect issue 652.
    """
    registered, target = known(exchange.endpoint), known(exchange.target)
    if not target.is_below(registered.root):
        return deny(
            outcome.endpoint_varies(registered.root, registered.cpa_id, target.text),
            expected=f"a target below {registered.root}",
            found=target.text,
        )
    return allow(registered.root)
