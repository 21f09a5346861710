"""Overload: twice what the emulator can carry, with no limit and with one; and how it is afterwards."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import process_tree
from load.tally import quantile
from peers import emulator
from peers.emulator import Variant

from measures.bench import Load, Measure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from peers.peer import Peer

    from measures.bench import Bench

_CONNECTIONS = 256
_WARM_UP = 4 * _CONNECTIONS  # so that the memory of each connection is there before
_SECONDS = 4.0
_LOOK_S = 0.1
_LET_THROUGH = 0.5  # of what it can carry, where there is a limit; beside a load that takes processors as well


async def take(bench: Bench) -> None:
    """Overload an emulator that has no limit, and another that lets fewer through than it can carry."""
    async with emulator.running(bench.setting, bench.provider, Variant("emulator overloaded")) as peer:
        capacity = await _settled_rate(bench, peer)
        without = await _overloaded(bench, peer, capacity)
    limits = {"window_s": 1, "receiver": {"requests": round(capacity * _LET_THROUGH)}}
    limited = Variant("emulator with a limit", settings={"limits": limits})
    async with emulator.running(bench.setting, bench.provider, limited) as peer:
        within = await _overloaded(bench, peer, capacity)
    bench.figures(emulator.NAME)["overload"] = {"no_limit": without, "receiver_limit": within}


async def _settled_rate(bench: Bench, peer: Peer) -> float:
    await bench.read(peer, Load())
    return (await bench.read(peer, Load())).tally.rate


async def _overloaded(bench: Bench, peer: Peer, capacity: float) -> dict[str, Any]:
    """Put twice the capacity on, and return how it bore that; its memory is looked at all the while."""
    load = Load(
        manner="paced",
        rate=2 * capacity,
        connections=_CONNECTIONS,
        seconds=_SECONDS,
        warm_up=_WARM_UP,
        lenient=True,
    )
    await bench.ready(peer, load)
    before = process_tree.resident_mib(peer.pid)
    async with _most_resident(peer) as most:
        tally = (await bench.put_on(peer)).tally
    after = process_tree.resident_mib(peer.pid)
    await asyncio.sleep(1.1)  # a limit's window has to pass
    gentle = Load(manner="paced", rate=capacity / 2, connections=32, seconds=1.5, warm_up=0)
    await bench.ready(peer, gentle)
    relaxed = (await bench.put_on(peer)).tally
    return {
        "offered_per_s": 2 * capacity,
        "seconds": tally.seconds,
        "statuses": {str(status): count for status, count in tally.statuses.items()},
        "errors": dict(tally.errors),
        "right_per_s": tally.rate,
        "p99_ms": tally.quantile_ms(0.99),
        "p99_from_sending_ms": quantile(tally.served, 0.99) * 1000,
        "connections": _CONNECTIONS,
        "with_retry_after": tally.retry_after,
        "resident_mib": {"before": before, "most": max(most), "after": after},
        "afterwards": {
            "offered_per_s": capacity / 2,
            "statuses": {str(status): count for status, count in relaxed.statuses.items()},
            "errors": dict(relaxed.errors),
            "p50_ms": relaxed.quantile_ms(0.5),
            "p99_ms": relaxed.quantile_ms(0.99),
        },
    }


@asynccontextmanager
async def _most_resident(peer: Peer) -> AsyncIterator[list[float]]:
    """Look at what is resident again and again, and lend what was seen."""
    seen = [process_tree.resident_mib(peer.pid)]

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            seen.append(process_tree.resident_mib(peer.pid))

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


OVERLOAD = Measure("overload", "twice as much as it can carry", take)
