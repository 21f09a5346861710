"""The provider's leg: where it leads, its TLS and certificates, and what is said on it before the answer.

Source: Spine Core SSP implementation guide (forwarding); GP Connect 1.6.2, "Security guidance" and "Error handling";
RFC 9110, 7.2 (Host), 10.1.1 (Expect) and 15.2 (1xx).
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from support import setup
from support.running import running
from support.stub import OK, StubProvider
from support.tokens import bearer, gp_connect_1

from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running


async def test_without_connect_to_the_provider_is_where_its_root_says_and_host_has_the_port(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    async with StubProvider(certificates, shown=certificates.ssp_server) as provider:
        root = f"https://localhost:{provider.port}/documents"
        registry = setup.registry(provider.port)
        _, receiver, *_ = registry["systems"]
        receiver["endpoints"] = [{"root": root, "cpa_id": "A1", "receives": [setup.READ_BINARY]}]
        async with running(tmp_path, certificates, provider.port, registry=registry) as ssp:
            answer = await ssp.ask(target=f"/{root}/Binary/1", Authorization=bearer(gp_connect_1(root=root)))

        assert answer.status == 200
        assert provider.received[0].all("Host") == [f"localhost:{provider.port}"]


async def test_the_proxy_shows_the_provider_a_certificate_of_its_own(ssp: Running, provider: StubProvider) -> None:
    await ssp.ask()

    own = x509.load_pem_x509_certificate(ssp.certificates.ssp_client.certificate.read_bytes())
    assert provider.shown == [own.serial_number]


async def test_a_provider_whose_issuer_is_not_trusted_is_502(tmp_path: Path, certificates: CertificateFolder) -> None:
    other = CertificateFolder(tmp_path / "other")
    initialise(other, Names(), now=datetime.now(UTC))  # for the same names, from authorities of its own
    impostor = StubProvider(certificates, shown=other.provider)
    async with impostor, running(tmp_path, certificates, impostor.port) as ssp:
        answer = await ssp.ask()

        said = f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{setup.ROOT}/Binary/1"
        assert (answer.status, answer.json()["issue"][0]["diagnostics"]) == (502, said)
        assert "is not good" in ssp.record()["provider"]["error"]
        assert impostor.received == []


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a request, and close the connection."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    await writer.drain()


async def test_a_session_is_resumed_with_a_provider_that_closes_after_each_answer(
    ssp: Running, provider: StubProvider
) -> None:
    provider.play = closing
    statuses = [(await ssp.ask()).status for _ in range(3)]

    assert statuses == [200] * 3
    assert provider.resumed == [False, True, True]
    assert len(set(provider.shown)) == 1  # and it knows whom it talks to


async def test_a_provider_that_shows_another_certificate_is_judged_anew(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    other = CertificateFolder(tmp_path / "other")
    initialise(other, Names(), now=datetime.now(UTC))
    async with StubProvider(certificates) as good:
        good.play = closing
        async with running(tmp_path, certificates, good.port) as ssp:
            before = [(await ssp.ask()).status for _ in range(2)]
            await good.__aexit__()
            async with StubProvider(certificates, good.port, shown=other.provider) as impostor:
                meanwhile = (await ssp.ask()).status
                received = list(impostor.received)
            async with StubProvider(certificates, good.port) as again:
                after = (await ssp.ask()).status
                resumed = list(again.resumed)

    assert (before, meanwhile, after) == ([200, 200], 502, 200)
    assert good.resumed == [False, True]
    assert (received, resumed) == ([], [False])


async def test_a_provider_without_tls_is_502_and_is_sent_nothing_in_the_clear(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    came = b""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came = await reader.read(65_536)
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, running(tmp_path, certificates, server.sockets[0].getsockname()[1]) as ssp:
        answer = await ssp.ask()

        assert answer.status == 502
        assert "TLS with 127.0.0.1" in ssp.record()["provider"]["error"]
    assert came.startswith(b"\x16\x03")  # a ClientHello, and no request
    assert b"Bearer" not in came


@pytest.mark.parametrize(("newest", "shakes_hands"), [("TLSv1_1", False), ("TLSv1_2", True)])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_a_provider_has_to_speak_tls_1_2(
    tmp_path: Path, certificates: CertificateFolder, newest: str, shakes_hands: bool
) -> None:
    met: list[str] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.provider.certificate, certificates.provider.key)
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.maximum_version = ssl.TLSVersion[newest]

    def part(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer.get_extra_info("ssl_object").version())
        writer.close()

    server = await asyncio.start_server(part, "127.0.0.1", 0, ssl=tls)
    async with server, running(tmp_path, certificates, server.sockets[0].getsockname()[1]) as ssp:
        assert (await ssp.ask()).status == 502
    assert met == ["TLSv1.2"] * shakes_hands


async def test_a_consumer_that_waits_for_a_silent_provider_is_told_to_go_on(
    ssp: Running, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_emulator.proxy.forwarding._CONTINUE_PATIENCE_S", 0.05)
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Expect", "100-continue"), ("Content-Length", "4"))))

    interim = await wire.head()
    await wire.send(b"body")

    assert (interim.status, interim.phrase) == (100, "Continue")
    assert (await wire.answer()).status == 200
    assert provider.received[0].body == b"body"
    assert ssp.record()["notes"] == ["the provider did not say 100 Continue in time; the proxy did"]


@pytest.mark.parametrize("status", [100, 102, 103, 150, 199])
async def test_every_interim_answer_but_a_switch_of_protocols_is_passed_on(
    ssp: Running, provider: StubProvider, status: int
) -> None:
    provider.answer = b"HTTP/1.1 %d Wait For It\r\nX-Interim: yes\r\nX-Interim: 2\r\n\r\n" % status + OK
    wire = await ssp.wire()
    await wire.send(ssp.request())

    interim = await wire.head()

    assert (interim.status, interim.phrase, interim.all("X-Interim")) == (status, "Wait For It", ["yes", "2"])
    assert (await wire.answer()).status == 200
