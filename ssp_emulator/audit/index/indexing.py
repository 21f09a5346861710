"""Indexing: what the journal has more than the index is taken in, and what retention has removed is left out."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.onward import Line, Mark, read_on, sequence_in
from ssp_emulator.audit.reading import parsed
from ssp_emulator.audit.terms import Terms, terms_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ssp_emulator.audit.layout import Layout

_REMOVED_TOGETHER = 100
_COLUMNS = Terms._fields.index("faults")  # those before it stand in the table as they are
_START = Mark()

_PROGRESS = "SELECT segment, place, sequence, length, digest, records FROM progress WHERE worker = ?"
_SET_PROGRESS = "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?, ?, ?)"
# A number that comes twice in a chain is a case for `audit verify`; the first one counts here.
_EXCHANGE = "INSERT OR IGNORE INTO exchange VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FAULT = "INSERT INTO fault VALUES (?, ?)"
_ADVISORY = "INSERT INTO advisory VALUES (?, ?, ?)"
_FORGET = """
DELETE FROM exchange WHERE id IN (
    SELECT id FROM exchange WHERE worker = ? AND sequence <= ? ORDER BY sequence LIMIT ?
)
"""


class Progress(NamedTuple):
    """How far a chain has been read, and how many of its records are in the index."""

    mark: Mark = _START
    records: int = 0


class Entry(NamedTuple):
    """A record, as the index has it."""

    sequence: int
    terms: Terms


def progress_of(connection: sqlite3.Connection, worker: int) -> Progress:
    """Return how far a worker's chain has been read."""
    row = connection.execute(_PROGRESS, (worker,)).fetchone()
    return Progress() if row is None else Progress(Mark(*row[:5]), row[5])


def take_in(connection: sqlite3.Connection, layout: Layout, is_over: Callable[[], bool]) -> bool:
    """Take in what there is, until `is_over` says that it is enough for now; return whether that was all.

    The caller has begun a transaction. Raises `StrangeChainError` and `OSError`.
    """
    return all(_take_in_chain(connection, layout, worker, is_over) for worker in layout.workers())


def _take_in_chain(connection: sqlite3.Connection, layout: Layout, worker: int, is_over: Callable[[], bool]) -> bool:
    before = progress_of(connection, worker)
    mark, records = before
    anchored = read_anchor(layout.anchor(worker))
    base = anchored.base.sequence if anchored is not None else 0
    forgotten, is_all = _forget(connection, worker, base, is_over)
    records -= forgotten
    last: Line | None = None
    sequence = mark.sequence
    with closing(read_on(layout, worker, mark)) as lines:
        for line in lines:
            last = line
            if (found := _entry(line)) is not None:
                sequence = found.sequence
                records += sequence > base and _add(connection, worker, line, found)
            if is_over():
                is_all = False
                break
    progress = Progress(mark if last is None else mark.behind(last, sequence), records)
    if progress != before:
        connection.execute(_SET_PROGRESS, (worker, *progress.mark, progress.records))
    return is_all


def _forget(connection: sqlite3.Connection, worker: int, base: int, is_over: Callable[[], bool]) -> tuple[int, bool]:
    """Leave out records through a sequence number; return how many went, and whether that was all of them."""
    forgotten = 0
    while base > 0:
        gone = connection.execute(_FORGET, (worker, base, _REMOVED_TOGETHER)).rowcount
        forgotten += gone
        if gone < _REMOVED_TOGETHER:
            break
        if is_over():
            return forgotten, False
    return forgotten, True


def _entry(line: Line) -> Entry | None:
    """Return the record in a line; None where the line holds none."""
    record = parsed(line.data)
    sequence = sequence_in(record) if record is not None else None
    terms = terms_of(record) if record is not None else None
    return Entry(sequence, terms) if sequence is not None and terms is not None else None


def _add(connection: sqlite3.Connection, worker: int, line: Line, entry: Entry) -> bool:
    """Take in a record; return whether it was not there yet."""
    sequence, terms = entry
    place = (worker, sequence, line.segment, line.place, len(line.data))
    added = connection.execute(_EXCHANGE, (*place, *terms[:_COLUMNS]))
    if not added.rowcount:
        return False
    connection.executemany(_FAULT, ((added.lastrowid, rule) for rule in terms.faults))
    connection.executemany(_ADVISORY, ((added.lastrowid, *advisory) for advisory in terms.advisories))
    return True
