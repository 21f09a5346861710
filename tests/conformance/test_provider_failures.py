"""When the provider fails: 502 or 504, the exact text, why in the trail, and no broken answer that looks whole.

Source: GP Connect 1.6.2, "Error handling" (502) and "Security guidance" (the provider's certificate); Spine Core SSP
implementation guide (timeouts, answers that break off); RFC 9112, 8 and 9.8 (incomplete messages).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.running import running
from support.stub import StubProvider

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running

    from ssp_emulator.pki.folder import CertificateFolder

TARGET = f"{setup.ROOT}/Binary/1"
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def test_a_provider_that_stops_is_502_at_once_and_200_when_it_is_back(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    async with StubProvider(certificates) as provider:
        port = provider.port
        async with running(tmp_path, certificates, port) as ssp:
            wire = await ssp.wire()
            before = await wire.ask(ssp.request())
            await provider.__aexit__()
            stopped = await wire.ask(ssp.request())
            async with StubProvider(certificates, port):
                after = await wire.ask(ssp.request())

            assert [answer.status for answer in (before, stopped, after)] == [200, 502, 200]
            (issue,) = stopped.json()["issue"]
            assert issue["code"] == "transient"
            assert issue["diagnostics"] == f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
            assert issue["details"]["coding"][0]["display"] == issue["diagnostics"]
            record = ssp.records()[1]
            assert "no connection to 127.0.0.1" in record["provider"]["error"]
            assert record["denial"]["reason"] == "bad-gateway"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "the answer is not HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "the answer switches protocols"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000, "the answer's head is larger than"),
        (b"", "the provider closed the connection"),
    ],
    ids=["not HTTP", "two lengths", "101", "an endless head", "nothing"],
)
async def test_an_answer_that_makes_no_sense_is_502(
    ssp: Running, provider: StubProvider, said: bytes, reason: str
) -> None:
    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    provider.play = play

    answer = await ssp.ask()

    assert answer.status == 502
    assert answer.json()["issue"][0]["diagnostics"] == f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
    assert reason in ssp.record()["provider"]["error"]


@pytest.mark.parametrize(
    ("head", "most"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n", b"4\r\nhalf\r\n"),
    ],
    ids=["Content-Length", "chunked"],
)
async def test_an_answer_that_breaks_off_is_never_passed_off_as_whole(
    ssp: Running, provider: StubProvider, head: bytes, most: bytes
) -> None:
    head_is_here = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"half")
        await head_is_here.wait()
        writer.transport.abort()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    assert (await wire.head()).status == 200
    head_is_here.set()

    rest = b""
    with suppress(ConnectionError):
        rest = await wire.reader.read()

    assert most.startswith(rest)
    record = ssp.record()
    assert (record["status"], record["broken_off"]) == (200, True)
    assert "closed the connection" in record["provider"]["error"]


async def test_an_answer_up_to_a_broken_connection_is_not_whole(ssp: Running, provider: StubProvider) -> None:
    head_is_here = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\npartial")
        await head_is_here.wait()
        writer.transport.abort()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await wire.head()
    head_is_here.set()

    rest = b""
    with suppress(ConnectionError):
        rest = await wire.reader.read()

    assert b"0\r\n\r\n" not in rest
    assert ssp.record()["broken_off"] is True


async def test_a_provider_that_says_nothing_is_504(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async def play(reader: Reader, _: Writer) -> None:
        await reader.read()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, providers={"first_byte_timeout_s": 0.2}) as ssp:
        answer = await ssp.ask()

        assert (answer.status, answer.phrase) == (504, "Gateway Timeout")
        assert answer.json()["issue"][0]["diagnostics"] == f"TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
        assert ssp.record()["provider"]["error"] == "0.2 s went by without the head of the answer"


@pytest.mark.parametrize(("status", "phrase"), [(504, "Gateway Timeout"), (599, "Network Connect Timeout Error")])
async def test_a_connection_that_is_not_made_in_time_is_504_or_599_as_configured(
    tmp_path: Path, certificates: CertificateFolder, status: int, phrase: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and never shakes hands
        patience = {"connect_timeout_s": 0.2, "connect_timeout_status": status}
        async with running(tmp_path, certificates, silent.getsockname()[1], providers=patience) as ssp:
            answer = await ssp.ask()

    assert (answer.status, answer.phrase) == (status, phrase)
    assert answer.json()["issue"][0]["diagnostics"] == f"TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"


async def test_an_answer_that_stalls_is_broken_off(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await reader.read()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, providers={"idle_timeout_s": 0.2}) as ssp:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await ssp.ask()

        assert ssp.record()["provider"]["error"] == "0.2 s went by without more of the answer"
        assert ssp.record()["broken_off"] is True


async def test_a_provider_with_another_hosts_certificate_is_502(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    impostor = StubProvider(certificates, shown=certificates.ssp_server)
    async with impostor, running(tmp_path, certificates, impostor.port) as ssp:
        answer = await ssp.ask()

        assert answer.status == 502
        assert "certificate" in ssp.record()["provider"]["error"]
        assert impostor.received == []
