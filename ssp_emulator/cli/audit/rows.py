"""A record in one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.record import DIRECTORY
from ssp_emulator.interactions import GP_CONNECT

if TYPE_CHECKING:
    from ssp_emulator.audit.reading import Record

HEADINGS = ("Time", "Trace ID", "From", "To", "Request", "Status", "Why")


def row_of(record: Record) -> tuple[str, ...]:
    """Return what stands under each heading."""
    denial = record["denial"]
    return (
        record["time"],
        record["trace_id"] or "-",
        record["from"]["asid"] or "-",
        record["to"]["asid"] or "-",
        f"{record['method']} {_asked(record)}",
        str(record["status"] or "-"),
        ", ".join([*([denial["reason"]] if denial is not None else []), *map(_of_a_fault, record.get("faults", ()))]),
    )


def _asked(record: Record) -> str:
    if record.get("service") == DIRECTORY:
        return str(record["target"]).partition("?")[0]
    return str(record["interaction"] or record["target"]).removeprefix(GP_CONNECT)


def _of_a_fault(fault: Record) -> str:
    return f"fault {fault['rule']}"
