"""Fetching: records read back from the places in the journal that the index knows."""

from __future__ import annotations

import os
from contextlib import ExitStack
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ssp_emulator.audit.opening import open_to_read
from ssp_emulator.audit.reading import parsed
from ssp_emulator.audit.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.reading import Record


class Where(NamedTuple):
    """Where a record stands; the first three say which it is."""

    time: str
    worker: int
    sequence: int
    segment: int
    place: int
    length: int


def fetch(layout: Layout, wanted: Sequence[Where]) -> list[Record]:
    """Return the records of some places, in their order; one that is not there any more is left out."""
    records: dict[int, Record] = {}
    order = sorted(range(len(wanted)), key=lambda n: wanted[n][1:5])
    for (worker, segment), numbers in groupby(order, key=lambda n: (wanted[n].worker, wanted[n].segment)):
        with ExitStack() as one:
            file = _opened(layout, worker, segment, one)
            if file is not None:
                records |= _read(file, numbers, wanted)
    return [records[number] for number in sorted(records)]


def _opened(layout: Layout, worker: int, segment: int, one: ExitStack) -> BinaryIO | None:
    """Open a segment; None where retention has removed it.

    The one that is being written is opened first, as it may be closed, and renamed, in between.
    """
    current = _open(layout.current(worker), one)
    return _open(layout.closed(worker, segment), one) or current


def _open(path: Path, one: ExitStack) -> BinaryIO | None:
    try:
        return one.enter_context(open_to_read(path))
    except FileNotFoundError:
        return None


def _read(file: BinaryIO, numbers: Iterable[int], wanted: Sequence[Where]) -> dict[int, Record]:
    found = {}
    for number in numbers:
        where = wanted[number]
        record = parsed(os.pread(file.fileno(), where.length, where.place))
        if record is not None and record["sequence"] == where.sequence and terms_of(record) is not None:
            found[number] = record
    return found
