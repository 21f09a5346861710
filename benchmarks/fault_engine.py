"""What the fault engine costs a request: its choice alone, with no rule in force and with more and more of them.

Exit 0 where the cost with no rule is below the limit, 1 where it is not, 2 where it could not be measured.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import procfs
from multidict import CIMultiDict, CIMultiDictProxy
from options import WholeNumber
from scenario import BenchmarkError

from ssp_emulator import checks
from ssp_emulator.clock import SystemClock
from ssp_emulator.demo import consumer
from ssp_emulator.exchange import Client, Exchange
from ssp_emulator.faults.engine import Engine
from ssp_emulator.faults.rule import Rule
from ssp_emulator.located import InvalidFileError
from ssp_emulator.pki.verdict import ClientCertificate
from ssp_emulator.plan import read_plan
from ssp_emulator.spine import Spine

_LIMIT_US = 2.0
_CONFIGURATION = Path(__file__).parent.parent / "config" / "emulator.yaml"
_READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
_EXCHANGES = 1000  # that a repetition goes through
_MOST = 10_000
_NOT_MET, _NOT_MEASURED = 1, 2

# What does not match, each for another reason, in turn.
_OTHERS = (
    {"from": "200000000999"},
    {"interaction": "*:structured:*"},
    {"target": "*/Patient/*/DocumentReference*"},
    {"header": {"X-Test-Run": "42"}},
    {"organisation": "B*"},
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is in force, in words, and the rules."""

    name: str
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Microseconds for one choice: the mean of each repetition."""

    means_us: tuple[float, ...]

    @property
    def least_us(self) -> float:
        """The least of the repetitions, which other work on the machine has disturbed the least."""
        return min(self.means_us)

    @property
    def median_us(self) -> float:
        """The median of the repetitions."""
        return median(self.means_us)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description="What the fault engine costs a request.", allow_abbrev=False)
    parser.add_argument(
        "--repetitions", type=WholeNumber(_MOST), default=30, metavar="N", help="of each case (%(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        procfs.require()
        exchanges = _exchanges()
    except BenchmarkError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return _NOT_MEASURED
    print(procfs.machine(), "\n")
    print("| rules in force | least, µs | median, µs |")
    print("| --- | --- | --- |")
    met = True
    for case in _cases():
        figures = _measured(case, exchanges, options.repetitions)
        print(f"| {case.name} | {figures.least_us:.2f} | {figures.median_us:.2f} |")
        met = met and (bool(case.rules) or figures.median_us < _LIMIT_US)
    print(f"\nno rule: {'below' if met else 'NOT below'} {_LIMIT_US:g} µs")
    return 0 if met else _NOT_MET


def _cases() -> tuple[Case, ...]:
    others = tuple(_rule(f"other-{n}", _OTHERS[n % len(_OTHERS)]) for n in range(1000))
    exact = tuple(_rule(f"exact-{n}", {"from": f"3{n:011}"}) for n in range(1000))
    globs = tuple(_rule(f"glob-{n}", {"target": f"*/Patient/{n}/*"}) for n in range(1000))
    return (
        Case("none"),
        Case("1 that does not match", others[:1]),
        Case("10 that do not match", others[:10]),
        Case("1,000 that do not match, of five patterns", others),
        Case("1,000 that do not match, each by a value of its own", exact),
        Case("1,000 that do not match, each by a pattern of its own", globs),
        Case("1 that matches and fires", (_rule("slow-documents", {"target": "*/Binary/*"}),)),
        Case("1 that matches, by chance 0.3", (_rule("slow-documents", {"target": "*/Binary/*"}, probability=0.3),)),
    )


def _rule(name: str, match: dict[str, object], **when: float) -> Rule:
    return Rule.model_validate({"name": name, "match": match, "when": when, "effect": {"kind": "unavailable"}})


def _exchanges() -> list[Exchange]:
    """Return requests that have passed all checks, as the engine gets them. Raises `BenchmarkError`."""
    try:
        registry = read_plan(_CONFIGURATION).registry
        route = consumer.route(registry, _READ)
        now = datetime.now(UTC)
        asked = [consumer.request(route, consumer.Question("size-1000"), now) for _ in range(_EXCHANGES)]
    except (InvalidFileError, consumer.ConsumerError) as error:
        raise BenchmarkError(f"{_CONFIGURATION} leads to no request: {error}") from error
    spine = Spine(registry.directory, registry.catalogue, SystemClock())
    client = Client("127.0.0.1:50000", "127.0.0.1", "TLSv1.2", certificate=_certificate(route.sender.fqdn))
    exchanges = [_exchange(request, client, now) for request in asked]
    for exchange in exchanges:
        if (denial := checks.examine(exchange, spine)) is not None:
            raise BenchmarkError(f"a request did not pass the checks: {denial.text}")
    return exchanges


def _certificate(fqdn: str) -> ClientCertificate:
    return ClientCertificate(f"CN={fqdn}", "CN=Emulated SubCA", "1", "0" * 64, (fqdn,))


def _exchange(request: consumer.Request, client: Client, now: datetime) -> Exchange:
    headers = CIMultiDictProxy(CIMultiDict({"Host": "localhost:8443", **request.headers}))
    return Exchange(now, 0.0, client, request.method, f"/{request.target}", headers)


def _measured(case: Case, exchanges: list[Exchange], repetitions: int) -> Figures:
    """Measure a case; the loop around each choice is measured with it."""
    engine = Engine(SystemClock(), seed=1)
    engine.put(case.rules)
    choose, means_us = engine.choose, []
    gc.disable()
    try:
        for _ in range(repetitions + 1):
            begun = time.perf_counter_ns()
            for exchange in exchanges:
                choose(exchange)
            means_us.append((time.perf_counter_ns() - begun) / 1000 / len(exchanges))
    finally:
        gc.enable()
    return Figures(tuple(means_us[1:]))  # the first warms up


if __name__ == "__main__":
    sys.exit(main())
