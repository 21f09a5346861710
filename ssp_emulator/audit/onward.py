"""Reading on: the lines of a chain from where one has stopped, whatever was closed or removed in between."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.chain import LONGEST, digest, head_of
from ssp_emulator.audit.opening import open_to_read
from ssp_emulator.audit.reading import parsed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.reading import Record

_MOST = 10**18
_OPENING = 1 << 20  # how far into a segment its first record is looked for


class Mark(NamedTuple):
    """How far a chain has been read: to `place` of the segment that begins with `segment`, through `sequence`.

    `length` and `digest` are those of the line that ends there, by which the chain is known again; where they are not
    known, it is believed.
    """

    segment: int = 0
    place: int = 0
    sequence: int = 0
    length: int = 0
    digest: str = ""

    def behind(self, line: Line, sequence: int) -> Mark:
        """Return the mark behind a line; `sequence` is that of the last record up to there."""
        end = line.place + len(line.data) + 1
        return Mark(line.segment, end, sequence, len(line.data), digest(line.data))


class Line(NamedTuple):
    """A whole line, and where it stands; its end is left out."""

    segment: int
    place: int
    data: bytes


class StrangeChainError(Exception):
    """The chain is not the one that was read before: it was begun anew, or its lines have moved."""


def read_on(layout: Layout, worker: int, mark: Mark) -> Generator[Line, None, None]:
    """Yield the whole lines of a worker's chain behind a mark, as far as there are any now.

    Its files are open until it ends or is closed. Raises `StrangeChainError` and `OSError`.
    """
    with ExitStack() as opened:
        # Looked for in this order, a segment that is closed in between is found twice, and not left out.
        current = _current(layout, worker, opened)
        paths = {each.first: each.path for each in layout.segments(worker) if each.first is not None}
        firsts = sorted({*paths, *current})
        if mark.segment and mark.segment not in firsts and not _is_removed(layout, worker, mark, firsts):
            raise StrangeChainError
        for first in firsts:
            if first < mark.segment:
                continue
            with ExitStack() as one:
                try:
                    file = current[first] if first in current else one.enter_context(open_to_read(paths[first]))
                except FileNotFoundError:  # retention has just removed it
                    continue
                if first == mark.segment and not _is_known(file, mark):
                    raise StrangeChainError
                yield from _lines(file, first, mark.place if first == mark.segment else 0)


def _current(layout: Layout, worker: int, opened: ExitStack) -> dict[int, BinaryIO]:
    """Open the segment that is being written; nothing where it holds no record yet."""
    try:
        file = opened.enter_context(open_to_read(layout.current(worker)))
    except FileNotFoundError:
        return {}
    for line in _lines(file, 0, 0):
        if line.place > _OPENING:
            break
        if (first := sequence_of(line.data)) is not None:
            return {first: file}
    return {}


def sequence_of(line: bytes) -> int | None:
    """Return the sequence number of the record in a line; None where there is none."""
    if (head := head_of(line)) is not None:
        return head.sequence
    record = parsed(line)
    return sequence_in(record) if record is not None else None


def sequence_in(record: Record) -> int | None:
    """Return a record's sequence number; None where somebody has written one that is none."""
    sequence = record["sequence"]
    return sequence if isinstance(sequence, int) and 0 < sequence < _MOST else None


def _is_removed(layout: Layout, worker: int, mark: Mark, firsts: list[int]) -> bool:
    """Tell whether the segment of a mark is missing because retention has removed it."""
    anchored = read_anchor(layout.anchor(worker))
    if anchored is not None:
        return anchored.base.sequence >= mark.sequence
    return bool(firsts) and firsts[0] > mark.sequence


def _is_known(file: BinaryIO, mark: Mark) -> bool:
    """Tell whether the line that ends at a mark is there."""
    if not mark.digest:
        return os.fstat(file.fileno()).st_size >= mark.place
    read = os.pread(file.fileno(), mark.length + 1, mark.place - mark.length - 1)
    return read.endswith(b"\n") and digest(read[:-1]) == mark.digest


def _lines(file: BinaryIO, segment: int, place: int) -> Iterator[Line]:
    file.seek(place)
    while data := file.readline(LONGEST):
        if data.endswith(b"\n"):
            yield Line(segment, place, data[:-1])
        elif len(data) < LONGEST:  # it is still being written, or was cut off
            return
        place += len(data)
