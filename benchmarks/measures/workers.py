"""The emulator with two workers, where it knows how to have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import process_tree
from peers import emulator
from peers.emulator import Variant

from measures.bench import Load, Measure, middle
from measures.small import once

if TYPE_CHECKING:
    from measures.bench import Bench

_TWO = Variant("emulator, 2 workers", settings={"workers": 2})
_LOAD = Load(connections=64)


async def take(bench: Bench) -> None:
    """Take rounds of one worker and of two in turn, and note where there cannot be two."""
    if (why_not := await emulator.complaint(bench.setting, bench.provider, _TWO)) is not None:
        bench.say(f"no second worker: {why_not.partition(chr(10))[0]}")
        bench.results.setdefault("missing", {})[_TWO.name] = "this emulator knows no `workers`"
        return
    (one,) = bench.named(emulator.NAME)
    async with emulator.running(bench.setting, bench.provider, _TWO) as two:
        await bench.settle(two)
        pairs = [(await once(bench, one, _LOAD), await once(bench, two, _LOAD)) for _ in range(bench.rounds)]
        with_one, with_two = (middle(rounds) for rounds in zip(*pairs, strict=True))
        bench.figures(two.name).update(
            {
                "version": two.version,
                "cpu_us_per_request": with_two["cpu_us"],
                "requests_per_s": with_two["rate"],
                "latency_ms": {"p50": with_two["p50"], "p90": with_two["p90"], "p99": with_two["p99"]},
                "peak_rss_mib": process_tree.peak_mib(two.pid),
                "one_worker_requests_per_s": with_one["rate"],
            }
        )


TWO_WORKERS = Measure("workers", "two workers", take)
