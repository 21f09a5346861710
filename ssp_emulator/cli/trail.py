"""An audit record, laid out for people: what happened in a sentence, the facts, each check, timings, what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ssp_emulator.audit.explaining import explain
from ssp_emulator.audit.record import DIRECTORY
from ssp_emulator.cli.chart import chart
from ssp_emulator.cli.output import plain, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.audit.reading import Record

WIDTH = 118  # columns that a row takes with real ids in it


def show_record(record: Record) -> None:
    """Print one record for people."""
    explanation = explain(record)
    click.echo(plain(explanation.summary) + "\n")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in _facts(record):
        table.add_row(name, plain(value))
    show(table, at_least=WIDTH)
    if record.get("service") != DIRECTORY:  # which examines nothing that the proxy does
        click.echo()
        show(_checks(record), at_least=WIDTH)
    bars = chart(_part(record, "timings_ms"))
    if bars is not None:
        click.echo()
        show(bars)
    if explanation.remedy is not None:
        click.echo(f"\nWhat to change: {plain(explanation.remedy)}")
    if explanation.page is not None:
        click.echo(f"Read more: {explanation.page.title}, {explanation.page.url}")
    click.echo()


def _checks(record: Record) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Check", "Result", "Found", "Expected"):
        table.add_column(heading, no_wrap=heading in ("Check", "Result"), overflow="fold")
    for check in _entries(record, "checks"):
        style = {"pass": "green", "fail": "red"}.get(_text(check.get("result")), "dim")
        table.add_row(
            *(plain(_text(check.get(fact))) for fact in ("check", "result", "found", "expected")), style=style
        )
    return table


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the facts, in pairs of a heading and a text; a record may be anybody's, and lack any of them."""
    certificate, claims = _part(record, "client", "certificate"), _part(record, "claims")
    yield "Trace ID", _text(record.get("trace_id")) or "-"
    yield "Time", f"{_text(record.get('time')) or '-'} (record {_text(record.get('sequence')) or '-'})"
    yield "Service", _text(record.get("service")) or "proxy"
    yield "From", _party(_part(record, "from"))
    yield "To", _party(_part(record, "to"))
    yield "Interaction", _text(record.get("interaction")) or "-"
    yield "Request", f"{_text(record.get('method')) or '-'} {_text(record.get('target'))}".rstrip()
    yield "Connection", _connection(_part(record, "client"))
    yield "Certificate", _certificate(certificate) if certificate else "none"
    yield "Token", ", ".join(f"{name} {value}" for name, value in claims.items() if value) if claims else "none"
    yield from (("Fault", _fault(fault)) for fault in _entries(record, "faults"))
    provider = _part(record, "provider")
    yield "Provider", _provider(provider) if provider else "not asked"
    yield "Status", f"{_text(record.get('status')) or '-'}{', broken off' if record.get('broken_off') is True else ''}"
    if denial := _part(record, "denial"):
        yield "Error sent", f"{_text(denial.get('reason'))}: {_text(denial.get('text'))}"
    yield from (("Advisory", _advisory(advisory)) for advisory in _entries(record, "advisories"))
    yield "Bytes", ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in _part(record, "bytes").items())
    yield from _shares(_part(record, "timings_ms"))
    notes = record.get("notes")
    yield from (("Note", _text(note)) for note in (notes if isinstance(notes, list) else ()))


def _party(party: Record) -> str:
    asid, ods = _text(party.get("asid")) or "-", _text(party.get("ods"))
    return f"{asid} of {ods}" if ods else asid


def _connection(client: Record) -> str:
    tls = " ".join(filter(None, (_text(client.get(fact)) for fact in ("tls", "cipher")))) or "plain HTTP"
    nth = client.get("request")
    which = f", request {nth} on it" if isinstance(nth, int) and nth > 0 else ""
    return f"{_text(client.get('address')) or '-'}, {tls}{which}"


def _certificate(certificate: Record) -> str:
    return f"{_text(certificate.get('subject')) or '-'}, serial {_text(certificate.get('serial')) or '-'}"


def _fault(fault: Record) -> str:
    counted = f"{'request' if fault.get('asked') else 'match'} {_text(fault.get('count'))}"
    did = _text(fault.get("did")) or "it did not come to that"
    return f"{_text(fault.get('rule'))} ({_text(fault.get('kind'))}), {counted}: {did}"


def _advisory(advisory: Record) -> str:
    return f"{_text(advisory.get('advisory'))}: {_text(advisory.get('found'))}"


def _provider(provider: Record) -> str:
    answered = f"answered {_text(provider.get('status'))}" if provider.get("status") is not None else "no answer"
    error = _text(provider.get("error"))
    said = f"{answered}, {error}" if error and provider.get("status") is not None else error or answered
    kept = ", on a kept connection" if provider.get("reused") is True else ""
    sent, received = (_text(provider.get(fact)) or "0" for fact in ("bytes_sent", "bytes_received"))
    return f"{_text(provider.get('address')) or 'not reached'}: {said}{kept}; {sent} bytes sent, {received} received"


def _shares(timings: Record) -> Iterator[tuple[str, str]]:
    shares = [f"{who} {timings[who]} ms" for who in ("own", "provider") if timings.get(who) is not None]
    if shares:
        yield "Shares", ", ".join(shares)


def _part(record: Record, *path: str) -> Record:
    """Return the object at a path of keys; an empty one where there is none."""
    value: object = record
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _entries(record: Record, key: str) -> list[Record]:
    value = record.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value)
