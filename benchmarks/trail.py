"""A large audit trail that no emulator had to write: what its records look like, and a chain that holds."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from scenario import CONSUMER_ASID, PROVIDER_ASID

from ssp_emulator import checks
from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.chain import GENESIS, Link, digest, line_of
from ssp_emulator.audit.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SEGMENT_BYTES = 64 << 20  # as `audit.rotate.size_mib` has it
_BEGAN = datetime(2026, 3, 4, 8, 0, 0, tzinfo=UTC)
_EVERY = timedelta(milliseconds=250)
_DOCUMENTS = "urn:nhs:names:services:gpconnect:documents:fhir:rest:"
_INTERACTIONS = ("read:binary-1", "read:metadata-1", "search:patient-1", "search:documentreference-1")
_ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
_STATUSES = (200,) * 46 + (404, 403, 429, 504)
_CLIENT = {
    "tls": "TLSv1.2",
    "cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "certificate": {
        "subject": "CN=consumer.example.nhs.uk",
        "issuer": "CN=Emulated SubCA",
        "serial": "5f3a9c0d2b7e41886c",
        "sha256": "4c" * 32,
        "names": ["consumer.example.nhs.uk"],
    },
}
_CLAIMS = {
    "dialect": "gp-connect-1",
    "user": "G1234567",
    "role": "R0260",
    "organisation": "A1001",
    "device": "Example EPR 1.0",
    "reason": "directcare",
    "scope": "patient/*.read",
}
_CHECKS = [{"check": name, "result": "pass", "found": "what it should be"} for name in checks.NAMES]


def trace_id(number: int) -> str:
    """Return the trace ID of a record by its number: a UUID of version 4."""
    return str(UUID(bytes=sha256(b"%d" % number).digest()[:16], version=4))


def write(journal: Path, records: int) -> int:
    """Write a trail of so many records, from 1 on, and return its size in bytes; the folder should not be there."""
    layout = Layout(journal)
    layout.folder.mkdir(parents=True)
    last, written, total = GENESIS, 0, 0
    file = layout.current(0).open("xb")
    first = 1
    for facts in _facts(records):
        line = line_of(last, 0, facts)
        if written + len(line) >= _SEGMENT_BYTES:
            file.close()
            layout.current(0).rename(layout.closed(0, first))
            file, first, written = layout.current(0).open("xb"), last.sequence + 1, 0
        written += file.write(line + b"\n")
        total += len(line) + 1
        last = Link(last.sequence + 1, digest(line))
    file.close()
    with layout.anchor(0).open("xb") as anchor:
        Anchor(anchor.fileno()).set_head(last)
        Anchor(anchor.fileno()).set_base(GENESIS)
    return total


def _facts(records: int) -> Iterator[bytes]:
    chance = random.Random(1)
    encode = json.JSONEncoder(separators=(",", ":")).encode
    for number in range(1, records + 1):
        yield encode(_record(number, chance)).encode()


def _record(number: int, chance: random.Random) -> dict[str, Any]:
    interaction, status = chance.choice(_INTERACTIONS), chance.choice(_STATUSES)
    refused = status in (403, 429)
    time = _BEGAN + number * _EVERY
    return {
        "gap": None,
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "trace_id": trace_id(number),
        "from": {"asid": CONSUMER_ASID, "ods": "A1001"},
        "to": {"asid": PROVIDER_ASID, "ods": "A20047"},
        "interaction": _DOCUMENTS + interaction,
        "method": "GET",
        "target": f"{_ROOT}/Binary/{trace_id(-number)}",
        "client": {"address": f"127.0.0.1:{40_000 + number % 20_000}", "request": number % 50 + 1, **_CLIENT},
        "claims": _CLAIMS,
        "checks": _CHECKS,
        "denial": {"reason": "fot-check-failed", "text": "It was refused."} if refused else None,
        "faults": [{"rule": "slow", "kind": "latency", "count": number, "asked": False, "did": "waited 400 ms"}]
        if number % 1000 == 0
        else [],
        "advisories": [],
        "provider": None
        if refused
        else {
            "address": "127.0.0.1:9443",
            "reused": True,
            "status": status,
            "error": None,
            "bytes_sent": 1904,
            "bytes_received": chance.randrange(1_000, 90_000),
        },
        "status": status,
        "broken_off": False,
        "bytes": {"from_consumer": 0, "to_consumer": chance.randrange(500, 90_000)},
        "timings_ms": {
            "tls": 3.127,
            "checks": 0.418,
            "faults": None,
            "connect": 0.093,
            "first_byte": 2.514,
            "total": 3.418,
            "provider": 2.607,
            "own": 0.811,
        },
        "notes": [],
        "token": None,
        "bodies": None,
    }
