"""A request's body, as it comes: taken piece by piece, and held back where nobody takes it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HIGH_WATER = 64 * 1024  # bytes that may wait to be taken


class BrokenBodyError(Exception):
    """A body breaks the rules of its framing, or its connection was lost; the text says how."""


class Body:
    """One request's body; `hold` and `let_go` are called where too much of it waits, and where there is room again.

    `whole` tells whether its last byte has come.
    """

    __slots__ = ("_discarded", "_failure", "_held", "_hold", "_let_go", "_news", "_pieces", "_waiting", "whole")

    def __init__(self, hold: Callable[[], None], let_go: Callable[[], None], *, whole: bool) -> None:
        self.whole = whole
        self._hold = hold
        self._let_go = let_go
        self._held = self._discarded = False
        self._failure: BrokenBodyError | None = None
        self._news: asyncio.Future[None] | None = None
        self._pieces: deque[bytes] = deque()
        self._waiting = 0

    def came(self, piece: bytes) -> None:
        """Take in a piece."""
        if self._discarded:
            return
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting > _HIGH_WATER:
            self._held = True
            self._hold()
        self._tell()

    def end(self) -> None:
        """Take note that all has come."""
        self.whole = True
        self._tell()

    def fail(self, why: str) -> None:
        """Take note that no more will come, and why."""
        if not self.whole:
            self._failure = BrokenBodyError(why)
            self._tell()

    def discard(self) -> None:
        """Throw away what there is, and what comes."""
        self._discarded = True
        self._pieces.clear()
        self._room()

    async def taken(self) -> bytes:
        """Return what has come since the last time, and nothing at the end. Raises `BrokenBodyError`."""
        while not self._pieces:
            if self.whole:
                return b""
            await self._wait()
        piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._room()
        return piece

    async def ended(self) -> None:
        """Return when all has come. Raises `BrokenBodyError`."""
        while not self.whole:
            await self._wait()

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def _room(self) -> None:
        self._waiting = 0
        if self._held:
            self._held = False
            self._let_go()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
