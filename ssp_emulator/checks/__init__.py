"""The checks: who may ask whom for what. Each is a file, and this is their order.

A check is a callable from an exchange, and what the Spine knows, to a verdict. It may write on the exchange what it
has learnt, for those after it. The first that denies answers the request.

Source of the order: our own, as no public page gives the real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.checks.agreement import agreement
from ssp_emulator.checks.certificate import certificate
from ssp_emulator.checks.endpoint import endpoint
from ssp_emulator.checks.headers import headers
from ssp_emulator.checks.method import method
from ssp_emulator.checks.receiver import receiver
from ssp_emulator.checks.sender import sender
from ssp_emulator.checks.target import target
from ssp_emulator.checks.tls import tls
from ssp_emulator.checks.token import token
from ssp_emulator.token.reading import claims_of

if TYPE_CHECKING:
    from ssp_emulator.checks.check import Check
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.outcome import Denial
    from ssp_emulator.spine import Spine

# What can be judged before a request can be read, and when only its start line can.
CONNECTION: tuple[Check, ...] = (tls, certificate)
START_LINE: tuple[Check, ...] = (*CONNECTION, method)
ORDER: tuple[Check, ...] = (
    *START_LINE, headers, target, sender, receiver, endpoint, agreement, token,
)  # fmt: skip

NAMES: tuple[str, ...] = tuple(check.__name__ for check in ORDER)


def examine(exchange: Exchange, spine: Spine, order: tuple[Check, ...] = ORDER) -> Denial | None:
    """Put an exchange through the checks until one denies it, keeping every verdict on the exchange."""
    for check in order:
        verdict = check(exchange, spine)
        exchange.verdicts[check.__name__] = verdict
        if verdict.denial is not None:
            remember_who_asked(exchange)
            return verdict.denial
    return None


def remember_who_asked(exchange: Exchange) -> None:
    """Put the token's claims on an exchange that was refused before its token was judged: the audit wants them."""
    authorization = exchange.sole("Authorization")
    if exchange.claims is None and authorization is not None:
        exchange.claims = claims_of(authorization)
