"""An audit record, laid out for people: the facts, and each check with what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table

from ssp_emulator.cli.output import plain, show

if TYPE_CHECKING:
    from ssp_emulator.audit.reading import Record

WIDTH = 118  # columns that a row takes with real ids in it


def show_record(record: Record) -> None:
    """Print one record for people."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in _facts(record):
        table.add_row(name, plain(value))
    show(table, at_least=WIDTH)
    checks = Table(box=None, pad_edge=False)
    for heading in ("Check", "Result", "Found", "Expected"):
        checks.add_column(heading, no_wrap=heading in ("Check", "Result"), overflow="fold")
    for check in record["checks"]:
        style = {"pass": "green", "fail": "red"}.get(check["result"], "dim")
        checks.add_row(
            *(plain(check.get(fact) or "") for fact in ("check", "result", "found", "expected")), style=style
        )
    click.echo()
    show(checks, at_least=WIDTH)
    click.echo()


def _facts(record: Record) -> list[tuple[str, str]]:
    certificate, claims, provider = record["client"]["certificate"], record["claims"], record["provider"]
    facts = [
        ("Trace ID", record["trace_id"] or "-"),
        ("Time", f"{record['time']} (record {record['sequence']})"),
        ("From", _party(record["from"])),
        ("To", _party(record["to"])),
        ("Interaction", record["interaction"] or "-"),
        ("Request", f"{record['method']} {record['target']}"),
        ("Certificate", f"{certificate['subject']}, serial {certificate['serial']}" if certificate else "none"),
        ("Token", ", ".join(f"{name} {value}" for name, value in claims.items() if value) if claims else "none"),
        ("Provider", _provider(provider) if provider is not None else "not asked"),
        ("Status", f"{record['status']}{', broken off' if record['broken_off'] else ''}"),
    ]
    if record["denial"] is not None:
        facts.append(("Refusal", record["denial"]["text"]))
    facts.extend(("Fault", _fault(fault)) for fault in record.get("faults", ()))  # older records have none
    facts.append(("Bytes", ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in record["bytes"].items())))
    spans = record["timings_ms"].items()
    facts.append(("Timings", ", ".join(f"{name.replace('_', ' ')} {ms} ms" for name, ms in spans if ms is not None)))
    facts.extend(("Note", note) for note in record["notes"])
    return facts


def _party(party: Record) -> str:
    return f"{party['asid'] or '-'} of {party['ods']}" if party["ods"] else party["asid"] or "-"


def _fault(fault: Record) -> str:
    counted = "request" if fault["asked"] else "match"
    return f"{fault['rule']} ({fault['kind']}), {counted} {fault['count']}: {fault['did'] or 'it did not come to that'}"


def _provider(provider: Record) -> str:
    said = provider["error"] or f"answered {provider['status']}"
    kept = ", on a kept connection" if provider["reused"] else ""
    return f"{provider['address'] or 'not reached'}: {said}{kept}"
