"""Check 11: neither the sender's limit nor the receiver's is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.verdict import allow, deny, skip

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.limits import Standing
    from ssp_emulator.outcome import Denial
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def rate(exchange: Exchange, spine: Spine) -> Verdict:
    """The sender has a request left, and so have all senders together at this receiver; one is taken off both.

    A request that is refused takes nothing. How the limits stand is put on the exchange.

    Source: Spine Core SSP implementation guide, "Rate limiting": 429 for the sender's, 503 for the receiver's.
    """
    sender, receiver = known(exchange.from_asid), known(exchange.to_asid)
    of_sender, of_receiver = spine.limits.of_sender(sender), spine.limits.of_receiver(receiver)
    if of_sender is None and of_receiver is None:
        return skip("no limit is configured")
    limited = [allowance for allowance in (of_sender, of_receiver) if allowance is not None]
    spent = limited[0].take(spine.clock.monotonic(), *limited[1:])
    if spent is not None and spent.allowance is of_sender:
        return _refuse(exchange, outcome.rate_limited(sender), f"sender {sender}", spent.standing)
    if spent is not None:
        return _refuse(exchange, outcome.unavailable(receiver), f"receiver {receiver}", spent.standing)
    exchange.standing = standing_of(exchange, spine)
    return allow(str(exchange.standing))


def standing_of(exchange: Exchange, spine: Spine) -> Standing | None:
    """Tell how the scarcer limit of a known sender and, where it is known too, its receiver stands; None without any.

    Takes an exchange that check 6 has let pass, and takes no request off.
    """
    of_sender = spine.limits.of_sender(known(exchange.from_asid))
    of_receiver = spine.limits.of_receiver(exchange.receiver.asid) if exchange.receiver is not None else None
    now = spine.clock.monotonic()
    standings = [allowance.standing(now) for allowance in (of_sender, of_receiver) if allowance is not None]
    return min(standings, key=lambda standing: standing.remaining, default=None)


def _refuse(exchange: Exchange, denial: Denial, whose: str, standing: Standing) -> Verdict:
    exchange.standing = standing
    return deny(denial, expected=f"a request left for {whose}", found=str(standing))
