"""Check 11: neither the sender's limit nor the receiver's is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.verdict import allow, deny, skip

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def rate(exchange: Exchange, spine: Spine) -> Verdict:
    """The sender has a request left, and so have all senders together at this receiver; one is taken off both.

    A request that is refused takes nothing. How the scarcer of the two stands is put on the exchange.

    Source: Spine Core SSP implementation guide, "Rate limiting": 429 for the sender's, 503 for the receiver's.
    """
    sender, receiver = known(exchange.from_asid), known(exchange.to_asid)
    limits, now = spine.limits, spine.clock.monotonic()
    held = (
        (limits.of_sender(sender), outcome.rate_limited(sender), f"sender {sender}"),
        (limits.of_receiver(receiver), outcome.unavailable(receiver), f"receiver {receiver}"),
    )
    limited = [(allowance, denial, whose) for allowance, denial, whose in held if allowance is not None]
    for allowance, denial, whose in limited:
        exchange.standing = allowance.standing(now)
        if exchange.standing.remaining == 0:
            return deny(denial, expected=f"a request left for {whose}", found=str(exchange.standing))
    for allowance, _, _ in limited:
        allowance.take(now)
    standings = [allowance.standing(now) for allowance, _, _ in limited]
    exchange.standing = min(standings, key=lambda standing: standing.remaining, default=None)
    return allow(str(exchange.standing)) if limited else skip("no limit is configured")
