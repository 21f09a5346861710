"""Reading the journal: records in their order, and what is no record left out."""

from __future__ import annotations

import json
from heapq import merge
from typing import TYPE_CHECKING, Any

from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.model import Record as Model
from ssp_emulator.audit.opening import open_to_read
from ssp_emulator.audit.record import PROXY
from ssp_emulator.errors import SetupError, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Record = dict[str, Any]

FIELDS = frozenset(field.alias or name for name, field in Model.model_fields.items())
_LATER = {"service": PROXY}  # fields that older versions did not write, and what they would have written


class JournalError(SetupError):
    """The journal cannot be opened or read; the text names it and says why."""


def read(journal: Path) -> Iterator[Record]:
    """Yield the records of a trail, whose journal is at a path: each chain in its order, and several merged by time.

    Raises `JournalError`.
    """
    layout = Layout(journal)
    try:
        chains = [_chain(layout, worker) for worker in layout.workers()]
        yield from merge(*chains, key=lambda record: str(record["time"])) if len(chains) > 1 else chains[0]
    except IndexError:
        raise JournalError(f"the journal {journal} cannot be read: there is none yet") from None
    except OSError as error:
        raise JournalError(f"the journal {journal} cannot be read: {said(error)}") from error


def _chain(layout: Layout, worker: int) -> Iterator[Record]:
    for segment in layout.segments(worker):
        with open_to_read(segment.path) as lines:
            for line in lines:
                if (record := parsed(line)) is not None:
                    yield record


def _refuse(constant: str) -> None:
    """Refuse what Python takes for a number and JSON does not."""
    raise ValueError(f"{constant} is not JSON")


def parsed(line: bytes) -> Record | None:
    """Return the record in a line of the journal; None where the line holds none, as one that was cut off."""
    try:
        record = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    for name, value in _LATER.items():
        record.setdefault(name, value)
    if not record.keys() >= FIELDS:
        return None
    return record if isinstance(record["sequence"], int) and isinstance(record["time"], str) else None
