"""The trail at the admin API of an emulator that runs: what has ended is found at once, and seen as it ends."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from support.caller import Caller
from support.running import running
from support.waiting import PATIENCE_S
from support.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


async def follow(ssp: Running, query: str = "") -> Wire:
    """Follow, from the moment at which the head of the answer is there."""
    api = Caller(ssp.emulator.admin_address)
    wire = await Wire.open(api.address.port, None)
    ssp.wires.append(wire)
    await wire.send(api.request("GET", f"/exchanges/stream{query}"))
    assert (await wire.head()).status == 200
    return wire


async def event(wire: Wire) -> dict[str, Any]:
    """Return the record in the next event."""
    async with asyncio.timeout(PATIENCE_S):
        while not (line := await wire.reader.readline()).startswith(b"data: "):
            pass
    return json.loads(line[6:])


async def test_what_has_ended_is_found_and_explained(ssp: Running) -> None:
    api = Caller(ssp.emulator.admin_address)
    wire, refusals = await follow(ssp), await follow(ssp, "?refusal=bad-request")
    trace_id = str(uuid4())

    answered = await ssp.ask(Ssp_TraceID=trace_id)
    refused = await ssp.ask(Ssp_TraceID=trace_id.upper(), Ssp_To=None)
    page = (await api.ask("GET", "/exchanges?count=true")).json()
    trace = (await api.ask("GET", f"/traces/{trace_id.upper()}")).json()
    seen = [await event(wire) for _ in range(2)]

    assert (answered.status, refused.status) == (200, 400)
    records = ssp.records()
    told = [{**record, "explanation": shown["explanation"]} for record, shown in zip(records, seen, strict=True)]
    assert seen == trace["exchanges"] == page["exchanges"][::-1] == told
    assert page["matching"] == 2
    assert page["records"] == trace["records"] == {"kept": 2, "removed": 0, "behind": 0}
    assert seen[1]["explanation"]["remedy"]
    assert (await api.ask("GET", "/exchanges?limit=0")).status == 400
    assert await event(refusals) == seen[1]


async def test_an_emulator_with_an_index_of_no_use_makes_another(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()
        index = ssp.plan.journal.with_suffix(".index")
        assert (await Caller(ssp.emulator.admin_address).ask("GET", "/exchanges")).status == 200
    index.write_bytes(b"no database" * 1000)
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()
        page = (await Caller(ssp.emulator.admin_address).ask("GET", "/exchanges")).json()
    assert [record["sequence"] for record in page["exchanges"]] == [2, 1]
    assert page["records"] == {"kept": 2, "removed": 0, "behind": 0}


async def test_an_index_that_cannot_be_written_stops_no_request(ssp: Running) -> None:
    index = ssp.plan.journal.with_suffix(".index")
    index.mkdir()
    assert (await ssp.ask()).status == 200
    assert (await Caller(ssp.emulator.admin_address).ask("GET", "/exchanges")).status == 503
    assert (await ssp.ask()).status == 200
    assert len(ssp.records()) == 2


async def test_one_who_follows_does_not_keep_an_emulator_from_stopping(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async with running(tmp_path, certificates, provider.port) as ssp:
            wire = await follow(ssp)
            ssp.wires.remove(wire)
        try:
            while await wire.reader.read(1000):
                pass
        finally:
            await wire.close()
