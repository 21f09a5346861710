"""The end of a chain, as an emulator finds it that goes on with it."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.chain import GENESIS, LONGEST, Link, digest, head_of
from ssp_emulator.audit.opening import open_to_read

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.layout import Layout

_PIECE = 64 * 1024
_BEGINNING = b'{"sequence":'


class Tail(NamedTuple):
    """Where a segment ends: its last whole record, the bytes of its whole lines, and those of a last line cut off."""

    last: Link | None
    size: int
    torn_bytes: int


class StrangeFileError(OSError):
    """There is something in a journal's place that no emulator has written."""

    def __init__(self) -> None:
        super().__init__(None, "it holds no record, and is not ours to add to; move it away, or name another file")


class Opening(NamedTuple):
    """How a segment begins: its first record's sequence number, what that one follows, and its time."""

    sequence: int
    follows: Link
    time: datetime | None


def tail_of(path: Path) -> Tail:
    """Find where a segment ends; a file that is not there is empty. Raises `OSError`, `StrangeFileError` among them."""
    try:
        with open_to_read(path) as file:
            return _tail(file.fileno())
    except FileNotFoundError:
        return Tail(None, 0, 0)


def last_of(layout: Layout, worker: int) -> Link:
    """Return the last record of a worker's chain, `GENESIS` where there is none; raises `OSError`."""
    for segment in reversed(layout.segments(worker)):
        if (last := tail_of(segment.path).last) is not None:
            return last
    return GENESIS


def opening_of(path: Path) -> Opening | None:
    """Return how a segment begins; None where it is not there, is empty, or begins with no record."""
    try:
        with open_to_read(path) as file:
            line = file.readline(LONGEST)
    except FileNotFoundError:
        return None
    if not line.endswith(b"\n"):
        return None
    line = line[:-1]
    head = head_of(line)
    return None if head is None else Opening(head.sequence, Link(head.sequence - 1, head.previous), _time(line))


def _tail(file: int) -> Tail:
    end = os.fstat(file).st_size
    start, data = end, b""
    while end - start <= LONGEST:  # further back each time, until a whole record is in sight
        start = max(0, start - max(_PIECE, len(data)))
        data = os.pread(file, end - start, start)
        torn_bytes = len(data) - (data.rfind(b"\n") + 1)
        lines = data[: len(data) - torn_bytes].splitlines()
        for line in reversed(lines if start == 0 else lines[1:]):
            if (head := head_of(line)) is not None:
                return Tail(Link(head.sequence, digest(line)), end - torn_bytes, torn_bytes)
        if start == 0 and _may_be_torn(data):
            return Tail(None, 0, torn_bytes)
        if start == 0:
            break
    raise StrangeFileError


def _may_be_torn(data: bytes) -> bool:
    """Tell whether this may be what was written of a first record, or the blanks that looked for room."""
    return (data.startswith(_BEGINNING[: len(data)]) and b"\n" not in data) or not data.strip(b" ")


def _time(line: bytes) -> datetime | None:
    try:
        time = datetime.fromisoformat(json.loads(line)["time"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return time if time.tzinfo is not None else None  # the clock's cannot be compared with one without
