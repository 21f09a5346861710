"""Check 1: the listener saw TLS."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


def tls(exchange: Exchange, _: Spine) -> Verdict:
    """The request came over TLS, and not as plain HTTP to the TLS port.

    Source: Spine Core SSP implementation guide, "Response status codes", 497.
    """
    if exchange.client.tls is None:
        return deny(outcome.plain_http(), expected="TLS", found="plain HTTP")
    return _passed(exchange.client.tls, exchange.client.cipher)


@lru_cache(maxsize=64)  # the same words for every connection, and few of them
def _passed(version: str, cipher: str | None) -> Verdict:
    return allow(f"{version} {cipher}")
