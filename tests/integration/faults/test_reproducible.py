"""Chance with a seed: ten thousand requests, fifty at a time, decided alike in every run."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from support import setup
from support.running import running
from support.stub import StubProvider

from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.running import Running

    from ssp_emulator.pki.folder import CertificateFolder

REQUESTS, OTHERS, AT_ONCE = 10_000, 1_000, 50
PROBABILITY, SEED = 0.3, 20_261_122
FLAPPING = Rule.model_validate(
    {
        "name": "flapping",
        "match": {"from": setup.CONSUMER},
        "when": {"probability": PROBABILITY},  # with the seed of the configuration
        "effect": {"kind": "unavailable"},
    }
)
# Of another sender, which has no agreement: the checks refuse it with 403 unless the rule does so first.
BESIDE = Rule.model_validate(
    {
        "name": "beside",
        "match": {"from": setup.OTHER_CONSUMER},
        "when": {"probability": 0.5, "seed": 7},
        "effect": {"kind": "bad-gateway"},
    }
)
FORGED = "0" * 8  # stands in a request for what is different in each of them
AS_OFTEN = 100  # requests with one token: it is good for five minutes, and slow machines take longer than that


@dataclass
class Run:
    """What was decided, by each rule's counts, and in which order the rules fired.

    And the statuses, by trace ID, that clients saw and that the trail has.
    """

    fired: dict[str, list[int]]
    order: list[str]
    seen: dict[str, int]
    recorded: dict[str, int]


async def test_the_same_decisions_in_two_runs(tmp_path: Path, certificates: CertificateFolder) -> None:
    one, other = [await run(tmp_path / str(n), certificates, shuffle=n) for n in (1, 2)]

    assert one.fired == other.fired
    deviation = math.sqrt(REQUESTS * PROBABILITY * (1 - PROBABILITY))
    assert abs(len(one.fired["flapping"]) - REQUESTS * PROBABILITY) < 3 * deviation
    assert max(one.fired["flapping"]) <= REQUESTS
    assert max(one.fired["beside"]) <= OTHERS

    for each in (one, other):
        assert each.seen == each.recorded
        fired, beside = len(each.fired["flapping"]), len(each.fired["beside"])
        expected = {503: fired, 200: REQUESTS - fired, 502: beside, 403: OTHERS - beside}
        assert Counter(each.seen.values()) == expected
    assert one.order != other.order  # the two rules' requests came among each other in another way


async def run(folder: Path, certificates: CertificateFolder, *, shuffle: int) -> Run:
    """Send every request to an emulator of its own, the two senders' in an order that depends on `shuffle`."""
    senders = [setup.CONSUMER] * REQUESTS + [setup.OTHER_CONSUMER] * OTHERS
    Random(shuffle).shuffle(senders)
    waiting = enumerate(senders)
    seen: dict[str, int] = {}
    async with (
        StubProvider(certificates) as provider,
        running(folder, certificates, provider.port, faults={"seed": SEED}) as ssp,
    ):
        ssp.emulator.faults.put([FLAPPING, BESIDE])
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(ask_on_one_connection(ssp, waiting, seen))
        records = ssp.records()
    firings = [(record, firing) for record in records for firing in record["faults"]]
    assert all(firing["did"] == f"refused with {record['status']}" for record, firing in firings)
    return Run(
        fired={
            rule.name: sorted(firing["count"] for _, firing in firings if firing["rule"] == rule.name)
            for rule in (FLAPPING, BESIDE)
        },
        order=[firing["rule"] for _, firing in firings],
        seen=seen,
        recorded={record["trace_id"]: record["status"] for record in records},
    )


async def ask_on_one_connection(ssp: Running, waiting: Iterator[tuple[int, str]], seen: dict[str, int]) -> None:
    """Send what is waiting, one request after the other, on one connection that is kept alive."""
    wire = await ssp.wire()
    requests: dict[str, bytes] = {}
    for sent, (number, sender) in enumerate(waiting):
        if sent % AS_OFTEN == 0:
            requests = {
                each: ssp.request(Ssp_TraceID=trace_id(FORGED), Ssp_From=each)
                for each in (setup.CONSUMER, setup.OTHER_CONSUMER)
            }
        trace = trace_id(f"{number:08}")
        answer = await wire.ask(requests[sender].replace(trace_id(FORGED).encode(), trace.encode(), 1))
        assert answer.all("Connection") == []
        seen[trace] = answer.status


def trace_id(number: str) -> str:
    """A UUID of version 4 that begins with a number of eight digits."""
    return f"{number}-0000-4000-8000-000000000000"
