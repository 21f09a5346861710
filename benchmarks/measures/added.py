"""What a proxy adds to the latency of one request at a time, over going to the provider directly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measures.bench import Load, Measure, demand_right, middle

if TYPE_CHECKING:
    from load.tally import Tally
    from peers.peer import Peer

    from measures.bench import Bench

_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_ONE_AT_A_TIME = Load(manner="alternating", connections=1)


async def take(bench: Bench) -> None:
    """Ask directly and through a proxy in turn, request by request; then compare the two distributions."""
    (direct,) = bench.named("direct")
    rounds: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in bench.proxies}
    for _ in range(bench.rounds):
        for peer in bench.proxies:
            if figures := await bench.attempt(peer, _once(bench, direct, peer)):
                rounds[peer.name].append(figures)
    for peer in bench.proxies:
        bench.figures(peer.name)["added_latency_ms"] = middle(rounds[peer.name])


async def _once(bench: Bench, direct: Peer, peer: Peer) -> dict[str, float]:
    await bench.ready(direct, _ONE_AT_A_TIME, peer)
    without, through = await bench.go()
    demand_right(direct, without)
    demand_right(peer, through)
    return {key: _added_ms(without, through, share) for key, share in _SHARES.items()}


def _added_ms(without: Tally, through: Tally, share: float) -> float:
    return through.quantile_ms(share) - without.quantile_ms(share)


ADDED_LATENCY = Measure("added", "latency added to one request at a time", take, quick=True)
