"""Querying: a question as SQL, in which what was asked stands only as parameters, and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ssp_emulator.audit.cursor import Cursor
from ssp_emulator.audit.index.fetching import Where, fetch
from ssp_emulator.audit.question import MOST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ssp_emulator.audit.index.standing import Standing
    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.question import Question
    from ssp_emulator.audit.reading import Record

LARGEST_BYTES = 16 << 20  # of one answer's records; they can bear the beginnings of bodies

_CONDITIONS = {
    "trace_id": "trace_id = ?",
    "from_asid": "from_asid = ?",
    "to_asid": "to_asid = ?",
    "organisation": "? IN (from_ods, to_ods)",
    "interaction": "interaction GLOB ?",
    "method": "method = ?",
    "refusal": "denial = ?",
    "fault": "id IN (SELECT exchange FROM fault WHERE rule = ?)",
    "advisory": "id IN (SELECT exchange FROM advisory WHERE advisory = ?)",
    "since": "time >= ?",
    "until": "time < ?",
    "text": "instr(text, ?) > 0",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Records, the newest first; `next` leads to those behind them, and `matching` counts all where that was asked."""

    records: list[Record]
    next: Cursor | None
    standing: Standing
    matching: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """All exchanges of a trace, the oldest first; `more` says that there are more than fit into an answer."""

    records: list[Record]
    more: bool
    standing: Standing


def search(connection: sqlite3.Connection, layout: Layout, question: Question) -> tuple[list[Record], Cursor | None]:
    """Return a page of the records that a question asks for, the newest first, and what leads to the next."""
    clauses, parameters = _where(question)
    if question.after is not None:
        clauses.append("(time, worker, sequence) < (?, ?, ?)")
        parameters.extend(question.after)
    rows = connection.execute(
        f"SELECT time, worker, sequence, segment, place, length FROM exchange {_written(clauses)} "  # noqa: S608
        "ORDER BY time DESC, worker DESC, sequence DESC LIMIT ?",
        (*parameters, question.limit + 1),
    )
    wanted, more = _fitting(rows, question.limit)
    return fetch(layout, wanted), Cursor(*wanted[-1][:3]) if more else None


def count(connection: sqlite3.Connection, question: Question) -> int:
    """Return how many records in the index match a question, whatever the page."""
    clauses, parameters = _where(question)
    row = connection.execute(f"SELECT count(*) FROM exchange {_written(clauses)}", parameters).fetchone()  # noqa: S608
    return int(row[0])


def trace(connection: sqlite3.Connection, layout: Layout, trace_id: str) -> tuple[list[Record], bool]:
    """Return the records of a trace, the oldest first, and whether there are more; takes its ID in lower case."""
    rows = connection.execute(
        "SELECT time, worker, sequence, segment, place, length FROM exchange WHERE trace_id = ? "
        "ORDER BY time, worker, sequence LIMIT ?",
        (trace_id, MOST + 1),
    )
    wanted, more = _fitting(rows, MOST)
    return fetch(layout, wanted), more


def _where(question: Question) -> tuple[list[str], list[Any]]:
    clauses, parameters = [], []
    for name, condition in _CONDITIONS.items():
        if (asked := getattr(question, name)) is not None:
            clauses.append(condition)
            parameters.append(_pattern(asked) if name == "interaction" else asked)
    if question.status is not None:
        clauses.append("status = ?" if question.status[0] == question.status[1] else "status BETWEEN ? AND ?")
        parameters.extend(sorted({*question.status}))
    return clauses, parameters


def _pattern(glob: str) -> str:
    """Return a glob as SQLite has it, where `?` and `[` mean something too."""
    return "".join(f"[{each}]" if each in "?[" else each for each in glob)


def _written(clauses: list[str]) -> str:
    return f"WHERE {' AND '.join(clauses)}" if clauses else ""


def _fitting(rows: Iterator[tuple[Any, ...]], limit: int) -> tuple[list[Where], bool]:
    """Return as many places as fit into one answer, one at least, and whether there are more."""
    wanted: list[Where] = []
    size_bytes = 0
    for row in rows:
        where = Where(*row)
        size_bytes += where.length
        if wanted and (len(wanted) == limit or size_bytes > LARGEST_BYTES):
            return wanted, True
        wanted.append(where)
    return wanted, False
