"""A paced load: requests come at a rate, whatever the answers do, as they do from many consumers.

Their distances are drawn from an exponential distribution. A latency is counted from when the request was due, and not
from when a connection was free for it: a server that stalls is not spared those that would have come meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from load.connection import Connection
    from load.crew import Crew

_PATIENCE_S = 45.0  # for the answers that are still to come at the end


class Paced:
    """Sends requests through a crew's connections as they are due; those that find none free wait in line."""

    def __init__(self, crew: Crew, requests: list[bytes], rate: float, seed: int) -> None:
        self._crew = crew
        self._requests = requests
        self._rate = rate
        self._random = Random(seed)
        self._free: deque[Connection] = deque(crew.connections)
        self._line: deque[float] = deque()
        self._to_come = len(requests)
        self._under_way = 0
        self._due = 0.0
        self._over: asyncio.Future[None] = crew.loop.create_future()

    async def run(self) -> None:
        """Send all requests, and return when the last answer is here or nothing more can be hoped for."""
        crew, lasting_s = self._crew, len(self._requests) / self._rate
        crew.begin()
        begun, cpu = time.perf_counter(), time.process_time()
        self._due = begun
        self._arrive()
        try:
            await asyncio.wait_for(self._over, lasting_s + _PATIENCE_S)
        except TimeoutError:
            crew.tally.errors["no answer"] += self._under_way + len(self._line)
            self._line.clear()
        crew.tally.seconds = time.perf_counter() - begun
        crew.tally.cpu_s = time.process_time() - cpu

    def _arrive(self) -> None:
        """Let come who is due, and look again when the next one is."""
        now = time.perf_counter()
        while self._to_come and self._due <= now:
            self._line.append(self._due)
            self._to_come -= 1
            self._due += self._random.expovariate(self._rate)
        self._serve()
        if self._to_come:
            self._crew.loop.call_later(max(0.0, self._due - time.perf_counter()), self._arrive)

    def _serve(self) -> None:
        while self._line and self._free:
            connection = self._free.popleft()
            connection.begun = self._line.popleft()
            self._under_way += 1
            if connection.is_open:
                self._ask(connection)
            else:
                connection.open(self._opened)

    def _opened(self, connection: Connection) -> None:
        if connection.trouble is None:
            self._ask(connection)
        else:
            self._answered(connection)

    def _ask(self, connection: Connection) -> None:
        connection.asked = time.perf_counter()
        connection.ask(self._requests.pop(), self._answered)

    def _answered(self, connection: Connection) -> None:
        now, tally = time.perf_counter(), self._crew.tally
        right = tally.right
        self._crew.count(connection, now - connection.begun)
        if tally.right > right:
            tally.served.append(now - connection.asked)
        self._under_way -= 1
        self._free.append(connection)
        if self._line:
            self._crew.loop.call_soon(self._serve)  # from the loop, as trouble may come at once
        elif not (self._to_come or self._under_way or self._over.done()):
            self._over.set_result(None)
