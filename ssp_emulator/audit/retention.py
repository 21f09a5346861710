"""Retention: which closed segments go, and going."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.tail import tail_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ssp_emulator.audit.journal import Journal
    from ssp_emulator.audit.layout import Segment


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a chain's closed segments is kept: bytes in all, and an age in seconds; None is no limit."""

    size_bytes: int | None = None
    age_s: float | None = None


class Closed(NamedTuple):
    """A closed segment: how large it is, and when its last record was added, in Unix seconds."""

    segment: Segment
    size_bytes: int
    written_at: float


def surplus(closed: Sequence[Closed], keep: Keep, now: float) -> Iterator[Segment]:
    """Yield the segments that are too many or too old, the oldest first; takes them in their order.

    None goes before one that is older, so that what is left is one piece.
    """
    left = sum(each.size_bytes for each in closed)
    for each in closed:
        too_large = keep.size_bytes is not None and left > keep.size_bytes
        too_old = keep.age_s is not None and now - each.written_at > keep.age_s
        if not (too_large or too_old):
            return
        left -= each.size_bytes
        yield each.segment


def retain(journal: Journal, keep: Keep, now: float) -> int:
    """Remove what is surplus of a journal's own chain, and return how many segments went.

    Raises `OSError`, also where a segment is none: it is not ours to remove, and nothing behind it goes before it.

    For a thread: to remove a large file takes its time.
    """
    closed = []
    for segment in journal.layout.segments(journal.worker):
        if segment.first is not None:
            facts = segment.path.stat()
            closed.append(Closed(segment, facts.st_size, facts.st_mtime))
    removed = 0
    for segment in surplus(closed, keep, now):
        last = tail_of(segment.path).last
        if last is None:  # what follows it cannot be vouched for without the digest of its last record
            raise OSError(None, f"{segment.path.name} holds no record")
        journal.remove(segment, last)
        removed += 1
    return removed
