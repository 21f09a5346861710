"""Walking a chain: from lines to runs, each a row of records that follow one another.

An untouched journal is one run. Whatever is done to it breaks it into several, and `judging` tells by them what that
was. So a walk holds one line and its runs in memory, however long the journal is.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ssp_emulator.audit.chain import Link, digest, head_of, line_of
from ssp_emulator.audit.verifying.report import MOST_NAMED, Gaps, Place, Problem, Span
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssp_emulator.audit.layout import Segment

PIECE = 1024 * 1024  # how much is read at once, in bytes

_LONGEST = 4 * PIECE  # of a line that is looked at whole; of a longer one there is only the digest
_BEGINNING = 512  # bytes in which a line has said its place, and its gap
_MOST_PIECES = 10_000  # a chain in more pieces than these is not looked at further
_BEGINS = b'{"sequence":'  # within a record no object begins so, and in its texts quotation marks are escaped
_GAP, _NO_GAP = b'"gap":', b'"gap":null,'
_LOOKS, _PAUSE_S = 5, 0.02  # how long a last line may be on its way to us that is just being written


@dataclass(slots=True)
class Run:
    """Records `first` to `last` that follow one another, as they say themselves.

    `previous` is what the first says of the record before it; None where that is not to be compared. `restored` is
    what the first one's digest would be if it named the record that stands before it. In one that is `illegible` no
    line says what it is. `named`: the last one is known to be altered. `unconfirmed`: nothing vouches for the last one.
    """

    first: int
    last: int
    worker: int
    previous: str | None
    first_digest: str
    digest: str
    place: Place
    last_place: Place
    restored: str | None = None
    illegible: bool = False
    named: bool = False
    unconfirmed: bool = False


class Fragment(NamedTuple):
    """What stands behind the last line's end; its size is in bytes."""

    place: Place
    size: int


@dataclass(slots=True)
class Found:
    """What a walk has found.

    `watched` are the digests that records should have, by their sequence numbers; those that were met and have them are
    `confirmed`, and those that have others are `denied`. `unended` are the records whose line's end is gone.
    """

    worker: int
    watched: dict[int, set[str]]
    runs: list[Run] = field(default_factory=list)
    records: int = 0
    confirmed: set[int] = field(default_factory=set)
    denied: set[int] = field(default_factory=set)
    unended: list[tuple[int, Place]] = field(default_factory=list)
    fragment: Fragment | None = None
    misnamed: list[Problem] = field(default_factory=list)
    unanchored: list[Problem] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)
    gaps: Gaps = field(default_factory=Gaps)
    tail: bytes = b""
    given_up: Place | None = None


class Walk:
    """A walk along one chain, that begins behind a link; `advance` is told how many bytes were read, as they are."""

    def __init__(self, found: Found, start: Link, advance: Callable[[int], None]) -> None:
        self.found = found
        self._behind = start  # the record that was met last
        self._expected = line_of(start, found.worker, b"{")  # how a line begins that follows it
        self._run: Run | None = None
        self._advance = advance
        self._name = ""
        self._should_begin_with: int | None = None

    def segment(self, segment: Segment, file: BinaryIO, *, last: bool) -> None:
        """Read a segment's file; behind the last line of the last one there may be a fragment."""
        self._name = segment.path.name
        self._should_begin_with = segment.first
        try:
            self._read(file, last=last)
        except OSError as error:
            text = f"{self._name} cannot be read: {said(error)}"
            self.found.unreadable.append(Problem("unreadable", text))

    def _read(self, file: BinaryIO, *, last: bool) -> None:
        told = read = 0
        for number, (line, size, long_digest) in enumerate(_lines(file, last=last), start=1):
            read += size
            if read - told >= PIECE:
                self._advance(read - told)
                told = read
            if line.endswith(b"\n"):
                self._line(line[:-1], number, long_digest)
            elif last:
                self._fragment(line, number, size)
            else:
                self._line(line, number, long_digest)
                self._note_unended(number)
            if len(self.found.runs) + len(self.found.unended) > _MOST_PIECES:
                self.found.given_up = Place(self._name, number)
                break
        self._advance(read - told)

    def _line(self, line: bytes, number: int, long_digest: str | None = None) -> None:
        while (inner := line.find(_BEGINS, 1)) > 0:
            self._record(line[:inner], number)
            self._note_unended(number)
            line = line[inner:]
        self._record(line, number, long_digest)

    def _record(self, line: bytes, number: int, long_digest: str | None = None) -> None:
        own = long_digest or sha256(line).hexdigest()
        place = Place(self._name, number)
        if self._run is not None and line.startswith(self._expected):
            self._run.last += 1
            self._run.digest = own
            self._run.last_place = place
            self._met(self._run, line, len(self._expected))
        else:
            self._begin_run(line, own, place)

    def _begin_run(self, line: bytes, own: str, place: Place) -> None:
        """Begin a run with a line that does not follow the one before it."""
        head = head_of(line[:_BEGINNING] + b"}")
        if head is None:
            self._note_illegible(own, place)
            return
        number, previous, worker = head
        said_head = len(line_of(Link(number - 1, previous), worker, b"{"))
        restored = None
        if previous != self._behind.digest and len(line) < _LONGEST:
            rest = b"{" + line[said_head:]
            restored = digest(line_of(Link(number - 1, self._behind.digest), worker, rest))
        self._run = Run(number, number, worker, previous, own, own, place, place, restored)
        self.found.runs.append(self._run)
        self._met(self._run, line, said_head)

    def _note_illegible(self, own: str, place: Place) -> None:
        runs = self.found.runs
        if runs and runs[-1].illegible:
            runs[-1].last += 1  # so many of them: which they are is not known yet
            runs[-1].last_place = place
        else:
            runs.append(Run(1, 1, self.found.worker, None, own, own, place, place, illegible=True))
        self._run = None

    def _met(self, run: Run, line: bytes, head: int) -> None:
        """Take note of a run's new last record, of whose line so many bytes say its place."""
        found = self.found
        found.records += 1
        found.tail = line
        self._behind = Link(run.last, run.digest)
        self._expected = line_of(self._behind, run.worker, b"{")
        if run.last in found.watched and run.worker == found.worker:
            (found.confirmed if run.digest in found.watched[run.last] else found.denied).add(run.last)
        if not line.startswith(_NO_GAP, head):
            self._note_gap(line[head:_BEGINNING], run)
        if self._should_begin_with is not None:
            self._note_name(self._should_begin_with, run)

    def _note_name(self, first: int, run: Run) -> None:
        """Take note of a segment whose name is not that of its first record."""
        self._should_begin_with = None
        if run.last != first:
            text = f"{self._name} begins with record {run.last:,}, and by its name should with record {first:,}"
            self.found.misnamed.append(Problem("misnamed", text, Span(run.last, run.last), run.last_place))

    def _note_gap(self, beginning: bytes, run: Run) -> None:
        text = beginning.removeprefix(_GAP).decode("utf-8", "replace")
        try:
            gap, _ = json.JSONDecoder().raw_decode(text)
            torn_bytes, unrecorded = int(gap["torn_bytes"]), int(gap["unrecorded"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # it is altered, and the chain says so
        gaps = self.found.gaps
        gaps.records += 1
        gaps.torn_bytes += torn_bytes
        gaps.unrecorded += unrecorded
        if gap.get("anchor_lost") and len(self.found.unanchored) < MOST_NAMED:
            text = (
                f"when the emulator that wrote record {run.last:,} started, its anchor was missing: whether records "
                "before it were cut off cannot be told"
            )
            self.found.unanchored.append(Problem("anchor", text, Span(run.last, run.last), run.last_place))

    def _note_unended(self, number: int) -> None:
        if self._run is not None:
            self.found.unended.append((self._run.last, Place(self._name, number)))

    def _fragment(self, line: bytes, number: int, size: int) -> None:
        """Take note of what has no line's end; before it on the same line, whole records may stand."""
        start = line.rfind(_BEGINS, 1)
        if start > 0:
            self._line(line[:start], number)
            self._note_unended(number)
        self.found.fragment = Fragment(Place(self._name, number), size - max(start, 0))


def _lines(file: BinaryIO, *, last: bool) -> Iterator[tuple[bytes, int, str | None]]:
    """Yield lines, each with its size in bytes; of one that is too long its beginning alone, and its digest."""
    while line := file.readline(_LONGEST):
        if line.endswith(b"\n"):
            yield line, len(line), None
        elif len(line) == _LONGEST:
            yield _long(line, file)
        else:
            settled = _settled(line, file) if last else line
            if settled:
                yield settled, len(settled), None


def _long(line: bytes, file: BinaryIO) -> tuple[bytes, int, str]:
    own, size, beginning = sha256(), 0, line[:_BEGINNING]
    while line and not line.endswith(b"\n"):
        own.update(line)
        size += len(line)
        line = file.readline(_LONGEST)
    own.update(line[:-1])
    return (beginning + b"\n" if line else beginning), size + len(line), own.hexdigest()


def _settled(line: bytes, file: BinaryIO) -> bytes:
    """Return a last line again that has no end, and may just be being written, when it has changed no more for long."""
    for _ in range(_LOOKS):
        time.sleep(_PAUSE_S)
        file.seek(-len(line), 1)
        line = file.readline(_LONGEST)
        if line.endswith(b"\n") or not line:
            break
    return line
