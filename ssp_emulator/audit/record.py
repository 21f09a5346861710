"""From an exchange to the facts of its record, by the names that `model` explains.

The token, the bodies and header values that may hold secrets are not among them, unless the configuration asks.
"""

from __future__ import annotations

import base64
import codecs
from typing import TYPE_CHECKING

from ssp_emulator import checks
from ssp_emulator.verdict import Result

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.audit.reading import Record
    from ssp_emulator.directory.model import System
    from ssp_emulator.exchange import Client, Exchange, Sample
    from ssp_emulator.verdict import Verdict


def facts_of(exchange: Exchange, *, with_token: bool = False) -> Record:
    """Return what a record says of an exchange; its place in the chain is the journal's to say."""
    return {
        "time": _milliseconds(exchange.received_at),
        "trace_id": exchange.trace_id,
        "from": _party(exchange.from_asid, exchange.sender),
        "to": _party(exchange.to_asid, exchange.receiver),
        "interaction": exchange.interaction_id,
        "method": exchange.method,
        "target": exchange.target_text,
        "client": _client(exchange.client, exchange.nth),
        "claims": _claims(exchange),
        "checks": [_check(name, exchange.verdicts.get(name)) for name in checks.NAMES],
        "denial": _denial(exchange),
        "faults": [firing.record() for firing in exchange.firings],
        "advisories": [{"advisory": each.name, "found": each.found} for each in exchange.advisories],
        "provider": _provider(exchange),
        "status": exchange.status,
        "broken_off": exchange.broken_off,
        "bytes": {"from_consumer": exchange.bytes_in, "to_consumer": exchange.bytes_out},
        "timings_ms": _timings(exchange),
        "notes": exchange.notes,
        "token": ", ".join(exchange.headers.getall("Authorization", ())) or None if with_token else None,
        "bodies": _bodies(exchange),
    }


def _milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _party(asid: str | None, system: System | None) -> Record:
    return {"asid": asid, "ods": system.organisation.ods if system is not None else None}


def _client(client: Client, nth: int) -> Record:
    shown = client.certificate
    return {
        "address": client.address,
        "tls": client.tls,
        "cipher": client.cipher,
        "request": nth,
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
    shares = exchange.shares
    return {
        "tls": _ms(exchange.client.handshake_s),
        "checks": _ms(timings.checked),
        "faults": _ms(_between(timings.checked, timings.waited)),
        "connect": _ms(_between(timings.asked_at, timings.connected)),
        "first_byte": _ms(_between(timings.connected, timings.first_byte)),
        "total": _ms(timings.total),
        "provider": _ms(shares.provider_s) if shares is not None else None,
        "own": _ms(shares.own_s) if shares is not None else None,
    }


def _bodies(exchange: Exchange) -> Record | None:
    samples = exchange.samples
    if samples is None:
        return None
    return {"from_consumer": _body(samples.from_consumer), "to_consumer": _body(samples.to_consumer)}


def _body(sample: Sample) -> Record:
    read = codecs.getincrementaldecoder("utf-8")()  # a sample may end in the middle of a character
    try:
        return {"text": read.decode(bytes(sample.data), final=sample.whole), "whole": sample.whole}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(sample.data).decode(), "whole": sample.whole}


def _between(start: float | None, end: float | None) -> float | None:
    return end - start if start is not None and end is not None else None


def _ms(seconds: float | None) -> float | None:
    return round(seconds * 1000, 3) if seconds is not None else None
