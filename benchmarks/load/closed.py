"""A closed load: each connection sends its next request as soon as it has its answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from load.connection import Connection
    from load.crew import Crew

PATIENCE_S = 60.0  # for the answers that are still to come at the end
_MOST_TROUBLE = 1000  # so much has gone wrong that going on would measure nothing


class Closed:
    """Keeps a crew busy until the requests are used up, or the time is."""

    def __init__(self, crew: Crew, requests: list[bytes], seconds: float) -> None:
        self._crew = crew
        self._requests = requests
        self._seconds = seconds
        self._busy = 0
        self._until = 0.0
        self._over: asyncio.Future[None] = crew.loop.create_future()

    async def run(self) -> None:
        """Send, and return when the last answer is here; the crew's tally has what came of it."""
        crew = self._crew
        crew.begin()
        begun, cpu = time.perf_counter(), time.process_time()
        self._until = begun + self._seconds
        self._busy = len(crew.connections)
        for connection in list(crew.connections):
            self._next(connection)
        try:
            await asyncio.wait_for(self._over, self._seconds + PATIENCE_S)
        except TimeoutError:
            crew.tally.errors["no answer"] += self._busy
        crew.tally.seconds = time.perf_counter() - begun
        crew.tally.cpu_s = time.process_time() - cpu

    def _next(self, connection: Connection) -> None:
        now = time.perf_counter()
        if not self._requests or now >= self._until or self._crew.tally.errors.total() > _MOST_TROUBLE:
            self._rest()
            return
        connection.begun = now
        if connection.is_open and not self._crew.door.fresh:
            connection.ask(self._requests.pop(), self._answered)
        else:
            connection.close()
            connection.open(self._opened)

    def _opened(self, connection: Connection) -> None:
        if connection.trouble is not None:
            self._answered(connection)
            return
        self._crew.tally.resumed += connection.resumed
        if not self._requests:
            self._rest()
            return
        connection.ask(self._requests.pop(), self._answered)

    def _answered(self, connection: Connection) -> None:
        self._crew.count(connection, time.perf_counter() - connection.begun)
        if connection.trouble is None:
            self._next(connection)
        else:  # from the loop, as trouble may come at once and this would call itself
            self._crew.loop.call_soon(self._next, connection)

    def _rest(self) -> None:
        self._busy -= 1
        if self._busy == 0 and not self._over.done():
            self._over.set_result(None)
