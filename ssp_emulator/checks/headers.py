"""Check 4: the four Ssp headers are there, each once, and well-formed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator import exchange as names
from ssp_emulator import outcome
from ssp_emulator.exchange import BLANKS
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


_GUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\Z")
_ASID = re.compile(r"[0-9]{1,20}\Z")
_INTERACTION_ID = re.compile(r"[\x21-\x7e]{1,255}\Z")

# As `Exchange.addressing` has them.
_FORMS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (names.TRACE_ID, _GUID, "a GUID or UUID"),
    (names.FROM, _ASID, "an ASID, which is digits"),
    (names.TO, _ASID, "an ASID, which is digits"),
    (names.INTERACTION_ID, _INTERACTION_ID, "an interaction ID"),
)


def headers(exchange: Exchange, _: Spine) -> Verdict:
    """Ssp-TraceID, Ssp-From, Ssp-To and Ssp-InteractionID each came just once, in the right form.

    Source: Spine Core SSP implementation guide, "HTTP headers"; GP Connect 1.6.2, "Error handling", BAD_REQUEST.
    """
    for (name, form, meaning), value in zip(_FORMS, exchange.addressing, strict=True):
        if value is None or form.match(value) is None:
            problem, found = _problem(exchange.headers.getall(name, ()), meaning)
            return deny(
                outcome.bad_request(f"The header {name} {problem}"), expected=f"{name} once, {meaning}", found=found
            )
    return allow(f"trace {exchange.trace_id}")


def _problem(values: Sequence[str], meaning: str) -> tuple[str, str]:
    """Say what is wrong with a header that is not there once and well-formed, and what was found of it."""
    if len(values) > 1:
        return "came more than once", f"{len(values)} of it"
    if not values:
        return "is missing", "none"
    value = values[0].strip(BLANKS)
    return (f"is not {meaning}", value) if value else ("is empty", "an empty value")
