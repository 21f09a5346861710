"""Tallies that several processes share: a piece of memory, and locks that the kernel lifts when their holder dies.

A row is locked by a record lock on its own bytes. Its numbers are read when it is entered and written back by one call
when it is left, so that a process that is killed in between leaves the row as it was before: what it was about to count
is not counted, as if its request had never come. Should it be killed within that one call, some of the four numbers
could be new and others old: a count that is off by one until the rule is replaced, or the window ends.

Rows without a name are for fault rules. The parent gives them out, and has them back once nothing refers to them any
more; workers find them by their number. Rows with a name are for limits: whoever asks first makes the row, and it
stays. Where there is no room for another, that name is counted in each process for itself, and the log says so once.

Source: POSIX.1-2017, fcntl (record locks belong to the process, and end with it).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import tempfile
import weakref
from collections import deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

import structlog

from ssp_emulator.tallies import Numbers, PlainTallies

if TYPE_CHECKING:
    from types import TracebackType

    from ssp_emulator.tallies import Row

UNNAMED = 4096  # twice as many as rules may be in force, as those that are replaced go once the others are there

_NUMBERS = struct.Struct("<3qd")
_KEY_BYTES = 16
_NAMED_BYTES = _KEY_BYTES + _NUMBERS.size
_NOBODY = bytes(_KEY_BYTES)
_NAMED_FROM = UNNAMED * _NUMBERS.size
_LEAST = 64


class SharedRow:
    """A row of a piece of memory; `number` is its place among those without a name, None for one that has a name."""

    __slots__ = ("__weakref__", "_at", "_fd", "_memory", "_numbers", "number")

    def __init__(self, fd: int, memory: mmap.mmap, at: int, number: int | None = None) -> None:
        self.number = number
        self._fd = fd
        self._memory = memory
        self._at = at
        self._numbers = Numbers()

    def __enter__(self) -> Numbers:
        """Wait until nobody is in it, and return the numbers as they are now."""
        fcntl.lockf(self._fd, fcntl.LOCK_EX, _NUMBERS.size, self._at)
        found = self._numbers
        found.first, found.second, found.third, found.moment = _NUMBERS.unpack_from(self._memory, self._at)
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the numbers back, and let others in."""
        left = self._numbers
        _NUMBERS.pack_into(self._memory, self._at, left.first, left.second, left.third, left.moment)
        fcntl.lockf(self._fd, fcntl.LOCK_UN, _NUMBERS.size, self._at)


class SharedTallies:
    """The rows of a piece of memory; `fd` is what other processes open it by, and is closed with it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._memory = mmap.mmap(fd, 0)
        self._room = (len(self._memory) - _NAMED_FROM) // _NAMED_BYTES
        self._free = deque(range(UNNAMED))
        self._named: dict[str, SharedRow] = {}
        self._beyond: PlainTallies | None = None
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.workers")

    @classmethod
    def make(cls, names: int) -> Self:
        """Make a piece of memory with room for so many names; it is gone when the last process has closed it."""
        size = _NAMED_FROM + max(names, _LEAST) * 2 * _NAMED_BYTES  # half full at most: each is found in a few steps
        fd = _memory()
        os.ftruncate(fd, size)
        return cls(fd)

    def close(self) -> None:
        """Let go of the memory; no row is entered after that."""
        self._memory.close()
        os.close(self.fd)

    def fresh(self) -> Row:
        """Return a row of zeros that nobody has; for the one process that gives them out.

        It is nobody's again once the row that is returned is gone, and given out again as late as can be.
        """
        number = self._free.popleft()
        row = self.numbered(number)
        weakref.finalize(row, self._free.append, number).atexit = False
        with row as numbers:
            numbers.first = numbers.second = numbers.third = 0
            numbers.moment = 0.0
        return row

    def numbered(self, number: int) -> SharedRow:
        """Return a row that was given out, by its number."""
        return SharedRow(self.fd, self._memory, number * _NUMBERS.size, number)

    def named(self, name: str) -> Row:
        """Return the row of a name, which begins with zeros; one of this process alone where there is no room."""
        found = self._named.get(name)
        if found is None:
            key = blake2b(name.encode(), digest_size=_KEY_BYTES).digest()
            at = self._place_of(key)
            if at is None:
                return self._beyond_of(name)
            found = self._named[name] = SharedRow(self.fd, self._memory, at + _KEY_BYTES)
        return found

    def _place_of(self, key: bytes) -> int | None:
        """Return where the row of a key begins, made where it is not there yet; None where there is no room for it."""
        begin = int.from_bytes(key[:8], "little") % self._room
        fcntl.lockf(self.fd, fcntl.LOCK_EX, 1, len(self._memory))  # behind the rows: who makes one is alone in that
        try:
            for step in range(self._room):
                at = _NAMED_FROM + (begin + step) % self._room * _NAMED_BYTES
                there = self._memory[at : at + _KEY_BYTES]
                if there == _NOBODY:
                    self._memory[at : at + _KEY_BYTES] = key
                if there in (_NOBODY, key):
                    return at
            return None
        finally:
            fcntl.lockf(self.fd, fcntl.LOCK_UN, 1, len(self._memory))

    def _beyond_of(self, name: str) -> Row:
        if self._beyond is None:
            self._beyond = PlainTallies()
            self._log.error("there is no room to count further limits for all workers: each counts them for itself")
        return self._beyond.named(name)


def _memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("ssp-emulator")
    fd, path = tempfile.mkstemp(prefix="ssp-emulator-")
    os.unlink(path)  # noqa: PTH108 - by its name, which is all that mkstemp tells
    return fd
