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
    from ssp_emulator.exchange import Client, Exchange, ProviderLeg, Sample
    from ssp_emulator.token.claims import Claims
    from ssp_emulator.verdict import Verdict

_TIME = "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"  # which takes half of what `isoformat` does
_RESULTS = {result: result.value for result in Result}  # `value` of a member costs as much as the rest of a verdict
_NOT_REACHED = Result.NOT_REACHED.value

PROXY, DIRECTORY = "proxy", "directory"  # the services that records are of


def facts_of(exchange: Exchange, *, with_token: bool = False) -> Record:
    """Return what a record says of an exchange; its place in the chain is the journal's to say."""
    trace_id, from_asid, to_asid, interaction_id = exchange.addressing
    denial = exchange.denial
    return {
        "service": PROXY,
        "time": time_text(exchange.received_at),
        "trace_id": trace_id,
        "from": _party(from_asid, exchange.sender),
        "to": _party(to_asid, exchange.receiver),
        "interaction": interaction_id,
        "method": exchange.method,
        "target": exchange.target_text,
        "client": _client(exchange.client, exchange.nth),
        "claims": _claims(exchange.claims),
        "checks": _checks(exchange.verdicts),
        "denial": {"reason": denial.reason.value, "text": denial.text} if denial is not None else None,
        "faults": [firing.record() for firing in exchange.firings],
        "advisories": [{"advisory": name, "found": found} for name, found in exchange.advisories],
        "provider": _provider(exchange.provider),
        "status": exchange.status,
        "broken_off": exchange.broken_off,
        "bytes": {"from_consumer": exchange.bytes_in, "to_consumer": exchange.bytes_out},
        "timings_ms": _timings(exchange),
        "notes": exchange.notes,
        "token": ", ".join(exchange.headers.getall("Authorization", ())) or None if with_token else None,
        "bodies": _bodies(exchange),
    }


def time_text(moment: datetime) -> str:
    """Return an aware UTC time as records have it."""
    date = moment.year, moment.month, moment.day
    return _TIME % (*date, moment.hour, moment.minute, moment.second, moment.microsecond // 1000)


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


def _claims(claims: Claims | None) -> Record | None:
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


def _checks(verdicts: dict[str, Verdict]) -> list[Record]:
    told: list[Record] = []
    for name in checks.NAMES:
        if (verdict := verdicts.get(name)) is None:
            told.append({"check": name, "result": _NOT_REACHED})
            continue
        result, found, expected, _ = verdict
        if expected is None:
            told.append({"check": name, "result": _RESULTS[result], "found": found})
        else:
            told.append({"check": name, "result": _RESULTS[result], "expected": expected, "found": found})
    return told


def _provider(leg: ProviderLeg) -> Record | None:
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
    provider_s, own_s = exchange.shares or (None, None)
    checked, waited, connected = timings.checked, timings.waited, timings.connected
    return {
        "tls": _ms(exchange.client.handshake_s),
        "checks": _ms(checked),
        "faults": _span(checked, waited),
        "connect": _span(checked if waited is None else waited, connected),
        "first_byte": _span(connected, timings.first_byte),
        "total": _ms(timings.total),
        "provider": _ms(provider_s),
        "own": _ms(own_s),
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


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else _ms(end - start)


def milliseconds(seconds: float) -> float:
    """Return seconds as records have spans."""
    return int(seconds * 1_000_000 + 0.5) / 1000  # half of what `round` takes


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else int(seconds * 1_000_000 + 0.5) / 1000  # not called: six calls a request
