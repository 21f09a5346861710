"""A new connection for each request: with a full handshake and the client's certificate, and with sessions taken up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measures.bench import Load, Measure, middle

if TYPE_CHECKING:
    from peers.peer import Peer

    from measures.bench import Bench

# Two processes, as a handshake takes more of the client's side than of the server's.
_FULL = Load(connections=16, fresh=True, warm_up=20, processes=2)
_RESUMED = Load(connections=16, fresh=True, resume=True, warm_up=20, processes=2)


async def take(bench: Bench) -> None:
    """Take the rounds in turn. mitmproxy refuses whoever takes up a session, so those beside it are left out."""
    compared = bench.named("direct", "nginx", "emulator")
    kinds = {"new_connection": _FULL, "resumed_connection": _RESUMED}
    rounds: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(bench.rounds):
        for kind, load in kinds.items():
            for peer in compared:
                rounds.setdefault((peer.name, kind), []).append(await _once(bench, peer, load))
    for (name, kind), each in rounds.items():
        bench.figures(name)[kind] = middle(each)


async def _once(bench: Bench, peer: Peer, load: Load) -> dict[str, float]:
    reading = await bench.read(peer, load)
    return {
        "cpu_us_per_request": reading.cpu_us,
        "requests_per_s": reading.tally.rate,
        "p99_ms": reading.tally.quantile_ms(0.99),
        "resumed_share": reading.tally.resumed / reading.tally.answered,
    }


NEW_CONNECTIONS = Measure("connecting", "a new connection for each request", take)
