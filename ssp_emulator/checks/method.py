"""Check 3: the method is one that the proxy passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict

_PASSED = {name: allow(name) for name in outcome.METHODS}


def method(exchange: Exchange, _: Spine) -> Verdict:
    """The method is one of HTTP's own; methods are case-sensitive (RFC 9110, 9.1).

    Source: GP Connect 1.6.2, "Error handling", 405.
    """
    passed = _PASSED.get(exchange.method)
    if passed is None:
        return deny(outcome.method_not_allowed(), expected=" ".join(outcome.METHODS), found=exchange.method)
    return passed
