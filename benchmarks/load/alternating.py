"""One request at a time, through several doors in turn: what disturbs the machine disturbs them all alike."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from load.crew import LoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from load.crew import Crew


async def run(crews: Sequence[Crew], requests: list[bytes], seconds: float) -> None:
    """Go round until the requests are used up, or the time is; each crew's tally has what came of it.

    Raises `LoadError` where a connection breaks off.
    """
    for crew in crews:
        crew.begin()
    begun, cpu = time.perf_counter(), time.process_time()
    until = begun + seconds
    while len(requests) >= len(crews) and time.perf_counter() < until:
        for crew in crews:
            connection = crew.connections[0]
            if not connection.is_open:
                connection = crew.connections[0] = await crew.opened()
            await crew.ask(connection, requests.pop())
            if connection.trouble is not None:
                raise LoadError(f"port {crew.door.port}: {connection.trouble}")
    for crew in crews:
        crew.tally.seconds = time.perf_counter() - begun
        crew.tally.cpu_s = time.process_time() - cpu
