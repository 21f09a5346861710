"""From an exchange to its record: the facts that are kept, by the names that docs/audit.md explains.

The token, the bodies and header values that may hold secrets are not among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import checks
from ssp_emulator.verdict import Result

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.audit.reading import Record
    from ssp_emulator.directory.model import System
    from ssp_emulator.exchange import Client, Exchange
    from ssp_emulator.verdict import Verdict


def record_of(exchange: Exchange, sequence: int) -> Record:
    """Return an exchange's record; `sequence` is its place in the journal, from 1."""
    return {
        "sequence": sequence,
        "time": _milliseconds(exchange.received_at),
        "trace_id": exchange.trace_id,
        "from": _party(exchange.from_asid, exchange.sender),
        "to": _party(exchange.to_asid, exchange.receiver),
        "interaction": exchange.interaction_id,
        "method": exchange.method,
        "target": exchange.target_text,
        "client": _client(exchange.client),
        "claims": _claims(exchange),
        "checks": [_check(name, exchange.verdicts.get(name)) for name in checks.NAMES],
        "denial": _denial(exchange),
        "faults": [firing.record() for firing in exchange.firings],
        "provider": _provider(exchange),
        "status": exchange.status,
        "broken_off": exchange.broken_off,
        "bytes": {"from_consumer": exchange.bytes_in, "to_consumer": exchange.bytes_out},
        "timings_ms": _timings(exchange),
        "notes": exchange.notes,
    }


def _milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _party(asid: str | None, system: System | None) -> Record:
    return {"asid": asid, "ods": system.organisation.ods if system is not None else None}


def _client(client: Client) -> Record:
    shown = client.certificate
    return {
        "address": client.address,
        "tls": client.tls,
        "cipher": client.cipher,
        "certificate": None
        if shown is None
        else {
            "subject": shown.subject,
            "issuer": shown.issuer,
            "serial": shown.serial,
            "sha256": shown.fingerprint,
            "names": list(shown.names),
        },
    }


def _claims(exchange: Exchange) -> Record | None:
    claims = exchange.claims
    if claims is None:
        return None
    return {
        "dialect": claims.dialect,
        "user": claims.user,
        "role": claims.role,
        "organisation": claims.organisation,
        "device": claims.device,
        "reason": claims.reason,
        "scope": claims.scope,
    }


def _check(name: str, verdict: Verdict | None) -> Record:
    if verdict is None:
        return {"check": name, "result": Result.NOT_REACHED.value}
    told: Record = {"check": name, "result": verdict.result.value}
    if verdict.expected is not None:
        told["expected"] = verdict.expected
    return {**told, "found": verdict.found}


def _denial(exchange: Exchange) -> Record | None:
    denial = exchange.denial
    return {"reason": denial.reason.value, "text": denial.text} if denial is not None else None


def _provider(exchange: Exchange) -> Record | None:
    leg = exchange.provider
    if leg.address is None and leg.error is None:
        return None
    return {
        "address": leg.address,
        "reused": leg.reused,
        "status": leg.status,
        "error": leg.error,
        "bytes_sent": leg.bytes_sent,
        "bytes_received": leg.bytes_received,
    }


def _timings(exchange: Exchange) -> dict[str, float | None]:
    """Spans, each from the end of the one before it; `tls` belongs to the connection, `total` to the whole."""
    timings = exchange.timings
    return {
        "tls": _ms(exchange.client.handshake_s),
        "checks": _ms(timings.checked),
        "faults": _ms(_between(timings.checked, timings.waited)),
        "connect": _ms(_between(timings.checked if timings.waited is None else timings.waited, timings.connected)),
        "first_byte": _ms(_between(timings.connected, timings.first_byte)),
        "total": _ms(timings.total),
    }


def _between(start: float | None, end: float | None) -> float | None:
    return end - start if start is not None and end is not None else None


def _ms(seconds: float | None) -> float | None:
    return round(seconds * 1000, 3) if seconds is not None else None
