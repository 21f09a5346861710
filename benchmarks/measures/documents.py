"""Large documents: how many bytes a second of 4 MiB ones, and how much memory those of 250 MiB take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import process_tree
from load.sheets import MIGRATE
from peers import emulator
from peers.emulator import Variant
from peers.setting import HUGE, LARGE, MIB

from measures.bench import Load, Measure, middle

if TYPE_CHECKING:
    from peers.peer import Peer

    from measures.bench import Bench

_LARGE = Load(size=LARGE, interaction=MIGRATE, connections=4, warm_up=8)
_SMALL = Load(requests=100)
_LONGEST_S = 120.0
_AT_ONCE = (1, 8)


async def take_large(bench: Bench) -> None:
    """Take the rounds in turn through all peers."""
    rounds: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in bench.peers}
    for _ in range(bench.rounds):
        for peer in list(bench.peers):
            if figures := await bench.attempt(peer, _throughput(bench, peer)):
                rounds[peer.name].append(figures)
    for peer in bench.peers:
        bench.figures(peer.name)["document_4_mib"] = middle(rounds[peer.name])


async def _throughput(bench: Bench, peer: Peer) -> dict[str, float]:
    reading = await bench.read(peer, _LARGE)
    mib = reading.tally.wire_bytes / MIB
    return {"mib_per_s": mib / reading.tally.seconds, "cpu_ms_per_mib": reading.cpu_s * 1000 / mib}


async def take_huge(bench: Bench) -> None:
    """Look at the memory of nginx, and of an emulator that has carried nothing large before."""
    for peer in bench.named("nginx"):
        bench.figures(peer.name)["document_250_mib"] = await _added_mib(bench, peer)
    async with emulator.running(bench.setting, bench.provider, Variant("emulator for large documents")) as peer:
        bench.figures(emulator.NAME)["document_250_mib"] = await _added_mib(bench, peer)


async def _added_mib(bench: Bench, peer: Peer) -> dict[str, float]:
    """Return what one document, and then eight at once, add to the peak memory, above what is resident before."""
    await bench.read(peer, _SMALL)
    before = process_tree.resident_mib(peer.pid)
    added = {}
    for at_once in _AT_ONCE:
        process_tree.reset_peak(peer.pid)
        load = Load(HUGE, MIGRATE, connections=at_once, seconds=_LONGEST_S, requests=at_once, warm_up=0)
        await bench.read(peer, load)
        added[f"added_mib_{at_once}_at_once"] = process_tree.peak_mib(peer.pid) - before
    return added


LARGE_DOCUMENTS = Measure("large", "documents of 4 MiB, 4 at once", take_large)
HUGE_DOCUMENTS = Measure("huge", "documents of 250 MiB, and what they take of memory", take_huge)
