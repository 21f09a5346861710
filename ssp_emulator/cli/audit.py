"""`ssp-emulator audit`: the trail, for reading."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import click
from rich.table import Table

from ssp_emulator import config
from ssp_emulator.audit.reading import read
from ssp_emulator.cli import options
from ssp_emulator.cli.output import FAILED, fail, plain, print_json, show
from ssp_emulator.cli.trail import WIDTH, show_record
from ssp_emulator.interactions import GP_CONNECT

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.reading import Record


@click.group()
def audit() -> None:
    """The audit trail: every request that reached the proxy."""


@audit.command("list")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The latest so many.")
@options.as_json
@options.config
def list_(limit: int, as_json: bool, config_path: Path) -> None:
    """List the latest requests, the oldest of them first."""
    records = list(deque(read(_journal(config_path)), maxlen=limit))
    if as_json:
        print_json(records)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("Time", "Trace ID", "From", "To", "Request", "Status", "Why"):
        table.add_column(heading, no_wrap=heading != "Request", overflow="fold")
    for record in records:
        table.add_row(*map(plain, _row(record)))
    show(table, at_least=WIDTH)


@audit.command("show")
@click.argument("trace_id")
@options.as_json
@options.config
def show_trace(trace_id: str, as_json: bool, config_path: Path) -> None:
    """Show every request that bore TRACE_ID, with each check."""
    journal = _journal(config_path)
    records = [record for record in read(journal) if (record.get("trace_id") or "").lower() == trace_id.lower()]
    if not records:
        fail(f"no request with the trace ID {trace_id} is in {journal}", code=FAILED)
    if as_json:
        print_json(records)
        return
    for record in records:
        show_record(record)


def _journal(config_path: Path) -> Path:
    """Find the journal; the registry may be in pieces, which is when the trail is wanted most."""
    configuration = config.read(config_path)
    return configuration.path(configuration.settings.audit.journal)


def _row(record: Record) -> tuple[str, ...]:
    denial = record["denial"]
    return (
        record["time"],
        record["trace_id"] or "-",
        record["from"]["asid"] or "-",
        record["to"]["asid"] or "-",
        f"{record['method']} {(record['interaction'] or record['target']).removeprefix(GP_CONNECT)}",
        str(record["status"] or "-"),
        ", ".join([*([denial["reason"]] if denial is not None else []), *map(_of_a_fault, record.get("faults", ()))]),
    )


def _of_a_fault(fault: Record) -> str:
    return f"fault {fault['rule']}"
