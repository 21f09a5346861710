"""Latency against load: requests that come at a rate, from little to nearly all that a proxy can carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measures.bench import Load, Measure, demand_right

if TYPE_CHECKING:
    from measures.bench import Bench

_SHARES = (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95)
_CONNECTIONS = 64


async def take(bench: Bench) -> None:
    """Find out what each carries, and then put shares of that on it."""
    for peer in bench.named("nginx", "emulator"):
        capacity = (await bench.read(peer, Load())).tally.rate
        points = []
        for share in _SHARES:
            rate = capacity * share
            await bench.ready(peer, Load(manner="paced", rate=rate, connections=_CONNECTIONS))
            tally = (await bench.put_on(peer)).tally
            demand_right(peer, tally)
            quantiles = {key: tally.quantile_ms(of) for key, of in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
            points.append({"share_of_capacity": share, "requests_per_s": rate, "latency_ms": quantiles})
        bench.figures(peer.name)["latency_against_load"] = points


LATENCY_AGAINST_LOAD = Measure("curve", "latency against load", take)
