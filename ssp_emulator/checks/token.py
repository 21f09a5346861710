"""Check 10: the bearer token says who asks and why, well enough for the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.token.reading import read
from ssp_emulator.token.rules import Expected
from ssp_emulator.verdict import allow, deny, overlook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.outcome import Denial
    from ssp_emulator.spine import Spine
    from ssp_emulator.token.signing import VerificationKey
    from ssp_emulator.verdict import Verdict

_EXPECTED = "a fresh JSON Web Token with every claim that the audit needs"


def token(exchange: Exchange, spine: Spine) -> Verdict:
    """The Authorization header holds one token, and each of its claims is as it should be.

    Where the configuration says `record`, what is wrong is written down and the request goes on; but of a sender that
    is registered with a key, nothing goes on without a token that the key fits.

    Source: GP Connect 1.6.2, "Cross-organisation audit and provenance".
    """
    key = known(exchange.sender).token_key
    authorization = exchange.sole("Authorization")
    if authorization is None:
        found = f"The header Authorization {_problem(exchange.headers.getall('Authorization', ()))}"
        if spine.token_enforced or key is not None:
            return _refuse(outcome.bad_request(found))
        return overlook(expected=_EXPECTED, found=found)
    reading = read(authorization, _expected(exchange, spine, key))
    exchange.claims = reading.claims
    for fault in reading.faults:
        if spine.token_enforced or fault.refused_always:
            denial = outcome.invalid_resource if fault.unprocessable else outcome.bad_request
            whose = "The header" if fault.claim == "Authorization" else "The token's"
            return _refuse(denial(f"{whose} {fault}"))
    if reading.faults:
        return overlook(expected=_EXPECTED, found="; ".join(map(str, reading.faults)))
    return allow(reading.claims.dialect if reading.claims is not None else "a token")


def _problem(values: Sequence[str]) -> str:
    if len(values) > 1:
        return "came more than once"
    return "is empty" if values else "is missing"


def _expected(exchange: Exchange, spine: Spine, key: VerificationKey | None) -> Expected:
    interaction = known(exchange.interaction)
    return Expected(
        asid=known(exchange.from_asid),
        root=known(exchange.endpoint).root,
        interaction_id=interaction.id,
        scope=interaction.scope,
        now=spine.clock.now().timestamp(),
        leeway_s=spine.token_leeway_s,
        key=key,
    )


def _refuse(denial: Denial) -> Verdict:
    return deny(denial, expected=_EXPECTED, found=denial.text)
