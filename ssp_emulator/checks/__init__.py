"""The checks: who may ask whom for what. Each is a file, and this is their order.

A check is a callable from an exchange, and what the Spine knows, to a verdict. It may write on the exchange what it
has learnt, for those after it. The first that denies answers the request.

Source of the order: our own, as no public page gives the real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.checks.agreement import agreement
from ssp_emulator.checks.certificate import certificate
from ssp_emulator.checks.endpoint import endpoint
from ssp_emulator.checks.headers import headers
from ssp_emulator.checks.media import media
from ssp_emulator.checks.method import method
from ssp_emulator.checks.rate import rate, standing_of
from ssp_emulator.checks.receiver import receiver
from ssp_emulator.checks.sender import sender
from ssp_emulator.checks.target import target
from ssp_emulator.checks.tls import tls
from ssp_emulator.checks.token import token
from ssp_emulator.exchange import SSP_HEADERS
from ssp_emulator.token.reading import claims_of
from ssp_emulator.verdict import Result

if TYPE_CHECKING:
    from ssp_emulator.checks.check import Check
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.outcome import Denial
    from ssp_emulator.spine import Spine

# What can be judged before a request can be read, and when only its start line can.
CONNECTION: tuple[Check, ...] = (tls, certificate)
START_LINE: tuple[Check, ...] = (*CONNECTION, method)
# What an OPTIONS request has to pass, which the proxy answers itself.
ADDRESSING: tuple[Check, ...] = (*START_LINE, headers, target, sender, receiver, endpoint)
ORDER: tuple[Check, ...] = (*ADDRESSING, agreement, token, rate, media)

NAMES: tuple[str, ...] = tuple(check.__name__ for check in ORDER)


def order_for(exchange: Exchange) -> tuple[Check, ...]:
    """Return the checks that a request has to pass.

    A browser's preflight is an OPTIONS request that bears no Ssp header, so that there is nothing more to look at.

    Source: Spine Core SSP implementation guide, "CORS"; Fetch standard, "CORS-preflight fetch".
    """
    if exchange.method != "OPTIONS":
        return ORDER
    return ADDRESSING if any(name in exchange.headers for name in SSP_HEADERS) else START_LINE


def examine(exchange: Exchange, spine: Spine, order: tuple[Check, ...] = ORDER) -> Denial | None:
    """Put an exchange through the checks until one denies it.

    Every verdict is kept on the exchange; so are, whatever the end, who asked and how a known sender's limits stand.
    """
    denial = _first_denial(exchange, spine, order)
    if denial is not None:
        _remember_who_asked(exchange)
    if rate.__name__ not in exchange.verdicts and _knows_its_sender(exchange):
        exchange.standing = standing_of(exchange, spine)  # an answer tells it, also where no check came to it
    return denial


def examine_unreadable(exchange: Exchange, spine: Spine, problem: str, *, start_line: bool) -> Denial:
    """Refuse what is no request in HTTP: for who sent it and, where its start line can be read, how; else for that.

    Takes what is wrong with it, for people.
    """
    denial = examine(exchange, spine, START_LINE if start_line else CONNECTION)
    if denial is None:
        _remember_who_asked(exchange)
        denial = outcome.bad_request(f"The request is not well-formed HTTP: {problem}")
    return denial


def _remember_who_asked(exchange: Exchange) -> None:
    """Put the token's claims on an exchange that was refused before its token was judged: the audit wants them."""
    authorization = exchange.sole("Authorization")
    if exchange.claims is None and authorization is not None:
        exchange.claims = claims_of(authorization)


def _first_denial(exchange: Exchange, spine: Spine, order: tuple[Check, ...]) -> Denial | None:
    verdicts = exchange.verdicts
    for check in order:
        verdicts[check.__name__] = verdict = check(exchange, spine)
        if verdict.denial is not None:
            return verdict.denial
    return None


def _knows_its_sender(exchange: Exchange) -> bool:
    verdict = exchange.verdicts.get(sender.__name__)
    return verdict is not None and verdict.result is Result.PASSED
