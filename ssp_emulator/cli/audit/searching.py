"""Searching the trail from a command: through the index, or through the journal where there can be no index."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from heapq import nlargest
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.cursor import Cursor
from ssp_emulator.audit.index import Index, IndexingError, Page, SlowError, Standing
from ssp_emulator.audit.reading import JournalError, read
from ssp_emulator.cli.output import FAILED, fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.question import Question
    from ssp_emulator.audit.reading import Record

_MANY = 5000  # records, which take a fifth of a second to index


def search(layout: Layout, question: Question) -> Page:
    """Return a page of the trail's records. Raises `JournalError`; ends the process where it takes too long."""
    if not layout.workers():
        raise JournalError(f"the journal {layout.journal} cannot be read: there is none yet")
    try:
        with caught_up(layout) as index:
            return index.search(question)
    except IndexingError:  # as in a folder that may only be read
        return read_through(layout, question)
    except SlowError:
        fail("the search took too long and was given up; narrow it, as by --since or --from", code=FAILED)


@contextmanager
def caught_up(layout: Layout) -> Iterator[Index]:
    """Open the index and have it catch up, with a bar on a terminal where that takes a while."""
    with Index(layout) as index:
        behind = index.standing().behind
        if behind < _MANY or not sys.stderr.isatty():
            index.catch_up()
        else:
            with Progress(console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task("Indexing the journal", total=behind)
                index.catch_up(advance=lambda left: progress.update(task, completed=behind - left))
        yield index


def read_through(layout: Layout, question: Question) -> Page:
    """Return the same page without an index, by reading the whole journal."""
    kept = matching = 0

    def wanted() -> Iterator[tuple[Cursor, Record]]:
        nonlocal kept, matching
        for record in read(layout.journal):
            kept += 1
            if question.matches(record):
                matching += 1
                place = Cursor(record["time"], record.get("worker", 0), record["sequence"])
                if question.after is None or place < question.after:
                    yield place, record

    found = nlargest(question.limit + 1, wanted(), key=lambda each: each[0])
    more = len(found) > question.limit
    page = found[: question.limit]
    anchors = filter(None, (read_anchor(layout.anchor(worker)) for worker in layout.workers()))
    standing = Standing(kept, sum(anchor.base.sequence for anchor in anchors), 0)
    return Page(
        [record for _, record in page], page[-1][0] if more else None, standing, matching if question.count else None
    )
