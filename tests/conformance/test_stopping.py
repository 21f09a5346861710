"""When the emulator stops, and starts again: requests under way end, and the trail goes on where it was.

Source: Spine Core SSP implementation guide, "Auditing" (the sequence number); that requests end is our own rule.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from support.running import running
from support.stub import OK

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


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
