"""Small requests on kept connections, as many as the peer can carry: processor time, rate, latencies, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import process_tree

from measures.bench import Load, Measure, middle

if TYPE_CHECKING:
    from peers.peer import Peer

    from measures.bench import Bench


async def take(bench: Bench) -> None:
    """Take the rounds in turn through all peers, so that what disturbs the machine disturbs them alike."""
    rounds: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in bench.peers}
    for _ in range(bench.rounds):
        for peer in list(bench.peers):
            if figures := await bench.attempt(peer, once(bench, peer)):
                rounds[peer.name].append(figures)
    for peer in bench.peers:
        figures = middle(rounds[peer.name])
        bench.figures(peer.name).update(
            {
                "cpu_us_per_request": figures["cpu_us"],
                "cpu_us_per_request_rounds": [each["cpu_us"] for each in rounds[peer.name]],
                "requests_per_s": figures["rate"],
                "requests_per_s_rounds": [each["rate"] for each in rounds[peer.name]],
                "latency_ms": {"p50": figures["p50"], "p90": figures["p90"], "p99": figures["p99"]},
                "peak_rss_mib": process_tree.peak_mib(peer.pid),
                "load_generator_cpu_us": figures["own_us"],
            }
        )


async def once(bench: Bench, peer: Peer, load: Load = Load()) -> dict[str, float]:  # noqa: B008 (it is frozen)
    """Return one round's figures."""
    reading = await bench.read(peer, load)
    tally = reading.tally
    return {
        "cpu_us": reading.cpu_us,
        "rate": tally.rate,
        "p50": tally.quantile_ms(0.5),
        "p90": tally.quantile_ms(0.9),
        "p99": tally.quantile_ms(0.99),
        "own_us": tally.cpu_s * 1e6 / tally.answered,
    }


SMALL_REQUESTS = Measure("small", "small requests, 32 at once, on kept connections", take, quick=True)
