"""Trails that no emulator wrote: as many records as a test wants, in as many segments, in a chain that holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ssp_emulator import checks
from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.chain import GENESIS, Link, digest, line_of
from support import setup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssp_emulator.audit.layout import Layout

BEGAN = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


def facts(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return what the record of a request says that was answered; `number` makes its trace ID and its time."""
    time = BEGAN + timedelta(milliseconds=10 * number)
    return {
        "gap": None,
        "service": "proxy",
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "trace_id": trace_id(number),
        "from": {"asid": setup.CONSUMER, "ods": "A1001"},
        "to": {"asid": setup.PROVIDER, "ods": "A20047"},
        "interaction": setup.READ_BINARY,
        "method": "GET",
        "target": f"{setup.ROOT}/Binary/{number}",
        "client": {
            "address": "127.0.0.1:50001",
            "tls": "TLSv1.2",
            "cipher": "ECDHE-RSA-AES128-GCM-SHA256",
            "request": number,
            "certificate": {
                "subject": "CN=consumer.example.nhs.uk",
                "issuer": "CN=Emulated SubCA",
                "serial": "1f",
                "sha256": "ab" * 32,
                "names": ["consumer.example.nhs.uk"],
            },
        },
        "claims": {
            "dialect": "gp-connect-1",
            "user": "G1234567",
            "role": "R0260",
            "organisation": "A1001",
            "device": "Example EPR 1.0",
            "reason": "directcare",
            "scope": "patient/*.read",
        },
        "checks": [{"check": name, "result": "pass", "found": "as it should be"} for name in checks.NAMES],
        "denial": None,
        "faults": [],
        "advisories": [],
        "provider": {
            "address": "127.0.0.1:9443",
            "reused": True,
            "status": 200,
            "error": None,
            "bytes_sent": 700,
            "bytes_received": 4000,
        },
        "status": 200,
        "broken_off": False,
        "bytes": {"from_consumer": 0, "to_consumer": 3559},
        "timings_ms": {
            "tls": 3.1,
            "checks": 0.4,
            "faults": None,
            "connect": 0.1,
            "first_byte": 2.5,
            "total": 3.4,
            "provider": 2.6,
            "own": 0.8,
        },
        "notes": [],
        "token": None,
        "bodies": None,
        **changes,
    }


def trace_id(number: int) -> str:
    """Return the trace ID of a record by its number: a UUID of version 4."""
    return str(UUID(int=number, version=4))


def write(
    layout: Layout, records: Iterable[dict[str, Any]], *, worker: int = 0, segment: int | None = None
) -> list[Link]:
    """Write records as a worker's whole chain, in segments of so many records, and return the link of each."""
    layout.folder.mkdir(parents=True, exist_ok=True)
    links = [GENESIS]
    lines: list[bytes] = []
    for each in records:
        line = line_of(links[-1], worker, json.dumps(each, separators=(",", ":")).encode())
        links.append(Link(links[-1].sequence + 1, digest(line)))
        lines.append(line + b"\n")
    size = segment or max(1, len(lines))
    pieces = [lines[start : start + size] for start in range(0, len(lines), size)] or [[]]
    for place, piece in enumerate(pieces):
        closed = place < len(pieces) - 1
        path = layout.closed(worker, place * size + 1) if closed else layout.current(worker)
        path.write_bytes(b"".join(piece))
    with layout.anchor(worker).open("wb") as file:
        anchor = Anchor(file.fileno())
        anchor.set_head(links[-1])
        anchor.set_base(GENESIS)
    return links[1:]
