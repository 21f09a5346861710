"""Connections: one is used for many requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.connecting import WITHIN_S
from ssp_emulator.audit.advice.sources import ssp_guide

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange

LEAST = 5  # that many in a row are no accident


def _not_reused(_: Exchange, seen: Seen) -> str | None:
    if seen.connections < LEAST:
        return None
    return f"{seen.connections} new connections in a row, each within {WITHIN_S:.0f} s of an answer on another"


CONNECTION_NOT_REUSED = Advice(
    name="connection-not-reused",
    title="Connections were not used again",
    remedy="Keep connections to the proxy open, and use them for the next request: each new one costs a TLS handshake.",
    wanted=Wanted.GOOD_PRACTICE,
    source=ssp_guide("Functional requirements (keep-alive)"),
    look=_not_reused,
    of_the_past=True,
)
