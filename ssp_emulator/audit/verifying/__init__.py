"""Verifying a trail: whether its records are those that were written, all of them, and in their order.

- `walking` reads a chain line by line, and finds the runs that it is in
- `placing` says which records those are
- `judging` says what is wrong with them, and what holds
- `report` is what comes of it

What it cannot show: that somebody who may write to the folder has made the whole chain anew, with its anchor. Whoever
has to rule that out keeps the anchor, or a copy of the journal, where that person may not write.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from ssp_emulator.audit.anchor import Anchored, read_anchor
from ssp_emulator.audit.chain import GENESIS
from ssp_emulator.audit.layout import Segment
from ssp_emulator.audit.verifying.judging import judged
from ssp_emulator.audit.verifying.report import Chain, Problem, Report
from ssp_emulator.audit.verifying.walking import PIECE, Found, Walk
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ssp_emulator.audit.layout import Layout

_LOOKS, _PAUSE_S = 50, 0.002


def verify(layout: Layout, advance: Callable[[int], None] | None = None) -> Report:
    """Verify every chain of a trail, which may be growing meanwhile; blocks for seconds where there is much of it.

    `advance` is told how many bytes have been read, as they are. Raises `OSError` where the folder cannot be read.
    """
    return Report(tuple(_verified(layout, worker, advance or _ignore) for worker in layout.workers()))


def size_of(layout: Layout) -> int:
    """Return how many bytes there are to read; raises `OSError` where the folder cannot be read."""
    sizes = 0
    for worker in layout.workers():
        for segment in layout.segments(worker):
            try:
                sizes += segment.path.stat().st_size
            except OSError:
                continue
    return sizes


def _verified(layout: Layout, worker: int, advance: Callable[[int], None]) -> Chain:
    # Before the files: each record that the anchor names is in them by then.
    anchored = _anchored(layout.anchor(worker))
    watched: dict[int, set[str]] = {}
    for link in anchored or ():
        if link != GENESIS:
            watched.setdefault(link.sequence, set()).add(link.digest)
    found = Found(worker, watched)
    walk = Walk(found, anchored.base if anchored is not None else GENESIS, advance)
    with ExitStack() as opened:
        for segment, file, last in _files(layout, worker, opened, found.unreadable):
            walk.segment(segment, file, last=last)
            if found.given_up is not None:
                break
    if anchored is not None and (later := _anchored(layout.anchor(worker))) is not None:
        anchored = Anchored(anchored.head, later.base)  # retention may have gone on
    return Chain(
        worker,
        records=found.records,
        removed=anchored.base.sequence if anchored is not None else 0,
        gaps=found.gaps,
        verdict=judged(found, anchored),
    )


def _anchored(path: Path) -> Anchored | None:
    """Read an anchor that may just be being written; None where there is none to be had."""
    read = None
    for _ in range(_LOOKS):
        try:
            again = read_anchor(path)
        except OSError:
            return None
        if again is not None and again == read:
            return again
        read = again
        time.sleep(_PAUSE_S if again is None else 0)
    return read


def _files(
    layout: Layout, worker: int, opened: ExitStack, unreadable: list[Problem]
) -> Iterator[tuple[Segment, BinaryIO, bool]]:
    """Yield a chain's segments in their order, each with its file, and whether it is the last.

    The one that is being written is opened first of all: once it is, it does not matter that it is closed and renamed
    meanwhile, nor that others follow it. Those that retention removes meanwhile are left out.
    """
    current = Segment(worker, None, layout.current(worker))
    writing = _open(current, opened, unreadable)
    closed = [segment for segment in layout.segments(worker) if segment.first is not None]
    if writing is not None:
        closed = _until(closed, writing)
    for place, segment in enumerate(closed):
        with ExitStack() as own:
            if (file := _open(segment, own, unreadable)) is not None:
                yield segment, file, writing is None and place == len(closed) - 1
    if writing is not None:
        yield current, writing, True


def _until(closed: list[Segment], writing: BinaryIO) -> list[Segment]:
    """Return the segments before one; it may have been closed, and have a name among them."""
    ours = os.fstat(writing.fileno())
    for place, segment in enumerate(closed):
        try:
            if os.path.samestat(segment.path.stat(), ours):
                return closed[:place]
        except OSError:
            continue
    return closed


def _open(segment: Segment, opened: ExitStack, unreadable: list[Problem]) -> BinaryIO | None:
    try:
        return opened.enter_context(segment.path.open("rb", buffering=PIECE))
    except FileNotFoundError:
        return None
    except OSError as error:
        unreadable.append(Problem("unreadable", f"{segment.path.name} cannot be read: {said(error)}"))
        return None


def _ignore(_: int) -> None:
    """Tell nobody."""
