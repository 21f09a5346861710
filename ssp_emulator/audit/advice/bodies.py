"""Whether a request has a body, as its head tells. Source: RFC 9112, 6.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange


def has_body(exchange: Exchange) -> bool:
    """Tell whether a request says that it has a body, and that it is not empty."""
    headers = exchange.headers
    return headers.get("Content-Length", "0").strip("0 \t") != "" or "Transfer-Encoding" in headers
