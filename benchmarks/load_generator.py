"""Puts a load on a proxy over mutual TLS: each request has a trace ID and a token of its own, made ahead of time.

    .venv/bin/python benchmarks/load_generator.py https://localhost:8443 --id size-1000 --connections 32

Who asks whom for what comes from the registry of the configuration, and the consumer's certificate from its folder. A
URL with a path has that asked for instead. Exit 0 where every answer was right, 1 where one was not, 2 where no load
could be put on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from load import sheets
from load.crew import LoadError
from load.job import Door, Job
from load.remote import FAILED, GO, READY
from load.working import Work
from options import Number, WholeNumber

from ssp_emulator.demo.consumer import ConsumerError
from ssp_emulator.errors import SetupError
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from load.tally import Tally

_MOST_CONNECTIONS = 10_000
_MOST_REQUESTS = 1_000_000
_MOST_SECONDS = 600
_MOST_A_SECOND = 100_000
_HTTPS = 443


def main(arguments: list[str] | None = None) -> int:
    """Put the load on, print what came of it, and return the exit code."""
    options = _parser().parse_args(arguments)
    if options.jobs:
        _work_through_jobs()
        return 0
    if options.url is None:
        print("a URL is needed, such as https://localhost:8443", file=sys.stderr)
        return 2
    try:
        tally = _done(_job(options))
    except (LoadError, ConsumerError, SetupError, OSError) as error:
        print(f"no load: {error}", file=sys.stderr)
        return 2
    _print(tally)
    return 0 if tally.right == tally.answered and not tally.errors else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", nargs="?", help="of the proxy, such as https://localhost:8443")
    parser.add_argument("--config", type=Path, default=Path("config/emulator.yaml"), help="%(default)s")
    parser.add_argument("--interaction", default=sheets.READ, help="%(default)s")
    parser.add_argument("--id", default="size-1000", help="of the resource that is asked for (%(default)s)")
    parser.add_argument("--server-name", help="that the server's certificate should have; the URL's host if left out")
    parser.add_argument("--connections", type=WholeNumber(_MOST_CONNECTIONS), default=1, metavar="N")
    parser.add_argument(
        "--seconds", type=Number(_MOST_SECONDS), default=5.0, metavar="S", help="how long (%(default)s)"
    )
    parser.add_argument("--requests", type=WholeNumber(_MOST_REQUESTS), metavar="N", help="how many at most")
    parser.add_argument(
        "--rate", type=Number(_MOST_A_SECOND), metavar="N", help="requests a second, whatever the answers do"
    )
    parser.add_argument("--new-connections", action="store_true", help="a new connection for each request")
    parser.add_argument("--resume", action="store_true", help="each takes up the TLS session of one before")
    parser.add_argument("--warm-up", type=WholeNumber(_MOST_REQUESTS), default=100, metavar="N")
    parser.add_argument("--jobs", action="store_true", help=argparse.SUPPRESS)
    return parser


def _job(options: argparse.Namespace) -> Job:
    """Return the job that the command line asks for. Raises `SetupError` and `ConsumerError`."""
    plan, url = read_plan(options.config), urlsplit(options.url)
    host, certificates = url.hostname or "localhost", plan.certificates
    door = Door(
        host="127.0.0.1" if host == "localhost" else host,
        port=url.port or _HTTPS,
        server_name=options.server_name or host,
        certificate=str(certificates.consumer.certificate),
        key=str(certificates.consumer.key),
        trust=str(certificates.chain),
        fresh=options.new_connections,
        resume=options.resume,
    )
    target = url.path.removesuffix("/") + (f"?{url.query}" if url.query else "")
    return Job(
        doors=(door,),
        sheet=sheets.sheet(plan.registry, url.netloc, options.id, options.interaction, target or None),
        manner="closed" if options.rate is None else "paced",
        connections=options.connections,
        seconds=options.seconds,
        requests=options.requests,
        warm_up=options.warm_up,
        rate=options.rate,
    )


def _done(job: Job) -> Tally:
    with _runner(job) as runner:
        work = Work(job, runner.get_loop())
        runner.run(work.prepare())
        tallies = runner.run(work.do())
        runner.run(work.close())
    return tallies[0]


def _work_through_jobs() -> None:
    """Read jobs, a line each, and do each at the word of whoever sent it; another job in its place drops it."""
    instead = ""
    while line := instead or sys.stdin.readline():
        instead = _worked_through(Job.from_json(line))


def _worked_through(job: Job) -> str:
    """Do a job, and return what came in place of the word to begin, if something did."""
    with _runner(job) as runner:
        work = Work(job, runner.get_loop())
        try:
            runner.run(work.prepare())
            print(READY, flush=True)
            word = sys.stdin.readline()
            if word.strip() != GO:
                return word
            said = json.dumps([tally.to_json() for tally in runner.run(work.do())])
        except LoadError as error:
            said = f"{FAILED}{error}"
        finally:
            runner.run(work.close())
    print(said, flush=True)
    return ""


def _runner(job: Job) -> asyncio.Runner:
    """Return what runs a job: with epoll, or where requests are paced with select, whose timer is finer than 1 ms."""
    selector = selectors.SelectSelector() if job.manner == "paced" else selectors.DefaultSelector()
    return asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector))


def _print(tally: Tally) -> None:
    print("| right | seconds | requests/s | MiB/s | p50 | p90 | p99 | p99.9 | most | own CPU each |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    quantiles = " | ".join(f"{tally.quantile_ms(share):.2f} ms" for share in (0.5, 0.9, 0.99, 0.999, 1.0))
    own_us = tally.cpu_s * 1e6 / max(1, tally.answered)
    mib_per_s = tally.wire_bytes / 2**20 / tally.seconds
    print(
        f"| {tally.right} | {tally.seconds:.1f} | {tally.rate:.0f} | {mib_per_s:.1f} | {quantiles} | {own_us:.0f} µs |"
    )
    print("\nstatuses:", ", ".join(f"{count} x {status}" for status, count in sorted(tally.statuses.items())))
    for kind, count in tally.errors.most_common():
        print(f"{count} x {kind}")


if __name__ == "__main__":
    sys.exit(main())
