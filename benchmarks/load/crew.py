"""The connections of one load through one door, and the account of their answers."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from load.connection import Connection, Entrance
from load.tally import OK, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from load.job import Door, Sheet

_AT_ONCE = 32  # handshakes under way while a crew is opened: a listener's queue has an end
_PATIENCE_S = 150.0


class LoadError(Exception):
    """A load cannot be begun; the text says why."""


class Crew:
    """The connections through one door; `tally` is what came of them since the last `begin`."""

    def __init__(self, door: Door, sheet: Sheet, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.door = door
        self.sheet = sheet
        self.tally = Tally()
        self.entrance = Entrance(door)
        self.connections: list[Connection] = []

    def begin(self) -> None:
        """Begin a new account."""
        self.tally = Tally()

    def new(self) -> Connection:
        """Return a connection that is not open yet."""
        return Connection(self.loop, self.entrance, self.sheet.crc32)

    async def open(self, count: int) -> None:
        """Open so many connections more. Raises `LoadError`."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one() -> Connection:
            async with gate:
                return await self.opened()

        try:
            async with asyncio.timeout(_PATIENCE_S):
                self.connections += await asyncio.gather(*(one() for _ in range(count)))
        except TimeoutError:
            raise LoadError(f"{count} connections were not open within {_PATIENCE_S:g} s") from None

    async def opened(self) -> Connection:
        """Return a connection that is open. Raises `LoadError`."""
        connection = self.new()
        await self._over(connection.open)
        if connection.trouble is not None:
            raise LoadError(f"port {self.door.port}: {connection.trouble}")
        return connection

    async def ask(self, connection: Connection, request: bytes) -> None:
        """Send one request on an open connection, and wait for its answer."""
        begun = time.perf_counter()
        await self._over(partial(connection.ask, request))
        self.count(connection, time.perf_counter() - begun)

    async def _over(self, begin: Callable[[Callable[[Connection], None]], None]) -> None:
        """Begin something on a connection, and wait until it is over; where nobody waits any more, it is closed."""
        over: asyncio.Future[None] = self.loop.create_future()

        def tell(connection: Connection) -> None:
            if over.done():
                connection.close()
            else:
                over.set_result(None)

        begin(tell)
        await over

    def count(self, connection: Connection, took: float) -> None:
        """Take an answer, or the trouble in its place, into the account."""
        tally, answer = self.tally, connection.answer
        if connection.trouble is not None:
            tally.errors[connection.trouble] += 1
            return
        tally.statuses[answer.status] += 1
        tally.wire_bytes += answer.wire_bytes
        if answer.status != OK:
            tally.retry_after += answer.retry_after
            tally.refusal = tally.refusal or " ".join(answer.said.decode("utf-8", "replace").split())
        elif answer.right and self.sheet.length in (None, answer.length):
            tally.latencies.append(took)
        else:
            tally.errors["wrong content"] += 1

    def close(self) -> None:
        """Close every connection."""
        for connection in self.connections:
            connection.close()
        self.connections.clear()
