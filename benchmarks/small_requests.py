"""How much processor time the proxy spends on one small request, on a connection that is kept alive.

Exit 0 where it was measured, 1 where an answer was wrong, 2 where it could not be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import procfs
import scenario
from options import WholeNumber
from scenario import BenchmarkError, Scenario, WrongAnswerError
from yarl import URL

from ssp_emulator.demo import consumer, sending

_READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
_BYTES = 1000
_WARM_UPS = 200
_MOST = 20_000
_PATIENCE_S = 240.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured over all requests: the seconds that went by, and those that the proxy computed."""

    requests: int
    seconds: float
    user_s: float
    system_s: float

    @property
    def cpu_ms(self) -> float:
        """The proxy's processor time for one request, in milliseconds."""
        return (self.user_s + self.system_s) * 1000 / self.requests


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Processor time of the proxy for one small request.", allow_abbrev=False
    )
    parser.add_argument("--requests", type=WholeNumber(_MOST), default=2000, metavar="N", help="how many (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        procfs.require()
        figures = scenario.run(_measured(options.requests))
    except (WrongAnswerError, consumer.ConsumerError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    except BenchmarkError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 2
    _print(figures)
    return 0


async def _measured(requests: int) -> Figures:
    async with scenario.running() as started:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await _ask_all(started, requests)
        except TimeoutError as error:
            raise BenchmarkError(f"the requests were not done within {_PATIENCE_S:g} s") from error
        except aiohttp.ClientError as error:
            raise consumer.ConsumerError(f"the proxy at {started.proxy} did not answer: {error}") from error


async def _ask_all(started: Scenario, requests: int) -> Figures:
    connector = aiohttp.TCPConnector(ssl=sending.tls_context(started.identity), limit=1)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(_WARM_UPS):
            await _ask(started, session)
        user, system = procfs.cpu_s(started.proxy_pid)
        begun = time.monotonic()
        for _ in range(requests):
            await _ask(started, session)
        seconds = time.monotonic() - begun
        user_after, system_after = procfs.cpu_s(started.proxy_pid)
    return Figures(requests, seconds, user_after - user, system_after - system)


async def _ask(started: Scenario, session: aiohttp.ClientSession) -> None:
    """Send one request, with a trace ID and a token of its own. Raises `WrongAnswerError`."""
    route = consumer.route(started.plan.registry, _READ)
    request = consumer.request(route, consumer.Question(f"size-{_BYTES}"), datetime.now(UTC))
    url = URL(f"https://{started.proxy}/{request.target}", encoded=True)
    async with session.request(request.method, url, headers=request.headers, allow_redirects=False) as answer:
        body = await answer.read()
    if answer.status != _OK:
        raise WrongAnswerError(f"the answer was {answer.status}: {body[:1000].decode('utf-8', 'replace')}")


def _print(figures: Figures) -> None:
    print(procfs.machine(), "\n")
    print("| requests | seconds | ms each, in all | CPU of the proxy, ms each | of it user | system |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(
        f"| {figures.requests} | {figures.seconds:.1f} | {figures.seconds * 1000 / figures.requests:.2f} "
        f"| {figures.cpu_ms:.2f} | {figures.user_s * 1000 / figures.requests:.2f} "
        f"| {figures.system_s * 1000 / figures.requests:.2f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
