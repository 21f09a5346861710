"""A disk that is full: nothing is answered that is not written down, unless it is to be, and it recovers by itself."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from support import journals, setup, wire
from support.asking import request, token_for
from support.processes import ours, started
from support.small_disk import SmallDisk, small_disk

from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import verify
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

OK, UNAVAILABLE = 200, 503
ENOUGH = 20  # requests in which the room that is left in the journal's last page is used up
PATIENCE_S = 20.0


@dataclass
class Bench:
    """An emulator whose journal is on a small disk, and what was answered."""

    disk: SmallDisk
    certificates: CertificateFolder
    port: int
    token: str
    admin: str
    layout: Layout
    answered: list[str] = field(default_factory=list)
    refused: list[wire.Answer] = field(default_factory=list)

    async def ask(self) -> int:
        """Send a request on a connection of its own, and return the status."""
        trace_id = str(uuid4())
        consumer = await wire.Wire.open(self.port, wire.context(self.certificates, self.certificates.consumer))
        answer = await consumer.ask(request(self.token, trace_id))
        await consumer.close()
        if answer.status == OK:
            self.answered.append(trace_id)
        else:
            self.refused.append(answer)
        return answer.status

    async def health(self) -> tuple[int, dict[str, Any]]:
        """Return what the emulator says of its readiness."""
        return await asyncio.to_thread(get, f"{self.admin}/health/ready")

    async def is_well(self) -> None:
        """Wait until it is ready, with nothing to warn of; nobody sends it a request meanwhile."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.health())[1]["parts"]["journal"] != {"ready": True}:  # noqa: ASYNC110 - see `until`
                await asyncio.sleep(0.05)
        assert (await self.health())[0] == OK

    async def is_ill(self) -> dict[str, Any]:
        """Wait until it is not ready, and return what it says of its journal; nobody sends it a request meanwhile."""
        async with asyncio.timeout(PATIENCE_S):
            while (said := await self.health())[0] == OK:  # noqa: ASYNC110 - what is waited for tells no one
                await asyncio.sleep(0.05)
        return said[1]["parts"]["journal"]

    def records(self) -> list[dict[str, Any]]:
        """Return the journal's records."""
        return journals.records(self.layout)


@asynccontextmanager
async def bench(
    folder: Path, certificates: CertificateFolder, provider: StubProvider, on_failure: str
) -> AsyncIterator[Bench]:
    """Run an emulator whose journal, and nothing else, is on a small disk."""
    disk = await small_disk(folder / "audit")
    path = setup.write(
        folder / "config",
        certificates,
        provider.port,
        audit={"journal": str(disk.folder / "journal.jsonl"), "on_failure": on_failure, "sync_interval_s": 0.2},
    )
    plan = read_plan(path)
    async with started(folder, "up", by=disk.by) as emulator:
        disk.process = emulator
        assert emulator.process.stdout is not None
        admin = (await emulator.process.stdout.readline()).decode().removeprefix("Admin API: ").strip()
        layout = Layout(disk.seen / "journal.jsonl")
        yield Bench(disk, certificates, emulator.port, token_for(plan), admin, layout)


def get(url: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


async def test_what_cannot_be_written_down_is_refused_until_there_is_room_again(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with bench(tmp_path, certificates, provider, "refuse") as ssp:
        await ssp.is_well()
        assert await ssp.ask() == OK

        ssp.disk.fill()
        for _ in range(ENOUGH):
            if await ssp.ask() == UNAVAILABLE:
                break
        asked = len(provider.received)
        later = [await ssp.ask() for _ in range(3)]
        status, said = await ssp.health()

        assert later == [UNAVAILABLE] * 3
        assert len(provider.received) == asked  # a request that could not be written down goes nowhere
        assert {answer.status for answer in ssp.refused} == {UNAVAILABLE}
        assert "cannot write its audit trail" in ssp.refused[-1].body.decode()
        assert (status, said["parts"]["journal"]["ready"]) == (503, False)
        assert {name for name, part in said["parts"].items() if not part["ready"]} == {"journal"}
        assert (await asyncio.to_thread(verify, ssp.layout)).sound

        ssp.disk.filler.unlink()
        await ssp.is_well()
        assert await ssp.ask() == OK

        report = await asyncio.to_thread(verify, ssp.layout)
        records = ssp.records()
        assert (report.sound, report.chains[0].verdict.torn) == (True, None)
        assert [record["trace_id"] for record in records] == ssp.answered
        assert records[-1]["gap"] == {"torn_bytes": 0, "unrecorded": len(ssp.refused)}


async def test_a_disk_that_fills_while_nobody_asks_is_told_before_anyone_does(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with bench(tmp_path, certificates, provider, "refuse") as ssp:
        await ssp.is_well()

        ssp.disk.fill()
        said = await ssp.is_ill()
        status = await ssp.ask()

        assert (said["ready"], "no space left on device" in said["reason"]) == (False, True)
        assert status == UNAVAILABLE
        assert provider.received == []

        ssp.disk.filler.unlink()
        await ssp.is_well()
        assert await ssp.ask() == OK


async def test_where_it_is_to_go_on_every_request_passes_and_the_next_record_tells_how_many_are_missing(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with bench(tmp_path, certificates, provider, "continue") as ssp:
        assert await ssp.ask() == OK

        ssp.disk.fill()
        passed = [await ssp.ask() for _ in range(ENOUGH)]
        status, said = await ssp.health()
        written = len(ssp.records())

        assert passed == [OK] * ENOUGH
        assert written < len(ssp.answered)
        assert (status, said["parts"]["journal"]["ready"]) == (OK, True)
        warning = said["parts"]["journal"]["warning"]
        healthy = await ours(tmp_path, "health", "--admin", ssp.admin)
        assert (healthy.code, healthy.out, healthy.err) == (0, "Healthy.\n", f"warning: journal: {warning}\n")

        ssp.disk.filler.unlink()
        await ssp.is_well()
        assert await ssp.ask() == OK

        report = await asyncio.to_thread(verify, ssp.layout)
        records = ssp.records()
        assert report.sound
        assert records[-1]["trace_id"] == ssp.answered[-1]
        assert records[-1]["gap"] == {"torn_bytes": 0, "unrecorded": len(ssp.answered) - written - 1}
        assert report.chains[0].gaps.unrecorded == len(ssp.answered) - len(records)


@pytest.mark.parametrize("on_failure", ["refuse", "continue"])
async def test_a_disk_that_fills_again_and_again_leaves_one_sound_chain(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, on_failure: str
) -> None:
    async with bench(tmp_path, certificates, provider, on_failure) as ssp:
        for _ in range(3):
            ssp.disk.fill()
            for _ in range(ENOUGH):
                await ssp.ask()
            ssp.disk.filler.unlink()
            await ssp.is_well()
            assert await ssp.ask() == OK

        report = await asyncio.to_thread(verify, ssp.layout)
        recorded = [record["trace_id"] for record in ssp.records()]
        assert report.sound
        assert set(recorded) <= set(ssp.answered)
        assert report.chains[0].gaps.unrecorded == len(ssp.answered) + len(ssp.refused) - len(recorded)
        if on_failure == "refuse":
            assert recorded == ssp.answered
