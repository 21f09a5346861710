"""When the emulator stops, and starts again: requests under way end, and the trail goes on where it was.

Source: Spine Core SSP implementation guide, "Auditing" (the sequence number); that requests end is our own rule.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.running import running
from support.stub import OK, Received, body_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
PATIENCE_S = 5


async def test_a_request_in_flight_ends_when_the_emulator_stops(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    asked, answer_now = asyncio.Event(), asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await answer_now.wait()
        writer.write(OK)
        await writer.drain()

    provider.play = play
    async with running(tmp_path, certificates, provider.port) as ssp:
        wire = await ssp.wire()
        await wire.send(ssp.request())
        await asked.wait()
        stopping = asyncio.create_task(ssp.emulator.__aexit__(None, None, None))
        answer_now.set()
        answer = await wire.answer()
        await stopping

        assert (answer.status, answer.body) == (200, b"ok")
        assert await wire.is_closed()
        assert ssp.record()["status"] == 200


HALVES = {
    "Content-Length": (("Content-Length", "8"), b"half", b"half"),
    "chunked": (("Transfer-Encoding", "chunked"), b"4\r\nhalf\r\n", b"4\r\nhalf\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize(("field", "first", "rest"), HALVES.values(), ids=HALVES)
async def test_an_upload_under_way_ends_when_the_emulator_stops(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    field: tuple[str, str],
    first: bytes,
    rest: bytes,
) -> None:
    asked = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.set()
        provider.received.append(Received(head, await body_of(head, reader), provider.connections))
        writer.write(OK)
        await writer.drain()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, proxy={"drain_timeout_s": 60}) as ssp:
        wire = await ssp.wire()
        await wire.send(ssp.request(method="POST", fields=(field,), body=first))
        await asyncio.wait_for(asked.wait(), PATIENCE_S)
        port = ssp.port
        stopping = asyncio.create_task(ssp.emulator.__aexit__(None, None, None))
        await accepts_no_more(port)
        await wire.send(rest)
        answer = await wire.answer()

        assert (answer.status, answer.body, answer.all("Connection")) == (200, b"ok", ["close"])
        assert await wire.is_closed()
        await asyncio.wait_for(stopping, PATIENCE_S)
        assert [received.body for received in provider.received] == [b"halfhalf"]


async def accepts_no_more(port: int) -> None:
    """Wait until the emulator has begun to stop: whoever comes then is turned away."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except (ConnectionRefusedError, ConnectionResetError):  # reset: it was just coming
                return
            writer.transport.abort()


async def test_an_upload_that_does_not_end_is_cut_off_when_its_time_is_over(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    asked = asyncio.Event()

    async def play(reader: Reader, _: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, proxy={"drain_timeout_s": 0.3}) as ssp:
        wire = await ssp.wire()
        await wire.send(ssp.request(method="POST", fields=(("Content-Length", "8"),), body=b"half"))
        await asyncio.wait_for(asked.wait(), PATIENCE_S)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.wait_for(ssp.emulator.__aexit__(None, None, None), PATIENCE_S)

        assert loop.time() - began >= 0.3
        await asyncio.wait_for(wire.reader.read(), PATIENCE_S)  # to its end
        assert len(ssp.records()) == 1  # though it was cut off
        assert ssp.record()["provider"]["error"] is None  # it did nothing wrong
        assert ssp.record()["bytes"]["from_consumer"] == 4


async def test_connections_on_which_nothing_is_under_way_hold_no_stop_up(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy={"drain_timeout_s": 60}) as ssp:
        used, unused, silent = await ssp.wire(), await ssp.wire(), await ssp.wire(tls=False)
        assert (await used.ask(ssp.request())).status == 200
        await asyncio.wait_for(ssp.emulator.__aexit__(None, None, None), PATIENCE_S)

        assert [await wire.is_closed() for wire in (used, unused, silent)] == [True] * 3


async def test_the_sequence_goes_on_after_a_restart_and_after_a_line_that_was_cut_off(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()
        await ssp.ask()
    with ssp.plan.journal.open("ab") as journal:
        journal.write(b'{"sequence":3,"time":"20')
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()

        assert [record["sequence"] for record in ssp.records()] == [1, 2, 3]
        assert ssp.plan.journal.stat().st_mode & 0o777 == 0o600
