"""A diagnosis of what can really be connected to: providers of every kind of badness, over real sockets."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support import setup
from support.stub import StubProvider

from ssp_emulator.clock import SystemClock
from ssp_emulator.diagnosis import diagnose
from ssp_emulator.diagnosis.findings import Level
from ssp_emulator.diagnosis.reaching import MOST, reaching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssp_emulator.diagnosis.findings import Finding, Section
    from ssp_emulator.pki.folder import CertificateFolder

ORDER = (("providers", reaching),)


async def of_providers(path: Path) -> Section:
    """Diagnose the providers alone, away from the event loop that plays them."""
    report = await asyncio.to_thread(diagnose, path, SystemClock(), {}, order=ORDER)
    return report.sections[0]


async def the_one(path: Path) -> Finding:
    (finding,) = (await of_providers(path)).findings
    return finding


@asynccontextmanager
async def who_says(answer: bytes | None) -> AsyncIterator[int]:
    """Listen, and answer every connection so, or with nothing at all."""
    over = asyncio.Event()

    async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is not None:
            writer.write(answer)
            await writer.drain()
        else:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()
        await asyncio.sleep(0)


async def test_a_provider_that_is_well(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider) -> None:
    section = await of_providers(setup.write(tmp_path, certificates, provider.port))

    assert [each.level for each in section.findings] == [Level.OK]
    assert section.facts["places"] == 1  # five services and two systems at one place
    assert provider.received == []


async def test_a_provider_with_the_certificate_of_another_host(tmp_path: Path, certificates: CertificateFolder) -> None:
    async with StubProvider(certificates, shown=certificates.ssp_server) as stub:
        finding = await the_one(setup.write(tmp_path, certificates, stub.port))

    assert finding.level is Level.PROBLEM
    assert "its certificate is refused: Hostname mismatch" in finding.what
    assert "it is of ssp.example.nhs.uk, localhost, 127.0.0.1, ::1, issued by CN=NHS Level 1D - SubCA" in finding.what
    assert finding.advice == "compare its certificate with providers.tls.trust and with the host in the registry"


async def test_a_provider_whose_authority_nobody_trusts(tmp_path: Path, certificates: CertificateFolder) -> None:
    async with StubProvider(certificates, shown=certificates.invalid("untrusted")) as stub:
        finding = await the_one(setup.write(tmp_path, certificates, stub.port))

    assert finding.level is Level.PROBLEM
    assert "its certificate is refused: " in finding.what


async def test_a_provider_that_does_not_trust_us(tmp_path: Path, certificates: CertificateFolder) -> None:
    shown = certificates.invalid("untrusted")
    tls = {"certificate": str(shown.certificate), "key": str(shown.key), "trust": str(certificates.chain)}
    async with StubProvider(certificates) as stub:
        finding = await the_one(setup.write(tmp_path, certificates, stub.port, providers={"tls": tls}))

    assert finding.level is Level.PROBLEM
    assert re.search("it ends the connection after the handshake|no TLS: .*alert unknown ca", finding.what)
    assert "trust the authority of our client certificate" in finding.advice


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["plain HTTP", "nothing"])
async def test_what_speaks_no_tls(tmp_path: Path, certificates: CertificateFolder, answer: bytes) -> None:
    async with who_says(answer) as port:
        finding = await the_one(setup.write(tmp_path, certificates, port))

    assert finding.level is Level.PROBLEM
    assert ": no TLS: " in finding.what


async def test_who_takes_a_connection_and_says_nothing_keeps_nobody_waiting(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    began = asyncio.get_running_loop().time()
    async with who_says(None) as port:
        finding = await the_one(setup.write(tmp_path, certificates, port))

    assert asyncio.get_running_loop().time() - began < 12
    assert finding.level is Level.PROBLEM
    assert "no TLS: " in finding.what


async def test_a_name_that_is_not_found(tmp_path: Path, certificates: CertificateFolder) -> None:
    path = setup.write(tmp_path, certificates, 9)
    registry = path.with_name("registry.yaml")
    registry.write_text(registry.read_text().replace("127.0.0.1:9", "no-such-host.invalid:9"))

    finding = await the_one(path)

    assert finding.level is Level.PROBLEM
    assert finding.what.startswith(
        "gp.example.nhs.uk at no-such-host.invalid:9: the name no-such-host.invalid is not found"
    )


async def test_of_many_places_some_are_tried_and_all_at_once(tmp_path: Path, certificates: CertificateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = setup.write(tmp_path, certificates, port)
    registry: dict[str, Any] = setup.registry(port)
    template = registry["systems"][1]["endpoints"][0]
    registry["systems"][1]["endpoints"] = [
        {**template, "root": f"https://gp{number}.example.nhs.uk/x", "receives": [f"urn:x:{number}"]}
        for number in range(MOST + 3)
    ]
    registry["systems"] = registry["systems"][:2]
    registry["agreements"] = []
    path.with_name("registry.yaml").write_text(yaml.safe_dump(registry, sort_keys=False))

    section = await of_providers(path)

    assert len(section.facts.get("tried", ())) == MOST, section
    assert section.facts["places"] == MOST + 3
    assert section.findings[-1].what == "3 more places of providers were not tried"
