"""Following the trail: its records as they come, from its files, whoever writes them."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.onward import Mark, StrangeChainError, read_on, sequence_of
from ssp_emulator.audit.question import Question, QuestionError
from ssp_emulator.audit.reading import parsed
from ssp_emulator.audit.tail import opening_of, tail_of
from ssp_emulator.audit.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from ssp_emulator.audit.layout import Layout, Segment
    from ssp_emulator.audit.reading import Record

EVERY_S = 0.1
ANYTHING = Question()

_BATCH_S = 0.01
_BATCH_BYTES = 1 << 20
_POSITION = re.compile(r"(0|[1-9][0-9]{0,3})-(0|[1-9][0-9]{0,17})\Z")


class Position(dict[int, int]):
    """How far every chain has been followed: by worker, the last record's sequence number. `0-15,1-7` as a text."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a position; raises `QuestionError`, for the header that it comes in."""
        found = [_POSITION.match(each) for each in text.split(",")]
        pairs = [(int(each[1]), int(each[2])) for each in found if each is not None]
        if len(pairs) != len(found) or len(dict(pairs)) != len(pairs):
            raise QuestionError("Last-Event-ID", f"should be the id of an event, as in 0-15, found {text[:100]!r}")
        return cls(pairs)

    def __str__(self) -> str:
        return ",".join(f"{worker}-{sequence}" for worker, sequence in sorted(self.items()))


@dataclass(frozen=True, slots=True)
class Came:
    """A record has come; `position` is how far the trail has been followed with it."""

    position: str
    record: Record


@dataclass(frozen=True, slots=True)
class Missed:
    """Retention has removed so many records before they could be read."""

    position: str
    count: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing that was asked for has come for a while."""

    position: str


class Follower:
    """Follows a trail from now on, or from behind a position; for a thread.

    Chains that a position does not name are followed from their beginning, and so is one that was begun anew.
    """

    def __init__(self, layout: Layout, question: Question, after: Mapping[int, int] | None = None) -> None:
        self._layout = layout
        self._question = question
        self._watch = Watch(layout)
        self._chains: dict[int, _Chain] = {}
        self._rests = False
        if after is None:
            self._chains = {worker: _Chain(layout, worker, _end(layout, worker)) for worker in layout.workers()}
        else:
            self._chains = {worker: _behind(layout, worker, sequence) for worker, sequence in after.items()}

    @property
    def position(self) -> str:
        """How far it has come."""
        return str(Position({worker: chain.sequence for worker, chain in self._chains.items()}))

    def read(self) -> list[Came | Missed]:
        """Return what has come since, as much as takes a hundredth of a second; raises `OSError`.

        `is_at_rest` says whether that was all.
        """
        events: list[Came | Missed] = []
        if not self._watch.has_changed() and self._rests:
            return events
        ends = time.monotonic() + _BATCH_S
        self._rests = True
        for worker in self._layout.workers():
            chain = self._chains.setdefault(worker, _Chain(self._layout, worker, Mark()))
            self._rests &= chain.read(lambda missed, record: self._tell(events, missed, record), ends)
        return events

    @property
    def is_at_rest(self) -> bool:
        """Whether everything that was there has been read."""
        return self._rests

    def _tell(self, events: list[Came | Missed], missed: int, record: Record | None) -> None:
        if missed:
            events.append(Missed(self.position, missed))
        if record is not None and self._question.matches(record):
            events.append(Came(self.position, record))


class _Chain:
    """One chain that is followed; records through `skip` have been seen before."""

    def __init__(self, layout: Layout, worker: int, mark: Mark, skip: int = 0) -> None:
        self._layout = layout
        self._worker = worker
        self._mark = mark
        self._skip = skip

    @property
    def sequence(self) -> int:
        return self._mark.sequence

    def read(self, tell: Callable[[int, Record | None], None], ends: float) -> bool:
        """Tell of each record that has come, and of how many were missed before it; return whether that was all."""
        size_bytes = 0
        try:
            with closing(read_on(self._layout, self._worker, self._mark)) as lines:
                for line in lines:
                    sequence = sequence_of(line.data)
                    seen = sequence is not None and sequence <= self._skip
                    if sequence is None or seen:
                        self._mark = self._mark.behind(line, self._mark.sequence)
                    else:
                        if missed := self._missed(sequence):
                            tell(missed, None)
                        self._mark = self._mark.behind(line, sequence)
                        tell(0, parsed(line.data))
                    size_bytes += len(line.data)
                    if time.monotonic() >= ends or size_bytes >= _BATCH_BYTES:
                        return False
        except StrangeChainError:
            self._mark, self._skip = Mark(), 0
            return False
        return True

    def _missed(self, sequence: int) -> int:
        """Return how many records retention has removed between the last one that was read and this one."""
        if sequence <= self._mark.sequence + 1:
            return 0
        anchored = read_anchor(self._layout.anchor(self._worker))
        base = anchored.base.sequence if anchored is not None else 0
        return max(0, min(base, sequence - 1) - self._mark.sequence)


async def follow(
    layout: Layout, question: Question, after: Mapping[int, int] | None = None, *, quiet_s: float | None = None
) -> AsyncGenerator[Came | Missed | Quiet, None]:
    """Yield what comes from now on, or behind a position, for ever; nothing more is read until it is asked for.

    The first is `Quiet`, and whatever ends after it is not missed; where nothing comes, it does so again after every
    `quiet_s` seconds. Raises `OSError`.
    """
    follower = await asyncio.to_thread(Follower, layout, question, after)
    loop = asyncio.get_running_loop()
    yield Quiet(follower.position)
    told_at = loop.time()
    while True:
        for event in await asyncio.to_thread(follower.read):
            yield event
            told_at = loop.time()
        if quiet_s is not None and loop.time() - told_at >= quiet_s:
            yield Quiet(follower.position)
            told_at = loop.time()
        if follower.is_at_rest:
            await asyncio.sleep(EVERY_S)


def _end(layout: Layout, worker: int) -> Mark:
    """Return the mark at the end of a chain, as it is now."""
    while True:
        segments = layout.segments(worker)
        mark = next(filter(None, map(_end_of, reversed(segments))), None) or _nothing_yet(layout, worker)
        if layout.segments(worker) == segments:  # else one was closed in between
            return mark


def _end_of(segment: Segment) -> Mark | None:
    opening, tail = opening_of(segment.path), tail_of(segment.path)
    if opening is None or tail.last is None:
        return None
    return Mark(opening.sequence, tail.size, tail.last.sequence)


def _nothing_yet(layout: Layout, worker: int) -> Mark:
    anchored = read_anchor(layout.anchor(worker))
    return Mark(sequence=anchored.base.sequence if anchored is not None else 0)


def _behind(layout: Layout, worker: int, sequence: int) -> _Chain:
    """Return a chain that is followed from behind a record; from its beginning where there is no such record yet."""
    end = _end(layout, worker)
    if end.sequence < sequence:
        return _Chain(layout, worker, Mark())
    if end.sequence == sequence:
        return _Chain(layout, worker, end)
    openings = (opening_of(segment.path) for segment in layout.segments(worker))
    firsts = [opening.sequence for opening in openings if opening is not None]
    first = max((first for first in firsts if first <= sequence + 1), default=0)
    return _Chain(layout, worker, Mark(segment=first, sequence=sequence), skip=sequence)
