"""Connections that are open and do nothing: their memory, and what they cost those that do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import process_tree

from measures.bench import Load, Measure, demand_right

if TYPE_CHECKING:
    from peers.peer import Peer

    from measures.bench import Bench

_NUMBERS = (0, 500, 2000)
_KIB = 1024


async def take(bench: Bench) -> None:
    """Open so many connections, look at the memory, and put a load on beside them."""
    for peer in bench.named("nginx", "emulator"):
        await bench.read(peer, Load())  # what the load itself needs is there already
        before = process_tree.resident_mib(peer.pid)
        bench.figures(peer.name)["idle_connections"] = [await _once(bench, peer, idle, before) for idle in _NUMBERS]


async def _once(bench: Bench, peer: Peer, idle: int, before: float) -> dict[str, float]:
    """Return the figures with so many idle connections; `before` is the MiB resident with none, ever."""
    await bench.ready(peer, Load(idle=idle))
    with_them = process_tree.resident_mib(peer.pid)
    reading = await bench.put_on(peer)
    demand_right(peer, reading.tally)
    return {
        "idle": idle,
        "kib_per_connection": (with_them - before) * _KIB / idle if idle else 0.0,
        "cpu_us_per_request": reading.cpu_us,
        "requests_per_s": reading.tally.rate,
    }


IDLE_CONNECTIONS = Measure("idle", "connections that are open and idle", take)
