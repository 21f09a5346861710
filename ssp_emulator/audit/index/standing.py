"""How the index stands to the journal, so that no count is quietly wrong."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.index.indexing import progress_of
from ssp_emulator.audit.onward import StrangeChainError, read_on
from ssp_emulator.audit.tail import last_of

if TYPE_CHECKING:
    import sqlite3

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.onward import Mark


@dataclass(frozen=True, slots=True)
class Standing:
    """How many records the trail has, how many retention has removed, and how many are not in the index yet."""

    kept: int
    removed: int
    behind: int

    def json(self) -> dict[str, int]:
        """Return it as every answer about records has it."""
        return asdict(self)


def standing_of(connection: sqlite3.Connection, layout: Layout) -> Standing:
    """Return how an index stands to its journal; raises `OSError`."""
    kept = removed = behind = 0
    for worker in layout.workers():
        progress = progress_of(connection, worker)
        anchored = read_anchor(layout.anchor(worker))
        base = anchored.base.sequence if anchored is not None else 0
        head = anchored.head if anchored is not None else last_of(layout, worker)
        missing = _missing(layout, worker, progress.mark, Span(base, head.sequence))
        kept += progress.records + missing
        removed += base
        behind += missing
    return Standing(kept, removed, behind)


class Span(NamedTuple):
    """A chain's records: those behind `base`, through `head`."""

    base: int
    head: int


def _missing(layout: Layout, worker: int, mark: Mark, span: Span) -> int:
    """Return how many records of a chain are not in the index."""
    missing = span.head - max(mark.sequence, span.base)
    if missing <= 0:
        return 0
    with closing(read_on(layout, worker, mark)) as lines:
        try:
            # Where there is no line, what should be there is not: a case for `audit verify`.
            return 0 if next(lines, None) is None else missing
        except StrangeChainError:
            return span.head - span.base
