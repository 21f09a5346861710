"""Latency as a consumer's socket sees it: a request waits as long as its record says, and alike for the same seed."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from support.rules import rule
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

REQUESTS = 6
SPREADS = ["uniform", "normal", "lognormal"]


def waited_ms(record: dict[str, Any], at: str) -> float:
    """Return how long a record says that its request waited, in milliseconds."""
    (fired,) = record["faults"]
    found = re.fullmatch(rf"waited ([0-9.]+) ms before the {at}", fired["did"])
    assert found, fired
    return float(found[1])


async def took_s(ssp: Running) -> list[float]:
    """Ask, one request after the other on one connection, and return how long each answer took, in seconds."""
    loop, wire = asyncio.get_running_loop(), await ssp.wire()
    taken = []
    for _ in range(REQUESTS):
        begun = loop.time()
        answer = await wire.ask(ssp.request())
        taken.append(loop.time() - begun)
        assert (answer.status, answer.body) == (200, b"ok")
    assert isinstance(wire.writer.get_extra_info("ssl_object"), ssl.SSLObject)
    return taken


@pytest.mark.parametrize("at", ["request", "answer"])
@pytest.mark.parametrize("distribution", SPREADS)
async def test_a_consumer_waits_as_long_as_the_record_says_and_alike_for_the_same_seed(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, distribution: str, at: str
) -> None:
    effect = {"kind": "latency", "delay_ms": 30, "jitter_ms": 10, "distribution": distribution, "at": at}
    waited = []
    for place, seed in enumerate((7, 7, 8)):
        folder, faults = tmp_path / str(place), {"seed": seed}
        async with running(folder, certificates, provider.port, faults=faults) as ssp:
            ssp.emulator.faults.put([rule("slow", effect=effect)])
            taken = await took_s(ssp)
            told = [waited_ms(record, at) for record in ssp.records()]
        assert all(took >= told_ms / 1000 - 0.001 for took, told_ms in zip(taken, told, strict=True))
        waited.append(told)

    one, same_seed, another_seed = waited
    assert one == same_seed != another_seed
    assert len(set(one)) == REQUESTS
    assert len(provider.received) == 3 * REQUESTS


@pytest.mark.parametrize(("at", "asked"), [("request", 0), ("answer", 1)])
async def test_the_provider_is_asked_after_a_wait_of_the_request_and_before_one_of_the_answer(
    ssp: Running, provider: StubProvider, at: str, asked: int
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    seen: list[int] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append(len(ssp.records()))
        begun.set()
        await go_on.wait()
        writer.write(provider.answer)
        await reader.read()

    provider.play = play
    effect = {"kind": "latency", "delay_ms": 60, "at": at}
    ssp.emulator.faults.put([rule("slow", effect=effect)])
    loop, wire = asyncio.get_running_loop(), await ssp.wire()

    sent = loop.time()
    await wire.send(ssp.request())
    await begun.wait()
    reached = loop.time()
    go_on.set()
    answer = await wire.answer()
    answered = loop.time()

    assert answer.body == b"ok"
    assert (reached - sent if at == "request" else answered - reached) >= 0.059
    assert waited_ms(ssp.record(), at) == 60
