"""Check 4: the four Ssp headers are there, each once, and well-formed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator import exchange as names
from ssp_emulator import outcome
from ssp_emulator.verdict import allow, deny

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


_FORMS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (names.TRACE_ID, re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z"), "a GUID or UUID"),
    (names.FROM, re.compile(r"[0-9]{1,20}\Z"), "an ASID, which is digits"),
    (names.TO, re.compile(r"[0-9]{1,20}\Z"), "an ASID, which is digits"),
    (names.INTERACTION_ID, re.compile(r"[\x21-\x7e]{1,255}\Z"), "an interaction ID"),
)


def headers(exchange: Exchange, _: Spine) -> Verdict:
    """Ssp-TraceID, Ssp-From, Ssp-To and Ssp-InteractionID each came just once, in the right form.

    Source: Spine Core SSP implementation guide, "HTTP headers"; GP Connect 1.6.2, "Error handling", BAD_REQUEST.
    """
    for name, form, meaning in _FORMS:
        values = exchange.headers.getall(name, ())
        value = values[0].strip(" \t") if values else ""  # RFC 9110, 5.5: other white space belongs to the value
        if len(values) > 1:
            problem, found = "came more than once", f"{len(values)} of it"
        elif not values:
            problem, found = "is missing", "none"
        elif not value:
            problem, found = "is empty", "an empty value"
        elif not form.match(value):
            problem, found = f"is not {meaning}", value
        else:
            continue
        return deny(
            outcome.bad_request(f"The header {name} {problem}"), expected=f"{name} once, {meaning}", found=found
        )
    return allow(f"trace {exchange.trace_id}")
