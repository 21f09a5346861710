"""Check 12: the body is of a media type that the configuration lists, where it lists any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.verdict import allow, deny, skip

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict

_UNSAID = "application/octet-stream"  # what a body without a Content-Type is taken for. Source: RFC 9110, 8.3
_ANY = skip("every media type is allowed")


def media(exchange: Exchange, spine: Spine) -> Verdict:
    """The request's Content-Type is among the allowed media types; parameters and case do not count.

    A request with neither a body nor a Content-Type passes.

    Source: GP Connect 1.6.2, "Error handling", 415; Spine Core SSP implementation guide: any media type by default.
    """
    if not spine.media_types:
        return _ANY
    values = exchange.headers.getall("Content-Type", ())
    if not values and not _has_body(exchange):
        return allow("no body")
    found = ", ".join(values) or _UNSAID
    if found.partition(";")[0].strip().lower() not in spine.media_types or len(values) > 1:
        return deny(
            outcome.unsupported_media_type(), expected=f"one of {', '.join(sorted(spine.media_types))}", found=found
        )
    return allow(found)


def _has_body(exchange: Exchange) -> bool:
    return "Transfer-Encoding" in exchange.headers or exchange.headers.get("Content-Length", "0") != "0"
