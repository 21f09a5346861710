"""Tokens: a new one for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.sources import audit_and_provenance

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange


def _repeated(_: Exchange, seen: Seen) -> str | None:
    return f"the same token, first used {seen.token_s:.3f} s before" if seen.token_s is not None else None


TOKEN_REPEATED = Advice(
    name="token-repeated",
    title="A token was used more than once",
    remedy="Make a new JSON Web Token for each request, with iat set to the time at which it is made.",
    wanted=Wanted.SPECIFICATION,
    source=audit_and_provenance("JWT generation"),
    look=_repeated,
    of_the_past=True,
)
