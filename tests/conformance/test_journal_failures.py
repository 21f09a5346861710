"""When the journal cannot be written: what is not written down is not answered, to the last byte.

Source: Spine Core SSP implementation guide, "Auditing" (every request); docs/audit.md.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from support.figures import Figures
from support.running import running
from support.unwritable import unwritable_journal
from support.waiting import PATIENCE_S, until
from support.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
SAID = "The emulator cannot write its audit trail; its log says why."
MALFORMED = b"BAD LINE\r\n\r\n"


def failing(*_: object) -> Any:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def assert_not_recorded(answer: Answer) -> None:
    body = json.loads(answer.body)
    assert (answer.status, answer.phrase) == (503, "Service Unavailable")
    assert (body["resourceType"], body["issue"][0]["code"], body["issue"][0]["diagnostics"]) == (
        "OperationOutcome",
        "transient",
        SAID,
    )


async def ready(ssp: Running) -> tuple[int, dict[str, Any]]:
    """Return what the admin API says of the emulator's readiness, and of its journal's."""
    address = ssp.emulator.admin_address
    assert address is not None
    wire = await Wire.open(address.port, None)
    try:
        answer = await wire.ask(f"GET /health/ready HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
    finally:
        await wire.close()
    return answer.status, answer.json()["parts"]["journal"]


async def well_again(ssp: Running) -> tuple[int, dict[str, Any]]:
    """Wait until the emulator is ready, and return what it says then."""
    async with asyncio.timeout(PATIENCE_S):
        while (said := await ready(ssp))[0] != 200:
            pass
        return said


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal that takes nothing until it is taken away."""
    return unwritable_journal(tmp_path / "full")


async def test_what_cannot_be_written_down_is_not_answered_and_the_next_request_not_even_passed_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, journal: Path
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": str(journal)}) as ssp:
        first = await ssp.ask()
        asked = len(provider.received)
        others = [await ssp.ask() for _ in range(3)]

    for answer in (first, *others):
        assert_not_recorded(answer)
        assert b"ok" not in answer.body
    assert asked == len(provider.received) == 1


async def test_it_counts_as_refused_once_and_its_connection_closes(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, journal: Path
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": str(journal)}) as ssp:
        figures = Figures(ssp)
        with capture_logs() as logs:
            wire = await ssp.wire()
            answer = await wire.ask(ssp.request())
            closed = await wire.is_closed()
        counted = await figures.value("requests_total", status="503", reason="not-recorded")
        counted_in_all = await figures.value("requests_total")

    assert (answer.status, answer.one("Connection"), closed) == (503, "close", True)
    assert (counted, counted_in_all) == (1, 1)
    said = [(each["status"], each["denial"]) for each in logs if each["event"] == "request"]
    assert said == [(503, "not-recorded")]


async def test_a_browser_may_read_why_no_request_is_let_through(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, journal: Path
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": str(journal)}) as ssp:
        for _ in range(2):
            answer = await ssp.ask(Origin="https://app.example.nhs.uk")
            assert_not_recorded(answer)
            assert answer.one("Access-Control-Allow-Origin") == "*"


async def test_a_malformed_request_that_cannot_be_written_down_is_told_the_same(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, journal: Path
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": str(journal)}) as ssp:
        wire = await ssp.wire()
        answer = await wire.ask(MALFORMED)
        closed = await wire.is_closed()

    assert_not_recorded(answer)
    assert closed


async def test_a_refusal_that_cannot_be_written_down_is_not_given_either(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, journal: Path
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": str(journal)}) as ssp:
        assert_not_recorded(await ssp.ask(Ssp_From="1"))


async def test_it_recovers_by_itself_and_the_trail_says_how_many_are_missing(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, journal: Path
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": str(journal)}) as ssp:
        before = await ready(ssp)
        for _ in range(2):
            assert_not_recorded(await ssp.ask())
        assert_not_recorded(await (await ssp.wire()).ask(MALFORMED))
        during = await ready(ssp)
        journal.unlink()
        await until(journal.exists)
        after = await well_again(ssp)
        answers = [await ssp.ask(), await ssp.ask()]
        records = ssp.records()

    assert before == (200, {"ready": True})
    assert during[0] == 503
    assert during[1]["ready"] is False
    assert during[1]["reason"] == f"the journal {journal} cannot be written: operation not permitted"
    assert after == (200, {"ready": True})
    assert [answer.status for answer in answers] == [200, 200]
    assert [(record["sequence"], record["status"], record["gap"]) for record in records] == [
        (1, 200, {"torn_bytes": 0, "unrecorded": 3}),
        (2, 200, None),
    ]


async def test_where_it_is_to_go_on_requests_are_answered_and_counted(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, journal: Path
) -> None:
    audit = {"journal": str(journal), "on_failure": "continue"}
    async with running(tmp_path, certificates, provider.port, audit=audit) as ssp:
        answers = [await ssp.ask() for _ in range(3)]
        answers.append(await (await ssp.wire()).ask(MALFORMED))
        during = await ready(ssp)
        journal.unlink()
        await until(journal.exists)
        answers.append(await ssp.ask())
        record = ssp.record()

    assert [answer.status for answer in answers] == [200, 200, 200, 400, 200]
    assert len(provider.received) == 4
    assert during == (
        200,
        {"ready": True, "warning": f"the journal {journal} cannot be written: operation not permitted"},
    )
    assert (record["sequence"], record["gap"]) == (1, {"torn_bytes": 0, "unrecorded": 4})


async def test_a_journal_that_is_taken_away_is_begun_anew_and_the_chain_goes_on(ssp: Running, tmp_path: Path) -> None:
    await ssp.ask()
    last, moved = ssp.record(), tmp_path / "taken away"
    ssp.plan.journal.rename(moved)
    await until(ssp.plan.journal.exists)
    assert (await ssp.ask()).status == 200

    assert (last["sequence"], ssp.record()["sequence"]) == (1, 2)
    assert len(moved.read_bytes().splitlines()) == 1


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


async def test_always_means_that_a_record_is_on_the_disk_before_the_last_byte_goes_out(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end, fsync = asyncio.Event(), asyncio.Event(), os.fsync
    async with running(tmp_path, certificates, provider.port, audit={"sync": "always"}) as ssp:
        loop = asyncio.get_running_loop()

        def slowly(file: int) -> None:
            loop.call_soon_threadsafe(began.set)
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result(10)
            fsync(file)

        monkeypatch.setattr(os, "fsync", slowly)
        wire = await ssp.wire()
        await wire.send(ssp.request())
        await asyncio.wait_for(began.wait(), 10)
        assert ssp.record()["status"] == 200  # it is the operating system's already
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wire.reader.read(1), 0.2)
        may_end.set()
        assert (await wire.answer()).status == 200


async def test_with_always_requests_that_end_together_share_their_way_to_the_disk(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, may_end, fsync, many = 0, asyncio.Event(), os.fsync, 20
    async with running(tmp_path, certificates, provider.port, audit={"sync": "always"}) as ssp:
        loop = asyncio.get_running_loop()
        wires = [await ssp.wire() for _ in range(many)]

        def counted(file: int) -> None:
            nonlocal calls
            calls += 1
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result(10)
            fsync(file)

        monkeypatch.setattr(os, "fsync", counted)
        for wire in wires:
            await wire.send(ssp.request())
        await until(lambda: len(ssp.records()) == many)
        may_end.set()
        assert {(await wire.answer()).status for wire in wires} == {200}

    assert calls < many / 2


async def test_a_disk_that_takes_nothing_is_told_with_503_and_it_recovers_by_itself(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"sync": "always"}) as ssp:
        assert (await ssp.ask()).status == 200
        monkeypatch.setattr(os, "fsync", failing)
        for _ in range(2):
            assert_not_recorded(await ssp.ask())
        assert_not_recorded(await (await ssp.wire()).ask(MALFORMED))
        assert (await ready(ssp))[0] == 503
        asked = len(provider.received)
        assert_not_recorded(await ssp.ask())
        assert len(provider.received) == asked
        monkeypatch.undo()
        await well_again(ssp)
        assert (await ssp.ask()).status == 200


@pytest.mark.parametrize("sync", ["interval", "os"])
async def test_otherwise_no_answer_waits_for_the_disk(
    tmp_path: Path,
    certificates: CertificateFolder,
    provider: StubProvider,
    monkeypatch: pytest.MonkeyPatch,
    sync: str,
) -> None:
    audit = {"sync": sync, "sync_interval_s": 3600}
    async with running(tmp_path, certificates, provider.port, audit=audit) as ssp:
        monkeypatch.setattr(os, "fsync", failing)
        assert [(await ssp.ask()).status for _ in range(3)] == [200] * 3
        monkeypatch.undo()
