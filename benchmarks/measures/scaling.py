"""How the emulator's cost grows: with its registry, with fault rules that do not match, and with a body's size."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import process_tree
from peers import emulator
from peers.emulator import Variant
from peers.setting import BODY_SIZES, MIB

from measures.bench import Load, Measure
from measures.small import once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measures.bench import Bench

_SYSTEMS = (10, 1_000, 100_000)
_RULES = (0, 10, 1_000)
_AT_ONCE = 4
_WARM_UP_BYTES = 32 * MIB


async def take_registry(bench: Bench) -> None:
    """Start emulators with larger and larger registries."""
    variants = [Variant(f"emulator {systems} systems", systems=systems) for systems in _SYSTEMS]
    found = await _by_variant(bench, variants)
    bench.results["registry"] = [{"systems": n, **each} for n, each in zip(_SYSTEMS, found, strict=True)]


async def take_faults(bench: Bench) -> None:
    """Start emulators with more and more fault rules, none of which matches."""
    variants = [Variant(f"emulator {n} rules", settings={"faults": {"rules": _rules(n)}}) for n in _RULES]
    found = await _by_variant(bench, variants)
    bench.results["fault_rules"] = [{"rules": n, **each} for n, each in zip(_RULES, found, strict=True)]


async def take_bodies(bench: Bench) -> None:
    """Ask nginx and the emulator for larger and larger documents."""
    for peer in bench.named("nginx", "emulator"):
        rows = []
        for size in BODY_SIZES:
            warm_up = max(_AT_ONCE, min(200, _WARM_UP_BYTES // size))
            reading = await bench.read(peer, Load(size, connections=_AT_ONCE, warm_up=warm_up))
            rows.append(
                {
                    "bytes": size,
                    "cpu_us_per_request": reading.cpu_us,
                    "requests_per_s": reading.tally.rate,
                    "mib_per_s": reading.tally.wire_bytes / MIB / reading.tally.seconds,
                }
            )
        bench.figures(peer.name)["body_sizes"] = rows


async def _by_variant(bench: Bench, variants: Sequence[Variant]) -> list[dict[str, float]]:
    """Start all variants, and take the rounds in turn through them."""
    async with AsyncExitStack() as stack:
        started = []
        for variant in variants:
            begun = time.monotonic()
            peer = await stack.enter_async_context(emulator.running(bench.setting, bench.provider, variant))
            started.append((peer, time.monotonic() - begun))
        for peer, _ in started:
            await bench.settle(peer)
        rounds = [[await once(bench, peer) for peer, _ in started] for _ in range(bench.rounds)]
        return [
            {
                "start_s": start_s,
                # The least: work beside it on the machine only ever adds.
                "cpu_us_per_request": min(each["cpu_us"] for each in figures),
                "requests_per_s": max(each["rate"] for each in figures),
                "resident_mib": process_tree.resident_mib(peer.pid),
            }
            for (peer, start_s), figures in zip(started, zip(*rounds, strict=True), strict=True)
        ]


def _rules(count: int) -> list[dict[str, Any]]:
    """Return fault rules of several kinds, none of which matches the load's requests."""
    matches: list[dict[str, Any]] = [
        {"from": "999999999999"},
        {"interaction": "*:structured:*"},
        {"target": "*/Patient/*"},
        {"header": {"X-Test-Run": "42"}},
        {"method": "POST"},
    ]
    return [
        {"name": f"rule-{n}", "match": matches[n % len(matches)], "effect": {"kind": "latency", "delay_ms": 1}}
        for n in range(count)
    ]


REGISTRY = Measure("registry", "registries of 10, 1,000 and 100,000 systems", take_registry)
FAULT_RULES = Measure("faults", "0, 10 and 1,000 fault rules that do not match", take_faults)
BODY_SIZE = Measure("bodies", "bodies from 1 KiB to 16 MiB", take_bodies)
