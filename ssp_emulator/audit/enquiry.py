"""An enquiry of the directory: what is known of one, and as a record's facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssp_emulator import checks
from ssp_emulator.audit.record import DIRECTORY, milliseconds, time_text
from ssp_emulator.verdict import Result

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.audit.reading import Record


@dataclass(frozen=True, slots=True)
class Enquiry:
    """A call of the directory's FHIR face that is over.

    `correlation_id` is its own, or the one that it was given; `nth` says which call on its connection it was.
    `organisation` (ODS code) and `interaction` are what it asked for, where that could be read. `reason` and `text` say
    why it was refused, None where it was not.
    """

    received_at: datetime
    correlation_id: str
    address: str
    nth: int
    method: str
    target: str
    status: int
    bytes_out: int
    total_s: float
    organisation: str | None = None
    interaction: str | None = None
    reason: str | None = None
    text: str | None = None


def facts_of(enquiry: Enquiry) -> Record:
    """Return what a record says of an enquiry; what only goes with a request through the proxy is not there."""
    timings = dict.fromkeys(("tls", "checks", "faults", "connect", "first_byte", "total", "provider", "own"))
    total = milliseconds(enquiry.total_s)
    return {
        "service": DIRECTORY,
        "time": time_text(enquiry.received_at),
        "trace_id": enquiry.correlation_id,
        "from": {"asid": None, "ods": None},
        "to": {"asid": None, "ods": enquiry.organisation},
        "interaction": enquiry.interaction,
        "method": enquiry.method,
        "target": enquiry.target,
        "client": {
            "address": enquiry.address,
            "tls": None,
            "cipher": None,
            "request": enquiry.nth,
            "certificate": None,
        },
        "claims": None,
        "checks": [{"check": name, "result": Result.NOT_REACHED.value} for name in checks.NAMES],
        "denial": None if enquiry.reason is None else {"reason": enquiry.reason, "text": enquiry.text or ""},
        "faults": [],
        "advisories": [],
        "provider": None,
        "status": enquiry.status,
        "broken_off": False,
        "bytes": {"from_consumer": 0, "to_consumer": enquiry.bytes_out},
        "timings_ms": {**timings, "total": total, "own": total},
        "notes": [],
        "token": None,
        "bodies": None,
    }
