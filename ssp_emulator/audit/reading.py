"""Reading the journal: records in their order, and what is no record left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ssp_emulator.errors import SetupError, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Record = dict[str, Any]

# What every record has; docs/audit.md says what each is. Those from before there were fault rules have no `faults`.
FIELDS = frozenset(
    {"sequence", "time", "trace_id", "from", "to", "interaction", "method", "target", "client", "claims", "checks"}
    | {"denial", "provider", "status", "broken_off", "bytes", "timings_ms", "notes"}
)


class JournalError(SetupError):
    """The journal cannot be opened or read; the text names it and says why."""


def read(path: Path) -> Iterator[Record]:
    """Yield the records of a journal in their order, leaving out lines that are none. Raises `JournalError`."""
    try:
        with path.open("rb") as journal:
            for line in journal:
                record = parsed(line)
                if record is not None and record.keys() >= FIELDS:
                    yield record
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read: {said(error)}") from error


def parsed(line: bytes) -> Record | None:
    """Return the record in a line of the journal; None where the line holds none, as one that was cut off."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("sequence"), int) else None
