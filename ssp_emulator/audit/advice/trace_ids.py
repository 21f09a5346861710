"""Trace IDs: a new one for each request, and a random one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.sources import rfc, ssp_guide

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange

_VERSION, _VARIANT = 14, 19  # where a UUID tells them
_VARIANTS = frozenset("89abAB")


def _repeated(exchange: Exchange, seen: Seen) -> str | None:
    return f"{exchange.trace_id}, used {seen.trace_id_s:.3f} s before" if seen.trace_id_s is not None else None


def _version(exchange: Exchange, _: Seen) -> str | None:
    trace_id = exchange.trace_id or ""
    if trace_id[_VERSION : _VERSION + 1] == "4" and trace_id[_VARIANT : _VARIANT + 1] in _VARIANTS:
        return None
    if trace_id[_VARIANT : _VARIANT + 1] in _VARIANTS:
        return f"{trace_id}, of version {trace_id[_VERSION]}"
    return f"{trace_id}, which is no UUID of RFC 9562"


TRACE_ID_REPEATED = Advice(
    name="trace-id-repeated",
    title="A trace ID was used more than once",
    remedy="Make a new UUID for Ssp-TraceID for each request, also for each retry.",
    wanted=Wanted.SPECIFICATION,
    source=ssp_guide("Consumer (Ssp-TraceID, to be generated per request)"),
    look=_repeated,
    of_the_past=True,
)

TRACE_ID_VERSION = Advice(
    name="trace-id-version",
    title="A trace ID is not a version-4 UUID",
    remedy="Make Ssp-TraceID a random UUID, version 4: other versions reveal the machine or the time, or may repeat.",
    wanted=Wanted.GOOD_PRACTICE,
    source=rfc(9562, "5.4", "UUID version 4"),
    look=_version,
)
