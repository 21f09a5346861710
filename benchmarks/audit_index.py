"""What the index of a large trail costs, and gives: a trace of a million records is found at the API in under 50 ms.

Exit 0 where that is so, and the emulator needs no more memory for them; 1 where it is not; 2 where it could not be
measured.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import median, quantiles
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp
import procfs
import scenario
import trail
from options import WholeNumber
from scenario import BenchmarkError, Scenario
from yarl import URL

from ssp_emulator.audit.layout import Layout
from ssp_emulator.demo import consumer, sending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LIMIT_MS = 50.0
_MAY_ADD_MIB = 16.0
_MOST = 5_000_000
_LOOKUPS = 200
_REQUESTS = 300
_READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
_MAKE = """
import sys
from pathlib import Path
from ssp_emulator.audit.index import Index
from ssp_emulator.audit.layout import Layout
with Index(Layout(Path(sys.argv[1]))) as index:
    sys.exit(index.catch_up() != 0)
"""
_PATIENCE_S = 240.0
_MIB, _KIB_IN_MIB = 1024 * 1024, 1024
_NOT_MET, _NOT_MEASURED = 1, 2


@dataclass(slots=True)
class Making:
    """What it took to make the index from nothing, at full speed in a process of its own."""

    records: int
    seconds: float = 0.0
    peak_mib: float = 0.0
    size_mib: float = 0.0
    journal_mib: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """The emulator's peak memory, and what each look-up and each search took, in milliseconds."""

    peak_mib: float
    lookups_ms: tuple[float, ...]
    searches_ms: tuple[float, ...]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print tables, and return the exit code."""
    parser = argparse.ArgumentParser(description="Find a trace in a large audit trail.", allow_abbrev=False)
    parser.add_argument(
        "--records", type=WholeNumber(_MOST), default=1_000_000, metavar="N", help="how many (%(default)s)"
    )
    making = Making(parser.parse_args(arguments).records)
    try:
        procfs.require()
        without = scenario.run(_measured(Making(0)))
        figures = scenario.run(_measured(making))
    except (BenchmarkError, consumer.ConsumerError, OSError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return _NOT_MEASURED
    _print(making, without, figures)
    slowest = _p99(figures.lookups_ms)
    added = figures.peak_mib - without.peak_mib
    met = slowest < _LIMIT_MS and added < _MAY_ADD_MIB
    print(
        f"\n{'met' if met else 'NOT met'}: a trace below {_LIMIT_MS:g} ms (99 of 100), "
        f"and at most {_MAY_ADD_MIB:g} MiB more for all of them ({added:+.1f} MiB)"
    )
    return 0 if met else _NOT_MET


def _print(making: Making, without: Figures, figures: Figures) -> None:
    print(procfs.machine(), "\n")
    print("| records | journal | to index them | peak memory of that | index |")
    print("| --- | --- | --- | --- | --- |")
    print(
        f"| {making.records:,} | {making.journal_mib:.0f} MiB | {making.seconds:.0f} s | {making.peak_mib:.1f} MiB "
        f"| {making.size_mib:.0f} MiB |\n"
    )
    print("| records | emulator's peak memory | trace, median | 99 of 100 | search, median | 99 of 100 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for records, each in ((0, without), (making.records, figures)):
        times = " | ".join(
            f"{summary(times_ms):.1f} ms"
            for times_ms in (each.lookups_ms, each.searches_ms)
            for summary in (median, _p99)
        )
        print(f"| {records:,} | {each.peak_mib:.1f} MiB | {times} |")


def _p99(times_ms: tuple[float, ...]) -> float:
    return quantiles(times_ms, n=100)[-1]


async def _measured(making: Making) -> Figures:
    prepare = partial(_make, making) if making.records else None
    async with scenario.running(prepare) as started:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await _ask(started, making.records)
        except TimeoutError as error:
            raise BenchmarkError(f"the questions were not answered within {_PATIENCE_S:g} s") from error
        except aiohttp.ClientError as error:
            raise BenchmarkError(f"the emulator did not answer: {error}") from error


def _make(making: Making, journal: Path) -> None:
    """Write the trail and its index. Raises `BenchmarkError`."""
    making.journal_mib = trail.write(journal, making.records) / _MIB
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", _MAKE, str(journal)])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BenchmarkError("the index could not be made")
    making.seconds = time.monotonic() - begun
    making.peak_mib = used.ru_maxrss / _KIB_IN_MIB
    making.size_mib = Layout(journal).index.stat().st_size / _MIB


async def _ask(started: Scenario, records: int) -> Figures:
    """Send requests as consumers do, then look up traces one after the other, and search."""
    connector = aiohttp.TCPConnector(ssl=sending.tls_context(started.identity), limit=1)
    async with aiohttp.ClientSession(connector=connector) as session:
        fresh = [await _request(started, session) for _ in range(_REQUESTS)]
        chance = random.Random(2)
        wanted = [trail.trace_id(chance.randrange(1, records + 1)) for _ in range(_LOOKUPS)] if records else fresh
        lookups = [await _timed(started, session, f"/traces/{trace_id}", trace_id) for trace_id in wanted[:_LOOKUPS]]
        searches = [await _timed(started, session, f"/exchanges?{query}", '"exchanges"') for query in _queries(chance)]
    return Figures(procfs.peak_kib(started.proxy_pid) / _KIB_IN_MIB, tuple(lookups), tuple(searches))


def _queries(chance: random.Random) -> Iterator[str]:
    """Yield what is searched for: one interaction's time-outs and refusals, each from another hour on."""
    for _ in range(_LOOKUPS):
        since = f"2026-03-{chance.randrange(4, 7):02d}T{chance.randrange(24):02d}:00:00Z"
        status = chance.choice(("504", "4xx", "403"))
        yield urlencode({"interaction": "*:read:metadata-1", "status": status, "since": since, "limit": "50"})


async def _request(started: Scenario, session: aiohttp.ClientSession) -> str:
    """Send one request through the proxy, and return its trace ID. Raises `BenchmarkError`."""
    route = consumer.route(started.plan.registry, _READ)
    request = consumer.request(route, consumer.Question("size-1000"), datetime.now(UTC))
    url = URL(f"https://{started.proxy}/{request.target}", encoded=True)
    async with session.request(request.method, url, headers=request.headers, allow_redirects=False) as answer:
        await answer.read()
    if not answer.ok:
        raise BenchmarkError(f"the proxy answered {answer.status}")
    return request.headers["Ssp-TraceID"]


async def _timed(started: Scenario, session: aiohttp.ClientSession, path: str, expected: str) -> float:
    """Call the API, and return how many milliseconds the whole answer took. Raises `BenchmarkError`."""
    begun = time.perf_counter()
    async with session.get(URL(f"http://{started.admin}/api/v1{path}", encoded=True)) as answer:
        body = await answer.text()
    taken = time.perf_counter() - begun
    if not answer.ok or expected not in body or '"behind":0' not in body:
        raise BenchmarkError(f"{path} was answered {answer.status}: {body[:500]}")
    return taken * 1000


if __name__ == "__main__":
    sys.exit(main())
