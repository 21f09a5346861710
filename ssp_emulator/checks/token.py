"""Check 10: the bearer token says who asks and why, well enough for the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.token.reading import read
from ssp_emulator.token.rules import Expected
from ssp_emulator.verdict import allow, deny, overlook

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict

_EXPECTED = "a fresh JSON Web Token with every claim that the audit needs"


def token(exchange: Exchange, spine: Spine) -> Verdict:
    """The Authorization header holds one token, and each of its claims is as it should be.

    Where the configuration says `record`, what is wrong is written down and the request goes on.

    Source: GP Connect 1.6.2, "Cross-organisation audit and provenance".
    """
    authorization = exchange.sole("Authorization")
    if authorization is None:
        problem = "came more than once" if exchange.headers.getall("Authorization", ())[1:] else "is missing"
        return _refuse(spine, f"The header Authorization {problem}", unprocessable=False)
    interaction = known(exchange.interaction)
    expected = Expected(
        asid=known(exchange.from_asid),
        root=known(exchange.endpoint).root,
        interaction_id=interaction.id,
        scope=interaction.scope,
        now=spine.clock.now().timestamp(),
        leeway_s=spine.token_leeway_s,
    )
    reading = read(authorization, expected)
    exchange.claims = reading.claims
    if reading.faults and spine.token_enforced:
        fault = reading.faults[0]
        return _refuse(spine, f"The token's {fault}", unprocessable=fault.unprocessable)
    if reading.faults:
        return overlook(expected=_EXPECTED, found="; ".join(map(str, reading.faults)))
    return allow(reading.claims.dialect if reading.claims is not None else "a token")


def _refuse(spine: Spine, diagnostics: str, *, unprocessable: bool) -> Verdict:
    if not spine.token_enforced:
        return overlook(expected=_EXPECTED, found=diagnostics)
    denial = outcome.invalid_resource(diagnostics) if unprocessable else outcome.bad_request(diagnostics)
    return deny(denial, expected=_EXPECTED, found=diagnostics)
