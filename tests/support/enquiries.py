"""An enquiry of the directory that was answered, of which tests change one thing; and how to ask the face."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ssp_emulator.audit.enquiry import Enquiry
from support import setup
from support.wire import Answer, Wire

if TYPE_CHECKING:
    from support.running import Running

READ = setup.READ_BINARY
BASE = "/spine-directory/FHIR/R4"
CORRELATION_ID = "f6a1b2c3-0d4e-4f5a-8b6c-7d8e9f0a1b2c"
OF_SURGERY = ("organization", "https://fhir.nhs.uk/Id/ods-organization-code|A20047")
FOR_READING = ("identifier", f"https://fhir.nhs.uk/Id/nhsServiceInteractionId|{READ}")
WITH_KEY = ("identifier", "https://fhir.nhs.uk/Id/nhsMhsPartyKey|A20047-000116")


def enquiry(**changes: Any) -> Enquiry:
    """Return an enquiry, answered unless the changes say otherwise."""
    facts: dict[str, Any] = {
        "received_at": datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC),
        "correlation_id": CORRELATION_ID,
        "address": "127.0.0.1:50001",
        "nth": 1,
        "method": "GET",
        "target": f"{BASE}/Device?organization=a",
        "status": 200,
        "bytes_out": 900,
        "total_s": 0.0015,
        "organisation": "A20047",
        "interaction": READ,
        **changes,
    }
    return Enquiry(**facts)


def url(kind: str, *pairs: tuple[str, str]) -> str:
    """Return the path and query that ask for a kind of resource."""
    return f"{BASE}/{kind}?{urlencode(pairs)}"


async def look_up(ssp: Running, target: str, *, method: str = "GET", **headers: str | None) -> Answer:
    """Ask an emulator's directory; a header that is None is left out, and its name is written with underscores."""
    address = ssp.emulator.sds_address
    assert address is not None
    values: dict[str, str | None] = {
        "Host": str(address),
        "apikey": "any",
        "X-Correlation-Id": CORRELATION_ID,
        "Accept": "application/fhir+json",
    }
    values.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in values.items() if value is not None)
    wire = await Wire.open(address.port, None)
    ssp.wires.append(wire)
    return await wire.ask(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
