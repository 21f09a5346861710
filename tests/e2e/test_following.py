"""`audit follow` as a process: with an emulator or without one, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from support import setup, trails
from support.clocks import MovableClock

from ssp_emulator.audit.journal import Journal
from ssp_emulator.audit.layout import Layout

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

PATIENCE_S = 30.0
PIPE = asyncio.subprocess.PIPE


@asynccontextmanager
async def following(folder: Path, *options: str) -> AsyncIterator[Process]:
    """Follow, from the moment at which it says so."""
    command = (sys.executable, "-u", "-m", "ssp_emulator", "audit", "follow", *options)
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=PIPE)
    try:
        assert (await line(process.stderr)).startswith("Following ")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def line(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    async with asyncio.timeout(PATIENCE_S):
        return (await stream.readline()).decode()


async def interrupted(process: Process) -> tuple[int, bytes, bytes]:
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    return process.returncode or 0, out, err


async def test_requests_are_printed_as_they_end(tmp_path: Path, certificates: CertificateFolder) -> None:
    layout = Layout(tmp_path / "config" / "audit" / "journal.jsonl")
    setup.write(tmp_path / "config", certificates, 9, audit={"journal": "audit/journal.jsonl"})

    async with following(tmp_path) as people, following(tmp_path, "--json", "--status", "5xx") as program:
        with Journal(layout, clock=MovableClock()) as journal:
            journal.append(trails.facts(1, method="\x1b[31m"))
            journal.append(trails.facts(2, status=502, notes=["\x7f"]))
            rows = [await line(people.stdout) for _ in range(2)]
            record = await line(program.stdout)
        ended = [await interrupted(each) for each in (people, program)]

    assert [row.split()[1] for row in rows] == [trails.trace_id(1), trails.trace_id(2)]
    assert "\\x1b[31m" in rows[0]
    assert json.loads(record)["sequence"] == 2
    assert json.loads(record)["explanation"]["summary"]
    assert "\x7f" not in record
    assert ended == [(0, b"", b"")] * 2


async def test_one_who_reads_no_more_ends_it_quietly(tmp_path: Path, certificates: CertificateFolder) -> None:
    layout = Layout(tmp_path / "config" / "audit" / "journal.jsonl")
    setup.write(tmp_path / "config", certificates, 9, audit={"journal": "audit/journal.jsonl"})

    async with following(tmp_path) as process:
        assert process.stdout is not None
        process._transport.get_pipe_transport(1).close()
        with Journal(layout, clock=MovableClock()) as journal:
            journal.append(trails.facts(1))
            async with asyncio.timeout(PATIENCE_S):
                _, err = await process.communicate()

    assert err == b""
