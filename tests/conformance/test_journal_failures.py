"""When the journal cannot be written: what is not written down is not answered, to the last byte.

Source: Spine Core SSP implementation guide, "Auditing" (every request); docs/audit.md.
"""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

from support.running import running
from support.unwritable import unwritable_file

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def test_a_malformed_request_that_cannot_be_written_down_is_not_answered(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": unwritable_file()}) as ssp:
        wire = await ssp.wire()
        await wire.send(b"BAD LINE\r\n\r\n")

        assert await wire.is_closed()


async def test_what_cannot_be_written_down_is_not_answered(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": unwritable_file()}) as ssp:
        answer = await ssp.ask()

    assert answer.status == 500
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "INTERNAL_SERVER_ERROR"
    assert b"ok" not in answer.body


async def test_a_last_byte_whose_record_cannot_be_written_does_not_go_out(
    ssp: Running, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    head_is_here = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        await head_is_here.wait()
        writer.write(b"more")
        await writer.drain()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    assert (await wire.head()).status == 200
    assert await wire.reader.readexactly(4) == b"half"
    monkeypatch.setattr("ssp_emulator.audit.journal.os.write", full)
    head_is_here.set()

    assert await wire.is_closed()  # not one byte of "more"
    monkeypatch.undo()
    assert ssp.records() == []
