"""A job done: connections opened, everything warmed up, requests made ahead of time; then the load itself."""

from __future__ import annotations

import gc
import secrets
import time
from typing import TYPE_CHECKING

from load import alternating, asking
from load.closed import Closed
from load.crew import Crew, LoadError
from load.paced import Paced

if TYPE_CHECKING:
    import asyncio

    from load.connection import Connection
    from load.job import Job
    from load.tally import Tally

_MORE = 1.5  # how much faster than while it warmed up it may get before it runs out of requests
_WARM_UP_S = 60.0
_PEOPLE = 10**12


class Work:
    """A job in two steps, so that whoever measures can look between them: `prepare`, and `do`."""

    def __init__(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        self._job = job
        self._crews = [Crew(door, job.sheet, loop) for door in job.doors]
        self._idle: list[Connection] = []
        self._requests: list[bytes] = []
        self._first = secrets.randbelow(_PEOPLE)

    async def prepare(self) -> None:
        """Open connections, warm up, and make the requests. Raises `LoadError` where an answer is not right."""
        job = self._job
        for crew in self._crews:
            if not job.doors[0].fresh:
                await crew.open(job.connections)
            else:
                crew.connections += [crew.new() for _ in range(job.connections)]
        pace = await self._warm_up()
        await self._leave_idle()
        count = job.requests
        if count is None:
            count = round((job.rate or pace * _MORE) * job.seconds) + job.connections
        self._requests = self._made(count)

    async def do(self) -> list[Tally]:
        """Put the load on, and return what came of it, through each door."""
        job, first = self._job, self._crews[0]
        gc.collect()
        gc.disable()  # a pause of ours would look like one of the server's
        try:
            if job.manner == "alternating":
                await alternating.run(self._crews, self._requests, job.seconds)
            elif job.manner == "paced":
                await Paced(first, self._requests, job.rate or 1.0, seed=self._first).run()
            else:
                await Closed(first, self._requests, job.seconds).run()
        finally:
            gc.enable()
        if lost := sum(not connection.is_open for connection in self._idle):
            first.tally.errors["idle connection closed"] += lost
        return [crew.tally for crew in self._crews]

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._idle:
            connection.close()
        for crew in self._crews:
            crew.close()

    async def _warm_up(self) -> float:
        """Send the first requests, through each door, and return how many a second there were in all."""
        begun, count = time.perf_counter(), 0
        for crew in self._crews:
            await Closed(crew, self._made(self._job.warm_up), _WARM_UP_S).run()
            tally = crew.tally
            count += tally.answered
            if tally.trouble and self._job.warm_up and not self._job.lenient:
                raise LoadError(f"port {crew.door.port}: {tally.trouble}")
        return count / (time.perf_counter() - begun)

    async def _leave_idle(self) -> None:
        """Open the connections that do nothing; each is asked once, so that it is one that was used."""
        crew = self._crews[0]
        busy = list(crew.connections)
        await crew.open(self._job.idle)
        for connection, request in zip(crew.connections[len(busy) :], self._made(self._job.idle), strict=True):
            await crew.ask(connection, request)
        self._idle = crew.connections[len(busy) :]
        crew.connections[:] = busy

    def _made(self, count: int) -> list[bytes]:
        self._first += count
        return asking.requests(self._job.sheet, count, self._first)
